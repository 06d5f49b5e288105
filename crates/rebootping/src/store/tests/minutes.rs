//! Minutes as an engine elsewhere is told them: each once, the same whenever it is asked for, whatever happens to the store meanwhile.

use super::super::fresh::Wish;
use super::super::hour::Wanted;
use super::hour::{Judge, run};
use super::*;
use crate::history::page;
use crate::ipc::past::{Past, What};
use rebootping_core::link::Family;
use rebootping_core::metrics::minute::{Minute, Stretch as Told};

impl Bench {
    /// Lets time pass until an hour of the boot ends soon, and the file know the boot.
    pub(super) fn grow_old(&mut self) {
        self.happen(Happening::Event, "the beginning");
        self.pass(Duration::from_secs(40 * 60));
    }

    /// The minutes after this one.
    pub(super) fn minutes(&mut self, after: Option<i64>) -> Told {
        self.told(after).expect("it can be read")
    }

    fn told(&mut self, after: Option<i64>) -> Result<Told, String> {
        let samples = |family: Family| Wanted { series: format!("{}/", family.name()), since: Time::BOOT };
        let wish =
            Wish { samples: Family::ALL.map(samples).into(), traffic: Some("link/".to_owned()), ..Wish::default() };
        let fresh = self.fresh(wish);
        let past = Past { what: What::Minutes { after }, labels: BTreeMap::new() };
        let told = page::tell(&past, &self.reader(), &fresh)?;
        Ok(serde_json::from_str(&told).expect("it is read as it was written"))
    }

    /// All of them from there on.
    fn all_minutes(&mut self, mut after: i64) -> Vec<Minute> {
        let mut all = Vec::new();
        loop {
            let told = self.minutes(Some(after));
            if told.upto == after {
                return all;
            }
            after = told.upto;
            all.extend(told.minutes);
        }
    }
}

#[track_caller]
fn check(name: &str, kill_every: u64) {
    let mut bench = Bench::new(name);
    bench.grow_old();
    let begin = bench.wall.as_second();
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 900, kill_every);
    let told = bench.minutes(None);
    assert_eq!((told.settled, told.minutes.len()), (begin + 840, 0), "a minute takes another half");
    let early = bench.all_minutes(begin);
    assert_eq!(early.len(), 14);
    // An hour of the boot ends meanwhile, and becomes blocks.
    run(&mut bench, &mut judge, 1800, kill_every);
    let all = bench.all_minutes(begin);
    assert_eq!(all.len(), 44);
    assert_eq!(all[..14], early, "they are told the same again");
    assert_eq!(bench.all_minutes(begin + 17 * 60), all[17..], "and from anywhere on");
    for (place, minute) in all.iter().enumerate() {
        assert_eq!(minute.ends, begin + 60 * (place as i64 + 1));
        let [first, second] = ["wan1", "wan2"].map(|link| &minute.links[link]);
        let (of_first, of_second) = (&first.families[&Family::Ipv4], &second.families[&Family::Ipv4]);
        assert_eq!((of_first.tally.sent, of_second.tally.sent), (360, 360), "minute {place}");
        assert_eq!((of_second.tally.lost, of_second.tally.trips.count(), of_second.used), (0, 120, Some(true)));
        // Out for a minute of each quarter of an hour, and for five more.
        let is_down = place % 15 == 14;
        assert_eq!(of_first.tally.lost, if is_down { 360 } else { 0 }, "minute {place}");
        assert_eq!(of_first.used, Some(!(place >= 14 && (is_down || place % 15 < 5))), "minute {place}");
        assert_eq!(of_first.tally.taken_out, u64::from(is_down));
        assert_eq!(of_first.tally.taken_in, u64::from(place >= 15 && place % 15 == 5));
        // A minute since boot may lie half a minute elsewhere, and what is in blocks is within 1 %.
        assert!((59_000..=61_000).contains(&second.moved.received) || place == 0, "{:?}", second.moved);
    }
}

#[test]
fn every_minute_is_told_once_and_the_same_again() {
    check("minutes", u64::MAX);
}

#[test]
fn every_minute_is_told_though_the_store_is_killed_again_and_again() {
    check("minutes-killed", 97);
}

#[test]
fn commits_are_counted_once_in_memory_and_in_the_file() {
    let mut bench = Bench::new("minutes-commits");
    bench.grow_old();
    let begin = bench.wall.as_second();
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 30, u64::MAX);
    bench.happen(Happening::Applied, r#"{"took_ms":61,"failed":false}"#);
    run(&mut bench, &mut judge, 60, u64::MAX);
    bench.happen(Happening::Applied, r#"{"took_ms":null,"failed":true}"#);
    run(&mut bench, &mut judge, 90, u64::MAX);
    let counts = |bench: &mut Bench| -> Vec<(u64, u64)> {
        bench.all_minutes(begin).iter().map(|minute| (minute.applied, minute.failed)).collect()
    };
    assert_eq!(counts(&mut bench), [(1, 0), (0, 1)]);
    bench.flush();
    assert_eq!(counts(&mut bench), [(1, 0), (0, 1)]);
}

#[test]
fn a_time_in_which_nobody_watched_has_no_minutes_and_ends_with_the_first_that_has() {
    let mut bench = Bench::new("minutes-gap");
    bench.grow_old();
    let begin = bench.wall.as_second();
    let mut judge = Judge::new(bench.now().time());
    run(&mut bench, &mut judge, 120, u64::MAX);
    bench.flush();
    assert_eq!(bench.minutes(Some(begin)).upto, begin + 60);
    bench.reboot("second");
    bench.wall += HOUR;
    bench.start();
    let mut judge = Judge::new(bench.now().time());
    let again = bench.wall.as_second();
    let refused = bench.told(Some(begin + 60)).unwrap_err();
    assert_eq!(refused, "what was before the last boot is not on the disk yet");
    bench.happen(Happening::Event, "the beginning");
    bench.flush();
    assert_eq!(bench.minutes(Some(begin + 60)).minutes, [], "nothing says that more will not come");
    run(&mut bench, &mut judge, 120, u64::MAX);
    let ends: Vec<i64> = bench.all_minutes(begin).iter().map(|minute| minute.ends).collect();
    assert!(ends.starts_with(&[begin + 60, begin + 120]), "{ends:?}");
    assert!(ends[2] > again && ends.len() <= 4, "{ends:?}");
}
