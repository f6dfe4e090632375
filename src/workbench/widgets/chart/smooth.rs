//! A curve without its unrest: the exponential mean TensorBoard draws, its start corrected for having no past.

/// Each value mixed with `weight` (0..1) of the mean so far. Gaps stay gaps and do not count.
pub(crate) fn smoothed(points: &[(f64, f64)], weight: f64) -> Vec<(f64, f64)> {
    let (mut mean, mut share) = (0.0, 0.0);
    let step = |&(x, y): &(f64, f64)| {
        if !y.is_finite() {
            return (x, y);
        }
        mean = mean * weight + (1.0 - weight) * y;
        share = share * weight + (1.0 - weight);
        (x, mean / share)
    };
    points.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_what_it_is_from_the_first_point() {
        let flat: Vec<(f64, f64)> = (0..5).map(|x| (f64::from(x), 0.25)).collect();
        for (x, y) in smoothed(&flat, 0.9) {
            assert!((y - 0.25).abs() < 1e-12, "{x} {y}");
        }
    }

    #[test]
    fn unrest_shrinks_and_gaps_stay() {
        let points = [(1.0, 0.0), (2.0, 1.0), (3.0, f64::NAN), (4.0, 0.0)];
        let mean = smoothed(&points, 0.5);
        assert_eq!(mean[0], (1.0, 0.0));
        assert!((mean[1].1 - 2.0 / 3.0).abs() < 1e-12 && mean[2].1.is_nan());
        assert!((mean[3].1 - 0.25 / 0.875).abs() < 1e-12);
    }
}
