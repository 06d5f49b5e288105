//! A courier sends minutes over TLS with a password to a real `VictoriaMetrics`, which is away for some of them.

use crate::engine::Engine;
use crate::questions;
use rebootping_lab::{Daemon, Lab, wait_until};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

/// A minute is told well after its end, and pauses between attempts grow to one.
const LIMIT: Duration = Duration::from_secs(400);
const ADDRESS: &str = "8.8.8.8:8428";
const NAME: &str = "engine.example";
const USER: &str = "gateways";
const PASSWORD: &str = "password-of-the-engine";
/// Bytes of packets to and from the engine, as IP has them.
const COUNTERS: &str = "table inet engine {\n counter asked {}\n counter answered {}\n chain in {\n  type filter hook input priority -10;\n  tcp dport 8428 counter name asked\n }\n chain out {\n  type filter hook output priority -10;\n  tcp sport 8428 counter name answered\n }\n}\n";

fn engine(lab: &Lab) -> Engine {
    let file = |name: &str| lab.dir().join(name).display().to_string();
    let arguments = [
        format!("-storageDataPath={}", file("victoria")),
        format!("-httpListenAddr={ADDRESS}"),
        "-tls".to_owned(),
        format!("-tlsCertFile={}", file("engine.crt")),
        format!("-tlsKeyFile={}", file("engine.key")),
        format!("-httpAuth.username={USER}"),
        format!("-httpAuth.password={PASSWORD}"),
        "-memory.allowedPercent=20".to_owned(),
        // What came a moment ago is found, too.
        "-search.latencyOffset=0s".to_owned(),
    ];
    let authority = file("ca.crt");
    let asked =
        format!("--cacert {authority} --user {USER}:{PASSWORD} --resolve {NAME}:8428:8.8.8.8 https://{NAME}:8428");
    Engine::start(lab.net(), "victoria-metrics", &arguments, &lab.dir().join("victoria.log"), &asked)
}

/// An authority that the gateway trusts, a certificate of the engine's by it, and its address by name.
fn certify(lab: &Lab) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    lab.net().run(&format!(
        "cd {} && exec 2>&1 && openssl req -x509 {key} -days 2 -subj /CN=lab -keyout ca.key -out ca.crt && openssl req {key} -subj /CN={NAME} -keyout engine.key -out engine.csr && echo subjectAltName=DNS:{NAME} > engine.ext && openssl x509 -req -in engine.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile engine.ext -out engine.crt",
        lab.dir().display()
    ));
    let etc = PathBuf::from(format!("/etc/netns/{}", lab.gw().name()));
    fs::create_dir_all(etc.join("ssl/certs")).expect("a folder for the gateway's certificates");
    fs::copy(lab.dir().join("ca.crt"), etc.join("ssl/certs/ca-certificates.crt")).expect("an authority");
    fs::write(etc.join("hosts"), format!("127.0.0.1 localhost\n8.8.8.8 {NAME}\n")).expect("names");
}

fn sending(daemon: &Daemon) -> Value {
    daemon.status()["remote_write"].clone()
}

/// Bytes to the engine and from it so far.
fn bytes(lab: &Lab) -> [u64; 2] {
    ["asked", "answered"].map(|name| {
        let shown = lab.net().run(&format!("nft list counter inet engine {name}"));
        let mut words = shown.split_whitespace().skip_while(|word| *word != "bytes");
        words.nth(1).and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{shown}"))
    })
}

#[test]
#[ignore = "minutes have to pass: tools/test-long fleet"]
fn an_engine_behind_tls_that_was_away_has_every_minute_once() {
    let lab = Lab::builder("away").default_targets(true).without_shorewall();
    let lab = lab.binary(env!("CARGO_BIN_EXE_rebootping")).build();
    certify(&lab);
    lab.net().nft(COUNTERS);
    let secret = lab.dir().join("password");
    fs::write(&secret, PASSWORD).expect("a secret");
    fs::set_permissions(&secret, Permissions::from_mode(0o600)).expect("its mode");
    let first = engine(&lab);
    let daemon = lab.gw().daemon(&format!(
        "[[link]]\ninterface = \"wan2\"\nlabel = \"dsl\"\n[remote_write]\nurl = \"https://{NAME}:8428/api/v1/write\"\nsite = \"home\"\nuser = \"{USER}\"\nsecret_file = \"{}\"\n",
        secret.display()
    ));
    daemon.wait_ready();
    wait_until("there is a courier", LIMIT, || daemon.process("courier").is_some());
    let taken = || sending(&daemon)["taken"].as_u64().unwrap_or(0);
    wait_until("a minute is taken", LIMIT, || taken() > 0);
    let (before, samples) = (bytes(&lab), taken());
    wait_until("another is", LIMIT, || taken() > samples);
    let (after, more) = (bytes(&lab), taken() - samples);
    // What docs/fleet.md calculates with.
    let moved = [after[0] - before[0], after[1] - before[1]];
    println!("two links: {more} samples in a message, IP bytes to the engine and back {moved:?}");

    first.stop();
    wait_until("it is missed", LIMIT, || {
        let sending = sending(&daemon);
        sending["waiting_minutes"].as_u64() >= Some(2) && sending["error"].is_string()
    });
    let shown = String::from_utf8_lossy(&daemon.cli(&["status"]).stdout).into_owned();
    let said = "minutes wait for the engine: engine.example port 8428 cannot be reached: Connection refused";
    assert!(shown.contains(said), "{shown}");
    let second = engine(&lab);
    wait_until("it has all of it", LIMIT, || {
        let sending = sending(&daemon);
        sending["waiting_minutes"] == 0 && sending["error"].is_null()
    });
    check_whole(&second, taken());
    let log = daemon.log();
    assert!(log.contains("the engine answers again; it is sent what it missed") && !log.contains(PASSWORD), "{log}");
}

/// Every series has each minute once, and what the dashboard asks of them is answered.
fn check_whole(engine: &Engine, taken: u64) {
    let export = || {
        // What came in a moment ago is not found before that.
        engine.get("/internal/force_flush")?;
        engine.get("/api/v1/export?match[]=%7Bsite=%22home%22%7D")
    };
    let series: Vec<Value> =
        export().expect("it answers").lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let times = |series: &Value| -> Vec<i64> {
        series["timestamps"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect()
    };
    let all: Vec<i64> = times(&series[0]);
    assert!(all.len() >= 4 && all.windows(2).all(|two| two[1] - two[0] == 60_000), "{all:?}");
    for one in &series {
        assert_eq!(times(one), all, "no gap, and no time twice: {}", one["metric"]);
    }
    assert_eq!((series.len() * all.len()) as u64, taken, "it has all that it took");
    let labels: BTreeSet<&str> = series.iter().filter_map(|one| one["metric"]["label"].as_str()).collect();
    assert!(labels.contains("dsl"), "{labels:?}");

    // Of the gateway itself only who asks is told.
    let sent = ["rebootping_link_used", "rebootping_round_trip", "rebootping_echoes", "rebootping_link_received"];
    let words = [("$__rate_interval", "5m"), ("$site", ".*"), ("$link", ".*"), ("$family", ".*")];
    for question in
        questions(&words).iter().filter(|it| sent.iter().any(|name| it.contains(name)) && !it.contains("== 0"))
    {
        assert!(!engine.ask(question).is_empty(), "{question}");
    }
}
