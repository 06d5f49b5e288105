//! Chance that falls the same way for the same seed (splitmix64).

/// A seeded source of random numbers.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// Is true this often, in percent.
    pub(crate) fn percent(&mut self, share: f64) -> bool {
        self.unit() * 100.0 < share
    }

    /// From 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 up to below this number.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_itself_and_a_share_is_kept() {
        let draw = || {
            let mut random = Random::seeded(7);
            (0..10_000).filter(|_| random.percent(30.0)).count()
        };
        assert_eq!(draw(), draw());
        assert!((2_800..3_200).contains(&draw()), "{}", draw());
    }

    #[test]
    fn nothing_is_never_and_all_is_always() {
        let mut random = Random::seeded(1);
        assert!((0..1_000).all(|_| !random.percent(0.0) && random.percent(100.0)));
    }
}
