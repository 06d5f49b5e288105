//! Processes that are killed at random moments: status files stay whole, hold-downs are kept, probing goes on at once.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use rebootping_lab::{Conditions, Daemon, Family, Lab, SWITCH_LIMIT, wait_until};

use crate::beat::held;
use crate::company::{find_judge, is_alive, judge, signal_to};
use crate::files::Reader;
use crate::support::{lab, start, wait_out};
use crate::times;

/// The hold-down of wan1, which no test outlives.
const HOLD_DOWN: u64 = 3600;
/// Five times the second within which the first echo must leave.
const ECHO_LIMIT: Duration = Duration::from_secs(5);
/// The longest that is waited before a kill, in milliseconds: a round, and start-up.
const LONGEST_LIFE: u64 = 1_000;

/// wan1 holds for long, wan2 comes back at once: its file changes often.
pub(crate) fn config() -> String {
    format!("[select]\nhold_down = \"{HOLD_DOWN}s\"\n[[link]]\ninterface = \"wan2\"\nhold_down = \"1s\"\n")
}

/// A lab with three ISPs in which wan1 has begun to hold. wan3 has a wire that knows when echoes left.
#[track_caller]
pub(crate) fn holding(prefix: &str) -> (Lab, Daemon) {
    let lab = lab(prefix).isps(3).wire(3, Conditions::seeded(1)).build();
    let daemon = start(&lab, &config());
    lab.isp(1).blackhole(true);
    wait_out(&lab, &daemon, "wan1", SWITCH_LIMIT);
    lab.isp(1).mend();
    (lab, daemon)
}

/// Reads the status files of all links from now on.
pub(crate) fn reader(lab: &Lab) -> Reader {
    let folder = lab.gw().var_dir(Family::V4);
    Reader::of((1..=3).map(|isp| folder.join(format!("rebootping-wan{isp}.status"))).collect())
}

/// What wan1 must still hold after some time: not less than by a round a second, and never the whole again.
pub(crate) struct Holding {
    begun: Instant,
    rounds: u64,
}

impl Holding {
    #[track_caller]
    pub(crate) fn of(lab: &Lab) -> Self {
        Self { begun: Instant::now(), rounds: held(&lab.dir().join("run/judge/links.json"), "wan1") }
    }

    /// Panics unless the judge's memory, the one that survives its process, agrees.
    #[track_caller]
    pub(crate) fn assert_kept(&self, lab: &Lab) {
        let now = held(&lab.dir().join("run/judge/links.json"), "wan1");
        let gone = self.begun.elapsed().as_secs() + 2;
        println!("wan1 had {} rounds to hold, and has {now} {gone} s later", self.rounds);
        assert!(now <= self.rounds && now + gone >= self.rounds, "{} rounds became {now} in {gone} s", self.rounds);
    }
}

/// A moment that is another each time.
fn random(below: u64) -> u64 {
    RandomState::new().hash_one(()) % below
}

/// Since 1970, as the wire stamps.
fn wall() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("1970 is over")
}

/// Waits until an echo has left over wan3 that no earlier daemon sent, at the latest `ECHO_LIMIT` after `begun`; how long after.
#[track_caller]
fn first_echo(lab: &Lab, begun: Duration) -> Duration {
    let mut first = None;
    // What a judge that was killed had sent carries another identifier. One is drawn at every start: of hundreds, two are the same.
    let lately = begun.saturating_sub(ECHO_LIMIT)..begun;
    let echoes = lab.isp(3).wire().echoes();
    let known: Vec<u16> =
        echoes.iter().filter(|echo| lately.contains(&echo.request_at)).map(|echo| echo.identifier).collect();
    drop(echoes);
    wait_until("the first echo has left", ECHO_LIMIT, || {
        let echoes = lab.isp(3).wire().echoes();
        first = echoes.iter().find(|echo| echo.request_at >= begun && !known.contains(&echo.identifier)).copied();
        first.is_some()
    });
    first.expect("it has left").request_at.saturating_sub(begun)
}

#[test]
fn processes_killed_at_random_keep_files_whole_and_hold_downs() {
    let (lab, mut daemon) = holding("random");
    let (reader, holding) = (reader(&lab), Holding::of(&lab));
    let mut first_echoes = Vec::new();
    for kill in 0..times(40, 200) {
        lab.isp(2).blackhole(random(2) == 0);
        let begun = Instant::now();
        let life = Duration::from_millis(random(LONGEST_LIFE));
        wait_until("its time has come", SWITCH_LIMIT, || begun.elapsed() >= life);
        if kill % 2 == 0 {
            // The first process may not have come as far as to have a judge.
            if let Some(judge) = find_judge(&daemon) {
                signal_to(judge, Signal::SIGKILL);
            }
        } else {
            let judge = find_judge(&daemon);
            daemon.kill9();
            wait_until("its judge has ended", SWITCH_LIMIT, || judge.is_none_or(|judge| !is_alive(judge)));
            let begun = wall();
            daemon = lab.gw().daemon(&config());
            first_echoes.push(first_echo(&lab, begun));
        }
    }
    reader.end();
    lab.isp(2).mend();
    judge(&daemon);
    wait_until("the last judge has judged", SWITCH_LIMIT, || {
        daemon.try_status().is_some_and(|status| status["links"][0]["reason"]["code"] == "hold_down")
    });
    holding.assert_kept(&lab);
    first_echoes.sort();
    let (median, worst) = (first_echoes[first_echoes.len() / 2], first_echoes[first_echoes.len() - 1]);
    println!("from start to first echo: median {} ms, worst {} ms", median.as_millis(), worst.as_millis());
    assert!(!lab.log_contains("links.damaged"), "a memory was not whole");
    assert!(!lab.gw().balance_has("wan1", Family::V4));
    assert_eq!(lab.gw().status_file("wan1").as_deref(), Some("1\n"));
}
