//! The page killed, hung or flooded: no round is missed, and it comes back by itself.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Lab, wait_until};

use crate::raw::{connect, exchange};
use crate::site::{LOOPBACK, address, request, web_process};

/// A process that says nothing is ended after ten seconds.
const BACK_WITHIN: Duration = Duration::from_secs(40);

fn rounds(lab: &Lab) -> u64 {
    let Ok(text) = fs::read(lab.dir().join("run/judge/links.json")) else { return 0 };
    let memory: serde_json::Value = serde_json::from_slice(&text).expect("it is whole");
    memory["kept"]["rounds"][0].as_u64().expect("it counts them")
}

fn is_served(lab: &Lab) -> bool {
    let stream = connect(&lab.gw(), address(LOOPBACK));
    let quick = stream.and_then(|stream| {
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        Ok(exchange(stream, &request("GET", "/api/v1/status", LOOPBACK, &[], "")))
    });
    matches!(quick, Ok(Some(reply)) if reply.status == 200)
}

#[test]
fn no_round_is_missed_while_the_page_is_killed_hung_and_flooded() {
    let lab = Lab::builder("webharm").isps(2).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let daemon = lab.gw().daemon("");
    daemon.wait_ready();
    wait_until("the page is served", BACK_WITHIN, || is_served(&lab));
    wait_until("rounds are judged", BACK_WITHIN, || rounds(&lab) > 2);
    let (first, begun) = (rounds(&lab), Instant::now());
    let pid = |daemon| Pid::from_raw(web_process(daemon).expect("it runs"));

    kill(pid(&daemon), Signal::SIGKILL).expect("it runs");
    wait_until("it is back after a kill", BACK_WITHIN, || is_served(&lab));
    kill(pid(&daemon), Signal::SIGSTOP).expect("it runs");
    wait_until("it is back after a hang", BACK_WITHIN, || is_served(&lab));
    let flood = Instant::now();
    let mut answered = 0;
    while flood.elapsed() < Duration::from_secs(5) {
        let stream = connect(&lab.gw(), address(LOOPBACK)).expect("it is served");
        answered += u32::from(exchange(stream, &request("GET", "/api/v1/overview", LOOPBACK, &[], "")).is_some());
    }
    thread::sleep(Duration::from_secs(1));

    let (judged, seconds) = (rounds(&lab) - first, begun.elapsed().as_secs());
    println!("{judged} rounds in {seconds} s, {answered} answers in the flood");
    // A round under way at either end, and one in ten for a machine on which others work too.
    assert!(judged + 3 + seconds / 10 >= seconds, "{judged} rounds in {seconds} s");
    let status = daemon.status();
    let restarts = |name: &str| {
        let processes = status["processes"].as_array().expect("a list").iter();
        processes.clone().find(|process| process["name"] == name).expect("it is listed")["restarts"].clone()
    };
    assert_eq!((restarts("judge"), restarts("observer")), (0.into(), 0.into()));
    assert!(restarts("web").as_u64() >= Some(2), "{status}");
}
