//! What a fault may do to a world: links, processes, firewalls, operator and clock, each by one verb.

use super::{Event, NOTICED, World};
use crate::gate::{Gate, Later};
use crate::judge::Heard;
use crate::line::{Line, Wire};
use rebootping_core::commit::{Firewall, StatusFile};
use rebootping_core::link::Family;
use rebootping_core::link::verdict::Order;
use rebootping_core::time::Time;
use std::time::Duration;

impl World {
    /// The present.
    pub fn now(&self) -> Time {
        self.now
    }

    /// A link.
    pub fn line(&mut self, line: usize) -> &mut Line {
        &mut self.lines[line]
    }

    /// The same for one family of every link.
    pub fn every_wire(&mut self, family: Family, change: impl Fn(&mut Wire)) {
        self.lines.iter_mut().for_each(|line| change(&mut line.wires[family as usize]));
    }

    /// A link's interface, address or gateway changed, and does so again at `until`.
    pub fn path_changes(&mut self, line: usize, until: Time) {
        self.push(self.now, Event::Path(line));
        self.push(until, Event::Path(line));
    }

    /// The judge wakes up to `by` late until then.
    pub fn run_late(&mut self, until: Time, by: Duration) {
        self.judge.runs_late(until, by);
    }

    /// The judge does not run for a while.
    pub fn suspend(&mut self, lasts: Duration) {
        self.judge.sleep_until(self.now + lasts);
        self.push(self.now + lasts, Event::Awake);
    }

    /// The judge is killed now and starts again.
    pub fn kill_judge(&mut self, down: Duration) {
        let epoch = self.judge.die();
        self.push(self.now + down, Event::JudgeStarts(epoch));
    }

    /// The judge is killed before it has done the output of that number.
    pub fn kill_judge_at_write(&mut self, outputs: u64) {
        self.judge.doomed_in = Some(outputs);
    }

    /// The machine loses power and boots after a while.
    pub fn lose_power(&mut self, down: Duration) {
        self.judge.die();
        self.judge.disk.lose_power(self.now);
        for gate in &mut self.gates {
            gate.lose_power(self.now);
        }
        self.check_files();
        self.push(self.now + down, Event::Boots);
    }

    /// Something happens at a family's firewall, which the committer notices soon.
    pub fn at_gate(&mut self, family: usize, change: impl FnOnce(&mut Gate, Time)) {
        change(&mut self.gates[family], self.now);
        self.gates[family].disturb(self.now + NOTICED);
        self.push(self.now + NOTICED, Event::Gate(family, Later::Look));
        self.pump(family);
    }

    /// Somebody stops a firewall and starts it later.
    pub fn stop_firewall(&mut self, family: Family, lasts: Duration) {
        let starts = self.now + lasts;
        self.at_gate(family as usize, |gate, _| {
            gate.shorewall.stop();
            gate.disturb(starts);
        });
        self.push(starts, Event::FirewallStarts(family as usize));
    }

    /// Somebody writes nonsense into a status file.
    pub fn garble(&mut self, family: usize, line: usize) {
        let place = self.judge.place(line);
        self.at_gate(family, |gate, now| {
            gate.shorewall.providers[place].file.replace(StatusFile::Other, now, now);
            gate.disturb(now);
        });
    }

    /// Somebody enables or disables a provider by hand.
    pub fn move_by_hand(&mut self, family: usize, line: usize, in_kernel: bool) {
        let place = self.judge.place(line);
        self.at_gate(family, |gate, now| {
            let others =
                gate.shorewall.providers.iter().enumerate().any(|(at, provider)| at != place && provider.in_kernel);
            if gate.shorewall.state == Firewall::Started && (in_kernel || others) {
                gate.shorewall.providers[place].in_kernel = in_kernel;
            }
            gate.disturb(now);
        });
    }

    /// Every sync takes half a minute until then.
    pub fn slow_disks(&mut self, until: Time) {
        self.judge.slow_disk = until;
        self.gates.iter_mut().for_each(|gate| gate.shorewall.slow_disk = until);
    }

    /// The operator orders something about a link.
    pub fn order(&mut self, line: usize, order: Option<Order>, until: Option<Time>) {
        self.hear(line, Heard::Order(order, until));
    }

    /// The operator ends a link's hold-down.
    pub fn retry(&mut self, line: usize) {
        self.hear(line, Heard::Retry);
    }

    /// The wall clock is set.
    pub fn step_clock(&mut self, seconds: i64) {
        if !self.steady_clock {
            self.wall_seconds += seconds;
            self.log.say(self.now, || format!("the wall clock says {}", self.wall_seconds));
        }
    }

    /// The operator changes the configuration and has it read.
    pub fn reload(&mut self, salt: u64) {
        // The old engine's memory goes to the new one by way of the state file, by name.
        self.judge.keep(self.now);
        let turned = self.judge.change_settings(salt);
        let places: Vec<usize> = (0..self.lines.len()).map(|at| (at + turned) % self.lines.len()).collect();
        for family in 0..2 {
            let now = self.now;
            if turned > 0 {
                self.gates[family].reconfigure(&places, now);
            }
        }
        if self.judge.is_alive() {
            self.start_judge();
        }
        for family in 0..2 {
            self.pump(family);
        }
    }
}
