//! Round numbers for axes, linear and logarithmic, and an x axis that grows in steps.
//!
//! A steady axis keeps an update to a few bytes over a slow link.

/// How values become heights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scale {
    #[default]
    Linear,
    /// Values at or below zero have no place.
    Log,
}

impl Scale {
    /// A value's place on a linear axis; `None` where it has none.
    pub(crate) fn place(self, value: f64) -> Option<f64> {
        let placed = if self == Self::Log { value.ln() } else { value };
        placed.is_finite().then_some(placed)
    }

    /// Ticks that enclose `low` to `high`, about `most` of them.
    pub(crate) fn ticks(self, low: f64, high: f64, most: usize) -> Vec<f64> {
        match self {
            Self::Linear => ticks(low, high, most),
            Self::Log => log_ticks(low, high, most),
        }
    }
}

/// Round values (1, 2, 5 times a power of ten) from at or below `low` to at or above `high`, about `most` of them.
pub(crate) fn ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    let span = (high - low).max(high.abs().max(1e-12) * 1e-3);
    let rough = span / most as f64;
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough * 0.999).unwrap_or(rough);
    let first = (low / step + 1e-9).floor() as i64;
    let last = (high / step - 1e-9).ceil().max(first as f64 + 1.0) as i64;
    (first..=last).map(|i| i as f64 * step).collect()
}

/// The same by factors: 1, 2, 5 a decade, fewer where that is too many. Within less than a factor of two the linear ticks are
/// rounder.
fn log_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if high < 2.0 * low {
        return ticks(low, high, most).into_iter().filter(|tick| *tick > 0.0).collect();
    }
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let ladders: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 5.0], &[1.0]];
    let along = |ladder: &[f64], stride: usize| {
        // Long strides go on until one is at or past the end.
        let powers = (first..last + stride as i32).step_by(stride);
        let rungs = powers.flat_map(|e| ladder.iter().map(move |m| m * 10f64.powi(e)));
        enclosing(rungs.collect(), low, high)
    };
    let dense = ladders.iter().map(|ladder| along(ladder, 1)).find(|ticks| ticks.len() <= most + 1);
    dense.unwrap_or_else(|| along(&[1.0], ((last - first) as usize).div_ceil(most.max(1)).max(1)))
}

/// The rungs from the last at or below `low` to the first at or above `high`.
fn enclosing(rungs: Vec<f64>, low: f64, high: f64) -> Vec<f64> {
    let from = rungs.iter().rposition(|r| *r <= low * 1.000_001).unwrap_or(0);
    let to = rungs.iter().position(|r| *r >= high * 0.999_999).unwrap_or(rungs.len() - 1);
    rungs[from..=to.max(from)].to_vec()
}

/// The end of an x axis that grows in steps 10, 20, 50, 100, … and stops at the total when one is known.
pub(crate) fn grown(reached: f64, total: Option<f64>) -> f64 {
    let mut end = 10.0;
    let mut factors = [2.0, 2.5, 2.0].into_iter().cycle();
    while end < reached {
        end *= factors.next().unwrap_or(2.0);
    }
    total.filter(|t| *t >= reached.max(1.0)).map_or(end, |t| end.min(t))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round_and_enclose_the_data() {
        assert_eq!(ticks(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(0.13, 0.91, 4), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(ticks(3.0, 3.0, 4).len(), 2);
    }

    #[test]
    fn a_logarithmic_axis_goes_by_factors() {
        assert_eq!(log_ticks(0.02, 0.9, 6), [0.02, 0.05, 0.1, 0.2, 0.5, 1.0]);
        assert_eq!(log_ticks(1e-6, 1e-3, 3), [1e-6, 1e-5, 1e-4, 1e-3]);
        assert_eq!(log_ticks(0.8, 0.9, 2), ticks(0.8, 0.9, 2));
        assert_eq!(Scale::Log.place(0.0), None);
    }

    proptest! {
        #[test]
        fn logarithmic_ticks_enclose_and_stay_few(low in 1e-6..1.0f64, factor in 1.0..1e9f64, most in 2usize..7) {
            let high = low * factor;
            let ticks = log_ticks(low, high, most);
            prop_assert!(ticks.len() >= 2 && ticks.len() <= most + 3, "{ticks:?}");
            prop_assert!(ticks[0] <= low * 1.001 || high < 2.0 * low, "{ticks:?}");
            prop_assert!(ticks[ticks.len() - 1] >= high * 0.999, "{ticks:?}");
        }
    }

    #[test]
    fn the_axis_grows_in_steps_up_to_the_total() {
        let ends = [1.0, 10.0, 11.0, 21.0, 51.0, 101.0].map(|x| grown(x, None));
        assert_eq!(ends, [10.0, 10.0, 20.0, 50.0, 100.0, 200.0]);
        assert_eq!(grown(3.0, Some(5.0)), 5.0);
        assert_eq!(grown(21.0, Some(30.0)), 30.0);
    }
}
