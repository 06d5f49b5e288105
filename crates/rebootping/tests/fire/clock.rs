//! A wall clock that is set ten years on and back: rounds, hold-downs and choices do not see it.

use std::fs;
use std::time::Duration;

use rebootping_lab::{Daemon, Family, SWITCH_LIMIT, wait_until};

use crate::beat::Beat;
use crate::support::{hold_down, hold_left, lab, start, stays_so, wait_mid_hold_down, wait_out};
use crate::wrapper::{Wrapper, replace};

/// Steps the clock that people read, and no other, to what the file says; it is read anew every second.
const RUN: &str = "exec env LD_PRELOAD=\"$(echo /usr/lib/*/faketime/libfaketimeMT.so.1)\" \
    FAKETIME_TIMESTAMP_FILE=\"$(cat \"$0.how\")\" FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_CACHE_DURATION=1 \"$@\"";
const STEPS: [(&str, i32); 4] = [("+10y", 10), ("-10y", -10), ("+10y", 10), ("+0", 0)];
/// Several rounds are judged under each.
const ROUNDS: Duration = Duration::from_secs(3);
const HOLD_DOWN: u64 = 600;

/// The year in which the daemon believes to be.
fn year(daemon: &Daemon) -> i32 {
    let status = daemon.status();
    status["time"].as_str().and_then(|time| time.split('-').next()?.parse().ok()).expect("it tells the time")
}

#[test]
fn a_clock_set_ten_years_on_and_back_changes_nothing() {
    let wrapper = Wrapper::of("clock", RUN);
    let lab = lab("clock").isps(3).binary(wrapper.program()).build();
    // The judge may read nothing but what lies in folders of its own.
    let clock = lab.dir().join("run/judge/clock");
    fs::create_dir_all(lab.dir().join("run/judge")).expect("a folder can be made");
    replace(&clock, "+0\n");
    fs::write(wrapper.how(), clock.display().to_string()).expect("a file can be written");
    let daemon = start(&lab, &hold_down(HOLD_DOWN));
    let this_year = year(&daemon);
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    let left = wait_mid_hold_down(&daemon, "wan1", HOLD_DOWN);
    let beat = Beat::of(&lab);
    for (step, years) in STEPS {
        replace(&clock, &format!("{step}\n"));
        wait_until(&format!("the clock is set to {step}"), SWITCH_LIMIT, || year(&daemon) == this_year + years);
        stays_so("two links are in use and answer", ROUNDS, || {
            ["wan2", "wan3"].iter().all(|link| {
                let said = daemon.link(link);
                said["enabled"] == true && said["answered"] == 4 && said["loss"] == 0.0
            })
        });
    }
    let (now, lasted) = (hold_left(&daemon, "wan1"), beat.lasted().as_secs() + 2);
    assert!(now < left && now + lasted >= left, "{left} s were left to hold, and {now} s are {lasted} s later");
    beat.assert_unbroken();
    assert_eq!(daemon.log().matches("new connections use").count(), 1, "{}", daemon.log());
    replace(&clock, "+10y\n");
    lab.isp(2).blackhole(true);
    wait_out(&lab, &daemon, "wan2", SWITCH_LIMIT);
    assert!(lab.gw().uses("wan3", Family::V4));
}
