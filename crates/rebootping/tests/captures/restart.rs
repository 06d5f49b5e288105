//! What the daemon finds and says when it starts.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rebootping_lab::{Daemon, Flood, udp_frame, wait_until};

use crate::pcap::{packets, segments};
use crate::support::{
    GATEWAY, KEEP_ALL, REPORT_LIMIT, WRITE_LIMIT, capture, device, folder, observer, prove, start, wait_seen, yard,
};

#[test]
fn the_first_start_says_in_three_lines_what_is_recorded_and_the_next_does_not() {
    let yard = yard("welcome");
    let daemon = start(&yard, "[capture]\nper_device = \"50MB\"\nmax_age = \"7d\"\n");
    wait_until("it is said", REPORT_LIMIT, || daemon.log().contains("from now on rebootping records"));
    let log = daemon.log();
    let at = log.find("from now on").expect("it was said");
    let lines: Vec<&str> = log[at..].lines().take(3).collect();
    let place = yard.captures();
    let expected = [
        "from now on rebootping records what passes here: of each connection the first 64 kB each way, of the rest only \
         the headers"
            .to_owned(),
        format!("it keeps that in {}: the newest 50 MB of each device, 20 GB in all, nothing older than 7d", place.display()),
        "to record less or nothing, write mode = \"headers\" or \"off\" under [capture], or under [[network]] for some \
         interfaces"
            .to_owned(),
    ];
    assert_eq!(lines, expected);
    prove(&yard, &daemon, &[device(1)]);
    daemon.terminate();
    let daemon = start(&yard, "");
    prove(&yard, &daemon, &[device(1)]);
    assert!(!daemon.log().contains("from now on"), "{}", daemon.log());
}

#[test]
fn a_torn_end_is_cut_and_what_comes_is_kept_behind_it() {
    let yard = yard("torn");
    let daemon = start(&yard, KEEP_ALL);
    let greetings = prove(&yard, &daemon, &[device(1)]).concat();
    daemon.terminate();
    let [segment] = segments(&folder(&yard, device(1))).try_into().expect("there is one segment");
    // A block of 200 bytes of which 16 were written, and the zeros of a block of the file system.
    let torn = [&[6, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4][..], &[0; 4096]].concat();
    OpenOptions::new().append(true).open(&segment).and_then(|mut file| file.write_all(&torn)).expect("it is written");
    let daemon = start(&yard, KEEP_ALL);
    let again = prove(&yard, &daemon, &[device(1)]).concat();
    let last = udp_frame(device(1), GATEWAY, 7, 60);
    Flood::of(vec![last.clone()]).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 3);
    daemon.terminate();
    assert_eq!(segments(&folder(&yard, device(1))).len(), 1, "a restart makes no new file");
    let kept: Vec<Vec<u8>> = packets(&folder(&yard, device(1))).into_iter().map(|packet| packet.bytes).collect();
    assert_eq!(kept, [greetings, again, vec![last]].concat());
}

#[test]
fn what_was_seen_before_the_end_is_written_before_the_daemon_is_gone() {
    let yard = yard("end");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let observer = observer(&daemon);
    let frames = (0..1_000).map(|port| udp_frame(device(1), GATEWAY, port, 60));
    Flood::of(frames.collect()).per_second(50_000).send_in(yard.street(), "lan0");
    let (_, took) = daemon.terminate();
    assert!(!Path::new("/proc").join(observer.to_string()).exists(), "the observer runs on after {took:?}");
    assert_eq!(packets(&folder(&yard, device(1))).len(), 1_002);
}

#[test]
fn a_device_with_a_folder_needs_no_other_proof_after_a_restart() {
    let yard = yard("known");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    daemon.terminate();
    let daemon = start(&yard, KEEP_ALL);
    let said = udp_frame(device(1), [0xff; 6], 5, 60);
    Flood::of(vec![said.clone()]).send_in(yard.street(), "lan0");
    wait_seen(&daemon, 1);
    wait_until("it is kept", WRITE_LIMIT, || packets(&folder(&yard, device(1))).len() == 3);
    assert_eq!(packets(&folder(&yard, device(1)))[2].bytes, said);
}

#[test]
fn what_was_written_today_is_counted_over_a_restart() {
    let yard = yard("today");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let written = |daemon: &Daemon| capture(daemon)["written_bytes_today"].as_u64().expect("it is counted");
    wait_until("it is written", WRITE_LIMIT, || written(&daemon) > 0);
    let before = written(&daemon);
    daemon.terminate();
    let daemon = start(&yard, KEEP_ALL);
    assert!(written(&daemon) >= before, "{} bytes, and {before} before", written(&daemon));
}

#[test]
fn captures_are_for_their_user_and_group_alone() {
    let yard = yard("rights");
    let daemon = start(&yard, KEEP_ALL);
    prove(&yard, &daemon, &[device(1)]);
    let mode = |path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let folder = folder(&yard, device(1));
    assert_eq!((mode(yard.captures()), mode(folder.clone())), (0o750, 0o750));
    assert_eq!(mode(segments(&folder)[0].clone()), 0o640);
}
