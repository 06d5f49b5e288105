//! When a MAC is proven: somebody who knows has dealt with it, so that it is a device and no invention.
//!
//! 1. This host, or a firmly proven MAC, sent a unicast frame to it, and it has spoken after that.
//! 2. The kernel says it is reachable.
//! 3. A DHCP server on this host, or firmly proven, gave it an address.
//! 4. The operator named it, or it was proven before we were started.
//! 5. Two unproven MACs sent unicast frames to each other. Two that conspire could do that at will, so no more than 1,000 are
//!    proven like this at once on an interface, then one a second, 4,096 in all. Who was proven so does not prove others more
//!    cheaply: what it is answered by is paid from the same budget.
//!
//! Proven MACs, at most 16,384, never make way for unproven ones.

use super::candidates::Asked;
use super::registry::{Party, Standing};
use super::{Keep, Mode, Owner, OwnerId, Pending, lease};
use crate::packet::frame::{Direction, Ether, Packet, Seen};
use crate::packet::neighbour::{Mac, number};
use crate::time::Time;

impl Keep {
    /// The kernel's neighbour table says that the MAC is reachable.
    pub fn handle_reachable(&mut self, mac: Mac, now: Time) {
        self.prove(mac, Standing::Firm, now);
    }

    /// The MAC was proven before the program was started, and last heard at that time.
    pub fn handle_remembered(&mut self, mac: Mac, heard: Time) {
        self.prove(mac, Standing::Firm, heard);
    }

    /// The operator knows the MAC, and wants this much of it, or as much as of its interface.
    pub fn handle_named(&mut self, mac: Mac, mode: Option<Mode>, now: Time) {
        let id = self.prove(mac, Standing::Named, now);
        if let Some(slot) = id.and_then(|id| self.registry.get_mut(id)) {
            slot.mode = mode;
        }
    }

    /// The operator wants the MAC forgotten; it may be proven again.
    pub fn forget(&mut self, mac: Mac) {
        if let Party::Proven(id) = self.registry.party(mac) {
            self.close(id);
        }
    }

    /// What a frame of this sender proves, and who its two parties are after it.
    pub(super) fn weigh(&mut self, seen: &Seen<'_>, packet: &Packet, ether: Ether, source: Party) -> [Party; 2] {
        let source = self.hear(seen, source);
        if let Some(client) = lease::client(seen.frame, packet).filter(|_| self.is_trusted(source)) {
            self.prove(client, Standing::Firm, seen.at);
        }
        if ether.source == ether.destination {
            return [source, Party::Nobody];
        }
        // Only now, because a proof may have cost a receiver long silent its place.
        let destination = self.registry.party(ether.destination);
        let Party::Unproven(mac) = destination else { return [source, destination] };
        match source {
            Party::Unproven(from) => self.converse(seen, from, mac),
            Party::Ours | Party::Proven(_) => {
                let asked = if self.is_trusted(source) { Asked::Firmly } else { Asked::ByPair };
                let candidate = self.candidates.touch(number(mac), seen.at);
                candidate.asked = candidate.asked.max(asked);
                [source, destination]
            }
            Party::Nobody => [source, destination],
        }
    }

    /// The sender has spoken; somebody may have waited for that.
    fn hear(&mut self, seen: &Seen<'_>, source: Party) -> Party {
        let heard_on = Some(seen.interface).filter(|_| seen.direction != Direction::Sent);
        match source {
            Party::Proven(id) => {
                if let Some(slot) = self.registry.get_mut(id) {
                    slot.heard_at = slot.heard_at.max(seen.at);
                    slot.heard_on = heard_on.or(slot.heard_on);
                }
                source
            }
            Party::Unproven(mac) => {
                let candidate = self.candidates.touch(number(mac), seen.at);
                candidate.heard_on = heard_on.or(candidate.heard_on);
                let asked = candidate.asked;
                let id = match asked {
                    Asked::Nobody => None,
                    Asked::ByPair if !self.pay(seen, 1) => None,
                    Asked::ByPair => self.prove(mac, Standing::ByPair, seen.at),
                    Asked::Firmly => self.prove(mac, Standing::Firm, seen.at),
                };
                id.map_or(source, Party::Proven)
            }
            Party::Nobody | Party::Ours => source,
        }
    }

    fn is_trusted(&self, source: Party) -> bool {
        match source {
            Party::Ours => true,
            Party::Proven(id) => self.registry.get(id).is_some_and(|slot| slot.standing > Standing::ByPair),
            Party::Nobody | Party::Unproven(_) => false,
        }
    }

    /// One unproven MAC speaks to another, perhaps in answer; who they are after it.
    fn converse(&mut self, seen: &Seen<'_>, from: Mac, to: Mac) -> [Party; 2] {
        let [from_mark, to_mark] = [from, to].map(|mac| self.candidates.mark(number(mac)));
        let is_answer = self.candidates.touch(number(to), seen.at).spoke_to(from_mark);
        if !is_answer {
            self.candidates.touch(number(from), seen.at).speak_to(to_mark);
        } else if self.pay(seen, 2) {
            // Who spoke first is proven first.
            self.prove(to, Standing::ByPair, seen.at);
            self.prove(from, Standing::ByPair, seen.at);
        }
        [from, to].map(|mac| self.registry.party(mac))
    }

    /// Pays for the proof of so many MACs by pairs.
    fn pay(&mut self, seen: &Seen<'_>, macs: u32) -> bool {
        let has_room = self.registry.has_room_for_pairs(macs);
        let is_paid =
            has_room && self.interfaces.get_mut(seen.interface).is_some_and(|listed| listed.pay(macs.into(), seen.at));
        if !is_paid {
            self.counts.refused_pairs = self.counts.refused_pairs.saturating_add(1);
        }
        is_paid
    }

    /// Makes a MAC an owner, or a better proven one, and lets what is held of it out.
    fn prove(&mut self, mac: Mac, standing: Standing, now: Time) -> Option<OwnerId> {
        match self.registry.party(mac) {
            Party::Nobody | Party::Ours => return None,
            Party::Proven(id) => {
                self.registry.raise(id, standing);
                return Some(id);
            }
            Party::Unproven(_) => {}
        }
        let Some((id, replaced)) = self.registry.admit(mac, standing, now) else {
            self.counts.refused_full = self.counts.refused_full.saturating_add(1);
            return None;
        };
        self.pending.extend(replaced.map(Pending::Closed));
        self.pending.push_back(Pending::Opened(id, Owner::Mac(mac)));
        if let Some(candidate) = self.candidates.take(number(mac)) {
            if let Some(slot) = self.registry.get_mut(id) {
                slot.heard_on = candidate.heard_on;
            }
            let oldest = self.overheard.turn(candidate.newest);
            self.pending.push_back(Pending::Replay(id, oldest, candidate.recorded));
        }
        Some(id)
    }
}
