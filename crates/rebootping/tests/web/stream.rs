//! The stream of what happens, and what the page can change: a device is renamed, the change is logged, undone and heard.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Flood, udp_frame, wait_until};
use serde_json::Value;

use crate::raw::connect;
use crate::site::{GATEWAY, LIMIT, LOOPBACK, Site, address, request};

const TV: [u8; 6] = [0x02, 0xde, 0, 0, 0, 7];

/// An event of the stream.
struct Event {
    id: u64,
    kind: String,
    data: Value,
}

struct Stream(BufReader<TcpStream>);

impl Stream {
    #[track_caller]
    fn open(site: &Site, headers: &[&str]) -> Self {
        let mut stream = connect(site.yard.gw(), address(LOOPBACK)).expect("it is served");
        stream.write_all(&request("GET", "/api/v1/events", LOOPBACK, headers, "")).expect("it is read");
        Self(BufReader::new(stream))
    }

    #[track_caller]
    fn next(&mut self) -> Event {
        let (mut id, mut kind) = (0, String::new());
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).expect("it goes on") > 0, "it ended");
            match line.trim_end().split_once(": ") {
                Some(("id", text)) => id = text.parse().expect("a number"),
                Some(("event", text)) => text.clone_into(&mut kind),
                Some(("data", text)) => {
                    return Event { id, kind, data: serde_json::from_str(text).expect("it is JSON") };
                }
                _ => {}
            }
        }
    }
}

#[test]
fn status_and_rates_come_each_second_and_who_comes_back_misses_nothing() {
    let site = Site::start("events", "");
    let mut stream = Stream::open(&site, &[]);
    let mut next = || loop {
        let event = stream.next();
        if event.kind != "log" {
            return event;
        }
    };
    let events: Vec<Event> = (0..6).map(|_| next()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["status", "now", "status", "now", "status", "now"]);
    assert!(events.is_sorted_by_key(|event| event.id));
    assert!(events[0].data["links"].is_array() && events[1].data["devices"].is_array());
    drop(stream);
    let after = format!("Last-Event-ID: {}", events[1].id);
    let mut stream = Stream::open(&site, &[&after]);
    let missed: Vec<u64> = (0..4).map(|_| stream.next().id).collect();
    assert_eq!(missed, [events[2].id, events[3].id, events[4].id, events[5].id]);
    assert!(stream.next().id > events[5].id);
}

/// Reads on until there is an entry of the log that says so.
#[track_caller]
fn entry(stream: &mut Stream, what: &str) -> Event {
    loop {
        let event = stream.next();
        if event.kind == "log" && event.data["text"].as_str().is_some_and(|text| text.contains(what)) {
            return event;
        }
    }
}

/// Has the TV talk until it is listed, and says where.
fn list_tv(site: &Site) -> &'static str {
    let path = "/api/v1/devices/02:de:00:00:00:07";
    wait_until("the TV is listed", LIMIT, || {
        Flood::of(vec![udp_frame(GATEWAY, TV, 1, 60)]).send_in(site.yard.gw(), "lan0");
        Flood::of(vec![udp_frame(TV, GATEWAY, 1, 60)]).send_in(site.yard.street(), "lan0");
        site.get(path, &[]).status == 200
    });
    path
}

#[test]
fn what_happens_comes_into_the_log_live_and_to_who_comes_back_after_a_restart_of_the_page() {
    let site = Site::start("live", "");
    let session = site.log_in();
    let path = list_tv(&site);
    let mut stream = Stream::open(&site, &[]);
    stream.next();
    let note = site.post(&format!("{path}/note"), &[&session], "{\"note\":\"mine\"}");
    assert_eq!(note.status, 200);
    let noted = entry(&mut stream, "the page wrote a note about 02:de:00:00:00:07");
    assert_eq!((&noted.data["kind"], &noted.data["mac"]), (&"audit".into(), &"02:de:00:00:00:07".into()));
    drop(stream);

    let before = site.process().expect("it runs");
    kill(Pid::from_raw(before), Signal::SIGKILL).expect("it runs");
    assert!(site.daemon.cli(&["device", "note", "02:de:00:00:00:07", "ours"]).status.success());
    wait_until("another serves", LIMIT, || {
        site.process().is_some_and(|pid| pid != before) && connect(site.yard.gw(), address(LOOPBACK)).is_ok()
    });
    let mut again = Stream::open(&site, &[&format!("Last-Event-ID: {}", noted.id)]);
    let missed = entry(&mut again, "wrote a note");
    assert!(missed.data["text"].as_str().is_some_and(|text| text.starts_with("root ")), "not what was heard before");
}

#[test]
fn a_device_is_renamed_and_that_is_taken_back_and_logged() {
    let site = Site::start("rename", "");
    let session = site.log_in();
    let path = list_tv(&site);
    let name = || site.get(path, &[]).json()["name"].clone();
    let refused = site.post(&format!("{path}/rename"), &[&session], "{\"name\":\"<script>alert(1)</script>\"}");
    assert_eq!((refused.status, name()), (400, Value::Null), "names are those of DNS");
    let done = site.post(&format!("{path}/rename"), &[&session], "{\"name\":\"kitchen-tv\"}");
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(name(), "kitchen-tv");
    let undo = done.json()["undo"].as_u64().expect("it can be taken back");
    let audit = std::fs::read_to_string(site.yard.dir().join("state/audit")).expect("orders are written down");
    assert!(audit.contains("02:de:00:00:00:07") && audit.contains("kitchen-tv"), "{audit}");
    assert_eq!(site.post("/api/v1/undo", &[&session], &format!("{{\"id\":{undo}}}")).status, 200);
    assert_eq!(name(), Value::Null);
    assert_eq!(site.post("/api/v1/undo", &[&session], &format!("{{\"id\":{undo}}}")).status, 410, "once");
    let overview = site.get("/api/v1/overview", &[]).json();
    assert_eq!(overview["new_devices"][0]["mac"], "02:de:00:00:00:07");
    assert_eq!(overview["sentence"], "No Internet link is found");
    let note = site.post(&format!("{path}/note"), &[&session], "{\"note\":\"in the kitchen\"}");
    assert_eq!(note.status, 200);
    assert_eq!(site.get(path, &[]).json()["note"], "in the kitchen");
    let all = site.get("/api/v1/devices", &[]).json();
    assert!(all["devices"][0]["now"]["bits_up"].is_u64());
    assert!(all["devices"][0]["today"]["sent"].is_u64() && all["devices"][0]["month"]["received"].is_u64(), "{all}");
    let traffic = site.get(&format!("{path}/traffic?from=1h&points=100"), &[]).json();
    let columns = traffic["columns"].as_object().expect("columns");
    let length = columns["time"].as_array().expect("a list").len();
    assert!((2..=100).contains(&length) && traffic["presence"].is_array(), "{traffic}");
    assert!(columns.values().all(|column| column.as_array().is_some_and(|column| column.len() == length)), "{traffic}");
}
