//! While the Internet is out messages wait; once it is back each place has all of them, once, in order, with their true times.

use crate::internet::{Internet, SECRETS};
use jiff::Timestamp;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Daemon, Lab, wait_until};
use serde_json::Value;
use std::thread;
use std::time::Duration;

/// Rounds, hold-downs, pauses between attempts, and a slow machine.
const LIMIT: Duration = Duration::from_secs(180);
/// How much earlier or later than the fault its first and last bad rounds may be told.
const ABOUT: i64 = 15;

fn alerts(daemon: &Daemon) -> Value {
    let output = daemon.cli(&["alerts", "--json"]);
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn sink<'a>(alerts: &'a Value, name: &str) -> &'a Value {
    alerts["sinks"].as_array().and_then(|all| all.iter().find(|sink| sink["sink"] == name)).unwrap_or(&Value::Null)
}

fn kinds(internet: &Internet) -> Vec<String> {
    internet.posts().iter().map(|post| post.body["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

fn subjects(internet: &Internet) -> Vec<String> {
    let subject = |mail: &Value| {
        let text = mail["text"].as_str().unwrap_or_default().to_owned();
        text.lines().find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned)).unwrap_or_default()
    };
    internet.mails().iter().map(subject).collect()
}

#[track_caller]
fn near(told: &Value, from: Timestamp, to: Timestamp) {
    let told: Timestamp = told.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{told}: a time"));
    let seconds = told.as_second();
    assert!((from.as_second() - ABOUT..=to.as_second() + ABOUT).contains(&seconds), "{told} is not in {from} to {to}");
}

/// Waits until both links have been used and have answered everything for some rounds.
#[track_caller]
fn wait_steady(daemon: &Daemon) {
    let is_fine = |link: &Value| {
        [("committed", Value::from(true)), ("healthy", true.into()), ("answered", 4.into())]
            .iter()
            .all(|(key, value)| link[key] == *value)
    };
    let (mut last, mut rounds) = (Value::Null, 0);
    wait_until("both links are used, and all is well for some rounds", LIMIT, || {
        let status = daemon.status();
        let links = status["links"].as_array().cloned().unwrap_or_default();
        let rtt = serde_json::json!(links.iter().map(|link| &link["rtt_ms"]).collect::<Vec<_>>());
        if links.len() != 2 || !links.iter().all(is_fine) {
            rounds = 0;
        } else if rtt != last {
            // Another round has changed the sums.
            (last, rounds) = (rtt, rounds + 1);
        }
        rounds > 5
    });
}

#[test]
fn what_happens_while_nothing_works_is_told_once_in_order_with_true_times_when_something_does() {
    let lab = Lab::builder("alerts").default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let internet = Internet::start(&lab);
    let daemon = lab.gw().daemon(&format!("[select]\nhold_down = \"10s\"\n{}", internet.config()));
    daemon.wait_ready();
    wait_steady(&daemon);
    wait_until("there is a courier", LIMIT, || daemon.process("courier").is_some());

    let begin = Timestamp::now();
    lab.isp(1).blackhole(true);
    lab.isp(2).blackhole(true);
    wait_until("that nothing works waits", LIMIT, || sink(&alerts(&daemon), "webhook")["waiting"] == 1);
    let waiting = alerts(&daemon);
    assert!(
        waiting["waiting"][0]["text"].as_str().is_some_and(|text| text.starts_with("Nothing has worked since ")),
        "{waiting}"
    );
    assert!(internet.posts().is_empty() && internet.mails().is_empty());
    // Killed, as if for want of memory, it has what waits all the same.
    let courier = daemon.process("courier").expect("it runs");
    kill(Pid::from_raw(courier), Signal::SIGKILL).expect("it runs");
    wait_until("another courier runs", LIMIT, || daemon.process("courier").is_some_and(|pid| pid != courier));
    wait_until("it has what waits", LIMIT, || sink(&alerts(&daemon), "mail")["waiting"] == 1);
    let mended = Timestamp::now();
    for isp in [1, 2] {
        lab.isp(isp).mend();
    }
    wait_until("the web server was told twice", LIMIT, || internet.posts().len() >= 2);
    wait_until("and mail came twice", LIMIT, || internet.mails().len() >= 2);
    let over = Timestamp::now();
    check_told(&internet, begin, mended, over);

    // A test comes after them, and to each of the two.
    wait_until("somebody waits for the one that hangs", LIMIT, || internet.hangs());
    thread::scope(|scope| {
        let test = scope.spawn(|| daemon.cli(&["alerts", "test"]));
        wait_until("the test arrives as mail and on the web", LIMIT, || {
            kinds(&internet).len() == 3 && internet.mails().len() == 3
        });
        let test = test.join().expect("it ends");
        let said = String::from_utf8_lossy(&test.stderr).into_owned();
        assert!(!test.status.success() && said.contains("mail: taken") && said.contains("webhook: taken"), "{said}");
        assert!(said.contains("ntfy: "), "{said}");
    });
    assert_eq!(kinds(&internet), ["all_out", "back", "test"]);
    let subjects = subjects(&internet);
    let ends = ["The Internet is out", "The Internet is back after", "Test"];
    assert!(subjects.iter().zip(ends).all(|(subject, end)| subject.contains(end)), "{subjects:?}");
    let state = alerts(&daemon);
    assert_eq!((&sink(&state, "mail")["taken"], &sink(&state, "mail")["waiting"]), (&3.into(), &0.into()), "{state}");
    assert_eq!((&sink(&state, "ntfy")["taken"], &sink(&state, "ntfy")["waiting"]), (&0.into(), &3.into()), "{state}");
    let shown = [daemon.log(), daemon.status().to_string(), state.to_string()];
    for secret in SECRETS {
        assert!(shown.iter().all(|text| !text.contains(secret)), "{secret} is shown");
    }
}

fn check_told(internet: &Internet, begin: Timestamp, mended: Timestamp, over: Timestamp) {
    assert_eq!(kinds(internet), ["all_out", "back"]);
    let posts = internet.posts();
    let [out, back] = [&posts[0].body, &posts[1].body];
    assert!(posts.iter().all(|post| post.head.starts_with(&format!("POST /{} HTTP/1.1\r\n", SECRETS[0]))), "{posts:?}");
    assert!(
        posts.iter().all(|post| post.head.contains(&format!("Authorization: Bearer {}\r\n", SECRETS[1]))),
        "{posts:?}"
    );
    assert_eq!((&out["links"], &out["place"]), (&serde_json::json!(["wan1", "wan2"]), &"isp".into()), "{out}");
    near(&out["since"], begin, begin);
    near(&out["time"], begin, mended);
    near(&back["since"], begin, begin);
    near(&back["until"], mended, mended);
    near(&back["time"], mended, over);
    let (begun, ended) = (begin.as_second(), mended.as_second());
    assert!(back["length_s"].as_i64().is_some_and(|length| (length - (ended - begun)).abs() <= 2 * ABOUT), "{back}");
    let mails = internet.mails();
    for mail in &mails {
        assert_eq!((&mail["encrypted"], &mail["user"]), (&true.into(), &"gateway".into()), "{mail}");
        assert_eq!(mail["to"], serde_json::json!(["admin@example.org", "boss@example.org"]), "{mail}");
    }
}

#[test]
fn a_link_that_is_out_is_told_over_the_other_and_its_return_with_length_and_cause() {
    let lab = Lab::builder("alertlink").default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let internet = Internet::start(&lab);
    let label = "[[link]]\ninterface = \"wan1\"\nlabel = \"fibre\"\n";
    let daemon = lab.gw().daemon(&format!("[select]\nhold_down = \"10s\"\n{label}{}", internet.config()));
    daemon.wait_ready();
    wait_steady(&daemon);
    lab.isp(1).silence(true);
    wait_until("it is told", LIMIT, || kinds(&internet) == ["link_out"]);
    let out = internet.posts()[0].body.clone();
    assert_eq!(out["links"], serde_json::json!(["wan1"]), "{out}");
    assert!(out["text"].as_str().is_some_and(|text| text.starts_with("fibre has been out since ")), "{out}");
    lab.isp(1).mend();
    wait_until("it is back", LIMIT, || kinds(&internet).len() >= 2);
    assert_eq!(kinds(&internet), ["link_out", "back"]);
    let back = internet.posts()[1].body.clone();
    assert!(back["title"].as_str().is_some_and(|title| title.starts_with("fibre is back after ")), "{back}");
    assert_eq!((&back["place"], &back["all_out_since"]), (&"isp_box".into(), &Value::Null), "{back}");
}
