//! `/metrics` of a gateway with two links, read strictly, looked over by Prometheus's own tool, and growing as rounds pass.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use rebootping_lab::openmetrics::{Labels, Numbers, read};
use rebootping_lab::{Lab, wait_until};

use crate::raw::{Reply, connect, exchange};
use crate::site::{LOOPBACK, address, request};

/// The machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
const OPEN: &str = "Accept: application/openmetrics-text; version=1.0.0";

fn get(lab: &Lab, path: &str, headers: &[&str]) -> Reply {
    let stream = connect(&lab.gw(), address(LOOPBACK)).expect("it is served");
    exchange(stream, &request("GET", path, LOOPBACK, headers, "")).expect("an answer")
}

fn numbers(lab: &Lab) -> Numbers {
    let reply = get(lab, "/metrics", &[OPEN]);
    assert_eq!(reply.status, 200, "{reply:?}");
    let text = String::from_utf8(reply.body).expect("text");
    read(&text).unwrap_or_else(|why| panic!("{why}\n{text}"))
}

/// A number by its name and labels.
fn of(numbers: &Numbers, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let labels: Labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    numbers.get(&(name.to_owned(), labels)).copied()
}

/// What `promtool check metrics` has to say.
fn promtool(text: &[u8]) -> String {
    let mut command = Command::new("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("promtool is here: tools/need lab");
    child.stdin.take().expect("a pipe").write_all(text).expect("it reads");
    let output = child.wait_with_output().expect("its end");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn monitoring_is_told_all_that_passes_and_promtool_finds_nothing_to_say() {
    let lab = Lab::builder("metrics").isps(2).default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let daemon =
        lab.gw().daemon("[select]\nhold_down = \"1h\"\n[[link]]\ninterface = \"wan2\"\nlabel = \"the \\\"dsl\\\"\"\n");
    daemon.wait_ready();
    wait_until("the page is served", LIMIT, || connect(&lab.gw(), address(LOOPBACK)).is_ok());
    let first = [("link", "wan1"), ("family", "ipv4")];
    let second = [("link", "wan2"), ("label", "the \"dsl\""), ("family", "ipv4")];
    let with = |labels: [(&'static str, &'static str); 3], other| [labels[0], labels[1], labels[2], other];
    wait_until("both links are used and answer", LIMIT, || {
        let numbers = numbers(&lab);
        let is_well = |labels: &[(&str, &str)]| {
            of(&numbers, "rebootping_link_used", labels) == Some(1.0)
                && of(&numbers, "rebootping_round_trip_seconds_count", labels) > Some(0.0)
        };
        is_well(&first) && is_well(&second)
    });
    let before = numbers(&lab);
    let is_promtool_content = |path: &str| {
        let reply = get(&lab, path, &[]);
        assert!(reply.header("content-type").is_some_and(|kind| kind.starts_with("text/plain")), "{reply:?}");
        assert_eq!(promtool(&reply.body), "", "{}", String::from_utf8_lossy(&reply.body));
    };
    is_promtool_content("/metrics");
    is_promtool_content("/metrics?devices=true");
    assert_eq!(get(&lab, "/metrics?devices=perhaps", &[]).status, 400);

    lab.isp(2).blackhole(true);
    wait_until("the second link's end is counted", LIMIT, || {
        let numbers = numbers(&lab);
        of(&numbers, "rebootping_link_used", &second) == Some(0.0)
            && of(&numbers, "rebootping_verdicts_total", &with(second, ("verdict", "out"))) == Some(1.0)
            && of(&numbers, "rebootping_echoes_lost_total", &second) > Some(0.0)
            && of(&numbers, "rebootping_commits_total", &[("result", "applied")]) > Some(0.0)
    });
    let after = numbers(&lab);
    for ((name, labels), was) in &before {
        if ["_total", "_bucket", "_count", "_sum"].iter().any(|suffix| name.ends_with(suffix)) {
            let is = after.get(&(name.clone(), labels.clone()));
            assert!(is.is_some_and(|is| is >= was), "{name} {labels:?}: {was}, then {is:?}");
        }
    }
    let captured = of(&after, "rebootping_captured_packets_total", &[]);
    assert!(captured > Some(0.0), "{captured:?}");
    assert!(
        !after.keys().any(|(name, _)| name.starts_with("rebootping_device_")),
        "devices are told where they are asked for"
    );
    let reply = get(&lab, "/metrics?devices=true", &[OPEN]);
    assert_eq!(reply.header("content-type"), Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    read(&String::from_utf8(reply.body).expect("text")).expect("strictly right");
}
