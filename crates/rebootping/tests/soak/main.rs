//! A gateway under the traffic of thirty households whose links flap, whose interfaces and settings change: nothing of it grows.

mod gauge;
mod sink;
mod slope;
mod street;
mod weather;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use gauge::Gauge;
use rebootping_lab::{Daemon, Family, Lab, wait_until};
use serde_json::Value;
use sink::Sink;

/// Start-up asks Shorewall and judges a first round; links come back after a hold-down of a few seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(90);
/// Slow enough for thousands of samples to stay few, quick enough for hundreds in ten minutes.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// In this share of the time; after that the courier, which begins anew with each change, lives long enough to be judged.
const SETTINGS_CHANGE: f64 = 2.0 / 3.0;
/// Questions a second of each flow through the gateway.
const QUESTIONS: u32 = 5;

#[test]
#[ignore = "it takes ten minutes: make test-long SLICE=soak"]
fn nothing_grows_in_ten_minutes() {
    soak(Duration::from_secs(600));
}

#[test]
#[ignore = "it takes an hour: make test-long SLICE=hour"]
fn nothing_grows_in_an_hour() {
    soak(Duration::from_secs(3_600));
}

fn soak(time: Duration) {
    let binary = env!("CARGO_BIN_EXE_rebootping");
    let lab = Lab::builder("soak").default_targets(true).binary(binary).build();
    street::lay_cable(&lab);
    let sink = Sink::start(&lab);
    let lasting = sink.config();
    let daemon = lab.gw().daemon(&weather::settings(0, &lasting));
    daemon.wait_ready();
    wait_well(&daemon);
    weather::begin(&lab);
    let _flows = lab.flows_from(1, Family::V4, (4, 4), QUESTIONS);
    let (over, mut gauge) = (AtomicBool::new(false), Gauge::new());
    let begin = Instant::now();
    let (sent, turns) = thread::scope(|scope| {
        let street = scope.spawn(|| street::talk(&lab, &over));
        let sky = scope.spawn(|| {
            let mut number = 0;
            while !over.load(Ordering::Relaxed) {
                let changes = begin.elapsed() < time.mul_f64(SETTINGS_CHANGE);
                weather::turn(&lab, &daemon, changes.then_some(&*lasting), number);
                number += 1;
            }
            number
        });
        while begin.elapsed() < time && !sky.is_finished() && !street.is_finished() {
            gauge.look(&daemon);
            thread::sleep(LOOK_EVERY);
        }
        over.store(true, Ordering::Relaxed);
        (street.join().expect("the street has talked"), sky.join().expect("the weather has changed"))
    });
    let (asked, taken) = sink.counts();
    println!("{sent} frames, {turns} changes of weather, {taken} of {asked} messages taken");
    assert!(taken > 0 && asked > taken, "the sink takes most messages, and not all");
    wait_well(&daemon);
    gauge.assert_flat();
    check_whole(&daemon, sent);
    assert!(daemon.terminate().0.success());
}

/// Both links are healthy, in use, and that is committed.
#[track_caller]
fn wait_well(daemon: &Daemon) {
    wait_until("both links are healthy and committed", SETTLE_LIMIT, || {
        let status = daemon.status();
        let links = status["links"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        links.len() == 2 && links.iter().all(|link| link["healthy"] == true && link["committed"] == true)
    });
}

/// No process was started again, and what was sent was seen.
#[track_caller]
fn check_whole(daemon: &Daemon, sent: u64) {
    let status = daemon.status();
    for process in status["processes"].as_array().expect("a list") {
        assert_eq!((&process["state"], &process["restarts"]), (&"running".into(), &0.into()), "{process}");
    }
    let capture = &status["capture"];
    let lost: u64 = capture["dropped"].as_object().expect("causes").values().filter_map(Value::as_u64).sum();
    println!("seen {}, lost {lost}", capture["packets"]);
    assert!(capture["packets"].as_u64() >= Some(sent / 2), "{capture}");
}
