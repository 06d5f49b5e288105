//! One ISP and the ways it can fail.
//!
//! Every fault returns the latest moment before it took effect, so that a time measured from it is never flattered.

use std::process::Command;
use std::time::Instant;

use crate::dhcp;
use crate::fault::Faults;
use crate::lab::{Lab, parse};
use crate::ns::Ns;
use crate::plan::{self, wan};
use crate::tun::TunLink;
use crate::wire::Wire;

/// One ISP of a lab.
#[derive(Clone, Copy, Debug)]
pub struct Isp<'lab> {
    lab: &'lab Lab,
    number: usize,
}

impl<'lab> Isp<'lab> {
    pub(crate) fn of(lab: &'lab Lab, number: usize) -> Self {
        Self { lab, number }
    }

    /// The namespace of its box.
    pub fn ns(&self) -> &'lab Ns {
        &self.lab.spaces.isps[self.number - 1]
    }

    /// The gateway's interface that leads to it.
    pub fn link(&self) -> String {
        wan(self.number)
    }

    /// Stops forwarding to and from the Internet; the box still answers ARP, NDP and pings to itself.
    pub fn blackhole(&self, on: bool) -> Instant {
        self.change(|faults| (faults.blackhole4, faults.blackhole6) = (on, on))
    }

    /// As `blackhole`, IPv4 alone.
    pub fn blackhole4(&self, on: bool) -> Instant {
        self.change(|faults| faults.blackhole4 = on)
    }

    /// As `blackhole`, IPv6 alone.
    pub fn blackhole6(&self, on: bool) -> Instant {
        self.change(|faults| faults.blackhole6 = on)
    }

    /// The box answers nothing, not even ARP; the cable is plugged in.
    pub fn silence(&self, on: bool) -> Instant {
        self.change(|faults| faults.silent = on)
    }

    /// Loses this share of the packets that come from the Internet.
    pub fn lose(&self, percent: u8) -> Instant {
        assert!(percent <= 100, "{percent} percent");
        self.change(|faults| faults.lose = percent)
    }

    /// Loses every packet to `target`.
    pub fn lose_target(&self, target: &str, on: bool) -> Instant {
        let target = parse(target);
        self.change(|faults| {
            if on {
                faults.lost_targets.insert(target);
            } else {
                faults.lost_targets.remove(&target);
            }
        })
    }

    /// Ends all faults but a pulled cable.
    pub fn mend(&self) -> Instant {
        self.change(|faults| *faults = Faults::default())
    }

    /// Pulls the cable out of the gateway, or plugs it in again.
    pub fn carrier(&self, on: bool) -> Instant {
        let moment = Instant::now();
        let line = self.lab.tun.lock().expect("no panic while it is held");
        match (line.as_ref(), &self.lab.spaces.wires[self.number - 1]) {
            (Some(tun), _) if self.lab.spec.tun == Some(self.number) => tun.carrier(on),
            (_, Some(wire)) => set_up(wire, "w0", on),
            (_, None) => set_up(self.ns(), "c0", on),
        }
        if on && self.lab.spec.has_ipv6() {
            // The kernel forgets link-local addresses of an interface that goes down, even those given by hand.
            let address = plan::isp_link_local(self.number);
            self.ns().configure(&format!("addr replace {address}/64 dev c0\n"));
        }
        moment
    }

    /// Ends the line and dials anew, as `PPPoE` does: another interface with the same name and addresses, and no routes.
    pub fn redial(&self) -> Instant {
        assert_eq!(
            self.lab.spec.tun,
            Some(self.number),
            "build the lab with `.tun_link()`; its last ISP can be dialled"
        );
        let mut line = self.lab.tun.lock().expect("no panic while it is held");
        let moment = Instant::now();
        // The old interfaces must be gone: the new ones have their names.
        *line = None;
        *line = Some(TunLink::lay(&self.lab.spaces.gw, &self.link(), self.ns()));
        self.lab.spaces.address_line(self.number);
        moment
    }

    /// Moves the ISP's box to the IPv4 address that ends in `last`: the old next hop is gone.
    pub fn move_gateway(&self, last: u8) -> Instant {
        let moment = Instant::now();
        let address = plan::host_v4(self.number, last);
        self.ns().run(&format!("ip -4 address flush dev c0 && ip address add {address}/24 dev c0"));
        moment
    }

    /// Moves the ISP's box to the address that ends in `router` and has DHCP give the one that ends in `host`; returns when the
    /// gateway has taken it.
    #[track_caller]
    pub fn renumber(&self, host: u8, router: u8) -> Instant {
        assert!(self.lab.spec.is_dhcp(self.number), "{} has no DHCP: build the lab with `.detect()`", self.link());
        let moment = self.move_gateway(router);
        let mut remains = self.lab.remains.lock().expect("no panic while it is held");
        dhcp::start(&self.lab.spaces, self.number, (host, router), &mut remains);
        dhcp::wait_for_lease(&self.lab.spaces.gw, self.number, (host, router));
        moment
    }

    /// The wire to the gateway, of an ISP built with one.
    #[track_caller]
    pub fn wire(&self) -> &'lab Wire {
        let wire = self.lab.wires[self.number - 1].as_ref();
        wire.unwrap_or_else(|| panic!("this lab was built without `.wire({}, …)`", self.number))
    }

    fn change(&self, change: impl FnOnce(&mut Faults)) -> Instant {
        let mut all = self.lab.faults.lock().expect("no panic while it is held");
        let faults = &mut all[self.number - 1];
        change(faults);
        let rules = faults.ruleset();
        let moment = Instant::now();
        self.ns().nft(&rules);
        moment
    }
}

fn set_up(ns: &Ns, interface: &str, on: bool) {
    let state = if on { "up" } else { "down" };
    let done = Command::new("ip").args(["-n", ns.name(), "link", "set", "dev", interface, state]).status();
    assert!(done.is_ok_and(|status| status.success()), "{interface} in {} does not go {state}", ns.name());
}
