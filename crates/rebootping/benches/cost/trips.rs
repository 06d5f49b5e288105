//! How far the daemon's round trips are from those the wire saw, and beside them fping's, over the same wires.
//!
//! The wire has the kernel's stamp of each request, and reads the clock before and after it hands over the reply. Where these two
//! are far apart the wire itself was held up, and what the truth was is not known: such an echo says nothing.

use std::time::Duration;

use rebootping_lab::{Conditions, Echo, Lab, wait_until};
use serde_json::Value;

use crate::{LINKS, PROGRAM, READY_LIMIT, limit};

/// Error of a round trip, 99 of 100.
const MOST_ERROR: Duration = Duration::from_micros(50);
/// The truth must be known this well; half of it may be added to an error.
const KNOWN: Duration = Duration::from_micros(50);
/// Fewer round trips than this have no 99th percentile.
const FEWEST: usize = 100;
/// Daemons started; each gives two round trips on each link.
const STARTS: usize = 60;
const TARGETS: [&str; 3] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
/// Echoes that fping sends to each target over each link, and the milliseconds between two of them.
const FPINGS: usize = 100;
const FPING_PERIOD: &str = "50";

/// The errors of some round trips, smallest first, and of how many the truth is not known.
#[derive(Default)]
struct Errors {
    known: Vec<Duration>,
    unknown: usize,
}

impl Errors {
    /// Adds a round trip as shown, in milliseconds, and the echo it was of.
    fn add(&mut self, shown: f64, echo: &Echo) {
        let (Some(trip), Some(uncertainty)) = (echo.round_trip(), echo.uncertainty()) else {
            panic!("{echo:?} was answered");
        };
        if uncertainty > KNOWN {
            self.unknown += 1;
            return;
        }
        let truth = trip + uncertainty / 2;
        self.known.push(Duration::from_secs_f64((shown / 1e3 - truth.as_secs_f64()).abs()));
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.known[(self.known.len() - 1) * percent / 100]
    }

    fn print(&mut self, whose: &str) {
        self.known.sort_unstable();
        println!(
            "  {whose:10} {:5} round trips, error: median {:?}, 95 % {:?}, 99 % {:?}, most {:?}; of {} more the truth is not known",
            self.known.len(),
            self.percentile(50),
            self.percentile(95),
            self.percentile(99),
            self.percentile(100),
            self.unknown
        );
    }
}

/// Whether the daemon's round trips are those the wire saw.
pub(crate) fn measure() -> bool {
    let wire = |seed| Conditions::seeded(seed).delay(Duration::from_millis(2)).jitter(Duration::from_millis(1));
    let lab = Lab::builder("costrtt").without_shorewall().binary(PROGRAM).wire(1, wire(1)).wire(2, wire(2)).build();
    let (mut ours, mut theirs) = (Errors::default(), Errors::default());
    for _ in 0..STARTS {
        add_one_start(&lab, &mut ours);
    }
    for (link, isp) in LINKS.iter().zip(1..) {
        add_fping(&lab, link, isp, &mut theirs);
    }
    println!("Round trips against the wire's own stamps");
    ours.print("rebootping");
    theirs.print("fping");
    let enough = ours.known.len() >= FEWEST;
    if !enough {
        println!("  too few: this machine holds the wire up too often");
    }
    limit("error of round trips in us, 99 of 100", micros(ours.percentile(99)), micros(MOST_ERROR)) && enough
}

/// A daemon shows quantiles of the last minute, so each is asked after its first round of three echoes a link: the smallest and
/// the middle one are then single echoes.
fn add_one_start(lab: &Lab, errors: &mut Errors) {
    let targets = TARGETS.map(|target| format!("\"{target}\"")).join(", ");
    let daemon = lab.gw().daemon(&format!("[probe]\ntargets = [{targets}]\nechoes = 1\n"));
    let mut status = Value::Null;
    wait_until("the first round is over", READY_LIMIT, || {
        status = daemon.try_status().unwrap_or_default();
        status["links"]
            .as_array()
            .is_some_and(|links| links.len() == LINKS.len() && links.iter().all(|link| !link["rtt_ms"].is_null()))
    });
    drop(daemon);
    for (link, isp) in LINKS.iter().zip(1..) {
        let links = status["links"].as_array().expect("links");
        let shown = &links.iter().find(|it| it["name"] == **link).expect("the link")["rtt_ms"];
        let first = newest(lab, isp, 3);
        for (name, echo) in ["min", "median"].iter().zip(&first) {
            errors.add(shown[*name].as_f64().expect("a round trip"), echo);
        }
    }
}

/// The first echoes over a wire of the newest who sent any, shortest round trip first.
fn newest(lab: &Lab, isp: usize, count: usize) -> Vec<Echo> {
    let echoes = lab.isp(isp).wire().echoes();
    let newest = echoes.back().expect("an echo has passed").identifier;
    let mut first: Vec<Echo> = echoes.iter().filter(|echo| echo.identifier == newest).take(count).copied().collect();
    assert_eq!(first.len(), count, "that many echoes were sent");
    first.sort_unstable_by_key(Echo::round_trip);
    first
}

/// fping prints the round trips of each target on a line of its own, in the order in which they were asked.
fn add_fping(lab: &Lab, link: &str, isp: usize, errors: &mut Errors) {
    let count = FPINGS.to_string();
    let mut command = lab.gw().command("fping");
    command.args(["-q", "-C", &count, "-p", FPING_PERIOD, "-i", "1", "-I", link]).args(TARGETS);
    let output = command.output().expect("fping starts");
    let echoes = newest(lab, isp, FPINGS * TARGETS.len());
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let Some((target, trips)) = line.split_once(" : ") else { continue };
        let mut asked: Vec<&Echo> = echoes.iter().filter(|echo| echo.target.to_string() == target.trim()).collect();
        asked.sort_unstable_by_key(|echo| echo.request_at);
        let shown: Vec<&str> = trips.split_whitespace().collect();
        assert_eq!((shown.len(), asked.len()), (FPINGS, FPINGS), "every echo to {target} is shown");
        for (shown, echo) in shown.iter().zip(asked) {
            // It prints a dash for an answer it did not wait for.
            if let Ok(shown) = shown.parse() {
                errors.add(shown, echo);
            }
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
