//! What a packet costs: run by hand, in a release build.

use super::*;
use nix::sys::resource::{UsageWho, getrusage};
use std::path::Path;

const PACKETS: u64 = 20_000_000;
const OWNERS: u64 = 50;
/// The simple mix of the Internet: seven small, four middle, one large.
const IMIX: [usize; 12] = [64, 64, 64, 64, 64, 64, 64, 594, 594, 594, 594, 1518];

#[test]
#[ignore = "a measurement: cargo test --release -p rebootping pcap_files::tests::measured -- --ignored --nocapture"]
fn cpu_of_a_packet() {
    for (what, parent) in [("tmpfs", "/dev/shm"), ("disk", "/var/tmp")] {
        for (load, lengths) in [("IMIX", &IMIX[..]), ("64 B", &IMIX[..1]), ("1400 B", &[1400][..])] {
            measure(what, Path::new(parent), load, lengths);
        }
    }
}

fn measure(what: &str, parent: &Path, load: &str, lengths: &[usize]) {
    let place = Place::below(parent);
    let mut files = start(&place, limits(20 * MB));
    (0..OWNERS as u32).for_each(|slot| drop(open(&mut files, slot)));
    let frames: Vec<Vec<u8>> = lengths.iter().map(|&length| frame(1, length)).collect();
    let packets = PACKETS.min(6_000_000_000 / lengths.iter().sum::<usize>() as u64 * lengths.len() as u64);
    let (all, own) = (spent(UsageWho::RUSAGE_SELF), spent(UsageWho::RUSAGE_THREAD));
    let mut now = START;
    for at in 0..packets {
        now = now + Duration::from_micros(3);
        let bytes = &frames[(at % frames.len() as u64) as usize];
        files.append(Slot((at % OWNERS) as u32), &record(now, bytes));
        if at % 64 == 0 {
            files.tick(now);
        }
        // No wire is faster than the writer for long.
        if at % 8192 == 0 && files.under_way > 200 {
            assert!(files.flush(PATIENCE));
        }
    }
    let own = (spent(UsageWho::RUSAGE_THREAD) - own) / packets as f64;
    assert!(files.flush(PATIENCE));
    let all = (spent(UsageWho::RUSAGE_SELF) - all) / packets as f64;
    let status = files.status();
    println!(
        "{what}, {load}: {own:.0} ns a packet in the capture thread, {all:.0} ns with the writer; {} of {packets} dropped, {} MB written",
        status.behind.records,
        status.written_bytes / MB
    );
}

/// CPU time in nanoseconds.
fn spent(who: UsageWho) -> f64 {
    let usage = getrusage(who).expect("a process knows");
    let nanos = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e9 + time.tv_usec() as f64 * 1e3;
    nanos(usage.user_time()) + nanos(usage.system_time())
}
