//! What may go wrong: every kind of fault, how often each is drawn, and what it does to the world.

use crate::gate::Gate;
use crate::line::Wire;
use crate::rng::Rng;
use crate::shorewall::Shorewall;
use crate::world::World;
use rebootping_core::link::Family;
use rebootping_core::link::verdict::Order;
use rebootping_core::time::Time;
use std::time::Duration;

/// A kind of fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "the names say it, and `begin` what each does")]
pub enum Kind {
    Glitch,
    Blackhole,
    AllBlackhole,
    RepliesLost,
    RandomLoss,
    BrownOut,
    TargetDead,
    TargetUnreached,
    TargetLimited,
    RepliesDoubled,
    RepliesShuffled,
    RepliesLate,
    RepliesForged,
    RepliesAstray,
    CarrierFlap,
    CarrierLost,
    InterfaceRemade,
    AddressLost,
    AddressChanged,
    GatewayChanged,
    GatewayLost,
    GatewaySilent,
    LateProcess,
    SuspendedProcess,
    SendsFail,
    JudgeKilled,
    JudgeKilledAtWrite,
    CommitterKilled,
    PowerLost,
    CommandsFail,
    CommandsHang,
    CommandsLie,
    DiskFull,
    DiskSlow,
    FirewallStopped,
    FirewallRestarted,
    AdminEnables,
    AdminDisables,
    FileGarbled,
    Pinned,
    TakenOut,
    OrderEnded,
    Retried,
    ClockStepped,
    Reloaded,
}

/// Every kind, each as often as it is drawn.
pub const KINDS: [Kind; 45] = [
    Kind::Glitch,
    Kind::Blackhole,
    Kind::AllBlackhole,
    Kind::RepliesLost,
    Kind::RandomLoss,
    Kind::BrownOut,
    Kind::TargetDead,
    Kind::TargetUnreached,
    Kind::TargetLimited,
    Kind::RepliesDoubled,
    Kind::RepliesShuffled,
    Kind::RepliesLate,
    Kind::RepliesForged,
    Kind::RepliesAstray,
    Kind::CarrierFlap,
    Kind::CarrierLost,
    Kind::InterfaceRemade,
    Kind::AddressLost,
    Kind::AddressChanged,
    Kind::GatewayChanged,
    Kind::GatewayLost,
    Kind::GatewaySilent,
    Kind::LateProcess,
    Kind::SuspendedProcess,
    Kind::SendsFail,
    Kind::JudgeKilled,
    Kind::JudgeKilledAtWrite,
    Kind::CommitterKilled,
    Kind::PowerLost,
    Kind::CommandsFail,
    Kind::CommandsHang,
    Kind::CommandsLie,
    Kind::DiskFull,
    Kind::DiskSlow,
    Kind::FirewallStopped,
    Kind::FirewallRestarted,
    Kind::AdminEnables,
    Kind::AdminDisables,
    Kind::FileGarbled,
    Kind::Pinned,
    Kind::TakenOut,
    Kind::OrderEnded,
    Kind::Retried,
    Kind::ClockStepped,
    Kind::Reloaded,
];

/// A fault of a run: all that is drawn for it, so that its kind alone decides what it does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fault {
    /// When it begins.
    pub at: Duration,
    /// What it is.
    pub kind: Kind,
    /// Whom it strikes.
    pub link: usize,
    /// In which family.
    pub family: Family,
    /// How long it lasts.
    pub lasts: Duration,
    /// A number for the rest.
    pub salt: u64,
}

impl Fault {
    /// Draws the faults of a run that lasts `span` over `links` links, soonest first.
    pub fn draw(count: u64, span: Duration, longest: Duration, links: usize, rng: &mut Rng) -> Vec<Self> {
        let mut draw = || Self {
            at: rng.time(Duration::from_secs(4), span.mul_f64(0.9)),
            kind: rng.pick(&KINDS),
            link: rng.below(links as u64) as usize,
            family: if rng.chance(700) { Family::Ipv4 } else { Family::Ipv6 },
            lasts: Duration::from_millis(rng.spread(300, longest.as_millis() as u64)),
            salt: rng.bits(),
        };
        let mut faults: Vec<Self> = (0..count).map(|_| draw()).collect();
        faults.sort_by_key(|fault| fault.at);
        faults
    }

    /// Makes it happen.
    pub fn begin(&self, world: &mut World) {
        let until = world.now() + self.lasts;
        let family = self.family as usize;
        match self.kind {
            Kind::Glitch => {
                self.wire(world, |wire, now| wire.dead = wire.dead.max(now + Duration::from_millis(self.salt % 1500)));
            }
            Kind::Blackhole => self.wire(world, |wire, _| wire.dead = until),
            Kind::AllBlackhole => world.every_wire(self.family, |wire| wire.dead = until),
            Kind::RepliesLost => self.wire(world, |wire, _| wire.replies_lost = (until, 200 + self.salt % 800)),
            Kind::RandomLoss => self.wire(world, |wire, _| wire.loss = (until, 1 + self.salt % 400)),
            Kind::BrownOut => {
                self.wire(world, |wire, _| wire.slow = (until, Duration::from_millis(300 + self.salt % 2500)));
            }
            Kind::TargetDead => world.every_wire(self.family, |wire| wire.unreached = (until, self.some_targets())),
            Kind::TargetUnreached => {
                self.wire(world, |wire, now| wire.unreached = (now + self.long(), self.one_target()));
            }
            Kind::TargetLimited => self
                .wire(world, |wire, now| wire.limited = (now + self.long(), self.one_target(), 200 + self.salt % 4000)),
            Kind::RepliesDoubled => self.wire(world, |wire, _| wire.doubled = until),
            Kind::RepliesShuffled => self.wire(world, |wire, _| wire.shuffled = until),
            Kind::RepliesLate => self.wire(world, |wire, _| wire.held_back = until),
            Kind::RepliesForged => self.wire(world, |wire, _| wire.forged = until),
            Kind::RepliesAstray => self.wire(world, |wire, _| wire.astray = until),
            Kind::CarrierFlap => self.no_carrier(world, Duration::from_millis(1 + self.salt % 900)),
            Kind::CarrierLost => self.no_carrier(world, self.lasts),
            Kind::InterfaceRemade => self.remade(world, until),
            Kind::AddressLost => self.path(world, until, |wire, until| wire.no_address = until),
            Kind::AddressChanged => self.path(world, until, |wire, _| wire.address = (wire.address + 1) % 100),
            Kind::GatewayChanged => self.path(world, until, |wire, _| wire.gateway ^= 1),
            Kind::GatewayLost => self.path(world, until, |wire, until| wire.no_gateway = until),
            Kind::GatewaySilent => self.wire(world, |wire, _| wire.gateway_silent = until),
            Kind::LateProcess => world.run_late(until, Duration::from_millis(20 + self.salt % 1300)),
            Kind::SuspendedProcess => world.suspend(Duration::from_millis(self.salt % 5000)),
            Kind::SendsFail => self.wire(world, |wire, _| wire.sends_fail = until),
            Kind::JudgeKilled => world.kill_judge(Duration::from_millis(20 + self.salt % 4000)),
            Kind::JudgeKilledAtWrite => world.kill_judge_at_write(self.salt % 4),
            Kind::CommitterKilled => world.at_gate(family, Gate::restart),
            Kind::PowerLost => world.lose_power(Duration::from_secs(5 + self.salt % 60)),
            Kind::CommandsFail => self.trouble(world, until, |wall| &mut wall.fails),
            Kind::CommandsHang => self.trouble(world, until, |wall| &mut wall.hangs),
            Kind::CommandsLie => self.trouble(world, until, |wall| &mut wall.lies),
            Kind::DiskFull => self.trouble(world, until, |wall| &mut wall.full_disk),
            Kind::DiskSlow => world.slow_disks(until),
            Kind::FirewallStopped => world.stop_firewall(self.family, self.lasts),
            Kind::FirewallRestarted => world.at_gate(family, Gate::restart_firewall),
            Kind::AdminEnables => world.move_by_hand(family, self.link, true),
            Kind::AdminDisables => world.move_by_hand(family, self.link, false),
            Kind::FileGarbled => world.garble(family, self.link),
            Kind::Pinned => world.order(self.link, Some(Order::Pin), self.end(until)),
            Kind::TakenOut => world.order(self.link, Some(Order::Out), self.end(until)),
            Kind::OrderEnded => world.order(self.link, None, None),
            Kind::Retried => world.retry(self.link),
            Kind::ClockStepped => world.step_clock(if self.salt & 1 == 0 { 315_576_000 } else { -315_576_000 }),
            Kind::Reloaded => world.reload(self.salt),
        }
    }

    fn wire(&self, world: &mut World, change: impl FnOnce(&mut Wire, Time)) {
        let now = world.now();
        change(&mut world.line(self.link).wires[self.family as usize], now);
    }

    fn path(&self, world: &mut World, until: Time, change: impl FnOnce(&mut Wire, Time)) {
        self.wire(world, |wire, _| change(wire, until));
        world.path_changes(self.link, until);
    }

    fn no_carrier(&self, world: &mut World, lasts: Duration) {
        let until = world.now() + lasts;
        let line = world.line(self.link);
        line.no_carrier = line.no_carrier.max(until);
        world.path_changes(self.link, until);
    }

    fn remade(&self, world: &mut World, until: Time) {
        let line = world.line(self.link);
        line.absent = until;
        line.incarnation += 1;
        world.path_changes(self.link, until);
    }

    fn trouble(&self, world: &mut World, until: Time, of: impl FnOnce(&mut Shorewall) -> &mut Time) {
        world.at_gate(self.family as usize, |gate, _| {
            *of(&mut gate.shorewall) = until;
            gate.disturb(until);
        });
    }

    /// An order ends in three of four cases.
    fn end(&self, until: Time) -> Option<Time> {
        (self.salt & 3 != 0).then_some(until)
    }

    /// Long enough, now and then, for a target to leave the score and to return.
    fn long(&self) -> Duration {
        if self.salt & 0x300 == 0 { self.lasts + Duration::from_secs(700) } else { self.lasts }
    }

    fn one_target(&self) -> u32 {
        1 << (self.salt >> 16 & 3)
    }

    /// One to three of four, or rarely all.
    fn some_targets(&self) -> u32 {
        (self.salt >> 20 & 15) as u32
    }
}
