//! Captures as the daemon makes them, on wires of namespaces and small disks: what was sent lies where it belongs.
//!
//! What takes long is done fewer times unless `REBOOTPING_LONG` is set.

mod pcap;
mod proof;
mod support;
