//! How others judge a link: the published rules of dpinger, lsm and mwan3, each with its defaults, over the same weather as ours.
//!
//! Each rule watches every link by itself. Up links that are not metered are used; the metered one only when none is; all when none
//! is up. Single-target rules get a target that limits nobody.

use crate::weather::{LINKS, SPARE, TARGETS, Weather};
use rebootping_core::time::Time;
use std::collections::VecDeque;
use std::time::Duration;

/// Which links are in use from a moment on.
pub type Choices = Vec<(Time, [bool; LINKS])>;

/// What judges one link by its probes.
trait Rule {
    /// How often it probes, in milliseconds.
    const INTERVAL: u64;
    fn new(link: usize) -> Self;
    /// Probes, and says whether the link is up.
    fn probe(&mut self, weather: &Weather, at: Time) -> bool;
}

/// dpinger as pfSense sets it up: <https://github.com/dennypage/dpinger>.
pub fn dpinger(weather: &Weather, month: Duration) -> Choices {
    play::<Dpinger>(weather, month)
}

/// The Link Status Monitor with the values of its sample configuration.
pub fn lsm(weather: &Weather, month: Duration) -> Choices {
    play::<Lsm>(weather, month)
}

/// mwan3 of `OpenWrt`, all four targets, one of which must answer.
pub fn mwan3(weather: &Weather, month: Duration) -> Choices {
    play::<Mwan3>(weather, month)
}

fn play<R: Rule>(weather: &Weather, month: Duration) -> Choices {
    let mut rules: Vec<R> = (0..LINKS).map(R::new).collect();
    let mut choices = vec![(Time::BOOT, in_use([true; LINKS]))];
    let interval = Duration::from_millis(R::INTERVAL);
    let mut at = Time::BOOT;
    while at < Time::BOOT + month {
        let mut up = [true; LINKS];
        for (rule, up) in rules.iter_mut().zip(&mut up) {
            *up = rule.probe(weather, at);
        }
        let now = in_use(up);
        if choices.last().is_some_and(|(_, before)| *before != now) {
            choices.push((at, now));
        }
        at = at + interval;
    }
    choices
}

fn in_use(up: [bool; LINKS]) -> [bool; LINKS] {
    let mut sound = up;
    sound[SPARE] = false;
    match (sound.contains(&true), up[SPARE]) {
        (true, _) => sound,
        (false, true) => up,
        (false, false) => [true; LINKS],
    }
}

/// Every 500 ms one echo; over 60 s an alarm at more than 20 % lost or a mean above 500 ms. Lost is what took 2 s.
struct Dpinger {
    link: usize,
    window: VecDeque<Option<Duration>>,
    answered: u32,
    took: Duration,
}

impl Rule for Dpinger {
    const INTERVAL: u64 = 500;

    fn new(link: usize) -> Self {
        Self { link, window: VecDeque::new(), answered: 0, took: Duration::ZERO }
    }

    fn probe(&mut self, weather: &Weather, at: Time) -> bool {
        const SLOTS: usize = 120;
        const LOST_AFTER: Duration = Duration::from_secs(2);
        let answer = weather.answer(self.link, self.link % 2, at, None).filter(|took| *took < LOST_AFTER);
        self.window.push_back(answer);
        self.answered += u32::from(answer.is_some());
        self.took += answer.unwrap_or_default();
        if self.window.len() > SLOTS {
            let oldest = self.window.pop_front().flatten();
            self.answered -= u32::from(oldest.is_some());
            self.took -= oldest.unwrap_or_default();
        }
        let lost = self.window.len() - self.answered as usize;
        lost * 100 <= self.window.len() * 20 && self.took <= Duration::from_millis(500) * self.answered
    }
}

/// Every second one echo: down at 7 lost in a row or 15 of 100; up again at no more than 5 of 100 and 10 answered in a row.
struct Lsm {
    link: usize,
    window: VecDeque<bool>,
    lost: usize,
    is_up: bool,
}

impl Rule for Lsm {
    const INTERVAL: u64 = 1000;

    fn new(link: usize) -> Self {
        Self { link, window: VecDeque::new(), lost: 0, is_up: true }
    }

    fn probe(&mut self, weather: &Weather, at: Time) -> bool {
        let answer = weather.answer(self.link, self.link % 2, at, None).filter(|took| *took < Duration::from_secs(1));
        self.window.push_back(answer.is_some());
        self.lost += usize::from(answer.is_none());
        if self.window.len() > 100 {
            self.lost -= usize::from(self.window.pop_front() == Some(false));
        }
        let running = |kind: bool| self.window.iter().rev().take_while(|answered| **answered == kind).count();
        self.is_up =
            if self.is_up { running(false) < 7 && self.lost < 15 } else { self.lost <= 5 && running(true) >= 10 };
        self.is_up
    }
}

/// Every 10 s one echo to each target, with 4 s to answer; five rounds in which none did make it down, five in which one did up.
struct Mwan3 {
    link: usize,
    is_up: bool,
    against: u32,
    last: [Option<Time>; TARGETS],
}

impl Rule for Mwan3 {
    const INTERVAL: u64 = 10_000;

    fn new(link: usize) -> Self {
        Self { link, is_up: true, against: 0, last: [None; TARGETS] }
    }

    fn probe(&mut self, weather: &Weather, at: Time) -> bool {
        let mut answered = false;
        for target in 0..TARGETS {
            if weather
                .answer(self.link, target, at, self.last[target])
                .is_some_and(|took| took < Duration::from_secs(4))
            {
                self.last[target] = Some(at);
                answered = true;
            }
        }
        self.against = if answered == self.is_up { 0 } else { self.against + 1 };
        if self.against == 5 {
            (self.is_up, self.against) = (answered, 0);
        }
        self.is_up
    }
}
