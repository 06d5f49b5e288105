//! Which captured frames are kept: whose each is, whether that owner is proven, and how many bytes of it.
//!
//! **Whose.** A frame belongs to the unicast MACs in it that are not ours: two at most. One to a group belongs to its sender; one
//! that names nobody but us and groups, or comes over a link without MACs, to its interface. What a bridge of ours sends on
//! was captured where it came in, and is left out.
//!
//! **Proven.** Only proven MACs have files, so that a flood of invented ones makes none. How a MAC is proven stands in `proof`; until it
//! is, its frames go to a small ring that all such MACs share, and move to its file when it is.
//!
//! **How much.** Of a flow the first bytes each way are kept whole, then headers (`cutoff`); the operator may want less of an
//! interface or of one owner, or none.
//!
//! A frame costs no allocation: two looks for MACs and one for its flow. All tables have a fixed size, 17 MB together.

mod candidates;
mod counts;
mod cutoff;
mod hash;
mod index;
mod interfaces;
mod lease;
mod overheard;
mod proof;
mod registry;
mod streams;
#[cfg(test)]
mod tests;

pub use counts::{Counts, Tally};
pub use streams::Stream;

use crate::packet::frame::{ARP, Direction, Ether, InterfaceId, LinkType, Packet, Seen};
use crate::packet::neighbour::{Mac, number};
use crate::time::Time;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use candidates::Candidates;
use cutoff::Flows;
use hash::Hash;
use interfaces::Interfaces;
use overheard::Overheard;
use registry::{Closed, Party, Registry};
use serde::{Deserialize, Serialize};
use streams::Excluded;

/// What holds for all interfaces.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Settings {
    /// Bytes of what a flow carries that are kept each way; none keeps all.
    pub flow_cutoff: Option<u64>,
}

/// How much the operator wants of an interface's or an owner's frames.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything, as far as the cut-off of flows goes.
    #[default]
    Full,
    /// Headers down to the transport's, and ARP.
    Headers,
    /// Nothing.
    Off,
}

/// An interface of this host.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its number.
    pub id: InterfaceId,
    /// Its name; another name is another owner.
    pub name: String,
    /// Its own address, where its link has any.
    pub mac: Option<Mac>,
    /// The bridge it is a port of.
    pub bridge: Option<InterfaceId>,
    /// What is wanted of it.
    pub mode: Mode,
    /// What is wanted of frames with a VLAN's tag, where that is said apart.
    pub vlans: BTreeMap<u16, Mode>,
}

/// Whose frames they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Owner {
    /// A device's.
    Mac(Mac),
    /// No device's, or this host's own.
    Interface(InterfaceId),
}

/// An owner's number, below 20,000: the same from [`Output::Opened`] to [`Output::Closed`], then perhaps another's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OwnerId(pub u32);

/// What an owner gets of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// Who.
    pub owner: OwnerId,
    /// So many bytes from the frame's first on; at least one, at most those captured.
    pub snap: u32,
}

/// Who gets what of a frame. The two may differ, because the operator may want less of one of them.
pub type Keeping = [Option<Share>; 2];

/// What the program is to do, in this order.
#[derive(Clone, Copy, Debug)]
pub enum Output<'a> {
    /// There is a new owner.
    Opened {
        /// Its number.
        id: OwnerId,
        /// Who it is.
        owner: Owner,
    },
    /// The owner gets this frame, which was seen before it was proven; all of its bytes.
    Replay {
        /// Who.
        id: OwnerId,
        /// The frame as it was seen, already cut.
        seen: Seen<'a>,
    },
    /// The owner is none any more.
    Closed {
        /// Its number until now.
        id: OwnerId,
        /// Who it was.
        owner: Owner,
    },
}

/// Decides about every captured frame.
pub struct Keep {
    settings: Settings,
    interfaces: Interfaces,
    registry: Registry,
    candidates: Candidates,
    overheard: Overheard,
    flows: Flows,
    excluded: Excluded,
    pending: VecDeque<Pending>,
    counts: Counts,
}

/// An output on its way.
#[derive(Clone, Copy, Debug)]
enum Pending {
    Opened(OwnerId, Owner),
    /// The next record of an owner's, and how many there should be.
    Replay(OwnerId, u64, u32),
    Closed(Closed),
}

const NOTHING: Keeping = [None; 2];

impl Interface {
    fn wants(&self, vlan: Option<u16>) -> Mode {
        vlan.and_then(|vlan| self.vlans.get(&vlan)).copied().unwrap_or(self.mode)
    }
}

impl Keep {
    /// Knows no interface and nobody; the seed is a secret drawn at every start.
    pub fn new(settings: Settings, seed: u64) -> Self {
        let hash = Hash::new(seed);
        Self {
            settings,
            interfaces: Interfaces::default(),
            registry: Registry::new(hash),
            candidates: Candidates::new(hash),
            overheard: Overheard::new(),
            flows: Flows::new(hash),
            excluded: Excluded::default(),
            pending: VecDeque::new(),
            counts: Counts::default(),
        }
    }

    /// Goes on with other settings.
    pub fn configure(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Takes the list of this host's interfaces, captured or not; those no longer in it are remembered for two seconds, because
    /// their last frames come later than this news.
    pub fn set_interfaces(&mut self, interfaces: &[Interface], now: Time) {
        for id in self.interfaces.set(interfaces, now) {
            self.close(id);
        }
        self.handle_wake(now);
    }

    /// When [`Self::handle_wake`] has something to do.
    pub fn next_deadline(&self) -> Option<Time> {
        self.interfaces.next_deadline()
    }

    /// Forgets interfaces that are gone.
    pub fn handle_wake(&mut self, now: Time) {
        for id in self.interfaces.purge(now) {
            self.close(id);
        }
        let closed = self.registry.set_ours(self.interfaces.macs());
        self.pending.extend(closed.into_iter().map(Pending::Closed));
    }

    /// Leaves a stream out from now on; false if there are 64 already.
    pub fn exclude(&mut self, stream: Stream) -> bool {
        self.excluded.add(stream)
    }

    /// Keeps a stream again.
    pub fn include(&mut self, stream: Stream) {
        self.excluded.remove(stream);
    }

    /// Says who gets what of a frame. All outputs must be taken before the shares are used: an owner may be new, and what is
    /// replayed is older than this frame.
    pub fn handle_frame(&mut self, seen: &Seen<'_>, packet: &Packet) -> Keeping {
        self.counts.seen.add(seen.original);
        let Some(mode) = self.interfaces.mode(seen.interface, packet.vlan) else {
            self.counts.unlisted.add(seen.original);
            return NOTHING;
        };
        let owners = match packet.ether {
            Some(ether) => self.owners(seen, packet, ether),
            None if seen.link == LinkType::Ethernet => {
                self.counts.invalid.add(seen.original);
                None
            }
            None => Some([self.interface_owner(seen), Party::Nobody]),
        };
        let Some(owners) = owners else { return NOTHING };
        if self.excluded.contain(packet) {
            self.counts.excluded.add(seen.original);
            return NOTHING;
        }
        let mut full = None;
        owners.map(|owner| match owner {
            // Of most frames one party is this host.
            Party::Nobody | Party::Ours => None,
            Party::Proven(_) | Party::Unproven(_) => self.share(seen, packet, owner, mode, &mut full),
        })
    }

    /// Whether something is to be done: of most frames nothing.
    #[inline]
    pub fn has_output(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The next thing to be done; none until something happens.
    pub fn poll_output(&mut self) -> Option<Output<'_>> {
        while let Some(Pending::Replay(_, next, missing)) = self.pending.front() {
            if self.overheard.get(*next).is_some() {
                break;
            }
            self.counts.lost_before_proof = self.counts.lost_before_proof.saturating_add(u64::from(*missing));
            self.pending.pop_front();
        }
        let pending = self.pending.front_mut()?;
        if let Pending::Replay(id, next, missing) = pending {
            let id = *id;
            let (seen, after) = self.overheard.get(*next)?;
            (*next, *missing) = (after, missing.saturating_sub(1));
            return Some(Output::Replay { id, seen });
        }
        match self.pending.pop_front()? {
            Pending::Opened(id, owner) => Some(Output::Opened { id, owner }),
            Pending::Closed((id, owner)) => Some(Output::Closed { id, owner }),
            Pending::Replay(..) => None,
        }
    }

    /// What became of all frames until now.
    pub fn counts(&self) -> Counts {
        let (proven, proven_by_pair) = self.registry.used();
        Counts {
            proven,
            proven_by_pair,
            candidates: self.candidates.used(),
            overheard_overwritten: self.overheard.overwritten(),
            interfaces_left_out: self.interfaces.left_out,
            ..self.counts
        }
    }

    /// The owners of a frame with MACs, and what the frame proves; none if it is not to be kept.
    fn owners(&mut self, seen: &Seen<'_>, packet: &Packet, ether: Ether) -> Option<[Party; 2]> {
        let source = self.registry.party(ether.source);
        if self.is_forwarded(seen, source) {
            self.counts.forwarded.add(seen.original);
            return None;
        }
        if source == Party::Nobody {
            self.counts.invalid.add(seen.original);
        }
        match self.weigh(seen, packet, ether, source) {
            [Party::Ours, Party::Ours | Party::Nobody] => Some([self.interface_owner(seen), Party::Nobody]),
            parties => Some(parties),
        }
    }

    /// Whether a bridge of ours sends on what was captured on another of its ports.
    fn is_forwarded(&self, seen: &Seen<'_>, source: Party) -> bool {
        let bridge = |id| self.interfaces.get(id).and_then(|listed| listed.interface.bridge);
        if seen.direction != Direction::Sent || bridge(seen.interface).is_none() {
            return false;
        }
        let heard_on = match source {
            Party::Proven(id) => self.registry.get(id).and_then(|slot| slot.heard_on),
            Party::Unproven(mac) => self.candidates.get(number(mac)).and_then(|candidate| candidate.heard_on),
            Party::Nobody | Party::Ours => None,
        };
        heard_on.is_some_and(|port| port != seen.interface && bridge(port) == bridge(seen.interface))
    }

    /// The interface as an owner, opened when the first frame is its own.
    fn interface_owner(&mut self, seen: &Seen<'_>) -> Party {
        let Some(listed) = self.interfaces.get_mut(seen.interface) else { return Party::Nobody };
        let id = listed.owner.unwrap_or_else(|| {
            let id = self.registry.admit_interface(seen.interface, seen.at);
            self.pending.push_back(Pending::Opened(id, Owner::Interface(seen.interface)));
            id
        });
        listed.owner = Some(id);
        Party::Proven(id)
    }

    /// Gives one owner what is wanted of it, or puts that where it waits for the owner's proof. `full` is what the frame's flow
    /// leaves of it, asked once for both.
    fn share(
        &mut self,
        seen: &Seen<'_>,
        packet: &Packet,
        owner: Party,
        mode: Mode,
        full: &mut Option<u32>,
    ) -> Option<Share> {
        let mode = match owner {
            Party::Proven(id) => self.registry.get(id)?.mode.unwrap_or(mode),
            Party::Unproven(_) => mode,
            Party::Nobody | Party::Ours => return None,
        };
        let whole = seen.frame.len() as u32;
        let snap = match (mode, self.settings.flow_cutoff) {
            (Mode::Full, Some(cutoff)) => *full.get_or_insert_with(|| self.flows.snap(cutoff, seen, packet)),
            (Mode::Headers, _) if packet.ethertype != ARP => whole.min(packet.payload.start as u32),
            (Mode::Full | Mode::Headers, _) => whole,
            (Mode::Off, _) => 0,
        };
        let tally = match (mode, owner) {
            (Mode::Off, _) => &mut self.counts.off,
            (_, Party::Unproven(_)) => &mut self.counts.unproven,
            (Mode::Headers, _) => &mut self.counts.headers,
            (Mode::Full, _) if snap == 0 && whole > 0 => &mut self.counts.thinned,
            (Mode::Full, _) if snap < whole => &mut self.counts.cut,
            (Mode::Full, _) => &mut self.counts.kept,
        };
        tally.add(seen.original);
        match owner {
            Party::Proven(owner) if snap > 0 => Some(Share { owner, snap }),
            Party::Unproven(mac) if snap > 0 => {
                self.overhear(seen, mac, snap);
                None
            }
            Party::Proven(_) | Party::Unproven(_) | Party::Nobody | Party::Ours => None,
        }
    }

    fn overhear(&mut self, seen: &Seen<'_>, mac: Mac, snap: u32) {
        let candidate = self.candidates.touch(number(mac), seen.at);
        candidate.recorded = candidate.recorded.saturating_add(1);
        candidate.newest = self.overheard.push(seen, snap, candidate.newest);
    }

    fn close(&mut self, id: OwnerId) {
        self.pending.extend(self.registry.close(id).map(Pending::Closed));
    }
}
