//! What was, over HTTP: graphs, reasons and the log of a gateway with two links, one of which fails.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rebootping_lab::{Daemon, Lab, wait_until};
use serde_json::Value;

use crate::raw::{Reply, connect, exchange};
use crate::site::{LOOPBACK, address, process, request};

/// The machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);

fn get(lab: &Lab, path: &str) -> Reply {
    let stream = connect(&lab.gw(), address(LOOPBACK)).expect("it is served");
    exchange(stream, &request("GET", path, LOOPBACK, &[], "")).expect("an answer")
}

/// Asks until the answer is as it should be: the history hears of rounds a little later than the links do.
#[track_caller]
fn ask(lab: &Lab, what: &str, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
    let mut answer = Value::Null;
    wait_until(what, LIMIT, || {
        let reply = get(lab, path);
        answer = reply.json();
        reply.status == 200 && is_right(&answer)
    });
    answer
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("no list of {name}: {value}"))
}

fn begin(lab: &Lab) -> Daemon {
    let daemon = lab.gw().daemon("[select]\nhold_down = \"3s\"\n[[link]]\ninterface = \"wan2\"\nlabel = \"dsl\"\n");
    daemon.wait_ready();
    wait_until("the page is served", LIMIT, || connect(&lab.gw(), address(LOOPBACK)).is_ok());
    wait_until("both links are used", LIMIT, || {
        let status = daemon.status();
        let links = status["links"].as_array().expect("a list");
        links.len() == 2 && links.iter().all(|link| link["enabled"] == true && link["healthy"] == true)
    });
    daemon
}

#[test]
fn a_fault_is_in_the_graph_the_reason_and_the_log_at_once_and_after_a_restart_of_the_observer() {
    let lab = Lab::builder("webpast").isps(2).default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let daemon = begin(&lab);
    let drawn = |answer: &Value| list(&answer["columns"], "median").iter().filter(|it| it.is_number()).count();
    let path = "/api/v1/links/dsl/history?from=5m&points=600";
    let graph = ask(&lab, "the first rounds are drawn", path, |answer| drawn(answer) >= 3);
    assert_eq!((&graph["link"], &graph["family"], &graph["step"]), (&"wan2".into(), &"ipv4".into(), &1.into()));
    assert_eq!(list(&graph, "targets").len(), 4, "{graph}");
    let columns = graph["columns"].as_object().expect("columns");
    let length = list(&graph["columns"], "time").len();
    assert!(columns.values().all(|column| column.as_array().is_some_and(|column| column.len() == length)));
    assert_eq!(list(&graph, "gaps")[0]["cause"], "daemon_down", "before it was started");
    let one = get(&lab, &format!("{path}&target=8.8.8.8")).json();
    let asked = |graph: &Value| list(&graph["columns"], "asked").iter().filter_map(Value::as_u64).sum::<u64>();
    assert!(asked(&one) * 4 <= asked(&graph) + 60 && asked(&one) > 0, "one target of four");

    lab.isp(2).blackhole(true);
    wait_until("dsl is out", LIMIT, || daemon.link("wan2")["enabled"] == false);
    let is_out = |answer: &Value| list(answer, "marks").iter().any(|mark| mark["enabled"] == false);
    let graph = ask(&lab, "the fault is marked", path, is_out);
    let mark = list(&graph, "marks").iter().rfind(|mark| mark["enabled"] == false).expect("a mark").clone();
    assert!(mark["text"].as_str().is_some_and(|text| text.contains("while wan1 answered 4")), "{mark}");
    assert!(!list(&graph, "sits_out").is_empty(), "{graph}");
    let at = mark["time"].as_f64().expect("seconds").floor();
    let why = ask(&lab, "the mark has its reason", &format!("/api/v1/links/dsl/why?at={at}"), |why| {
        list(why, "links").len() == 2
    });
    let text = why["text"].as_str().expect("prose");
    assert!(text.contains("dsl was out of use") && text.contains("The choice changed here"), "{text}");
    assert!(text.lines().count() <= 10);
    let pings = list(&why, "pings");
    let of = |link: &'static str| pings.iter().filter(move |ping| ping["link"] == link);
    assert!(of("wan1").all(|ping| ping["rtt_ms"].is_number()) && of("wan1").count() > 8, "{why}");
    assert!(of("wan2").any(|ping| ping["rtt_ms"].is_null()) && of("wan2").any(|ping| ping["rtt_ms"].is_number()));
    assert!(pings[0]["time"].is_number() && !list(&why, "what_if").is_empty());
    let says_so = |answer: &Value| {
        list(answer, "events").iter().any(|entry| {
            let text = entry["text"].as_str().unwrap_or_default();
            entry["kind"] == "verdict" && entry["link"] == "wan2" && text.starts_with("dsl is out of use: it ")
        })
    };
    let log = ask(&lab, "it is in the log", "/api/v1/log?limit=50", says_so);
    let ids = |log: &Value| list(log, "events").iter().map(|it| it["id"].as_str().expect("an id").to_owned()).collect();
    let all: Vec<String> = ids(&log);
    assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "the newest first, each once: {all:?}");
    assert!(list(&log, "events").iter().any(|entry| entry["kind"] == "applied"), "{log}");
    let page: Vec<String> = ids(&get(&lab, &format!("/api/v1/log?limit=1&before={}", all[0])).json());
    assert_eq!(page, all[1..2]);

    let has_outage = |answer: &Value| {
        list(answer, "outages").iter().any(|outage| outage["link"] == "wan2" && outage["text"].is_string())
    };
    ask(&lab, "it is among the outages", "/api/v1/outages?since=1h", has_outage);
    let sheet = get(&lab, "/api/v1/outages/sheet?since=1h");
    assert_eq!((sheet.status, sheet.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(sheet.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")), "{}", sheet.head);
    assert!(String::from_utf8_lossy(&sheet.body).contains("dsl"));
    ask(&lab, "and in the log as such", "/api/v1/log?limit=50", |answer| {
        list(answer, "events").iter().any(|entry| entry["kind"] == "outage" && entry["link"] == "wan2")
    });

    wait_until("the observer is started anew", LIMIT, || {
        let restarts = || daemon.status()["processes"].as_array().expect("a list")[2]["restarts"].as_u64();
        if let (Some(0), Some(pid)) = (restarts(), process(&daemon, "observer")) {
            // It may have ended by itself just now.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        restarts().is_some_and(|restarts| restarts > 0)
    });
    let told = ask(&lab, "the log says the same", "/api/v1/log?limit=50", says_so);
    let told: Vec<String> = ids(&told);
    assert!(all.iter().all(|id| told.contains(id)), "{all:?} {told:?}");
    ask(&lab, "so does the graph", path, is_out);
}

#[test]
fn what_cannot_be_asked_is_refused_in_words() {
    let lab = Lab::builder("webnopast").isps(2).default_targets(true).binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let _daemon = begin(&lab);
    for (path, status) in [
        ("links/wan1/history?from=x", 400),
        ("links/wan1/history?from=10&to=5", 400),
        ("links/wan1/history?points=many", 400),
        ("links/wan1/history?points=65535&from=1&to=9999999999", 200),
        ("links/wan1/history?from=-9e99", 400),
        ("links/wan1/history?family=ipx", 400),
        ("links/wan1/history?target=evil.example", 400),
        ("links/wan9/history", 200),
        ("links/..%2f..%2fetc/history", 200),
        ("links/wan1/why?at=yesterday", 400),
        ("links/wan1/why?at=1", 404),
        ("links/wan9/why", 404),
        ("outages?since=soon", 400),
        ("outages/sheet?since=1h", 200),
        ("log?limit=-1", 400),
        ("log?before=7", 400),
        ("log?before=00000001%00", 400),
        ("log?mac=me", 400),
        ("log?mac=02:00:00:00:00:09", 200),
    ] {
        let reply = get(&lab, &format!("/api/v1/{path}"));
        assert_eq!(reply.status, status, "{path}: {}", String::from_utf8_lossy(&reply.body));
        if !path.starts_with("outages/sheet") {
            let said = reply.json();
            assert_eq!(said["error"].is_string(), status != 200, "{path}: {said}");
        }
    }
}
