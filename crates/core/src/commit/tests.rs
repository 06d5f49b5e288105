//! The reconciler in a world of files, a firewall and a kernel that fail, stop and are changed by others.

use super::*;
use crate::time::Time;
use alloc::collections::BTreeSet;
use proptest::prelude::*;
use std::{format, vec, vec::Vec};

const A: LinkId = LinkId(0);
const B: LinkId = LinkId(1);
const C: LinkId = LinkId(2);
const DRAIN: Want = Want::Out(Leave::Drain);
const CUT: Want = Want::Out(Leave::Cut);

/// Files, firewall and kernel, which do as they are told unless they are to fail.
struct World {
    machine: Reconciler,
    observed: Observed,
    now: Time,
    /// Commands that fail: they answer an error and do nothing.
    broken: BTreeSet<&'static str>,
    /// Commands that never end: the machine waits for them.
    hanging: BTreeSet<&'static str>,
    hung: Option<Output>,
    done: Vec<Output>,
    said: Vec<Event>,
}

impl World {
    /// All links are in the kernel and no file has been written.
    fn new(method: Method, links: u16) -> Self {
        let fresh = Actual { file: StatusFile::Missing, in_kernel: true, drain: Drain::Absent };
        let links = (0..links).map(|n| (LinkId(n), fresh)).collect();
        Self {
            machine: Reconciler::new(method),
            observed: Observed { firewall: Firewall::Started, links },
            now: Time::BOOT + Duration::from_secs(100),
            broken: BTreeSet::new(),
            hanging: BTreeSet::new(),
            hung: None,
            done: Vec::new(),
            said: Vec::new(),
        }
    }

    fn desire(&mut self, choice: &[(LinkId, Want)]) -> &mut Self {
        self.machine.handle_desired(&choice.iter().copied().collect(), self.now);
        self.settle()
    }

    /// Time passes, with a look each second as the program takes it.
    fn wait(&mut self, seconds: u64) -> &mut Self {
        for _ in 0..seconds {
            self.now = self.now + Duration::from_secs(1);
            self.machine.handle_observed(self.observed.clone(), self.now);
            self.settle();
        }
        self
    }

    /// Does what the machine asks until it asks no more.
    fn settle(&mut self) -> &mut Self {
        for _ in 0..1000 {
            let Some(output) = self.machine.poll_output() else { return self };
            self.perform(output);
        }
        panic!("it never comes to rest: {:?}", self.done.iter().rev().take(8).collect::<Vec<_>>());
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Say(event) => return self.said.push(event),
            Output::Observe => return self.machine.handle_observed(self.observed.clone(), self.now),
            _ => {}
        }
        self.check_invariants(&output);
        self.done.push(output.clone());
        if self.hanging.contains(name(&output)) {
            self.hung = Some(output);
            return;
        }
        let result = if self.broken.contains(name(&output)) { Err("broken".into()) } else { Ok(()) };
        if result.is_ok() {
            self.apply(&output);
        }
        self.machine.handle_finished(&output, result, self.now);
    }

    /// What no output may ever do.
    fn check_invariants(&self, output: &Output) {
        let others = |of: LinkId| self.observed.links.iter().filter(move |(link, _)| **link != of);
        match output {
            Output::WriteStatus { link, usable: false } => {
                assert!(others(*link).any(|(_, actual)| actual.file == StatusFile::Zero), "no file says 0");
            }
            Output::Disable(link) => assert!(others(*link).any(|(_, actual)| actual.in_kernel), "no link is left"),
            Output::DeleteFlows(link) => {
                assert!(others(*link).any(|(_, actual)| actual.in_kernel), "flows have nowhere to go");
                assert!(!self.observed.links[link].in_kernel, "flows would come back");
            }
            Output::Reload => assert!(self.observed.links.values().any(|actual| actual.file != StatusFile::One)),
            Output::WriteStatus { .. } | Output::Enable(_) | Output::InstallDrain(_) | Output::RemoveDrain(_) => {}
            Output::Observe | Output::Say(_) => unreachable!(),
        }
    }

    fn apply(&mut self, output: &Output) {
        let started = self.observed.firewall == Firewall::Started;
        match *output {
            Output::WriteStatus { link, usable } => {
                self.link(link).file = if usable { StatusFile::Zero } else { StatusFile::One };
            }
            Output::Enable(link) if started => {
                let link = self.link(link);
                (link.in_kernel, link.drain) =
                    (true, if link.drain == Drain::Installed { Drain::Partial } else { link.drain });
            }
            Output::Disable(link) if started => self.link(link).in_kernel = false,
            Output::Reload if started => self.start(),
            Output::InstallDrain(link) => self.link(link).drain = Drain::Installed,
            Output::RemoveDrain(link) => self.link(link).drain = Drain::Absent,
            Output::Enable(_) | Output::Disable(_) | Output::Reload | Output::DeleteFlows(_) => {}
            Output::Observe | Output::Say(_) => unreachable!(),
        }
    }

    /// A start, restart or reload: the files are asked, and rules of others go by their selector.
    fn start(&mut self) {
        self.observed.firewall = Firewall::Started;
        for actual in self.observed.links.values_mut() {
            actual.in_kernel = actual.file != StatusFile::One;
            if actual.drain == Drain::Installed {
                actual.drain = Drain::Partial;
            }
        }
    }

    fn stop(&mut self) {
        self.observed.firewall = Firewall::Stopped;
        self.observed.links.values_mut().for_each(|actual| actual.in_kernel = false);
    }

    fn link(&mut self, link: LinkId) -> &mut Actual {
        self.observed.links.get_mut(&link).expect("a link of this world")
    }

    /// What was done since the last time, without the files.
    #[track_caller]
    fn expect_commands(&mut self, expected: &[Output]) -> &mut Self {
        let commands: Vec<_> = self.take_done().into_iter().filter(|it| name(it) != "write").collect();
        assert_eq!(commands, expected);
        self
    }

    fn take_done(&mut self) -> Vec<Output> {
        core::mem::take(&mut self.done)
    }

    fn files(&self) -> Vec<StatusFile> {
        self.observed.links.values().map(|actual| actual.file).collect()
    }
}

fn name(output: &Output) -> &'static str {
    match output {
        Output::WriteStatus { .. } => "write",
        Output::Enable(_) => "enable",
        Output::Disable(_) => "disable",
        Output::Reload => "reload",
        Output::InstallDrain(_) => "install drain",
        Output::RemoveDrain(_) => "remove drain",
        Output::DeleteFlows(_) => "delete flows",
        Output::Observe => "observe",
        Output::Say(_) => "say",
    }
}

const fn write(link: LinkId, usable: bool) -> Output {
    Output::WriteStatus { link, usable }
}

#[test]
fn a_swap_brings_in_before_it_takes_out() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, CUT)]).take_done();
    world.desire(&[(A, CUT), (B, Want::In)]);
    let order = [write(B, true), write(A, false), Output::Enable(B), Output::Disable(A), Output::DeleteFlows(A)];
    assert_eq!(world.done, order);
    assert_eq!(world.machine.state(), State::Applied);
}

#[test]
fn nothing_is_done_when_nothing_differs() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, DRAIN)]).take_done();
    world.desire(&[(A, Want::In), (B, DRAIN)]).wait(3000);
    assert_eq!(world.done, []);
}

#[test]
fn a_drain_is_there_before_the_link_is_disabled_and_gone_after_it_is_back() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, DRAIN)]);
    world.expect_commands(&[Output::InstallDrain(B), Output::Disable(B)]);
    world.desire(&[(A, Want::In), (B, Want::In)]);
    world.expect_commands(&[Output::Enable(B), Output::RemoveDrain(B)]);
}

#[test]
fn a_draining_link_that_falls_silent_is_cut_without_the_firewall() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, DRAIN)]).take_done();
    world.desire(&[(A, Want::In), (B, CUT)]);
    world.expect_commands(&[Output::RemoveDrain(B), Output::DeleteFlows(B)]);
}

#[test]
fn where_no_drain_can_be_had_the_link_is_just_disabled() {
    let mut world = World::new(Method::Interface, 2);
    world.link(B).drain = Drain::Impossible;
    world.desire(&[(A, Want::In), (B, DRAIN)]).expect_commands(&[Output::Disable(B)]);
}

#[test]
fn a_drain_that_fails_does_not_keep_new_connections_on_a_bad_link() {
    let mut world = World::new(Method::Interface, 2);
    world.broken.insert("install drain");
    world.desire(&[(A, Want::In), (B, DRAIN)]);
    world.expect_commands(&[Output::InstallDrain(B), Output::Disable(B)]);
    assert_eq!(world.machine.state(), State::Failing);
}

#[test]
fn files_do_not_wait_for_a_command_that_hangs() {
    let mut world = World::new(Method::Interface, 3);
    world.desire(&[(A, Want::In), (B, CUT), (C, Want::In)]).take_done();
    world.hanging.insert("enable");
    world.desire(&[(A, Want::In), (B, Want::In), (C, Want::In)]);
    world.desire(&[(A, CUT), (B, Want::In), (C, Want::In)]).wait(10);
    assert_eq!(world.take_done(), [write(B, true), Output::Enable(B), write(A, false)]);
    assert_eq!(world.machine.state(), State::Pending);
}

#[test]
fn a_link_that_cannot_come_in_holds_up_no_other() {
    let mut world = World::new(Method::Interface, 3);
    world.desire(&[(A, Want::In), (B, CUT), (C, Want::In)]).take_done();
    world.broken.insert("enable");
    world.desire(&[(A, CUT), (B, Want::In), (C, Want::In)]);
    world.expect_commands(&[Output::Enable(B), Output::Disable(A), Output::DeleteFlows(A)]);
    assert_eq!(world.machine.state(), State::Failing);
    assert_eq!(world.machine.error(), Some("broken"));
}

#[test]
fn where_the_only_chosen_link_cannot_come_in_the_other_keeps_its_zero() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, CUT)]).take_done();
    world.broken.extend(["enable", "reload"]);
    world.desire(&[(A, CUT), (B, Want::In)]).wait(600);
    assert!(world.observed.links[&A].in_kernel);
    assert_eq!(world.files(), [StatusFile::Zero, StatusFile::Zero]);
    world.broken.clear();
    world.wait(61);
    assert_eq!(world.files(), [StatusFile::One, StatusFile::Zero]);
    assert_eq!(world.machine.state(), State::Applied);
}

#[test]
fn failures_are_tried_again_after_doubling_pauses_with_one_reload_among_them() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, Want::In)]).take_done();
    world.broken.extend(["disable", "reload"]);
    let mut tries = vec![];
    world.desire(&[(A, Want::In), (B, DRAIN)]);
    for second in 0..64 {
        tries.extend(
            world.take_done().iter().filter(|it| matches!(name(it), "disable" | "reload")).map(|it| (second, name(it))),
        );
        world.wait(1);
    }
    let expected = [
        (0, "disable"),
        (1, "disable"),
        (3, "disable"),
        (7, "reload"),
        (15, "disable"),
        (31, "disable"),
        (63, "disable"),
    ];
    assert_eq!(tries, expected);
}

#[test]
fn a_stopped_firewall_has_its_files_right_and_is_brought_round_when_it_starts() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, Want::In)]).take_done();
    world.stop();
    world.wait(1);
    world.desire(&[(A, Want::In), (B, DRAIN)]);
    assert_eq!(world.take_done(), [write(B, false)]);
    assert_eq!(world.machine.state(), State::Waiting);
    world.start();
    world.wait(1).expect_commands(&[Output::InstallDrain(B)]);
    assert_eq!(world.machine.state(), State::Applied);
}

#[test]
fn a_start_that_did_not_ask_the_files_is_put_right_at_once() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, CUT)]).take_done();
    world.stop();
    world.wait(1);
    world.start();
    world.link(B).in_kernel = true;
    world.wait(1).expect_commands(&[Output::Disable(B)]);
}

#[test]
fn what_an_admin_changed_is_put_right_once_and_then_left_alone() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, CUT)]).take_done();
    world.link(B).in_kernel = true;
    world.wait(4).expect_commands(&[]);
    world.wait(2).expect_commands(&[Output::Disable(B)]);
    assert!(world.said.contains(&Event::PutRight { link: B, enabled: true }));
    world.link(B).in_kernel = true;
    world.wait(7200).expect_commands(&[]);
    assert!(world.said.contains(&Event::LeftAlone { link: B, enabled: true }));
    assert!(world.machine.is_left_alone(B) && !world.machine.is_committed(B));
    world.desire(&[(A, Want::In), (B, Want::In)]).desire(&[(A, Want::In), (B, CUT)]);
    assert!(!world.observed.links[&B].in_kernel, "a new verdict on the link ends it");
}

#[test]
fn the_last_link_is_never_left_alone() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, CUT)]).take_done();
    for _ in 0..3 {
        world.link(A).in_kernel = false;
        world.link(B).in_kernel = true;
        world.wait(4).expect_commands(&[]);
        world.wait(3).expect_commands(&[Output::Enable(A), Output::Disable(B)]);
    }
}

#[test]
fn where_no_link_at_all_is_left_the_chosen_ones_are_brought_in_at_the_first_look() {
    for method in [Method::Interface, Method::Reload] {
        let mut world = World::new(method, 3);
        world.desire(&[(A, Want::In), (B, Want::In), (C, CUT)]).take_done();
        for _ in 0..3 {
            world.link(A).in_kernel = false;
            world.link(B).in_kernel = false;
            let expected = match method {
                Method::Interface => vec![Output::Enable(A), Output::Enable(B)],
                Method::Reload => vec![Output::Reload],
            };
            world.wait(1).expect_commands(&expected);
        }
    }
}

#[test]
fn by_reload_files_come_first_and_drains_survive() {
    let mut world = World::new(Method::Reload, 2);
    world.desire(&[(A, Want::In), (B, CUT)]).take_done();
    world.desire(&[(A, DRAIN), (B, Want::In)]);
    let order = [write(B, true), write(A, false), Output::InstallDrain(A), Output::Reload, Output::InstallDrain(A)];
    assert_eq!(world.done, order);
    assert_eq!(world.machine.state(), State::Applied);
}

#[test]
fn a_release_brings_everything_back_and_keeps_off() {
    let mut world = World::new(Method::Interface, 3);
    world.desire(&[(A, Want::In), (B, DRAIN), (C, CUT)]).take_done();
    world.machine.handle_release([], world.now);
    world.settle().expect_commands(&[Output::Enable(B), Output::Enable(C), Output::RemoveDrain(B)]);
    assert_eq!(world.files(), [StatusFile::Zero; 3]);
    assert_eq!((world.machine.state(), world.said.last()), (State::Observing, Some(&Event::Released)));
    world.desire(&[(A, Want::In), (B, CUT), (C, CUT)]).wait(100);
    assert_eq!(world.done, []);
}

#[test]
fn a_release_with_the_firewall_stopped_leaves_files_that_say_zero() {
    let mut world = World::new(Method::Interface, 2);
    world.desire(&[(A, Want::In), (B, DRAIN)]);
    world.stop();
    world.wait(1);
    world.machine.handle_release([], world.now);
    world.settle().wait(1);
    assert_eq!(world.files(), [StatusFile::Zero; 2]);
    assert_eq!(world.observed.links[&B].drain, Drain::Absent);
    assert_eq!(world.machine.state(), State::Observing);
}

/// Something that happens to a world of three links.
#[derive(Clone, Debug)]
enum Happening {
    Verdict([Want; 3]),
    Breaks(&'static str),
    Mended,
    Stops,
    Starts,
    AdminFlips(u16),
    FileGarbled(u16),
    Passes(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    let want = || prop_oneof![Just(Want::In), Just(DRAIN), Just(CUT)];
    let step = prop::sample::select(vec![
        "write",
        "enable",
        "disable",
        "reload",
        "install drain",
        "remove drain",
        "delete flows",
    ]);
    prop_oneof![
        4 => [want(), want(), want()].prop_map(Happening::Verdict),
        2 => step.prop_map(Happening::Breaks),
        1 => Just(Happening::Mended),
        1 => Just(Happening::Stops),
        2 => Just(Happening::Starts),
        2 => (0..3_u16).prop_map(Happening::AdminFlips),
        1 => (0..3_u16).prop_map(Happening::FileGarbled),
        3 => (1..30_u64).prop_map(Happening::Passes),
    ]
}

impl World {
    fn suffer(&mut self, happening: &Happening) {
        match *happening {
            Happening::Verdict(wants) => {
                let choice: Vec<_> = (0..).map(LinkId).zip(wants).collect();
                if wants.contains(&Want::In) {
                    self.desire(&choice);
                }
            }
            Happening::Breaks(step) => drop(self.broken.insert(step)),
            Happening::Mended => self.broken.clear(),
            Happening::Stops => self.stop(),
            Happening::Starts => self.start(),
            Happening::AdminFlips(link) => {
                let started = self.observed.firewall == Firewall::Started;
                let actual = self.link(LinkId(link));
                actual.in_kernel = started && !actual.in_kernel;
            }
            Happening::FileGarbled(link) => self.link(LinkId(link)).file = StatusFile::Other,
            Happening::Passes(seconds) => drop(self.wait(seconds)),
        }
        // Whatever happened, the program looks at once: netlink and the state file tell it.
        self.machine.handle_observed(self.observed.clone(), self.now);
        self.settle();
        assert!(self.files().iter().any(|file| *file != StatusFile::One), "every file says 1");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_one_file_says_zero_and_the_verdict_is_applied_in_the_end(
        reload in any::<bool>(),
        happenings in prop::collection::vec(happening(), 1..40),
        last in prop::array::uniform2(prop::sample::select(vec![Want::In, DRAIN, CUT])),
    ) {
        let last = [last[0], last[1], Want::In];
        let mut world = World::new(if reload { Method::Reload } else { Method::Interface }, 3);
        world.desire(&[(A, Want::In), (B, Want::In), (C, Want::In)]);
        for happening in &happenings {
            world.suffer(happening);
        }
        world.broken.clear();
        world.start();
        world.suffer(&Happening::Verdict([Want::In; 3]));
        world.suffer(&Happening::Verdict(last));
        world.wait(130);
        prop_assert_eq!(world.machine.state(), State::Applied, "{}", format!("{:?}", world.observed));
        for (link, want) in [A, B, C].into_iter().zip(last) {
            let left_alone = world.machine.is_left_alone(link);
            prop_assert!(left_alone || want.is_in() == world.observed.links[&link].in_kernel);
        }
        world.take_done();
        world.wait(100);
        prop_assert_eq!(world.take_done(), Vec::new());
    }
}
