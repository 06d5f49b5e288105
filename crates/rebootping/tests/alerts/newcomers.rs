//! After the first day devices that nobody saw before are told by name, five of a day one by one, and the others at its end.
//!
//! Nobody here waits a day: between two starts, what was kept is made so much older.

use crate::notes::Notes;
use crate::street::Street;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rebootping_lab::{Daemon, wait_until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
const DAY: u64 = 24 * 3600;
const SINK: &str = "127.0.0.1:8080";
/// Who comes after the first day, and what each is called.
const NEW: [(&str, &str); 7] = [
    ("laptop", "anna-laptop"),
    ("printer", "office-printer"),
    ("tv", "living-room"),
    ("nas", "nas"),
    ("resolver", "resolver"),
    ("scanner", "scanner"),
    ("sensor", "sensor"),
];

#[test]
fn five_new_devices_a_day_are_told_one_by_one_and_the_others_together() {
    let mut street = Street::build("newcomers");
    let daemon = street.yard.daemon("");
    daemon.wait_ready();
    street.move_in(&["phone"]);
    wait_until("who was there first is known", LIMIT, || devices(&daemon) == 1);
    assert!(daemon.terminate().0.success());
    let dir = street.yard.dir().to_owned();
    change_packed(&dir.join("state/observer/devices.json.gz"), |kept| earlier(&mut kept["inventory"]["started"]));

    let notes = Notes::of(street.yard.gw().enter(|| TcpListener::bind(SINK).expect("a port")));
    let url = dir.join("hook.url");
    fs::write(&url, format!("http://{SINK}/hook")).expect("an address");
    fs::set_permissions(&url, Permissions::from_mode(0o600)).expect("its mode");
    let config = format!("[alerts]\nwebhook_url_file = \"{}\"\n", url.display());
    let daemon = street.yard.daemon(&config);
    daemon.wait_ready();
    wait_until("there is a courier", LIMIT, || daemon.process("courier").is_some());
    street.move_in(&NEW.map(|(role, _)| role));
    wait_until("five are told", LIMIT, || notes.posts().len() >= 5);
    let file = dir.join("state/courier/alerts.json");
    let held_back = || -> Value {
        let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap_or_default()).unwrap_or_default();
        kept["alerts"]["newcomers"]["count"].clone()
    };
    wait_until("two are held back", LIMIT, || held_back() == 2);
    let told: Vec<String> = notes.of_kind("new_device").iter().flat_map(names).collect();
    assert_eq!((told.len(), notes.posts().len()), (5, 5), "{told:?}");
    assert!(daemon.terminate().0.success());

    let mut kept: Value = serde_json::from_slice(&fs::read(&file).expect("it is kept")).expect("JSON");
    earlier(&mut kept["alerts"]["newcomers"]["began"]);
    fs::write(&file, kept.to_string()).expect("it can be kept again");
    let daemon = street.yard.daemon(&config);
    daemon.wait_ready();
    wait_until("the others are told", LIMIT, || notes.posts().len() >= 6);
    let digest = notes.of_kind("new_device").pop().expect("it was told");
    assert_eq!((&digest["count"], &digest["title"]), (&2.into(), &"2 more new devices".into()), "{digest}");
    let all: BTreeSet<String> = told.into_iter().chain(names(&digest)).collect();
    let expected: BTreeSet<String> = NEW.iter().map(|(_, name)| (*name).to_owned()).collect();
    assert_eq!(all, expected, "each once, by name, and nobody of the first day");
}

fn devices(daemon: &Daemon) -> usize {
    let report: Value = serde_json::from_slice(&daemon.cli(&["report", "--json"]).stdout).unwrap_or_default();
    report["devices"].as_array().map_or(0, Vec::len)
}

/// What the devices of a message are called.
fn names(message: &Value) -> Vec<String> {
    let devices = message["devices"].as_array().cloned().unwrap_or_default();
    devices.iter().map(|device| device["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A day and an hour earlier.
fn earlier(time: &mut Value) {
    *time = (time.as_u64().expect("nanoseconds") - (DAY + 3600) * 1_000_000_000).into();
}

fn change_packed(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut text = Vec::new();
    GzDecoder::new(File::open(path).expect("it was kept")).read_to_end(&mut text).expect("it can be unpacked");
    let mut kept: Value = serde_json::from_slice(&text).expect("JSON");
    change(&mut kept);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(kept.to_string().as_bytes()).expect("memory can be written");
    fs::write(path, packed.finish().expect("memory can be written")).expect("it can be kept again");
}
