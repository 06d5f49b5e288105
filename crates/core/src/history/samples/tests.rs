//! Samples come back as they were kept, from few bytes; damaged bytes do no harm.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

fn answered(best: u32) -> Sample {
    Sample::Answered { sent: 3, lost: 0, best: Trip(best) }
}

fn any_sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        1 => Just(Sample::Unwatched),
        1 => Just(Sample::Absent),
        1 => Just(Sample::NotAsked),
        1 => any::<u8>().prop_map(|sent| Sample::Lost { sent }),
        3 => any::<(u8, u8, u32)>().prop_map(|(sent, lost, best)| Sample::Answered { sent, lost, best: Trip(best) }),
        9 => (0_u32..4000).prop_map(answered),
    ]
}

#[track_caller]
fn check(samples: &[Sample], most_bytes: usize) {
    let bytes = encode(samples);
    assert!(decode(&bytes).eq(samples.iter().copied()));
    assert!(bytes.len() <= most_bytes, "{} bytes", bytes.len());
}

#[test]
fn an_hour_of_the_same_takes_no_room() {
    check(&[], 1);
    check(&std::vec![answered(1234); 3600], 40);
    check(&std::vec![Sample::Absent; 3600], 16);
    check(&std::vec![Sample::Unwatched; 3600], 16);
    check(&std::vec![Sample::Lost { sent: 3 }; 3600], 16);
}

#[test]
fn noise_costs_its_entropy() {
    // Spread evenly over 64 steps, so that 6 bits are the least.
    let noise = |round: u64| (round.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32 % 64;
    let samples: Vec<Sample> = (0..3600).map(|round| answered(2000 + noise(round))).collect();
    check(&samples, 3600 * 6 / 8 * 105 / 100);
}

#[test]
fn states_between_the_answers_are_kept_apart() {
    let mut samples = std::vec![answered(2000); 600];
    samples.extend([Sample::Lost { sent: 3 }; 20]);
    samples.extend([Sample::Answered { sent: 3, lost: 2, best: Trip(2300) }, Sample::Lost { sent: 1 }]);
    samples.extend([Sample::Absent; 300]);
    samples.extend([Sample::NotAsked; 100]);
    samples.extend([Sample::Unwatched; 1000]);
    samples.extend([answered(1900); 600]);
    check(&samples, 80);
}

#[test]
fn a_block_has_an_end() {
    let samples = std::vec![answered(2000); MOST + 5];
    assert_eq!(decode(&encode(&samples)).count(), MOST);
    assert!(decode(&[0xff; 100]).count() <= MOST);
}

#[test]
fn a_sample_is_what_became_of_the_echoes() {
    let best = Some(Duration::from_micros(12_345));
    assert_eq!(Sample::new(0, 0, None), Sample::NotAsked);
    assert_eq!(Sample::new(3, 0, None), Sample::Lost { sent: 3 });
    assert_eq!(Sample::new(3, 2, best), Sample::Answered { sent: 3, lost: 1, best: Trip(1235) });
    assert_eq!(Duration::from(Trip(1235)), Duration::from_micros(12_350));
    assert_eq!(Trip::from(Duration::MAX), Trip(u32::MAX));
}

proptest! {
    #[test]
    fn samples_come_back(samples in vec(any_sample(), 0..400)) {
        prop_assert!(decode(&encode(&samples)).eq(samples.iter().copied()));
    }

    #[test]
    fn damaged_bytes_do_no_harm(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).take(400).count() <= MOST);
    }
}
