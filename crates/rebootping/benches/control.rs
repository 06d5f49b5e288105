//! What control costs: how soon a restriction stops an upload and the prompt is back, what 1,000 of them add to each forwarded packet,
//! and how soon a host of the LAN fetches a page again when one of two ISPs is gone.
//!
//! `cargo bench --bench control -- TURNS` takes so many turns; in each, packets are sent without our table, with one that
//! restricts one device, and with one that restricts 1,000, none of which is the sender.

#[path = "../tests/control/delegated.rs"]
mod delegated;
#[path = "../tests/control/support.rs"]
#[expect(dead_code, reason = "the tests ask it more")]
mod support;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use delegated::{delegated, fetch, is_of, names, preferred, radvd};
use rebootping_lab::talk::{self, End};
use rebootping_lab::{Family, Flood, Lab, Ns, wait_until};
use support::{BACK_LIMIT, TABLET, lab, order, start, table};

/// Frames of one stretch: half a second's worth where a packet costs a microsecond or two.
const FRAMES: u64 = 200_000;
const TURNS: usize = 7;
const RESTRICTED: u16 = 1000;
/// What has not happened by then does not.
const LIMIT: Duration = Duration::from_secs(60);

fn main() {
    let asked = env::args().find_map(|argument| argument.parse().ok());
    let turns: usize = asked.unwrap_or(TURNS);
    let lab = lab("benchctl").build();
    stops(&lab, turns);
    costs(&lab, turns);
    drop(lab);
    returns(turns);
}

/// How soon a host fetches a page again, by any version and over IPv6 alone, when the ISP whose prefix it uses is gone.
fn returns(turns: usize) {
    let lab = delegated("benchlan");
    let _names = names(&lab, &[]);
    let _radvd = radvd(&lab, "interface lan0 { AdvSendAdvert on; prefix ::/64 { }; };\n");
    let _daemon = start(&lab, "[select]\nhold_down = \"5s\"\n");
    let (mut any, mut ipv6, mut back) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..turns {
        wait_until("ISP 1's prefix is in use", LIMIT, || preferred(&lab) == [1, 2] && is_of(fetch(&lab, "-6"), 1));
        let broken = lab.isp(1).blackhole(true);
        wait_until("a page is fetched", LIMIT, || fetch(&lab, "").is_some());
        any.push(broken.elapsed());
        wait_until("a page is fetched over IPv6", LIMIT, || is_of(fetch(&lab, "-6"), 2));
        ipv6.push(broken.elapsed());
        let mended = lab.isp(1).mend();
        wait_until("the prefix is in use again", LIMIT, || preferred(&lab) == [1, 2]);
        back.push(mended.elapsed());
    }
    println!(
        "one ISP of two gone: a dual-stack name fetched again after {:?}, over IPv6 alone after {:?}; the prefix used again {:?} after \
         the ISP came back, 5 s of them hold-down (medians of {turns}; slowest {:?}, {:?}, {:?})",
        median(&mut any),
        median(&mut ipv6),
        median(&mut back),
        any.last(),
        ipv6.last(),
        back.last()
    );
}

/// How soon an established upload stops, and the prompt is back.
fn stops(lab: &Lab, turns: usize) {
    let daemon = start(lab, "");
    for (family, server) in [(Family::V4, "192.0.2.1:9"), (Family::V6, "[2001:db8:9::1]:9")] {
        let (mut stopped, mut prompts) = (Vec::new(), Vec::new());
        for _ in 0..turns {
            let latest = upload(lab.net(), lab.lan(1), server.parse().expect("an address"));
            let begun = Instant::now();
            wait_until("the upload runs", BACK_LIMIT, || latest.lock().expect("no panic").is_some_and(|at| at > begun));
            let begun = Instant::now();
            order(&daemon, &["restrict", TABLET, "pause", "--for", "1h"]);
            prompts.push(begun.elapsed());
            thread::sleep(Duration::from_millis(300));
            let last = latest.lock().expect("no panic").expect("it ran");
            stopped.push(last.saturating_duration_since(begun));
            order(&daemon, &["allow", TABLET]);
        }
        println!(
            "{family:?}: last byte of an upload {:?} after the command began, prompt back after {:?} (medians of {turns})",
            median(&mut stopped),
            median(&mut prompts)
        );
    }
    assert!(daemon.terminate().0.success());
}

/// An upload that goes on as long as it can, and when its latest byte arrived.
fn upload(server: &Ns, client: &Ns, at: SocketAddr) -> Arc<Mutex<Option<Instant>>> {
    let latest = Arc::new(Mutex::new(None));
    let listener = server.enter(|| TcpListener::bind(at)).expect("nobody else listens there");
    let stream = client.enter(|| TcpStream::connect_timeout(&at, BACK_LIMIT));
    let mut stream = stream.expect("it can be reached");
    let seen = Arc::clone(&latest);
    thread::spawn(move || {
        let (mut sink, _) = listener.accept().expect("somebody has connected");
        drop(listener);
        sink.set_read_timeout(Some(Duration::from_millis(500))).expect("a patience above zero");
        let mut buffer = vec![0; 1 << 16];
        while sink.read(&mut buffer).is_ok_and(|length| length > 0) {
            *seen.lock().expect("no panic") = Some(Instant::now());
        }
    });
    thread::spawn(move || {
        stream.set_write_timeout(Some(Duration::from_millis(500))).expect("a patience above zero");
        let bytes = [0; 8192];
        // Ten megabytes a second leave the machine some time for the rest.
        while stream.write_all(&bytes).is_ok() {
            thread::sleep(Duration::from_micros(800));
        }
    });
    latest
}

/// What a forwarded packet costs without our table, and with one.
fn costs(lab: &Lab, turns: usize) {
    let tables = [None, Some(built(lab, 1)), Some(built(lab, RESTRICTED))];
    let mut all = vec![Vec::new(); tables.len()];
    for _ in 0..turns {
        for (table, times) in tables.iter().zip(&mut all) {
            lab.gw().try_run("nft delete table inet rebootping");
            if let Some(table) = table {
                let path = lab.dir().join("table.nft");
                fs::write(&path, table).expect("a file can be written");
                lab.gw().run(&format!("nft -f {}", path.display()));
            }
            let begun = Instant::now();
            Flood::of(vec![frame()]).count(FRAMES).send_in(lab.lan(1), "eth0");
            times.push(begun.elapsed());
        }
    }
    let without = median(&mut all[0]).as_secs_f64();
    for (what, times) in ["no table", "1 restricted", "1,000 restricted"].iter().zip(&mut all) {
        let each = median(times);
        println!(
            "{what}: {} ns for each forwarded packet, {:.3} of that without a table (median of {turns}, fastest {} ns)",
            each.as_nanos() / u128::from(FRAMES),
            each.as_secs_f64() / without,
            times[0].as_nanos() / u128::from(FRAMES)
        );
    }
}

/// Our table as a daemon builds it that has so many devices to restrict.
fn built(lab: &Lab, restricted: u16) -> String {
    let entries: Vec<String> = (0..restricted)
        .map(|number| {
            let [high, low] = number.to_be_bytes();
            let mode = ["pause", "local", "block"][usize::from(number % 3)];
            format!("\"02:00:00:0f:{high:02x}:{low:02x}\":{{\"mode\":\"{mode}\"}}")
        })
        .collect();
    let kept = format!("{{\"restrictions\":{{{}}}}}", entries.join(","));
    fs::write(lab.dir().join("state/control.json"), kept).expect("a file can be written");
    let daemon = start(lab, "");
    wait_until("the table is there", BACK_LIMIT, || table(lab).is_some_and(|table| table.contains("wan2")));
    let table = table(lab).expect("it is there");
    daemon.kill9();
    table
}

/// A frame on its way from the tablet to the Internet, through the gateway.
fn frame() -> Vec<u8> {
    let tablet = End { mac: [2, 0, 0, 0, 1, 1], ip: Ipv4Addr::new(10, 50, 0, 10), port: 4000 };
    let server = End { mac: [2, 0, 0, 0, 0, 1], ip: Ipv4Addr::new(192, 0, 2, 1), port: 9 };
    talk::udp(&tablet, &server, &[0; 160])
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
