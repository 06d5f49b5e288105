//! The judge's process around the real engine: it sleeps, oversleeps, dies, and starts again from its state file.

use crate::disk::File;
use crate::naive::Memory;
use crate::rng::Rng;
use crate::shadow::{Proof, Shadow, Standing};
use rebootping_core::commit::Choice;
use rebootping_core::engine::{Engine, Event, Kept, LinkSettings, Output, Settings};
use rebootping_core::link::presence::Path;
use rebootping_core::link::probe::{Echo, Fate, Reply};
use rebootping_core::link::verdict::Order;
use rebootping_core::link::{Family, LinkId};
use rebootping_core::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// How long after boot the judge starts.
const BOOT_TAKES: Duration = Duration::from_secs(8);

/// What the judge hears of one link.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Reply(Family, Reply, Option<Proof>),
    NextHop(Family),
    Path(Family, Path),
    Order(Option<Order>, Option<Time>),
    Retry,
}

/// An order, its end, and how long it had to go when it was written.
type SavedOrder = (Order, Option<Time>, Option<Duration>);

/// The state file: what the engine kept, and what its shadow must then remember, by line.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// Which boot it was written in.
    boot: Time,
    kept: Kept,
    rounds: [u64; 2],
    memories: [Vec<Memory>; 2],
    orders: Vec<Option<SavedOrder>>,
}

/// The judge.
pub(crate) struct Judge {
    settings: Settings,
    /// The line at each place of the configuration.
    lines: Vec<usize>,
    engine: Option<Engine>,
    shadow: Shadow,
    /// When the machine booted.
    boot: Time,
    epoch: u64,
    ticket: u64,
    deadline: Option<Time>,
    asleep_until: Time,
    late: (Time, Duration),
    pub(crate) waiting: VecDeque<(usize, Heard)>,
    pub(crate) disk: File<Option<Saved>>,
    pub(crate) slow_disk: Time,
    /// How many outputs it still performs before it is killed.
    pub(crate) doomed_in: Option<u64>,
    /// The last choice of this engine, by family.
    pub(crate) chosen: [Option<Choice>; 2],
    /// What was in use at the last choice of any engine, by family and line.
    pub(crate) in_use: [Vec<bool>; 2],
}

impl Judge {
    pub(crate) fn new(settings: Settings) -> Self {
        let count = settings.links.len();
        let fresh = || vec![Memory::default(); count];
        let shadow = Shadow::new(&settings, vec![None; count], [fresh(), fresh()], [0; 2], 0, Time::BOOT);
        Self {
            lines: (0..count).collect(),
            engine: None,
            shadow,
            boot: Time::BOOT,
            epoch: 0,
            ticket: 0,
            deadline: None,
            asleep_until: Time::BOOT,
            late: (Time::BOOT, Duration::ZERO),
            waiting: VecDeque::new(),
            disk: crate::world::no_state(),
            slow_disk: Time::BOOT,
            doomed_in: None,
            chosen: [None, None],
            in_use: [vec![true; count], vec![true; count]],
            settings,
        }
    }

    /// Starts an engine from the state file.
    pub(crate) fn start(&mut self, key: [u64; 2], now: Time) {
        let saved = self.disk.read().clone();
        let same_boot = saved.as_ref().is_none_or(|saved| saved.boot == self.boot);
        for (bytes, half) in self.settings.key.chunks_mut(8).zip(key) {
            bytes.copy_from_slice(&half.to_le_bytes());
        }
        let memory = |family: usize, line: usize| {
            let memory = saved.as_ref().map(|saved| saved.memories[family][line]).unwrap_or_default();
            Memory { known: memory.known && same_boot, ..memory }
        };
        let memories = [0, 1].map(|family| self.lines.iter().map(|&line| memory(family, line)).collect());
        let order = |&line: &usize| {
            let (order, until, left) = saved.as_ref()?.orders[line]?;
            Some((order, if same_boot { until } else { left.map(|left| now + left) }))
        };
        let orders: Vec<Standing> = self.lines.iter().map(order).collect();
        let rounds = saved.as_ref().map(|saved| saved.rounds).unwrap_or_default();
        self.shadow = Shadow::new(&self.settings, orders, memories, rounds, self.shadow.generation() + 1, now);
        self.engine = Some(Engine::new(
            self.settings.clone(),
            saved.as_ref().map(|saved| &saved.kept),
            same_boot,
            self.to_boot(now),
        ));
        self.epoch += 1;
        self.ticket += 1;
        self.deadline = None;
        self.chosen = [None, None];
        self.waiting.clear();
    }

    pub(crate) fn boot(&mut self, now: Time) {
        self.boot = now - BOOT_TAKES;
        self.asleep_until = now;
    }

    /// Killed. Returns the number of this life.
    pub(crate) fn die(&mut self) -> u64 {
        self.engine = None;
        self.doomed_in = None;
        self.waiting.clear();
        self.epoch += 1;
        self.epoch
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.engine.is_some()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn is_current(&self, ticket: u64) -> bool {
        self.ticket == ticket
    }

    pub(crate) fn asleep_until(&self) -> Time {
        self.asleep_until
    }

    pub(crate) fn sleep_until(&mut self, until: Time) {
        self.asleep_until = self.asleep_until.max(until);
    }

    pub(crate) fn runs_late(&mut self, until: Time, by: Duration) {
        self.late = (until, by);
    }

    pub(crate) fn is_doomed_now(&mut self) -> bool {
        let Some(left) = self.doomed_in else { return false };
        self.doomed_in = left.checked_sub(1);
        left == 0
    }

    pub(crate) fn line(&self, link: LinkId) -> usize {
        self.lines[usize::from(link.0)]
    }

    pub(crate) fn place(&self, line: usize) -> usize {
        self.lines.iter().position(|&it| it == line).expect("every line is configured")
    }

    pub(crate) fn interval(&self) -> Duration {
        self.settings.interval
    }

    pub(crate) fn links(&self) -> &[LinkSettings] {
        &self.settings.links
    }

    pub(crate) fn target(&self, family: Family, echo: &Echo) -> Option<usize> {
        self.settings.links[usize::from(echo.link.0)].course(family).targets.iter().position(|&it| it == echo.target)
    }

    pub(crate) fn shadow(&mut self) -> &mut Shadow {
        &mut self.shadow
    }

    pub(crate) fn shadow_seen(&self) -> &Shadow {
        &self.shadow
    }

    /// What the engine would keep now.
    pub(crate) fn kept(&self, now: Time) -> Option<Kept> {
        Some(self.engine.as_ref()?.kept(self.to_boot(now)))
    }

    pub(crate) fn saved_memory(&self, family: Family, line: usize) -> Option<Memory> {
        Some(self.disk.read().as_ref()?.memories[family as usize][line])
    }

    /// Tells the engine and its shadow; the fate of a reply must be the one it deserves.
    pub(crate) fn hand_in(&mut self, line: usize, heard: &Heard, now: Time) -> Result<(), String> {
        let boot_now = self.to_boot(now);
        let place = self.place(line);
        let link = LinkId(place as u16);
        let (boot, Some(engine), shadow) = (self.boot, &mut self.engine, &mut self.shadow) else { return Ok(()) };
        match *heard {
            Heard::Reply(family, reply, proof) => {
                let counts = shadow.reply(family, place, proof, reply.at);
                let told = Reply { link, at: since(boot, reply.at), ..reply };
                let fate = engine.handle_reply(family, &told);
                if (fate == Fate::Counted) != counts {
                    return Err(format!("{told:?} is {fate:?}; it is to count: {counts}"));
                }
            }
            Heard::NextHop(family) => {
                shadow.next_hop(family, place);
                engine.handle_next_hop(family, link, boot_now);
            }
            Heard::Path(family, path) => {
                shadow.path(family, place, path, now);
                engine.handle_path(family, link, path, boot_now);
            }
            Heard::Order(order, until) => {
                shadow.order(place, order.map(|order| (order, until)));
                engine.handle_order(link, order, until.map(|until| since(boot, until)), boot_now);
            }
            Heard::Retry => {
                shadow.retry(place);
                engine.handle_retry(link, boot_now);
            }
        }
        Ok(())
    }

    /// Wakes the engine; returns what it must say.
    pub(crate) fn wake(&mut self, now: Time) -> Result<Vec<Event>, String> {
        self.deadline = None;
        let boot_now = self.to_boot(now);
        let expected = self.shadow.wake(now)?;
        if let Some(engine) = &mut self.engine {
            engine.handle_wake(boot_now);
        }
        Ok(expected)
    }

    pub(crate) fn poll_output(&mut self) -> Option<Output> {
        self.engine.as_mut()?.poll_output()
    }

    pub(crate) fn sent(&mut self, family: Family, echo: &Echo, now: Time) {
        let boot_now = self.to_boot(now);
        if let Some(engine) = &mut self.engine {
            engine.handle_sent(family, echo.link, echo.sequence, boot_now);
        }
    }

    pub(crate) fn send_failed(&mut self, family: Family, link: LinkId) {
        self.shadow.send_failed(family, usize::from(link.0));
        if let Some(engine) = &mut self.engine {
            engine.handle_send_failed(family, link);
        }
    }

    /// Writes the state file: renamed into place at once, synced later.
    pub(crate) fn keep(&mut self, now: Time) {
        let Some(saved) = self.saved(now) else { return };
        let synced = now + if now < self.slow_disk { Duration::from_secs(30) } else { Duration::from_millis(200) };
        self.disk.replace(Some(saved), now, synced);
    }

    /// When to wake next, with the number of that wake, if it is not under way already.
    pub(crate) fn next_wake(&mut self, now: Time, rng: &mut Rng) -> Option<(Time, u64)> {
        let deadline = self.boot + self.engine.as_ref()?.next_deadline()?.since(Time::BOOT);
        if self.deadline == Some(deadline) {
            return None;
        }
        self.deadline = Some(deadline);
        self.ticket += 1;
        let late = if now < self.late.0 { rng.time(Duration::ZERO, self.late.1) } else { Duration::ZERO };
        Some((deadline.max(now) + late, self.ticket))
    }

    /// Changes hold-downs, and perhaps the links' order; returns by how many places they were turned.
    pub(crate) fn change_settings(&mut self, salt: u64) -> usize {
        let turned = if salt & 1 == 0 { 0 } else { 1 % self.lines.len() };
        if turned > 0 {
            self.lines.rotate_left(turned);
            self.settings.links.rotate_left(turned);
        }
        if salt & 6 == 0 {
            for link in &mut self.settings.links {
                link.hold_down = Duration::from_secs(link.hold_down.as_secs() * (1 + (salt >> 8 & 3)) / 2 + 5);
            }
        }
        turned
    }

    fn saved(&self, now: Time) -> Option<Saved> {
        let kept = self.kept(now)?;
        let count = self.lines.len();
        let by_line = |family: Family| {
            let mut memories = vec![Memory::default(); count];
            for (place, memory) in self.shadow.memories(family).into_iter().enumerate() {
                memories[self.lines[place]] = memory;
            }
            memories
        };
        let mut orders = vec![None; count];
        for (place, order) in self.shadow.orders.iter().enumerate() {
            orders[self.lines[place]] = order.map(|(order, until)| (order, until, until.map(|until| until.since(now))));
        }
        let rounds = Family::ALL.map(|family| self.shadow.naive(family).round);
        Some(Saved { boot: self.boot, kept, rounds, memories: Family::ALL.map(by_line), orders })
    }

    fn to_boot(&self, at: Time) -> Time {
        since(self.boot, at)
    }
}

fn since(boot: Time, at: Time) -> Time {
    Time::BOOT + at.since(boot)
}
