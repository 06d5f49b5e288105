//! A flood of senders that nobody knows: no folder, little memory, and those who are known lose nothing the kernel has let pass.

use std::fs;
use std::thread;

use rebootping_lab::{Daemon, Flood, Lab, Ns, SWITCH_LIMIT, udp_frame, wait_until};
use serde_json::Value;

use crate::crash::observer;
use crate::pcap::packets;
use crate::stream::{Stream, numbers};
use crate::support::{
    GATEWAY, KEEP_ALL, Mac, REPORT_LIMIT, capture, captures, device, folder, prove, start, times, yard,
};

/// Frames a second that leave two processors time for those who read them; `REBOOTPING_FLOOD` says otherwise.
const PER_SECOND: u64 = 60_000;
/// At which no reply is lost.
const ENDURED: u64 = 300_000;
/// What the flood may cost in memory, in KiB.
const MOST_MEMORY: u64 = 64 << 10;
/// Frames made at a time: as many as all tables together have places.
const AT_A_TIME: u64 = 100_000;
const KNOWN: u16 = 3;
/// Of a cable that is there for the flood alone.
const FLOODED: &str = "lan9";

#[test]
fn a_flood_of_unknown_senders_makes_no_folder_and_costs_the_known_ones_nothing() {
    let yard = yard("strangers");
    let daemon = start(&yard, KEEP_ALL);
    let known: Vec<Mac> = (1..=KNOWN).map(device).collect();
    prove(&yard, &daemon, &known);
    let before = anonymous(observer(&daemon));
    let stream = Stream::of(known.clone(), 1_000, 200);
    let mut flood = Strangers(7);
    let strangers = times(1_000_000, 10_000_000);
    let mut most = 0;
    thread::scope(|scope| {
        let sender = stream.start(scope, &yard);
        for _ in 0..strangers / AT_A_TIME {
            flood.send(yard.street(), "lan0", AT_A_TIME, per_second());
            most = anonymous(observer(&daemon)).max(most);
        }
        stream.end();
        sender.join().expect("it sends to the end");
    });
    let lost = settled(&daemon, strangers + stream.sent());
    println!("{strangers} strangers: {before} KiB of memory became {most}; {lost:?}");
    assert_eq!(lost.writer, 0, "the files keep pace with what is for them");
    assert!(most <= before + MOST_MEMORY, "{before} KiB became {most}");
    assert_eq!(capture(&daemon)["devices"], KNOWN, "nobody else is a device");
    assert!(daemon.terminate().0.success(), "the daemon ends well");
    let folders = fs::read_dir(yard.captures()).expect("there are captures").count();
    assert_eq!(folders, usize::from(KNOWN), "nobody else has a folder");
    let kept: usize = known.iter().map(|&mac| numbers(&packets(&folder(&yard, mac))).len()).sum();
    let missing = stream.sent() - kept as u64;
    println!("of {} frames of known devices {missing} are missing", stream.sent());
    assert!(missing <= lost.by_kernel(), "{missing} are missing, the kernel dropped {lost:?}");
}

#[test]
fn a_flood_costs_no_ping_reply_that_softnet_did_not_drop() {
    let lab = Lab::builder("flooded").default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let (gw, street) = (lab.gw(), lab.lan(1));
    gw.run(&format!("ip link add {FLOODED} type veth peer name {FLOODED} netns {}", street.name()));
    gw.run(&format!("ip link set dev {FLOODED} up"));
    street.run(&format!("ip link set dev {FLOODED} up"));
    let daemon = gw.daemon(KEEP_ALL);
    daemon.wait_ready();
    wait_until("every link is healthy and the cable captured", SWITCH_LIMIT, || {
        captures(&daemon, FLOODED) && ["wan1", "wan2"].iter().all(|link| daemon.link(link)["healthy"] == true)
    });
    for rate in [times(PER_SECOND, ENDURED), u64::MAX] {
        let (before, count) = (capture(&daemon), 5 * times(PER_SECOND, ENDURED));
        Strangers(8).send(street, FLOODED, count, rate);
        let after = settled(&daemon, before["packets"].as_u64().unwrap_or(0) + count);
        let dropped = after.softnet - Lost::of(&before).softnet;
        for link in ["wan1", "wan2"] {
            let shown = daemon.link(link);
            println!("{rate} a second: {link} lost {} of its echoes, softnet dropped {dropped}", shown["loss"]);
            assert!(shown["loss"] == 0.0 || dropped > 0, "{shown}");
        }
    }
}

/// Frames from MACs that nobody has heard of, the same after the same seed (splitmix64).
struct Strangers(u64);

impl Strangers {
    /// Sends so many, half of them to everybody, a handful at a time.
    fn send(&mut self, ns: &Ns, interface: &str, count: u64, per_second: u64) {
        let mut left = count;
        while left > 0 {
            let now = left.min(AT_A_TIME);
            let frames = (0..now).map(|_| self.frame()).collect();
            Flood::of(frames).per_second(per_second).send_in(ns, interface);
            left -= now;
        }
    }

    fn frame(&mut self) -> Vec<u8> {
        let mac = self.mac();
        let to = if mac[5] % 2 == 0 { GATEWAY } else { [0xff; 6] };
        udp_frame(mac, to, 1000, 60)
    }

    fn mac(&mut self) -> Mac {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let [_, _, mut mac @ ..] = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb).to_be_bytes();
        // No group, and no vendor's.
        mac[0] = mac[0] & 0xfe | 2;
        mac
    }
}

/// Packets lost since the daemon started.
#[derive(Clone, Copy, Debug)]
struct Lost {
    ring: u64,
    softnet: u64,
    nic: u64,
    writer: u64,
}

impl Lost {
    fn of(capture: &Value) -> Self {
        let [ring, softnet, nic, writer] = ["ring", "softnet", "nic", "writer"]
            .map(|cause| capture["dropped"][cause].as_u64().expect("status has its causes"));
        Self { ring, softnet, nic, writer }
    }

    const fn by_kernel(self) -> u64 {
        self.ring + self.softnet + self.nic
    }
}

/// What was lost once the kernel has handed out or dropped so many packets.
#[track_caller]
fn settled(daemon: &Daemon, packets: u64) -> Lost {
    wait_until("the kernel is done with all packets", REPORT_LIMIT, || {
        let capture = capture(daemon);
        let lost = Lost::of(&capture);
        capture["packets"].as_u64() >= Some(packets.saturating_sub(lost.softnet + lost.nic))
    });
    Lost::of(&capture(daemon))
}

/// Anonymous memory of a process in KiB (`proc_pid_status(5)`).
#[track_caller]
fn anonymous(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("since Linux 4.5");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number of KiB")
}

fn per_second() -> u64 {
    std::env::var("REBOOTPING_FLOOD").map_or(PER_SECOND, |rate| rate.parse().expect("REBOOTPING_FLOOD is a number"))
}
