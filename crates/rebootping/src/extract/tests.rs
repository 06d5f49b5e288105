//! Folders as the observer leaves them, whole, growing and shrinking, and what comes out of them.

use super::folders::{self, Source};
use super::merge::Merge;
use super::output::Output;
use super::remarks::Remark;
use super::told::News;
use super::*;
use crate::committer::scratch::Scratch;
use crate::config::meant::Config;
use crate::pcap_files::name;
use crate::pcap_files::pcapng::{self, Maker, Record};
use crate::pcap_read::{Interface, Reader};
use rebootping_core::packet::frame::{Direction, InterfaceId, LinkType};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

const TV: &str = "aa:bb:cc:00:00:01";
const NAS: &str = "aa:bb:cc:00:00:02";
/// A moment in 2026, in nanoseconds since 1970.
const START: u64 = 1_790_000_000_000_000_000;
const ALL: Span = Span { since: 0, until: u64::MAX };

fn wanted(span: Span) -> Wanted {
    Wanted { span, interface: None, hosts: Vec::new() }
}

/// A section with the named interfaces and, on them, packets: interface, stamp after [`START`], and bytes.
fn section(interfaces: &[&str], packets: &[(u32, u64, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let maker = Maker { hardware: String::new(), system: String::new(), program: "test".to_owned() };
    pcapng::put_section(&mut bytes, &maker, "");
    for name in interfaces {
        pcapng::put_interface(&mut bytes, LinkType::Ethernet, name);
    }
    bytes.extend(blocks(packets));
    bytes
}

fn blocks(packets: &[(u32, u64, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (interface, after, text) in packets {
        let record = Record {
            interface: InterfaceId(*interface),
            stamp: START + after,
            direction: Some(Direction::Received),
            original: 1_500,
            bytes: text.as_bytes(),
        };
        pcapng::put_packet(&mut bytes, *interface, &record);
    }
    bytes
}

/// A folder of captures under test.
struct Captures {
    scratch: Scratch,
}

impl Captures {
    fn new(name: &str) -> Self {
        Self { scratch: Scratch::new(name) }
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join("captures")
    }

    fn segment(&self, device: &str, after: u64) -> PathBuf {
        self.path().join(device).join(name::of(START + after))
    }

    fn write(&self, device: &str, after: u64, bytes: &[u8]) {
        let path = self.segment(device, after);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn append(&self, device: &str, after: u64, bytes: &[u8]) {
        let mut file = OpenOptions::new().append(true).open(self.segment(device, after)).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn merge(&self, devices: &[&str], span: Span) -> Merge {
        let chains =
            devices.iter().map(|device| Chain::new(&self.path().join(device), wanted(span)).unwrap()).collect();
        Merge::new(chains, usize::MAX, Output::open(Some(&self.written()), "").unwrap())
    }

    fn written(&self) -> PathBuf {
        self.scratch.path().join("out.pcapng")
    }

    /// What stands in the output: interface, stamp after [`START`], and bytes.
    #[track_caller]
    fn came(&self) -> Vec<(String, u64, String)> {
        packets(&self.written())
    }

    #[track_caller]
    fn history(&self, devices: &[&str], span: Span) -> Vec<(String, u64, String)> {
        let mut merge = self.merge(devices, span);
        assert!(merge.copy(|_| true).unwrap());
        merge.finish(0).unwrap();
        self.came()
    }
}

#[track_caller]
fn packets(path: &Path) -> Vec<(String, u64, String)> {
    let mut reader = Reader::new(File::open(path).unwrap());
    let mut found = Vec::new();
    while reader.advance() {
        let record = reader.record().unwrap();
        assert_eq!((record.direction, record.original), (Some(Direction::Received), 1_500));
        let interface = reader.interfaces()[record.interface.0 as usize].name.raw().to_owned();
        found.push((interface, record.stamp - START, String::from_utf8(record.bytes.to_vec()).unwrap()));
    }
    assert_eq!(reader.trouble(), None);
    found
}

fn expected(packets: &[(&str, u64, &str)]) -> Vec<(String, u64, String)> {
    packets.iter().map(|(interface, stamp, text)| ((*interface).to_owned(), *stamp, (*text).to_owned())).collect()
}

#[test]
fn two_devices_come_out_as_one_section_in_order_and_what_they_share_stands_once() {
    let captures = Captures::new("extract-two");
    captures.write(TV, 10, &section(&["lan0", "wan1"], &[(0, 10, "a"), (0, 30, "shared"), (1, 20, "late")]));
    captures.write(TV, 40, &[section(&["wan1"], &[(0, 40, "c")]), section(&["lan0"], &[(0, 60, "again")])].concat());
    captures.write(NAS, 30, &section(&["guest", "lan0"], &[(1, 30, "shared"), (0, 50, "d"), (0, 60, "again")]));
    let came = captures.history(&[TV, NAS], ALL);
    let all = [
        ("lan0", 10, "a"),
        ("wan1", 20, "late"),
        ("lan0", 30, "shared"),
        ("wan1", 40, "c"),
        ("guest", 50, "d"),
        ("lan0", 60, "again"),
        ("guest", 60, "again"),
    ];
    assert_eq!(came, expected(&all));
    let one = captures.history(&[NAS], ALL);
    assert_eq!(one, expected(&[("lan0", 30, "shared"), ("guest", 50, "d"), ("guest", 60, "again")]));
    let sections = fs::read(captures.written()).unwrap().windows(4).filter(|word| *word == b"\n\r\r\n").count();
    assert_eq!(sections, 1);
}

#[test]
fn only_the_span_comes_out_and_what_ended_before_it_is_not_read() {
    let captures = Captures::new("extract-span");
    let second = 1_000_000_000;
    captures.write(TV, 0, b"no capture: reading it would be told");
    captures.write(TV, 10 * second, &section(&["lan0"], &[(0, 10 * second, "a"), (0, 21 * second, "b")]));
    captures.write(TV, 20 * second, &section(&["lan0"], &[(0, 20 * second, "c"), (0, 30 * second, "d")]));
    let span = |since: u64, until: u64| Span { since: START + since * second, until: START + until * second };
    let came = captures.history(&[TV], span(20, 21));
    assert_eq!(came, expected(&[("lan0", 20 * second, "c"), ("lan0", 21 * second, "b")]));
    assert_eq!(captures.history(&[TV], span(40, 50)), []);
    let mut chain = Chain::new(&captures.path().join(TV), wanted(span(25, 99))).unwrap();
    fs::remove_file(captures.segment(TV, 0)).unwrap();
    assert!(chain.advance() && !chain.advance());
}

#[test]
fn damage_in_one_segment_does_not_keep_the_next_back() {
    let captures = Captures::new("extract-damage");
    let torn = section(&["lan0"], &[(0, 1, "a"), (0, 2, "torn")]);
    captures.write(TV, 1, &torn[..torn.len() - 4]);
    captures.write(TV, 3, &[section(&["lan0"], &[(0, 3, "b")]), vec![0; 64]].concat());
    captures.write(TV, 4, b"");
    assert_eq!(captures.history(&[TV], ALL), expected(&[("lan0", 1, "a"), ("lan0", 3, "b")]));
}

#[test]
fn what_is_appended_rolled_mended_and_deleted_is_followed() {
    let captures = Captures::new("extract-follow");
    captures.write(TV, 1, &section(&["lan0"], &[(0, 1, "history")]));
    let mut merge = captures.merge(&[TV], ALL);
    let mut all = vec![("lan0", 1, "history")];
    let mut look = |merge: &mut Merge, new: &[(&'static str, u64, &'static str)]| {
        // What is new waits for one more look, in case something older follows.
        for _ in 0..2 {
            merge.look();
            assert!(merge.copy(|_| true).unwrap());
            merge.flush().unwrap();
        }
        all.extend(new);
        assert_eq!(captures.came(), expected(&all));
    };
    look(&mut merge, &[]);
    captures.append(TV, 1, &blocks(&[(0, 3, "younger"), (0, 2, "older")]));
    look(&mut merge, &[("lan0", 2, "older"), ("lan0", 3, "younger")]);
    // Half a packet, then its rest.
    let block = blocks(&[(0, 4, "in two pieces")]);
    let (half, rest) = block.split_at(17);
    captures.append(TV, 1, half);
    look(&mut merge, &[]);
    captures.append(TV, 1, rest);
    look(&mut merge, &[("lan0", 4, "in two pieces")]);
    // Half a packet and zeros, which a restart cuts off before it begins a section.
    let whole = fs::metadata(captures.segment(TV, 1)).unwrap().len();
    captures.append(TV, 1, &[half, &[0; 99]].concat());
    look(&mut merge, &[]);
    OpenOptions::new().write(true).open(captures.segment(TV, 1)).unwrap().set_len(whole).unwrap();
    captures.append(TV, 1, &section(&["wan1"], &[(0, 5, "after a restart")]));
    look(&mut merge, &[("wan1", 5, "after a restart")]);
    // The last of a segment, the next, and the first one's end at the same time.
    captures.append(TV, 1, &blocks(&[(0, 6, "last")]));
    captures.write(TV, 7, &section(&["lan0"], &[(0, 7, "next")]));
    fs::remove_file(captures.segment(TV, 1)).unwrap();
    look(&mut merge, &[("wan1", 6, "last"), ("lan0", 7, "next")]);
    // Forgotten, and back.
    fs::remove_dir_all(captures.path().join(TV)).unwrap();
    look(&mut merge, &[]);
    captures.write(TV, 8, &section(&["lan0"], &[(0, 8, "back")]));
    look(&mut merge, &[("lan0", 8, "back")]);
}

#[test]
fn thousands_of_packets_that_are_nearly_in_order_come_out_in_order_and_complete() {
    let captures = Captures::new("extract-many");
    let mut count = 0;
    for device in [TV, NAS, "if-ppp0"] {
        for roll in 0..4_u64 {
            let start = roll * 1_000_000;
            let packets: Vec<(u32, u64, &str)> =
                (0..2_500).map(|number| (0, start + (number ^ 5) * 400, device)).collect();
            count += packets.len();
            captures.write(device, start, &section(&["lan0"], &packets));
        }
    }
    let came = captures.history(&[TV, NAS, "if-ppp0"], ALL);
    assert_eq!(came.len(), count);
    assert!(came.is_sorted_by_key(|(_, stamp, _)| *stamp));
}

#[test]
fn what_is_deleted_before_it_is_reached_is_counted() {
    let captures = Captures::new("extract-lost");
    for (number, count) in [(1, 1), (2, 20), (3, 300), (4, 4)] {
        let packets: Vec<(u32, u64, &str)> = (0..count).map(|at| (0, number * 1_000 + at, "x")).collect();
        captures.write(TV, number * 1_000, &section(&["lan0"], &packets));
    }
    let mut chain = Chain::new(&captures.path().join(TV), wanted(ALL)).unwrap();
    assert!(chain.advance());
    chain.keep_up();
    for number in [1, 2, 3] {
        fs::remove_file(captures.segment(TV, number * 1_000)).unwrap();
    }
    chain.keep_up();
    let lost: Vec<(String, u64)> =
        chain.take_lost().into_iter().map(|(interface, count)| (interface.name.raw().to_owned(), count)).collect();
    assert_eq!(lost, [("lan0".to_owned(), 320)]);
    let stamp = |chain: &Chain| chain.record().map(|(record, _)| record.stamp - START);
    assert_eq!((stamp(&chain), chain.advance(), stamp(&chain)), (Some(1_000), true, Some(4_000)));
}

#[test]
fn what_is_known_beside_packets_stands_with_them() {
    let captures = Captures::new("extract-news");
    captures.write(TV, 10, &section(&["lan0"], &[(0, 10, "a"), (0, 20, "b"), (0, 30, "c")]));
    let mut merge = captures.merge(&[TV], ALL);
    merge.hear(News::Names(vec![("10.0.0.1".parse().unwrap(), "nas".to_owned())]));
    for (after, text) in [(15, "wan1 judged unhealthy"), (12, "tv is back"), (31, "too late")] {
        merge.hear(News::Remark(Remark { at: START + after, text: text.to_owned() }));
    }
    merge.hear(News::Lost(7));
    merge.copy(|_| true).and_then(|_| merge.finish(START)).unwrap();
    let shown = |arguments: &[&str]| {
        let mut command = std::process::Command::new("tshark");
        let output = command.arg("-r").arg(captures.written()).args(arguments).output().expect("tshark is installed");
        String::from_utf8(output.stdout).unwrap()
    };
    let comments = shown(&["-T", "fields", "-e", "frame.number", "-e", "frame.comment"]);
    assert_eq!(comments, "1\t\n2\ttv is back,wan1 judged unhealthy\n3\t\n");
    let bytes = fs::read(captures.written()).unwrap();
    // Interface Statistics Block: interface, stamp, then options of eight bytes: received, dropped by us, dropped before.
    let from = bytes.windows(4).rposition(|word| word == [5, 0, 0, 0]).unwrap();
    let counted = |at: usize| bytes[from + at];
    assert_eq!((counted(24), counted(36), counted(48)), (3, 0, 7));
}

#[test]
fn of_an_interface_comes_what_its_devices_said_there_and_of_a_host_what_is_about_it() {
    let captures = Captures::new("extract-wanted");
    captures.write(TV, 10, &section(&["lan0", "wan1"], &[(0, 10, "not there"), (1, 40, "a")]));
    captures.write(NAS, 20, &section(&["wan1", "lan0"], &[(0, 20, "b"), (1, 30, "not there")]));
    captures.write("aa:bb:cc:00:00:03", 20, &section(&["lan0"], &[(0, 20, "not there")]));
    let found = folders::find(&captures.path(), &["wan1".to_owned()]).unwrap();
    let wan1 = |device: &str| Source { folder: captures.path().join(device), interface: Some("wan1".to_owned()) };
    assert_eq!(found, [wan1(TV), wan1(NAS)]);
    let chains = [TV, NAS].map(|device| {
        let wanted = Wanted { interface: Some("wan1".to_owned()), ..wanted(ALL) };
        Chain::new(&captures.path().join(device), wanted).unwrap()
    });
    let mut merge = Merge::new(chains.into(), 1, Output::open(Some(&captures.written()), "").unwrap());
    merge.copy(|_| true).and_then(|_| merge.finish(0)).unwrap();
    assert_eq!(captures.came(), expected(&[("wan1", 20, "b"), ("wan1", 40, "a")]));
    let of_host = Wanted { hosts: vec!["10.0.0.5".parse().unwrap()], ..wanted(ALL) };
    let interface = Interface { name: "lan0".into(), link: 1 };
    let check = |frame: &[u8], is_wanted: bool| {
        let record = crate::pcap_read::Record {
            interface: InterfaceId(0),
            link: 1,
            stamp: 1,
            original: 60,
            direction: None,
            remark: &[],
            bytes: frame,
        };
        assert_eq!(of_host.takes(&record, &interface), is_wanted);
    };
    let end = |mac, ip: [u8; 4]| rebootping_lab::talk::End { mac, ip: ip.into(), port: 9 };
    let [five, six, seven] = [5, 6, 7].map(|last| end([2, 0, 0, 0, 0, last], [10, 0, 0, last]));
    check(&rebootping_lab::talk::udp(&five, &six, b"x"), true);
    check(&rebootping_lab::talk::udp(&six, &five, b"x"), true);
    check(&rebootping_lab::talk::udp(&six, &seven, b"x"), false);
    check(&rebootping_lab::talk::arp(&five), true);
    check(&rebootping_lab::talk::arp(&seven), false);
    check(b"short", false);
}

#[test]
fn an_end_is_asked_for_between_two_writes() {
    let captures = Captures::new("extract-end");
    let long = "x".repeat(1_000);
    let packets: Vec<(u32, u64, &str)> = (0..2_000).map(|stamp| (0, stamp, long.as_str())).collect();
    captures.write(TV, 0, &section(&["lan0"], &packets));
    let mut merge = captures.merge(&[TV], ALL);
    assert!(!merge.copy(|written| written < 1_000).unwrap());
    merge.finish(0).unwrap();
    let came = captures.came().len();
    assert!((1..2_000).contains(&came), "{came}");
}

#[test]
fn remarks_stay_beside_their_packets() {
    let captures = Captures::new("extract-remark");
    let mut bytes = section(&["lan0"], &[]);
    let record =
        Record { interface: InterfaceId(0), stamp: START, direction: Some(Direction::Sent), original: 1, bytes: b"a" };
    let mut block = Vec::new();
    pcapng::put_packet(&mut block, 0, &record);
    pcapng::add_remark(&mut block, "12 before it were lost");
    bytes.extend(block);
    captures.write(TV, 0, &bytes);
    let mut merge = captures.merge(&[TV], ALL);
    merge.copy(|_| true).and_then(|_| merge.finish(0)).unwrap();
    let mut reader = Reader::new(File::open(captures.written()).unwrap());
    let record = reader.next().unwrap();
    assert_eq!((record.remark, record.direction), (b"12 before it were lost".as_slice(), Some(Direction::Sent)));
}

#[test]
fn devices_are_found_by_any_way_to_write_them() {
    let captures = Captures::new("extract-found");
    for name in [TV, NAS, "if-ppp0", "if-%2Eodd%20name", "unrelated"] {
        fs::create_dir_all(captures.path().join(name)).unwrap();
    }
    let check = |words: &[&str], names: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let whole = |name: &&str| Source { folder: captures.path().join(name), interface: None };
        let sources: Vec<Source> = names.iter().map(whole).collect();
        assert_eq!(folders::find(&captures.path(), &words), Ok(sources), "{words:?}");
    };
    check(&["AA-BB-CC-00-00-01"], &[TV]);
    check(&["aabb.cc00.0001"], &[TV]);
    check(&[NAS, TV, NAS], &[TV, NAS]);
    check(&["ppp0"], &["if-ppp0"]);
    check(&["if-ppp0"], &["if-ppp0"]);
    check(&[".odd name"], &["if-%2Eodd%20name"]);
}

#[test]
fn what_is_not_found_is_told_with_what_is_near() {
    let captures = Captures::new("extract-missing");
    let mut config = Config::default();
    config.paths.run = captures.path();
    let explained = |word: &str, config: &Config| {
        let missing = folders::find(&captures.path(), &[word.to_owned()]).expect_err(word);
        missing.explain(config).replace(&captures.path().display().to_string(), "CAPTURES")
    };
    let mut told = vec![explained(TV, &config)];
    config.capture.mode = crate::config::observing::CaptureMode::Off;
    told.push(explained(TV, &config));
    for last in 0..9 {
        fs::create_dir_all(captures.path().join(format!("aa:bb:cc:00:00:0{last}"))).unwrap();
    }
    fs::create_dir_all(captures.path().join("if-ppp0")).unwrap();
    std::os::unix::fs::symlink("/", captures.path().join("if-link")).unwrap();
    told.extend(
        ["aa:bb:cc:00:00:2", "../captures", "unrelated", "link", "pp0", "\x1b[2J"].map(|word| explained(word, &config)),
    );
    insta::assert_snapshot!(told.join("\n"));
}
