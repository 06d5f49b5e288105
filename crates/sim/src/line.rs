//! A simulated link: what becomes of an echo on its way, and what the kernel would say of its interface.
//!
//! Every condition is a moment until which it lasts, so that faults of one kind may overlap and none has to be undone.

use crate::rng::Rng;
use rebootping_core::link::presence::{Address, Facts};
use rebootping_core::link::{Family, Presence};
use rebootping_core::time::Time;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// One link.
#[derive(Clone, Debug)]
pub struct Line {
    number: u8,
    point_to_point: bool,
    delay: Duration,
    /// Until when there is no carrier.
    pub no_carrier: Time,
    /// Until when there is no interface.
    pub absent: Time,
    /// How often the interface was made anew.
    pub incarnation: u32,
    /// Its two families.
    pub wires: [Wire; 2],
}

/// One family of a link. Each time is the end of a condition.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    /// The family exists on this link.
    pub served: bool,
    /// Nothing passes.
    pub dead: Time,
    /// Echoes are lost at random, in thousandths.
    pub loss: (Time, u64),
    /// Echoes pass and replies are lost, in thousandths.
    pub replies_lost: (Time, u64),
    /// Everything takes this much longer, give or take half.
    pub slow: (Time, Duration),
    /// These targets are not reached.
    pub unreached: (Time, u32),
    /// These targets answer one echo in so many milliseconds.
    pub limited: (Time, u32, u64),
    last_answers: Vec<Time>,
    /// Replies come twice.
    pub doubled: Time,
    /// Replies overtake each other.
    pub shuffled: Time,
    /// Replies arrive on the next link.
    pub astray: Time,
    /// Replies are held back until the round after.
    pub held_back: Time,
    /// Others answer in the target's place, and better.
    pub forged: Time,
    /// The gateway answers neither ARP nor NDP.
    pub gateway_silent: Time,
    /// Our own sends fail.
    pub sends_fail: Time,
    /// There is no address.
    pub no_address: Time,
    /// There is no gateway.
    pub no_gateway: Time,
    /// Which address, of several.
    pub address: u8,
    /// Which gateway, of two.
    pub gateway: u8,
}

/// How a reply differs from the one that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Twist {
    /// It is genuine.
    None,
    /// It arrives on another link.
    Astray,
    /// It comes from another address.
    Source,
    /// It has another sequence.
    Sequence,
    /// It has another token.
    Token,
}

/// A reply on its way.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When it arrives.
    pub at: Time,
    /// What is wrong with it.
    pub twist: Twist,
}

impl Line {
    /// A sound link that serves these families.
    pub fn new(number: u8, serves: [bool; 2], point_to_point: bool, delay: Duration) -> Self {
        let wires = serves.map(|served| Wire { served, ..Wire::default() });
        Self { number, point_to_point, delay, no_carrier: Time::BOOT, absent: Time::BOOT, incarnation: 0, wires }
    }

    /// What becomes of an echo to a target sent now; what arrives is added to `arrivals`.
    pub fn carry(&mut self, family: Family, target: usize, now: Time, rng: &mut Rng, arrivals: &mut Vec<Arrival>) {
        let delay = self.delay + self.delay * target as u32 / 8 + rng.time(Duration::ZERO, Duration::from_millis(2));
        let has_path = self.presence(family, now) == Presence::Present;
        let wire = &mut self.wires[family as usize];
        if !has_path || now < wire.dead || now < wire.gateway_silent || wire.loses(target, now, rng) {
            return;
        }
        let mut at = now + delay;
        if now < wire.slow.0 {
            at = at + wire.slow.1 / 2 + rng.time(Duration::ZERO, wire.slow.1);
        }
        if now < wire.shuffled {
            at = at + rng.time(Duration::ZERO, Duration::from_millis(300));
        }
        if now < wire.held_back && rng.chance(500) {
            at = at + rng.time(Duration::from_millis(600), Duration::from_millis(2200));
        }
        if now < wire.forged {
            let twist = rng.pick(&[Twist::Source, Twist::Sequence, Twist::Token]);
            arrivals.push(Arrival { at: now + delay / 2, twist });
            if rng.chance(300) {
                return;
            }
        }
        let twist = if now < wire.astray { Twist::Astray } else { Twist::None };
        arrivals.push(Arrival { at, twist });
        if now < wire.doubled {
            arrivals.push(Arrival { at: at + rng.time(Duration::ZERO, Duration::from_millis(1500)), twist });
        }
    }

    /// Whether the link may be used in a family, from the conditions alone.
    pub fn presence(&self, family: Family, now: Time) -> Presence {
        let wire = &self.wires[family as usize];
        if now < self.absent {
            Presence::Absent
        } else if now < self.no_carrier {
            Presence::NoCarrier
        } else if !wire.served || now < wire.no_address {
            Presence::NoAddress
        } else if now < wire.no_gateway && !self.point_to_point {
            Presence::NoNextHop
        } else {
            Presence::Present
        }
    }

    /// What the kernel would say.
    pub fn facts(&self, family: Family, now: Time) -> Facts {
        let wire = &self.wires[family as usize];
        let address = Address {
            ip: self.ip(family, 10 + wire.address),
            prefix: if family == Family::Ipv4 { 24 } else { 64 },
            preferred: true,
            temporary: false,
        };
        let there = now >= self.absent;
        Facts {
            index: there.then_some(u32::from(self.number) + 10 * self.incarnation),
            running: there && now >= self.no_carrier,
            point_to_point: self.point_to_point,
            addresses: (there && wire.served && now >= wire.no_address).then_some(address).into_iter().collect(),
            gateways: (there && wire.served && now >= wire.no_gateway)
                .then(|| self.ip(family, 1 + wire.gateway))
                .into_iter()
                .collect(),
        }
    }

    /// Whether the gateway would answer ARP or NDP now.
    pub fn gateway_answers(&self, family: Family, now: Time) -> bool {
        self.presence(family, now) == Presence::Present && now >= self.wires[family as usize].gateway_silent
    }

    fn ip(&self, family: Family, host: u8) -> IpAddr {
        match family {
            Family::Ipv4 => Ipv4Addr::new(198, 51, self.number, host).into(),
            Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, u16::from(self.number), 0, 0, 0, 0, u16::from(host)).into(),
        }
    }
}

impl Wire {
    fn loses(&mut self, target: usize, now: Time, rng: &mut Rng) -> bool {
        let lost = |(until, permille): (Time, u64), rng: &mut Rng| now < until && rng.chance(permille);
        lost(self.loss, rng)
            || lost(self.replies_lost, rng)
            || (now < self.unreached.0 && self.unreached.1 >> target & 1 == 1)
            || (now < self.limited.0 && self.limited.1 >> target & 1 == 1 && self.is_over_limit(target, now))
    }

    fn is_over_limit(&mut self, target: usize, now: Time) -> bool {
        self.last_answers.resize(self.last_answers.len().max(target + 1), Time::BOOT);
        let over = now.since(self.last_answers[target]) < Duration::from_millis(self.limited.2);
        if !over {
            self.last_answers[target] = now;
        }
        over
    }
}
