//! A device is paused, allowed and blocked over HTTP, and each is taken back; what is refused says why.

use rebootping_lab::{Flood, udp_frame, wait_until};
use serde_json::{Value, json};

use crate::site::{GATEWAY, LIMIT, Site};

const TV: [u8; 6] = [0x02, 0xde, 0, 0, 0, 7];
const PATH: &str = "/api/v1/devices/02:de:00:00:00:07";

/// What the kernel keeps from devices.
fn table(site: &Site) -> String {
    String::from_utf8_lossy(&site.yard.gw().try_run("nft list table inet rebootping").stdout).into_owned()
}

#[test]
fn a_device_is_restricted_for_a_while_and_that_is_taken_back() {
    let site = Site::start("restrict", "");
    let session = site.log_in();
    wait_until("the TV is listed", LIMIT, || {
        Flood::of(vec![udp_frame(GATEWAY, TV, 1, 60)]).send_in(site.yard.gw(), "lan0");
        Flood::of(vec![udp_frame(TV, GATEWAY, 1, 60)]).send_in(site.yard.street(), "lan0");
        site.get(PATH, &[]).status == 200
    });
    let restricted = || site.get(PATH, &[]).json()["restricted"].clone();
    let post = |verb: &str, body: Value| site.post(&format!("{PATH}/{verb}"), &[&session], &body.to_string());
    assert_eq!(restricted(), Value::Null);

    let done = post("restrict", json!({ "mode": "pause", "for": "1h" }));
    assert_eq!(done.status, 200, "{done:?}");
    let text = done.json()["text"].as_str().expect("a sentence").to_owned();
    assert!(text.contains("no Internet until") && !text.contains("rebootping device undo"), "{text}");
    let first = restricted();
    assert_eq!((&first["mode"], &first["in_force"]), (&"pause".into(), &true.into()));
    assert!(first["until"].is_string(), "{first}");
    assert!(table(&site).contains("02:de:00:00:00:07"), "{}", table(&site));

    let blocked = post("restrict", json!({ "mode": "block" }));
    assert_eq!((blocked.status, &restricted()["mode"]), (200, &"block".into()));
    let undo = |reply: &crate::raw::Reply| {
        let id = reply.json()["undo"].as_u64().expect("it can be taken back");
        site.post("/api/v1/undo", &[&session], &json!({ "id": id }).to_string()).status
    };
    assert_eq!(undo(&blocked), 200);
    assert_eq!((&restricted()["mode"], &restricted()["until"]), (&first["mode"], &first["until"]), "as it was before");
    let allowed = post("allow", json!({}));
    assert_eq!((allowed.status, restricted()), (200, Value::Null));
    assert!(!table(&site).contains("02:de:00:00:00:07"), "{}", table(&site));
    assert_eq!(undo(&allowed), 200);
    assert_eq!(restricted()["mode"], "pause");
    assert_eq!(undo(&done), 200);
    assert_eq!(restricted(), Value::Null);
    assert_eq!(undo(&done), 410, "once");
}

#[test]
fn what_cannot_be_restricted_says_why() {
    let site = Site::start("norestrict", "");
    let session = site.log_in();
    let post = |mac: &str, body: &str| site.post(&format!("/api/v1/devices/{mac}/restrict"), &[&session], body);
    for (mac, body, status, why) in [
        ("02:de:00:00:00:07", r#"{"mode":"open"}"#, 400, "unknown variant"),
        ("02:de:00:00:00:07", "{}", 400, "mode"),
        ("02:de:00:00:00:07", r#"{"mode":"pause","for":"soon"}"#, 400, "soon"),
        ("02:de:00:00:00:07", r#"{"mode":"pause","hours":"late"}"#, 400, "hours"),
        ("02:de:00:00:00:07", r#"{"mode":"pause","command":"reboot"}"#, 400, "command"),
        ("me", r#"{"mode":"pause"}"#, 400, "MAC"),
        ("ff:ff:ff:ff:ff:ff", r#"{"mode":"pause"}"#, 400, "MAC"),
        ("02:00:00:00:00:01", r#"{"mode":"pause"}"#, 409, "this gateway's own"),
    ] {
        let reply = post(mac, body);
        let error = reply.json()["error"].as_str().expect("a sentence").to_owned();
        assert_eq!(reply.status, status, "{body}: {error}");
        assert!(error.contains(why), "{body}: {error}");
    }
}
