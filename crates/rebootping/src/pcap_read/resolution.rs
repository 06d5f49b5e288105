//! What an interface of pcapng counts its time in, turned into nanoseconds since 1970.

const NANOS: u64 = 1_000_000_000;

/// How an interface's ticks become nanoseconds: its `if_tsresol` and `if_tsoffset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resolution {
    tick: Tick,
    /// Seconds between 1970 and the interface's zero.
    offset: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tick {
    /// So many nanoseconds long.
    Nanos(u64),
    /// So many to a nanosecond.
    PerNano(u64),
    /// Two to this power of them to a second.
    Binary(u8),
}

impl Default for Resolution {
    /// Microseconds since 1970, which hold where an interface does not say.
    fn default() -> Self {
        Self { tick: Tick::Nanos(1_000), offset: 0 }
    }
}

impl Resolution {
    /// Sets the tick by the option `if_tsresol`: a negative power of 10, or of 2 where the highest bit is set.
    pub(super) fn set_tick(&mut self, option: u8) {
        let power = option & 0x7f;
        self.tick = match u32::from(power) {
            _ if option & 0x80 != 0 => Tick::Binary(power),
            power @ 0..=9 => Tick::Nanos(10_u64.pow(9 - power)),
            // Ticks too short for a year of them to fit 64 bits: all of them are at the interface's zero.
            power => Tick::PerNano(10_u64.checked_pow(power - 9).unwrap_or(u64::MAX)),
        };
    }

    /// Sets the offset by the option `if_tsoffset`, in seconds.
    pub(super) const fn set_offset(&mut self, seconds: i64) {
        self.offset = seconds;
    }

    /// The nanoseconds since 1970 of a stamp; beyond 64 bits the nearest that fits.
    pub(super) fn nanos(self, ticks: u64) -> u64 {
        let nanos = match self.tick {
            Tick::Nanos(length) => ticks.saturating_mul(length),
            Tick::PerNano(count) => ticks / count,
            Tick::Binary(power) => clamped((u128::from(ticks) * u128::from(NANOS)) >> power),
        };
        if self.offset == 0 {
            return nanos;
        }
        let offset = i128::from(self.offset) * i128::from(NANOS);
        u64::try_from((i128::from(nanos) + offset).max(0)).unwrap_or(u64::MAX)
    }
}

fn clamped(nanos: u128) -> u64 {
    u64::try_from(nanos).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(option: u8, offset: i64, ticks: u64, nanos: u64) {
        let mut resolution = Resolution::default();
        resolution.set_tick(option);
        resolution.set_offset(offset);
        assert_eq!(resolution.nanos(ticks), nanos);
    }

    #[test]
    fn ticks_are_powers_of_ten_or_two() {
        check(6, 0, 5, 5_000);
        check(9, 0, 5, 5);
        check(0, 0, 5, 5_000_000_000);
        check(3, 0, 5, 5_000_000);
        check(12, 0, 5_999, 5);
        check(127, 0, u64::MAX, 1);
        check(0x80, 0, 5, 5_000_000_000);
        check(0x80 | 1, 0, 5, 2_500_000_000);
        check(0x80 | 32, 0, 1 << 31, 500_000_000);
        check(0xff, 0, u64::MAX, 0);
        check(6, 0, u64::MAX, u64::MAX);
    }

    #[test]
    fn an_offset_moves_the_zero() {
        check(9, 2, 5, 2_000_000_005);
        check(9, -2, 2_000_000_005, 5);
        check(9, -2, 5, 0);
        check(9, i64::MAX, 5, u64::MAX);
        check(9, i64::MIN, u64::MAX, 0);
    }
}
