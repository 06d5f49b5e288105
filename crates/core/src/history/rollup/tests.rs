//! Rollups add up, tell quantiles within 2 %, and come back as they were kept.

use super::*;
use crate::time::Time;
use core::time::Duration;
use proptest::collection::vec;
use proptest::prelude::*;
use std::vec;

fn answered(best: u32) -> Sample {
    Sample::Answered { sent: 3, lost: 0, best: Trip(best) }
}

fn of(samples: &[Sample]) -> Rollup {
    let mut rollup = Rollup::default();
    for sample in samples {
        rollup.note(*sample);
    }
    rollup
}

fn any_sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        1 => Just(Sample::Absent),
        1 => (1_u8..4).prop_map(|sent| Sample::Lost { sent }),
        2 => any::<u32>().prop_map(answered),
        12 => (1900_u32..2600).prop_map(answered),
    ]
}

#[test]
fn what_is_counted() {
    let samples = [
        answered(700),
        Sample::Answered { sent: 3, lost: 2, best: Trip(300) },
        Sample::Lost { sent: 3 },
        Sample::Absent,
        Sample::NotAsked,
        Sample::Unwatched,
    ];
    let rollup = of(&samples);
    assert_eq!((rollup.asked, rollup.lost, rollup.absent, rollup.answered()), (9, 5, 1, 2));
    assert_eq!((rollup.min(), rollup.max()), (Some(Trip(300)), Some(Trip(700))));
    assert_eq!(Rollup::default().quantiles([500]), None);
}

#[test]
fn the_middle_of_a_bucket_is_within_two_percent() {
    let everywhere = (0..u64::from(u32::MAX)).step_by(65_537).map(|trip| trip as u32);
    for trip in (0..100_000).chain(everywhere).chain([u32::MAX]).map(Trip) {
        let bucket = Bucket::of(trip);
        let (first, last) = bucket.bounds();
        assert!(first <= trip && trip <= last, "{trip:?} {bucket:?}");
        let middle = bucket.middle(Trip(0), Trip(u32::MAX));
        assert!(u64::from(middle.0.abs_diff(trip.0)) * 50 <= u64::from(trip.0), "{trip:?} {middle:?}");
    }
}

#[test]
fn quiet_spans_take_little_and_idle_ones_a_bit() {
    let minute = of(&[answered(2000); 60]);
    assert!(encode(&vec![minute.clone(); 1000]).len() < 1000 * 11 / 8);
    assert!(encode(&vec![Rollup::default(); 1000]).len() < 1000 / 8 + 20);
    assert!(decode(&[0xff; 100]).count() <= MOST && decode(&[0; 100]).count() <= MOST);
    assert_eq!(decode(&encode(&vec![minute; MOST + 1])).count(), MOST);
}

#[test]
fn spans_follow_one_another_from_boot_on() {
    let at = |seconds| Time::BOOT + Duration::from_secs(seconds);
    let begins = |second| Span::ALL.map(|span| span.begin(at(second)));
    assert_eq!(begins(59), [at(0), at(0), at(0)]);
    assert_eq!(begins(14_399), [at(14_340), at(13_500), at(0)]);
    assert_eq!(begins(15_305), [at(15_300), at(15_300), at(14_400)]);
}

proptest! {
    #[test]
    fn rollups_come_back(spans in vec(vec(any_sample(), 0..80), 0..30)) {
        let rollups: Vec<Rollup> = spans.iter().map(|samples| of(samples)).collect();
        prop_assert!(decode(&encode(&rollups)).eq(rollups));
    }

    #[test]
    fn damaged_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).count() <= MOST);
    }

    #[test]
    fn parts_add_up_to_the_whole(samples in vec(any_sample(), 0..100), cut in 0_usize..100) {
        let (first, second) = samples.split_at(cut.min(samples.len()));
        let mut sum = of(first);
        sum.merge(&of(second));
        prop_assert_eq!(sum, of(&samples));
    }

    #[test]
    fn quantiles_are_within_two_percent(trips in vec(1_u32..3_000_000, 1..300)) {
        let mut sorted = trips.clone();
        sorted.sort_unstable();
        let rollup = of(&trips.into_iter().map(answered).collect::<Vec<_>>());
        let permille = [1, 250, 500, 750, 950, 1000];
        for (permille, told) in permille.into_iter().zip(rollup.quantiles(permille).unwrap()) {
            let exact = sorted[(sorted.len() * permille as usize).div_ceil(1000) - 1];
            prop_assert!(told.0.abs_diff(exact) * 50 <= exact, "{}: {} for {}", permille, told.0, exact);
        }
    }
}
