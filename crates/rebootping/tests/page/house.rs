//! A house with three links, of which one is a metered spare and one has just failed, and devices that use them.

use std::io::Write;
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use rebootping_lab::{Conditions, Daemon, Family, Flows, Lab, wait_until};

pub(crate) const PASSWORD: &str = "correct horse battery";
/// Start-up asks Shorewall, and the machine may be busy.
const LIMIT: Duration = Duration::from_secs(60);
const CLIENTS: usize = 3;
/// Questions a second of each flow: enough to be seen in a graph.
const QUESTIONS: u32 = 10;
const CONFIG: &str = r#"
[[link]]
interface = "wan1"
label = "fibre"
[[link]]
interface = "wan2"
label = "dsl"
[[link]]
interface = "wan3"
label = "lte"
metered = true
cap = "10GB"
"#;

/// The house; its traffic ends before its daemon, and that before its wires.
pub(crate) struct House {
    _flows: Vec<Flows>,
    pub(crate) daemon: Daemon,
    pub(crate) lab: Lab,
}

impl House {
    /// Builds it and waits until its links are used and its page is served.
    #[track_caller]
    pub(crate) fn build(prefix: &str) -> Self {
        let ms = |tenths: u64| Duration::from_micros(100 * tenths);
        let wire = |seed, delay, jitter| Conditions::seeded(seed).delay(ms(delay)).jitter(ms(jitter));
        let lab = Lab::builder(prefix)
            .isps(3)
            .clients(CLIENTS)
            .default_targets(true)
            .binary(env!("CARGO_BIN_EXE_rebootping"));
        let lab = lab.wire(1, wire(1, 40, 4)).wire(2, wire(2, 105, 30)).wire(3, wire(3, 300, 120)).build();
        let daemon = lab.gw().daemon(CONFIG);
        daemon.wait_ready();
        wait_until("both unmetered links are used", LIMIT, || {
            ["wan1", "wan2"]
                .iter()
                .all(|link| daemon.link(link)["enabled"] == true && daemon.link(link)["committed"] == true)
        });
        let flows = (1..=CLIENTS).map(|client| lab.flows_from(client, Family::V4, (2, 1), QUESTIONS)).collect();
        let house = Self { _flows: flows, daemon, lab };
        wait_until("the page is served", LIMIT, || house.is_served());
        house.set_password();
        house
    }

    /// Lets one target be lost on the second link until that sits out; when it was taken out, in unix seconds.
    #[track_caller]
    pub(crate) fn fail_once(&self) -> u64 {
        self.lab.isp(2).lose_target("1.1.1.1", true);
        wait_until("dsl is taken out", LIMIT, || self.daemon.link("wan2")["enabled"] == false);
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        self.lab.isp(2).lose_target("1.1.1.1", false);
        wait_until("dsl sits out", LIMIT, || self.daemon.link("wan2")["reason"]["code"] == "hold_down");
        at
    }

    /// Ends the hold-down of the second link.
    #[track_caller]
    pub(crate) fn mend(&self) {
        assert!(self.daemon.cli(&["link", "retry", "wan2"]).status.success(), "retry");
        wait_until("dsl is used again", LIMIT, || {
            let dsl = self.daemon.link("wan2");
            dsl["enabled"] == true && dsl["committed"] == true
        });
    }

    fn is_served(&self) -> bool {
        self.lab.gw().enter(|| TcpStream::connect("127.0.0.1:8067").is_ok())
    }

    #[track_caller]
    fn set_password(&self) {
        let mut command = self.lab.gw().command(env!("CARGO_BIN_EXE_rebootping"));
        command.arg("--config").arg(self.daemon.config_path()).arg("passwd");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("`ip` starts");
        child.stdin.take().expect("it is piped").write_all(format!("{PASSWORD}\n").as_bytes()).expect("it reads");
        assert!(child.wait().expect("its end").success(), "passwd");
    }
}
