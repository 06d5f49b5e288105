//! How fast something grows, told by a line through many samples that a few odd ones do not turn.

/// The slope through points (x, y): the median of the slopes between all pairs (Theil and Sen), which up to 29 % of odd points do
/// not move. Zero for fewer than two points.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let mut slopes = Vec::new();
    for (at, (x, y)) in points.iter().enumerate() {
        for (later_x, later_y) in points.iter().skip(at + 1) {
            if later_x > x {
                slopes.push((later_y - y) / (later_x - x));
            }
        }
    }
    median(&mut slopes)
}

/// The one in the middle; zero for none.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[test]
fn what_grows_is_told_from_what_jumps() {
    let line = |grows: f64| (0..60).map(move |x| (f64::from(x), 100.0 + grows * f64::from(x)));
    let check = |name: &str, points: Vec<(f64, f64)>, expected: f64| {
        assert!((slope(&points) - expected).abs() < 0.01, "{name}: {}", slope(&points));
    };
    check("nothing", Vec::new(), 0.0);
    check("flat", line(0.0).collect(), 0.0);
    check("a leak", line(0.5).collect(), 0.5);
    let spikes = |(x, y): (f64, f64)| (x, if x as u32 % 5 == 0 { y + 1_000.0 } else { y });
    check("spikes", line(0.0).map(spikes).collect(), 0.0);
    check("a leak between spikes", line(0.5).map(spikes).collect(), 0.5);
    let teeth = |(x, y): (f64, f64)| (x, y + x % 4.0);
    check("teeth", line(0.0).map(teeth).collect(), 0.0);
}
