//! Doors to everything that reads bytes from outside, for those who throw bytes at it.
//!
//! Each takes any bytes at all, and panics where its reader breaks a promise. `fuzz/` has a target for each, and
//! `fuzz/seeds/` bytes that were chosen; a test throws those at the same doors.

pub mod announced;
pub mod answered;
pub mod blocks;
pub mod captured;
pub mod inventoried;
pub mod overheard;
pub mod recorded;
pub mod requested;

use crate::committer::dhcp::reading;
use crate::committer::prefixes::radvd_conf::{Avoided, edited};
use crate::committer::{providers, status_files};
use crate::daemon::{Answer, Request};
use crate::ipc::courier::{FromCourier, ToCourier};
use crate::ipc::observer::Question;
use crate::ipc::{FromJudge, LONGEST, ToJudge, frame, take_frames};
use crate::judge::{leases, memory};
use crate::netlink::decode;
use crate::netlink::message::Message;
use crate::netlink::snapshot::Snapshot;
use crate::{config, duration};
use rebootping_core::commit::StatusFile;
use rebootping_core::engine::{Engine, Kept, LinkSettings, Settings};
use rebootping_core::link::presence::{NextHop, Path};
use rebootping_core::link::probe::{Course, Echo, Effort, Fate, Probe, Reply};
use rebootping_core::link::{Family, LinkId, Presence};
use rebootping_core::packet::{icmp, neighbour};
use rebootping_core::time::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

/// What takes any bytes.
pub type Door = fn(&[u8]);

/// Every door, by the name of its target and of its folder of seeds.
pub const DOORS: [(&str, Door); 28] = [
    ("reply", reply),
    ("netlink", netlink),
    ("ipc", ipc),
    ("config", config),
    ("status_file", status_file),
    ("state", state),
    ("providers", providers),
    ("leases", leases),
    ("dhcp_server", dhcp_server),
    ("radvd_conf", radvd_conf),
    ("duration", duration),
    ("dns", announced::dns),
    ("netbios", announced::netbios),
    ("dhcp4", announced::dhcp4),
    ("dhcp6", announced::dhcp6),
    ("ssdp", announced::ssdp),
    ("tls", overheard::tls),
    ("quic", overheard::quic),
    ("http", overheard::http),
    ("lldp", overheard::lldp),
    ("llc", overheard::llc),
    ("neighbours", overheard::neighbours),
    ("capture", captured::capture),
    ("inventory", inventoried::inventory),
    ("history", recorded::history),
    ("blocks", blocks::blocks),
    ("web", requested::web),
    ("answers", answered::answers),
];

const SECOND: Duration = Duration::from_secs(1);
const START: Time = Time::from_nanos(5_000_000_000);
const LINKS: u16 = 2;

/// Packets as they come from the wire, each behind three bytes: its length, the link it arrived on, and when.
pub fn reply(data: &[u8]) {
    let mut asked = Family::ALL.map(Asked::new);
    let mut rest = data;
    while let Some(([length, link, at], after)) = rest.split_first_chunk::<3>() {
        let (packet, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        let (arp, advertisement) = (neighbour::arp_reply(packet), neighbour::advertisement(packet));
        assert!(arp.is_none() || advertisement.is_none(), "one packet, one answer");
        assert!(icmp::reply(packet).is_none() || icmp::own_request(packet).is_none(), "a reply is no request");
        let Some(echo) = icmp::reply(packet) else { continue };
        let at = START + SECOND.mul_f64(f64::from(*at) / 128.0);
        let link = LinkId(u16::from(*link));
        let reply = Reply { link, source: echo.source, sequence: echo.sequence, token: echo.token, at };
        for asked in &mut asked {
            asked.take(&reply);
        }
    }
}

/// A probe that has sent its round, and what it sent.
struct Asked {
    probe: Probe,
    echoes: Vec<Echo>,
    counted: Vec<Echo>,
}

impl Asked {
    fn new(family: Family) -> Self {
        let courses = vec![course(family); usize::from(LINKS)];
        let mut probe = Probe::new(family, [7; 16], SECOND, courses);
        probe.handle_turn(START, &[Effort::Full; LINKS as usize]);
        let (echoes, _) = probe.handle_wake(START + SECOND);
        Self { probe, echoes, counted: Vec::new() }
    }

    /// Only what was asked counts, in time, and once.
    fn take(&mut self, reply: &Reply) {
        let end = START + SECOND;
        if self.probe.handle_reply(reply, end) != Fate::Counted {
            return;
        }
        let answers = |echo: &&Echo| {
            (echo.link, echo.target, echo.sequence, echo.token)
                == (reply.link, reply.source, reply.sequence, reply.token)
        };
        let echo = self.echoes.iter().find(answers).copied().expect("it was asked");
        assert!(reply.at <= end && !self.counted.contains(&echo), "late or twice: {reply:?}");
        self.counted.push(echo);
    }
}

fn course(family: Family) -> Course {
    let target = |last: u8| match family {
        Family::Ipv4 => IpAddr::from(Ipv4Addr::new(192, 0, 2, last)),
        Family::Ipv6 => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)).into(),
    };
    Course { list: 0, targets: vec![target(1), target(2)], echoes: 2 }
}

/// One datagram of the kernel's, and what becomes of what was known.
pub fn netlink(data: &[u8]) {
    let damaged = Cell::new(0);
    let messages: Vec<Message> = decode::parse(data, &damaged).collect();
    let mut snapshot = Snapshot::default();
    snapshot.follow_neighbours((0..16).collect());
    for message in &messages {
        snapshot.apply(message);
        assert!(!snapshot.apply(message), "the same message twice changes nothing: {message:?}");
    }
    let count = snapshot.links().count() + snapshot.default_routes().count() + snapshot.rules().count();
    assert!(count <= messages.len());
}

/// What one process of ours, or an operator's command, says to another.
pub fn ipc(data: &[u8]) {
    frames::<ToJudge>(data);
    frames::<FromJudge>(data);
    frames::<ToCourier>(data);
    frames::<FromCourier>(data);
    frames::<Request>(data);
    frames::<Answer>(data);
    frames::<Question>(data);
}

fn frames<T: DeserializeOwned + Serialize>(data: &[u8]) {
    let mut inbox = data.to_vec();
    let Ok(messages) = take_frames::<T>(&mut inbox) else { return };
    assert!(inbox.len() <= data.len());
    for message in &messages {
        // What was understood can be said again, unless our own way to write it is longer than a frame.
        let Ok(mut again) = frame(message) else { continue };
        assert!(again.len() <= LONGEST + 4);
        assert_eq!(take_frames::<T>(&mut again).expect("it was understood before").len(), 1);
    }
}

/// A configuration file.
pub fn config(data: &[u8]) {
    let source = (PathBuf::from("rebootping.toml"), text(data));
    match config::parse(&[source]) {
        Ok(config) => assert!(!config.probe.interval.is_zero()),
        Err(errors) => assert!(!errors.is_empty() && !errors.to_string().is_empty()),
    }
}

/// A status file.
pub fn status_file(data: &[u8]) {
    let expected = match data {
        b"0\n" => StatusFile::Zero,
        b"1\n" => StatusFile::One,
        _ => StatusFile::Other,
    };
    assert_eq!(status_files::content(data), expected);
}

/// What the judge remembers, and a judge that goes on from it.
pub fn state(data: &[u8]) {
    let Ok(memory) = memory::parse(data) else { return };
    let again = serde_json::to_vec(&memory).expect("what was read can be written");
    assert_eq!(memory::parse(&again).expect("what was written can be read"), memory);
    for same_boot in [true, false] {
        go_on_from(&memory.kept, same_boot);
    }
}

fn go_on_from(kept: &Kept, same_boot: bool) {
    let link = |name: &str| LinkSettings {
        name: name.to_owned(),
        metered: name == "wan2",
        hold_down: SECOND * 10,
        courses: Family::ALL.map(course),
    };
    let settings = Settings { interval: SECOND, key: [7; 16], links: vec![link("wan1"), link("wan2")] };
    let mut engine = Engine::new(settings, Some(kept), same_boot, START);
    for link in 0..LINKS {
        let source = Some(IpAddr::from(Ipv4Addr::new(198, 51, 100, 2)));
        let next_hop = Some(NextHop::PointToPoint);
        let path = Path { presence: Presence::Present, index: Some(2 + u32::from(link)), source, next_hop };
        engine.handle_path(Family::Ipv4, LinkId(link), path, START);
    }
    for _ in 0..64 {
        let now = engine.next_deadline().unwrap_or(START);
        engine.handle_wake(now);
        while engine.poll_output().is_some() {}
    }
    assert_eq!(engine.kept(START + SECOND * 10).links.len(), usize::from(LINKS));
}

/// Shorewall's files, all of them at once.
pub fn providers(data: &[u8]) {
    let text = text(data);
    for provider in providers::parse(&text, &text, &text, &text) {
        assert!((1..=252).contains(&provider.number) && !provider.name.is_empty());
    }
}

/// What DHCP clients leave.
pub fn leases(data: &[u8]) {
    let text = text(data);
    let _ = (leases::from_dhclient(&text, "wan1"), leases::from_networkd(&text));
}

/// Files and answers of DHCP servers, and what is made of them.
pub fn dhcp_server(data: &[u8]) {
    reading::read_all(data);
    let Ok(Some(edited)) = reading::edited(data) else { return };
    // What was edited has the names now, so that there is nothing left to do.
    let order = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let answer = serde_json::json!({"result": 0, "arguments": edited}).to_string();
    assert_eq!(reading::edited(&[order, b"\n", answer.as_bytes()].concat()), Ok(None));
}

/// The file of radvd, into which prefixes are put that hosts are to avoid: without them it is as it was.
pub fn radvd_conf(data: &[u8]) {
    let text = text(data);
    let prefix = "2001:db8:100:1::/64".parse().expect("a prefix");
    let avoided = Avoided::from([("lan0".to_owned(), [prefix].into())]);
    let changed = edited(&text, &avoided);
    assert_eq!(edited(&changed, &avoided), changed, "twice does no harm");
    assert_eq!(edited(&changed, &Avoided::new()), edited(&text, &Avoided::new()), "nothing of it is left");
}

/// Durations, sizes and points in time.
pub fn duration(data: &[u8]) {
    let text = text(data);
    if let Ok(read) = duration::parse_duration(&text) {
        assert_eq!(duration::parse_duration(&duration::format_duration(read)), Ok(read));
    }
    if let Ok(read) = duration::parse_size(&text) {
        assert_eq!(duration::parse_size(&duration::format_size(read)), Ok(read));
    }
    let _ = text.parse::<duration::When>();
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}
