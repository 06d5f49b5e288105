//! Every order about a device is taken back as it was before, whatever that was.

use rebootping_lab::{Flood, udp_frame, wait_until};
use serde_json::{Value, json};

use crate::raw::Reply;
use crate::site::{GATEWAY, LIMIT, Site};

const TV: &str = "02:de:00:00:00:07";
const RADIO: &str = "02:de:00:00:00:08";

/// A gateway with a TV and its radio, and a session that may order.
struct House {
    site: Site,
    session: String,
}

impl House {
    #[track_caller]
    fn build(prefix: &str) -> Self {
        let site = Site::start(prefix, "");
        wait_until("both are listed", LIMIT, || {
            for number in [7, 8] {
                let mac = [0x02, 0xde, 0, 0, 0, number];
                Flood::of(vec![udp_frame(GATEWAY, mac, 1, 60)]).send_in(site.yard.gw(), "lan0");
                Flood::of(vec![udp_frame(mac, GATEWAY, 1, 60)]).send_in(site.yard.street(), "lan0");
            }
            [TV, RADIO].iter().all(|mac| site.get(&format!("/api/v1/devices/{mac}"), &[]).status == 200)
        });
        let session = site.log_in();
        Self { site, session }
    }

    #[track_caller]
    fn order(&self, mac: &str, verb: &str, body: &Value) -> Reply {
        let path = format!("/api/v1/devices/{mac}/{verb}");
        let done = self.site.post(&path, &[&self.session], &body.to_string());
        assert_eq!(done.status, 200, "{path} {body}: {done:?}");
        done
    }

    #[track_caller]
    fn take_back(&self, done: &Reply) {
        let id = done.json()["undo"].as_u64().expect("it can be taken back");
        let undone = self.site.post("/api/v1/undo", &[&self.session], &json!({ "id": id }).to_string());
        assert_eq!((undone.status, &undone.json()["undo"]), (200, &Value::Null), "{undone:?}");
    }

    fn of(&self, field: &str) -> Value {
        self.site.get(&format!("/api/v1/devices/{TV}"), &[]).json()[field].clone()
    }

    /// What the last order made of the TV, as it is written down.
    #[track_caller]
    fn written(&self) -> Value {
        let audit = std::fs::read_to_string(self.site.yard.dir().join("state/audit")).expect("orders are written down");
        let row: Value = serde_json::from_str(audit.lines().last().expect("a row")).expect("JSON");
        row["changes"][0]["after"].clone()
    }
}

#[test]
fn a_name_with_its_address_how_much_is_kept_and_what_was_merged_come_back() {
    let house = House::build("undone");
    let named = |label: &str, address: Value| json!({ "name": { "label": label, "address": address } });
    house.order(TV, "rename", &json!({ "name": "tv", "address": "10.0.0.77" }));
    assert_eq!((house.written(), house.of("fixed_address")), (named("tv", "10.0.0.77".into()), "10.0.0.77".into()));
    let renamed = house.order(TV, "rename", &json!({ "name": "television" }));
    assert_eq!(house.written(), named("television", "10.0.0.77".into()), "of its address nothing was said");
    house.take_back(&renamed);
    assert_eq!((house.written(), house.of("name")), (named("tv", "10.0.0.77".into()), "tv".into()));
    let let_go = house.order(TV, "rename", &json!({ "name": "tv", "address": "" }));
    assert_eq!(house.written(), named("tv", Value::Null));
    house.take_back(&let_go);
    assert_eq!(house.written(), named("tv", "10.0.0.77".into()));

    assert_eq!(house.of("capture_mode"), Value::Null, "as its network says");
    let off = house.order(TV, "capture", &json!({ "mode": "off" }));
    assert_eq!(house.of("capture_mode"), "off");
    let headers = house.order(TV, "capture", &json!({ "mode": "headers" }));
    house.take_back(&headers);
    assert_eq!(house.of("capture_mode"), "off");
    house.take_back(&off);
    assert_eq!(house.of("capture_mode"), Value::Null);

    let merged = house.order(RADIO, "merge", &json!({ "into": TV }));
    assert_eq!(house.of("also"), json!([RADIO]));
    let split = house.order(TV, "split", &json!({}));
    assert_eq!(house.of("also"), json!([]));
    house.take_back(&split);
    assert_eq!(house.of("also"), json!([RADIO]));
    house.take_back(&merged);
    assert_eq!(house.of("also"), json!([]));

    // All of it is told of the TV alone, what was done by its name included.
    let told = house.site.get(&format!("/api/v1/log?mac={TV}&limit=500"), &[]).json();
    let texts: Vec<&str> =
        told["events"].as_array().expect("a list").iter().filter_map(|it| it["text"].as_str()).collect();
    for what in ["has nothing of 02:de:00:00:00:07 kept", "took 02:de:00:00:00:08 for the device 02:de:00:00:00:07"] {
        assert!(texts.iter().any(|text| text.contains(what)), "{what}: {texts:?}");
    }
}
