//! A thousand devices at once cost memory within a bound and no descriptor.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::unistd::Pid;
use rebootping_lab::{Flood, imix};

use crate::pace::Pace;
use crate::support::{GATEWAY, KEEP_ALL, Mac, device, observer, prove, start, times, wait_seen, yard};

const DEVICES: u16 = 1_000;
const MOST_MEMORY_KB: u64 = 100_000;
/// The writer and the syncer open one file or folder at a time.
const IN_PASSING: usize = 3;

#[test]
fn a_thousand_devices_fit_into_100_mb_and_need_no_descriptor() {
    let yard = yard("crowd");
    let daemon = start(&yard, KEEP_ALL);
    let observer = observer(&daemon);
    let at_first = (0..20).map(|_| descriptors(observer)).min().expect("it was looked at");
    let devices: Vec<Mac> = (0..DEVICES).map(device).collect();
    prove(&yard, &daemon, &devices);
    let frames: Vec<Vec<u8>> =
        (0..12).flat_map(|size| devices.iter().map(move |&mac| imix(mac, GATEWAY)[size].clone())).collect();
    let (rounds, round, greetings) = (times(8, 50), frames.len() as u64, u64::from(DEVICES) * 2);
    let flood = Flood::of(frames).per_second(10_000);
    let (mut memory, mut open) = (0, 0);
    thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let mut pace = Pace::from(&daemon, greetings);
            for _ in 0..rounds {
                flood.send_in(yard.street(), "lan0");
                pace.sent(round);
            }
        });
        while !sender.is_finished() {
            memory = memory.max(resident_beside_the_ring(observer));
            open = open.max(descriptors(observer));
            thread::sleep(Duration::from_millis(20));
        }
    });
    wait_seen(&daemon, rounds * round + greetings);
    println!(
        "{DEVICES} devices: {memory} KB resident beside the ring, {at_first} descriptors before and {open} at most"
    );
    assert!(memory < MOST_MEMORY_KB, "{memory} KB");
    assert!(open <= at_first + IN_PASSING, "{open} descriptors, {at_first} at first");
}

fn descriptors(process: Pid) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).expect("it runs").count()
}

/// All that is resident of a process, code and shared libraries included, but for the ring's pages, which are a socket's.
fn resident_beside_the_ring(process: Pid) -> u64 {
    let maps = fs::read_to_string(format!("/proc/{process}/smaps")).expect("it runs");
    let (mut sum, mut is_ring, mut ring) = (0, false, 0);
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("Rss:") => {
                let kilobytes: u64 = words.next().and_then(|word| word.parse().ok()).expect("smaps has numbers");
                *(if is_ring { &mut ring } else { &mut sum }) += kilobytes;
            }
            // A mapping begins: its line ends with what is mapped.
            Some(word) if !word.ends_with(':') => is_ring = words.any(|word| word.starts_with("socket:")),
            _ => {}
        }
    }
    assert!(ring > 0, "the ring is mapped");
    sum
}
