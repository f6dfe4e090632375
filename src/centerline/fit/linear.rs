//! Straight lines between centres, smoothed by a Hanning window that sees the curve reflected through its end points.

use std::ops::Range;

/// Values on every slice: interpolated, then smoothed with a window of `window` slices (rounded up to an odd number).
pub(super) fn fit(z: &[f64], values: &[f64], slices: Range<usize>, window: f64) -> Vec<f64> {
    smooth(interpolate(z, values, slices), window)
}

/// Linear interpolation on every slice; beyond the first and last z their values are held.
pub(super) fn interpolate(z: &[f64], values: &[f64], slices: Range<usize>) -> Vec<f64> {
    slices.map(|slice| interpolate_at(z, values, slice as f64)).collect()
}

fn interpolate_at(z: &[f64], values: &[f64], at: f64) -> f64 {
    let above = z.partition_point(|known| *known < at);
    if above == 0 {
        return values[0];
    }
    if above == z.len() {
        return values[z.len() - 1];
    }
    let share = (at - z[above - 1]) / (z[above] - z[above - 1]);
    values[above - 1] + share * (values[above] - values[above - 1])
}

/// A window longer than the curve shrinks to its length, and one below 3 changes nothing. A shrunk window may have an
/// even length; its centre then lies half a slice low, as in the toolbox.
fn smooth(values: Vec<f64>, window: f64) -> Vec<f64> {
    let length = (window.max(0.0).ceil() as usize | 1).min(values.len());
    if length < 3 {
        return values;
    }
    let weights = hanning(length);
    let total: f64 = weights.iter().sum();
    let before = (length - 1) - (length - 1) / 2;
    (0..values.len() as isize)
        .map(|i| {
            let first = i - before as isize;
            let sum: f64 = weights.iter().zip(first..).map(|(w, j)| w * reflected(&values, j)).sum();
            sum / total
        })
        .collect()
}

/// The values with a point reflection at each end: slopes go on, so the window does not bend the ends.
fn reflected(values: &[f64], index: isize) -> f64 {
    let last = values.len() as isize - 1;
    if index < 0 {
        2.0 * values[0] - values[(-index) as usize]
    } else if index > last {
        2.0 * values[last as usize] - values[(2 * last - index) as usize]
    } else {
        values[index as usize]
    }
}

fn hanning(length: usize) -> Vec<f64> {
    let step = std::f64::consts::TAU / (length - 1) as f64;
    (0..length).map(|i| 0.5 - 0.5 * (step * i as f64).cos()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Fit, tests::*};
    use super::*;

    #[test]
    fn equals_the_synthetic_values() {
        let curve = Fit::Linear { smooth: 20.0 }.through(&sine(), 0..58, 1.0);
        assert_x(&curve, &[(0, 20.0), (10, 24.235482), (29, 17.925549), (57, 23.729266)]);
    }

    #[test]
    fn straight_lines_stay_straight() {
        for window in [0.0, 2.0, 5.0, 6.5, 7.0] {
            let smoothed = fit(&[2.0, 9.0], &[1.0, 8.0], 2..10, window);
            for (k, v) in smoothed.iter().enumerate() {
                assert!((v - 1.0 - k as f64).abs() < 1e-12, "window {window}: {v} at {k}");
            }
        }
    }
}
