//! A link without gateway and MAC: two tun devices in two namespaces, and a thread that carries packets between them.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::EventFd;

use crate::ns::Ns;
use crate::stop::Running;
use crate::sys;

/// More than any MTU of a tun device.
const PACKET_SIZE: usize = 64 * 1024;

/// Two connected tun devices.
#[derive(Debug)]
pub(crate) struct TunLink {
    gateway: File,
    _relay: Running,
}

impl TunLink {
    /// Makes device `name` in `gw` and `c0` in `isp`.
    pub(crate) fn lay(gw: &Ns, name: &str, isp: &Ns) -> Self {
        let open = |ns: &Ns, name: &str| {
            ns.enter(|| sys::open_tun(name)).unwrap_or_else(|e| panic!("tun device {name} in {}: {e}", ns.name()))
        };
        let (gateway, far) = (open(gw, name), open(isp, "c0"));
        let near = gateway.try_clone().expect("a descriptor can be duplicated");
        let relay = Running::start(isp, "tun-relay", move |stop| carry(&near, &far, stop));
        Self { gateway, _relay: relay }
    }

    /// Switches the carrier of the gateway's end.
    pub(crate) fn carrier(&self, on: bool) {
        sys::set_carrier(&self.gateway, on).expect("a tun device has a carrier");
    }
}

fn carry(near: &File, far: &File, stop: &EventFd) {
    let mut packet = vec![0; PACKET_SIZE];
    loop {
        let mut fds = [near.as_fd(), far.as_fd(), stop.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let _ = poll(&mut fds, PollTimeout::NONE);
        let [from_near, from_far, stopped] = fds.map(|fd| fd.any().unwrap_or(false));
        if stopped {
            return;
        }
        if from_near {
            move_waiting(near, far, &mut packet);
        }
        if from_far {
            move_waiting(far, near, &mut packet);
        }
    }
}

fn move_waiting(mut from: &File, mut to: &File, packet: &mut [u8]) {
    loop {
        match from.read(packet) {
            // A packet for a device that is down is lost, as on any cable.
            Ok(length) => drop(to.write(&packet[..length])),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
