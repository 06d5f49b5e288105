//! Sums of traffic in two bytes: eight bits of them, and how far these are to be shifted.

/// Below, sums are exact.
const EXACT: u64 = 256;

/// A sum as a small number: itself, or its eight highest bits behind the number of all others.
pub(super) fn pack(sum: u64) -> u64 {
    let shift = (u64::BITS - 8).saturating_sub(sum.leading_zeros());
    if shift == 0 {
        return sum;
    }
    // To the nearest; what is all ones above the half becomes the next power of two, which packs as itself.
    let half = 1_u64.checked_shl(shift.saturating_sub(1)).unwrap_or(0);
    let nearest = (sum.saturating_add(half) >> shift) << shift;
    let shift = (u64::BITS - 8).saturating_sub(nearest.leading_zeros());
    let highest = (nearest >> shift) & 0x7f;
    u64::from(shift).saturating_mul(EXACT / 2).saturating_add(EXACT / 2).saturating_add(highest)
}

/// The sum that was packed, within half a percent; nonsense of what never was.
pub(super) fn unpack(packed: u64) -> u64 {
    let Some(above) = packed.checked_sub(EXACT) else { return packed };
    let (shift, highest) = (above / (EXACT / 2), above % (EXACT / 2));
    let shift = u32::try_from(shift.saturating_add(1)).unwrap_or(u32::MAX);
    highest.saturating_add(EXACT / 2).checked_shl(shift).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_come_back_within_half_a_percent_and_then_exactly(sum: u64, shift in 0_u32..64) {
            let sum = sum >> shift;
            let back = unpack(pack(sum));
            prop_assert!(back.abs_diff(sum) <= sum / 200, "{sum} {back}");
            prop_assert_eq!(unpack(pack(back)), back);
            prop_assert!(pack(sum) < 1 << 14);
        }
    }
}
