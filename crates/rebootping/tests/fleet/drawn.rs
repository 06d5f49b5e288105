//! A real Prometheus that asks a real daemon: every question of the dashboard has an answer, and every rule is one it can follow.

use crate::engine::Engine;
use crate::{questions, root};
use rebootping_lab::{Lab, wait_until};
use serde_json::Value;
use std::time::Duration;

/// A cap is counted by the minute.
const LIMIT: Duration = Duration::from_secs(180);
const ADDRESS: &str = "127.0.0.1:9090";
/// Any gateway, any link, and a time that holds some questions.
const WORDS: [(&str, &str); 4] = [("$__rate_interval", "30s"), ("$site", ".*"), ("$link", ".*"), ("$family", ".*")];

#[test]
fn every_question_of_the_dashboard_is_answered_and_every_rule_is_followed() {
    let lab = Lab::builder("drawn").default_targets(true).without_shorewall();
    let lab = lab.binary(env!("CARGO_BIN_EXE_rebootping")).build();
    let daemon = lab
        .gw()
        .daemon("[select]\nhold_down = \"1h\"\n[[link]]\ninterface = \"wan2\"\nlabel = \"lte\"\ncap = \"10GB\"\n");
    daemon.wait_ready();
    let rules = root().join("dist/prometheus/rebootping.rules.yml");
    let config = format!(
        "global:\n  scrape_interval: 1s\n  evaluation_interval: 1s\nrule_files: ['{}']\nscrape_configs:\n  - job_name: rebootping\n    params: {{devices: ['true']}}\n    static_configs:\n      - targets: ['127.0.0.1:8067']\n        labels: {{site: home}}\n",
        rules.display()
    );
    let engine = Engine::prometheus(&lab.gw(), &lab.dir(), ADDRESS, &config);
    wait_until("both links are in use", LIMIT, || engine.ask("rebootping_link_used == 1").len() == 2);
    lab.isp(2).blackhole(true);
    wait_until("one is out", LIMIT, || engine.ask("rebootping_link_used == 0").len() == 1);

    for question in questions(&WORDS) {
        assert!(!question.contains('$'), "{question}");
        wait_until(&format!("this is answered: {question}"), LIMIT, || !engine.ask(&question).is_empty());
    }
    let is_known = |name: &str| !engine.ask(name).is_empty();
    wait_until("devices are told", LIMIT, || is_known("rebootping_device_sent_bytes_total"));

    let rules = || -> Vec<Value> {
        let text = engine.get("/api/v1/rules").unwrap_or_default();
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        answer["data"]["groups"][0]["rules"].as_array().cloned().unwrap_or_default()
    };
    wait_until("every rule was followed", LIMIT, || {
        let rules = rules();
        rules.len() >= 11 && rules.iter().all(|rule| rule["health"] == "ok")
    });
    wait_until("that a link is out is about to be alerted", LIMIT, || {
        rules().iter().any(|rule| rule["name"] == "RebootpingLinkOut" && rule["state"] != "inactive")
    });
}
