//! The image and the lab of `make docker-demo`, on an engine of their own: an ISP breaks and new connections take the other.

mod engine;

use std::time::Duration;

use engine::Engine;
use rebootping_lab::wait_until;
use serde_json::Value;

/// What the image may have beyond its base, in bytes.
const LARGEST: u64 = 60_000_000;
/// Containers start one after the other, Shorewall compiles, and the first rounds are judged; the machine may be busy.
const START_LIMIT: Duration = Duration::from_secs(180);
/// Two seconds for a switch, 15 of hold-down for the way back, and a machine that is busy.
const SWITCH_LIMIT: Duration = Duration::from_secs(60);
/// What a container takes that Shorewall's scripts are run in, as docs/containers.md says.
const POWERS: [&str; 13] = [
    "--cap-drop=ALL",
    "--cap-add=NET_ADMIN",
    "--cap-add=NET_RAW",
    "--cap-add=SETUID",
    "--cap-add=SETGID",
    "--cap-add=SETPCAP",
    "--cap-add=CHOWN",
    "--cap-add=FOWNER",
    "--cap-add=DAC_OVERRIDE",
    "--cap-add=KILL",
    "--security-opt=systempaths=unconfined",
    "--security-opt=no-new-privileges",
    "--read-only",
];

#[test]
#[ignore = "it makes images and starts a Docker engine: make test-long SLICE=docker"]
fn the_image_is_small_and_its_gateway_leaves_an_isp_that_breaks() {
    let engine = Engine::start();
    let base = base_name();
    engine.import_base(&base);
    engine.build_image();
    check_size(size(&engine, "rebootping") - size(&engine, &base));

    engine.compose(&["up", "--detach", "--build"]);
    let lab = Lab { engine: &engine, rebootping: lab_container(&engine, "rebootping") };
    lab.wait_well();
    lab.break_and_mend();
    lab.page_is_published();

    // The same gateway once more, by the smaller set of powers that the guide gives for a real one.
    engine.compose(&["rm", "--stop", "--force", "rebootping"]);
    let lab = Lab { engine: &engine, rebootping: start_with_few_powers(&engine) };
    lab.wait_well();
    lab.break_and_mend();
    engine.docker(&["rm", "--force", &lab.rebootping]);
    engine.compose(&["down", "--volumes", "--timeout", "1"]);
}

/// The lab of compose.yaml, and the container in which its rebootping runs.
struct Lab<'a> {
    engine: &'a Engine,
    rebootping: String,
}

impl Lab<'_> {
    #[track_caller]
    fn wait_well(&self) {
        wait_until("both links are healthy and committed", START_LIMIT, || {
            let links = self.links();
            links.len() == 2 && links.iter().all(|link| link["healthy"] == true && link["committed"] == true)
        });
        assert_eq!(self.status()["commit"]["backend"], "shorewall");
    }

    /// Breaks ISP 1, sees its link leave and the LAN go on, mends it and sees it come back.
    #[track_caller]
    fn break_and_mend(&self) {
        let link = self.links().into_iter().find(|link| link["provider"] == "isp1").unwrap_or_default();
        let link = link["name"].as_str().expect("Shorewall's first provider is a link");
        self.engine.compose(&["exec", "-T", "isp1", "lab", "break"]);
        wait_until("the link of ISP 1 has left the routing", SWITCH_LIMIT, || {
            !self.balance().contains(&format!("dev {link} ")) && self.link(link)["committed"] == true
        });
        assert!(self.balance().contains("dev eth"), "there is a way out: {}", self.balance());
        self.engine.compose(&["exec", "-T", "laptop", "ping", "-q", "-c", "3", "-W", "5", "8.8.8.8"]);
        let why = self.engine.docker(&["exec", &self.rebootping, "rebootping", "why", link]);
        println!("{why}");
        self.engine.compose(&["exec", "-T", "isp1", "lab", "mend"]);
        wait_until("the link of ISP 1 is back", SWITCH_LIMIT, || {
            self.balance().contains(&format!("dev {link} ")) && self.link(link)["healthy"] == true
        });
    }

    /// Whoever opens the published port is asked to log in.
    #[track_caller]
    fn page_is_published(&self) {
        let mut said = String::new();
        wait_until("the page answers where it is published", SWITCH_LIMIT, || {
            let ask = "curl --silent --max-time 5 http://localhost:8067/api/v1/session || true";
            said = self.engine.beside(&["sh", "-c", ask]);
            said.contains("\"login\":")
        });
        let session: Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!((&session["local"], &session["scope"]), (&Value::Bool(false), &Value::Null), "{said}");
    }

    /// The default route of new connections.
    fn balance(&self) -> String {
        self.gateway(&["ip", "route", "show", "table", "balance"])
    }

    fn gateway(&self, words: &[&str]) -> String {
        self.engine.compose(&[&["exec", "-T", "gateway"], words].concat())
    }

    fn status(&self) -> Value {
        let said = self.engine.try_docker(&["exec", &self.rebootping, "rebootping", "status", "--json"]).stdout;
        serde_json::from_slice(&said).unwrap_or_default()
    }

    fn links(&self) -> Vec<Value> {
        self.status()["links"].as_array().cloned().unwrap_or_default()
    }

    fn link(&self, name: &str) -> Value {
        self.links().into_iter().find(|link| link["name"] == name).unwrap_or_default()
    }
}

/// The base that tools/docker-image takes on this machine.
fn base_name() -> String {
    let release = std::fs::read_to_string("/etc/os-release").expect("a release");
    let field = |name: &str| {
        let value = release.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        value.unwrap_or_default().trim_matches('"').to_owned()
    };
    match field("ID").as_str() {
        "ubuntu" => format!("ubuntu:{}", field("VERSION_ID")),
        _ => format!("debian:{}-slim", field("VERSION_CODENAME")),
    }
}

#[track_caller]
fn check_size(added: u64) {
    println!("the image has {added} bytes beyond its base");
    if cfg!(debug_assertions) {
        println!("this is the program without optimisation, which is larger: its size is not judged");
    } else {
        assert!(added <= LARGEST, "{added} bytes beyond the base, which is more than {LARGEST}");
    }
}

fn size(engine: &Engine, image: &str) -> u64 {
    let said = engine.docker(&["image", "inspect", "--format", "{{.Size}}", image]);
    said.trim().parse().unwrap_or_else(|error| panic!("{image}: {said:?}: {error}"))
}

/// The id of a service's container.
fn lab_container(engine: &Engine, service: &str) -> String {
    let said = engine.compose(&["ps", "--quiet", service]);
    let id = said.trim().to_owned();
    assert!(!id.is_empty(), "{service} has a container");
    id
}

/// Starts rebootping in the gateway's network and among its processes, with what [`POWERS`] leaves it.
fn start_with_few_powers(engine: &Engine) -> String {
    let gateway = lab_container(engine, "gateway");
    let place = format!("container:{gateway}");
    let config = "/etc/rebootping/rebootping.toml";
    let volumes = ["lab_shorewall-etc:/etc/shorewall:ro", "lab_shorewall-var:/var/lib/shorewall"]
        .into_iter()
        .chain(["lab_run:/run/rebootping", "lab_state:/var/lib/rebootping"]);
    let lab = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dist/docker/lab/rebootping.toml");
    let lab = lab.canonicalize().expect("the lab has a configuration");
    let config = format!("{}:{config}:ro", lab.display());
    let mut words = vec!["run", "--detach", "--tmpfs=/tmp", "--network", &place, "--pid", &place, "--volume", &config];
    for volume in volumes {
        words.extend(["--volume", volume]);
    }
    words.extend(POWERS);
    words.push("rebootping");
    engine.docker(&words).trim().to_owned()
}
