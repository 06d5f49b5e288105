//! The sockets the judge hears with: one for each interface that a link has, so that packets of all others cost nothing.
//!
//! They are opened while that is allowed, and bound as links come and go, which is always allowed; their filter is locked, so
//! that whoever might rule the judge cannot make them hear more.

use super::filter;
use crate::sys::packet_socket::PacketSocket;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// More interfaces than this are heard with one socket for all there are.
const MOST: usize = 8;
/// What a socket is bound to that hears every interface.
const ALL: u32 = 0;

/// The sockets the judge hears with.
#[derive(Debug)]
pub(super) struct Ears(Vec<Ear>);

#[derive(Debug)]
struct Ear {
    socket: PacketSocket,
    /// The interface it is bound to; none if it never was.
    index: Option<u32>,
}

impl Ears {
    /// Opens them; `identifier` marks our echoes.
    pub(super) fn open(identifier: u16) -> io::Result<Self> {
        let filter = filter::ours(identifier);
        let ear = |_| Ok(Ear { socket: PacketSocket::listening(&filter)?, index: None });
        (0..MOST).map(ear).collect::<io::Result<_>>().map(Self)
    }

    /// Hears these interfaces from now on. One that is gone by now is not heard, of which the kernel's news will tell.
    pub(super) fn follow(&mut self, wanted: &BTreeSet<u32>) {
        if wanted.len() > MOST {
            // Two that hear the same would tell everything twice.
            self.0.truncate(1);
        }
        if let [ear] = &mut self.0[..] {
            return ear.bind(ALL);
        }
        for &index in wanted {
            match self.0.iter_mut().find(|ear| ear.index == Some(index)) {
                // Its number may be that of another interface by now.
                Some(ear) => ear.bind(index),
                None => self.hear(index, wanted),
            }
        }
    }

    /// Binds a socket that hears nothing yet, or else one that hears what nobody wants any more.
    fn hear(&mut self, index: u32, wanted: &BTreeSet<u32>) {
        let is_idle = |ear: &&mut Ear| ear.index.is_none_or(|index| !wanted.contains(&index));
        if let Some(ear) = self.0.iter_mut().filter(is_idle).min_by_key(|ear| ear.index) {
            ear.bind(index);
        }
    }

    /// All that may have something to tell.
    pub(super) fn sockets(&self) -> impl Iterator<Item = &PacketSocket> {
        self.0.iter().filter(|ear| ear.index.is_some()).map(|ear| &ear.socket)
    }

    /// What to wait for.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets().map(AsFd::as_fd)
    }
}

impl Ear {
    /// Costs next to nothing where it is bound to that very interface already (packet(7)).
    fn bind(&mut self, index: u32) {
        self.index = self.socket.hear_on(index).is_ok().then_some(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::net::if_::if_nametoindex;
    use rebootping_core::packet::neighbour::Mac;
    use rebootping_lab::{Flood, SWITCH_LIMIT, Yard, wait_until};

    const OURS: u16 = 0xbeef;
    const CABLES: [(&str, Mac); 2] = [("lan0", [2, 0, 0, 0, 0, 1]), ("wan0", [2, 0, 0, 0, 0, 2])];

    /// An Ethernet frame with a reply to an echo of ours.
    fn reply(to: Mac) -> Vec<u8> {
        let [high, low] = OURS.to_be_bytes();
        let ip = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
        [&to[..], &[2, 0, 0, 0, 1, 1], &[8, 0], &ip, &[0, 0, 0, 0, high, low, 0, 1]].concat()
    }

    /// A gateway with its cables.
    fn yard() -> Yard {
        let yard = Yard::build("ears", "");
        for (name, mac) in CABLES {
            yard.lay_cable(name, &mac.map(|byte| format!("{byte:02x}")).join(":"));
        }
        yard
    }

    /// The interfaces on which the ears have heard something, after one reply came on each.
    fn heard(yard: &Yard, ears: &Ears, expected: usize) -> Vec<u32> {
        for (name, mac) in CABLES {
            Flood::of(vec![reply(mac), reply([2, 0, 0, 0, 9, 9])]).send_in(yard.street(), name);
        }
        let mut heard = Vec::new();
        let mut listen = || {
            let mut buffer = [0; 64];
            for socket in ears.sockets() {
                while let Ok(Some(received)) = socket.receive(&mut buffer) {
                    heard.push(received.index);
                }
            }
            heard.len() >= expected
        };
        wait_until("the replies are heard", SWITCH_LIMIT, &mut listen);
        listen();
        heard.sort_unstable();
        heard
    }

    #[test]
    fn each_reply_is_heard_once_and_only_on_interfaces_that_are_followed() {
        let yard = yard();
        let (mut ears, indexes) = yard.gw().enter(|| {
            let index = |name: &str| if_nametoindex(name).expect("the cable is laid");
            (Ears::open(OURS).expect("root may open them"), CABLES.map(|(name, _)| index(name)))
        });
        let [lan, wan] = indexes;
        ears.follow(&[wan].into());
        assert_eq!(heard(&yard, &ears, 1), [wan]);
        ears.follow(&[lan, wan].into());
        ears.follow(&[lan, wan].into());
        assert_eq!(heard(&yard, &ears, 2), [lan, wan]);
        // More than there are sockets for; most of them are gone by now.
        ears.follow(&(lan..lan + 100).collect());
        assert_eq!(heard(&yard, &ears, 2), [lan, wan], "one socket hears all");
        assert_eq!(ears.fds().count(), 1);
    }
}
