//! What is left of a link's traffic cap, and whether it will last.

/// How a period with a cap goes: all that is known of it, in bytes and unix seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// Bytes that may be moved.
    pub cap: u64,
    /// Bytes that were, since the period began.
    pub used: u64,
    /// Bytes of late: they tell how it will go on.
    pub recent: u64,
    /// How long "of late" is, in seconds; not at all on the first day.
    pub recent_time: u64,
    /// The time.
    pub now: i64,
    /// When the period ends.
    pub end: i64,
}

/// What follows from that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cap {
    /// Bytes left; none when it was exceeded.
    pub left: u64,
    /// Bytes used at the period's end, if it goes on as of late.
    pub forecast: u64,
    /// When the cap will have been used up, if before the period's end; now, if it is.
    pub used_up: Option<i64>,
}

impl Course {
    /// Takes stock.
    pub fn cap(&self) -> Cap {
        let to_come = u64::try_from(self.end.saturating_sub(self.now)).unwrap_or(0);
        let left = self.cap.saturating_sub(self.used);
        let forecast = self.used.saturating_add(share(self.recent, to_come, self.recent_time));
        let lasts = share(self.recent_time, left, self.recent);
        let used_up = if left == 0 {
            Some(self.now)
        } else {
            (forecast > self.cap).then(|| self.now.saturating_add_unsigned(lasts))
        };
        Cap { left, forecast, used_up }
    }
}

/// So many of so many times a value, as far as numbers go; nothing of nothing.
fn share(value: u64, of: u64, whole: u64) -> u64 {
    let product = u128::from(value).saturating_mul(of.into());
    u64::try_from(product.checked_div(whole.into()).unwrap_or(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;
    const GB: u64 = 1_000_000_000;

    fn course(used: u64, recent: u64, days: i64) -> Course {
        let recent_time = days.unsigned_abs() * DAY.unsigned_abs();
        Course { cap: 100 * GB, used, recent, recent_time, now: 10 * DAY, end: 30 * DAY }
    }

    #[track_caller]
    fn check(course: Course, left: u64, forecast: u64, used_up: Option<i64>) {
        assert_eq!(course.cap(), Cap { left: left * GB, forecast: forecast * GB, used_up });
    }

    #[test]
    fn what_is_used_of_late_says_how_it_goes_on() {
        check(course(30 * GB, 21 * GB, 7), 70, 90, None);
        check(course(30 * GB, 35 * GB, 7), 70, 130, Some(24 * DAY));
        check(course(100 * GB, 0, 7), 0, 100, Some(10 * DAY));
        check(course(120 * GB, 7 * GB, 7), 0, 140, Some(10 * DAY));
    }

    #[test]
    fn on_the_first_day_nothing_is_foretold() {
        check(course(3 * GB, 0, 0), 97, 3, None);
        check(Course { now: 40 * DAY, ..course(3 * GB, 7 * GB, 7) }, 97, 3, None);
    }

    #[test]
    fn absurd_numbers_have_an_answer() {
        let course = Course { cap: 1, used: u64::MAX, recent: u64::MAX, recent_time: 1, now: i64::MIN, end: i64::MAX };
        assert_eq!(course.cap(), Cap { left: 0, forecast: u64::MAX, used_up: Some(i64::MIN) });
    }
}
