//! Traffic comes back within 1 %, and what was idle takes no room.

use super::*;
use proptest::collection::vec as many;
use proptest::prelude::*;
use std::vec::Vec;

fn moved(sent: u64, received: u64) -> Moved {
    Moved { sent, received, sent_packets: sent / 700, received_packets: received / 1200 }
}

fn any_number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..=64).prop_map(|(bits, dropped)| bits.checked_shr(dropped).unwrap_or(0))
}

fn any_moved() -> impl Strategy<Value = Moved> {
    let some = [any_number(), any_number(), any_number(), any_number()];
    let some = some.prop_map(|[sent, received, sent_packets, received_packets]| Moved {
        sent,
        received,
        sent_packets,
        received_packets,
    });
    prop_oneof![Just(Moved::default()), some]
}

fn as_kept(moved: &Moved) -> Moved {
    Moved {
        sent: rounded(moved.sent),
        received: rounded(moved.received),
        sent_packets: rounded(moved.sent_packets),
        received_packets: rounded(moved.received_packets),
    }
}

#[test]
fn an_idle_day_takes_no_room() {
    assert!(encode(&std::vec![Moved::default(); 1440]).len() <= 16);
    assert!(encode(&std::vec![moved(60, 0); 1440]).len() <= 1440 * 6 / 8 + 30);
    assert_eq!(decode(&encode(&std::vec![moved(60, 0); MOST + 1])).count(), MOST);
}

proptest! {
    #[test]
    fn traffic_comes_back_within_one_percent(spans in many(any_moved(), 0..60)) {
        let kept: Vec<Moved> = decode(&encode(&spans)).collect();
        prop_assert_eq!(&kept, &spans.iter().map(as_kept).collect::<Vec<_>>());
        // What was kept once loses nothing when it is kept again.
        prop_assert!(decode(&encode(&kept)).eq(kept));
    }

    #[test]
    fn a_number_is_rounded_by_less_than_one_percent(value in any_number()) {
        prop_assert!(rounded(value).abs_diff(value) <= value / 100);
    }

    #[test]
    fn damaged_bytes_do_no_harm(bytes in many(any::<u8>(), 0..200)) {
        prop_assert!(decode(&bytes).count() <= MOST);
    }
}
