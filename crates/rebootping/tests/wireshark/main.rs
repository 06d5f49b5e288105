//! Wireshark's own programs on a gateway: they list its devices and links, capture them live, and say why where they cannot.

mod calls;
mod evidence;
mod links;
mod live;
mod machine;
#[path = "../captures/pcap.rs"]
#[expect(dead_code, reason = "the tests of captures ask it more")]
mod pcap;
mod readers;
mod remote;
mod shark;
#[path = "../captures/support.rs"]
#[expect(dead_code, reason = "the tests of captures ask it more")]
mod support;
