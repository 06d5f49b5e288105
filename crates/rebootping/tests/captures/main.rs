//! Captures as the daemon makes them, on wires of namespaces and small disks: what was sent lies where it belongs.
//!
//! What takes long is done fewer times unless `REBOOTPING_LONG` is set.

mod crash;
mod crowd;
mod day;
#[path = "../fire/disk.rs"]
#[expect(dead_code, reason = "the tests under fire ask it more")]
mod disk;
mod fidelity;
mod flood;
mod follow;
mod followed;
mod hotplug;
mod modes;
mod pace;
mod pcap;
mod proof;
mod quotas;
mod restart;
mod sickness;
mod stream;
mod support;
mod traffic;
