//! Changes of brightness alone: gamma, contrast, bias field, noise. Values are z-scored; each says about what it works.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use rand_distr::StandardNormal;

use super::field::Field;

/// Straight pieces that stand for the curve of a gamma: its error stays below half a percent of the range.
const PIECES: usize = 1024;

/// Raises values to the power `exponent` on the scale where the patch's darkest voxel is 0 and its brightest 1, so that the
/// range stays and only what lies between moves.
pub(super) fn gamma(values: &mut [f32], exponent: f32) {
    let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    let range = high - low;
    // Also without values, or with one that is not a number.
    if range.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return;
    }
    let node = |piece: usize| low + range * (piece as f32 / PIECES as f32).powf(exponent);
    let curve: Vec<f32> = (0..PIECES + 2).map(node).collect();
    let scale = PIECES as f32 / range;
    for value in values {
        let at = (*value - low) * scale;
        let piece = (at as usize).min(PIECES);
        *value = curve[piece] + (at - piece as f32) * (curve[piece + 1] - curve[piece]);
    }
}

/// Moves values away from the patch's mean (`factor` above 1) or towards it.
pub(super) fn contrast(values: &mut [f32], factor: f32) {
    let mean = (values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len().max(1) as f64) as f32;
    values.iter_mut().for_each(|value| *value = mean + factor * (*value - mean));
}

/// Multiplies the signal, that is the distance from `black`, by a smooth field, as a coil's sensitivity does. `values` is a
/// patch of the field's shape, z fastest.
pub(super) fn bias(values: &mut [f32], [x, y, z]: [usize; 3], field: &Field, black: f32) {
    let mut lines = field.lines();
    let mut rows = values.chunks_exact_mut(z);
    for x in 0..x {
        lines.at_x(x);
        for (y, row) in (0..y).zip(&mut rows) {
            let gains = lines.at_y(y);
            row.iter_mut().zip(gains).for_each(|(value, gain)| *value = black + gain * (*value - black));
        }
    }
}

/// Adds independent normal noise of standard deviation `deviation`, in units of the z-score.
pub(super) fn noise(values: &mut [f32], deviation: f32, seed: u64) {
    // One number for every voxel: the quickest generator there is.
    let mut rng = SmallRng::seed_from_u64(seed);
    for value in values {
        *value += deviation * rng.sample::<f32, _>(StandardNormal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Vec<f32> {
        (0..2000).map(|i| -1.5 + i as f32 / 500.0).collect()
    }

    #[test]
    fn gamma_bends_the_scale_and_keeps_its_ends() {
        for exponent in [0.7, 1.0, 1.4] {
            let mut values = ramp();
            gamma(&mut values, exponent);
            for (before, after) in ramp().iter().zip(&values) {
                let expected = ((before + 1.5) / 3.998).powf(exponent) * 3.998 - 1.5;
                assert!((after - expected).abs() < 0.005 * 4.0, "{exponent} at {before}: {after} {expected}");
            }
            assert!((values[0] + 1.5).abs() < 1e-4 && (values[1999] - 2.498).abs() < 1e-3);
        }
        let mut flat = vec![0.3; 10];
        gamma(&mut flat, 1.3);
        assert_eq!(flat, [0.3; 10]);
    }

    #[test]
    fn contrast_scales_the_spread_about_the_mean() {
        let mut values = ramp();
        contrast(&mut values, 0.5);
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        assert!((mean(&values) - mean(&ramp())).abs() < 1e-3);
        assert!(((values[1999] - values[0]) / (ramp()[1999] - ramp()[0]) - 0.5).abs() < 1e-4);
    }

    #[test]
    fn a_bias_field_multiplies_the_signal_and_leaves_black_black() {
        let shape = [4, 5, 6];
        let field = Field::draw(shape, 3.0, || 1.25);
        let mut values = vec![0.5; 120];
        values[7] = -2.0;
        bias(&mut values, shape, &field, -2.0);
        assert!((values[7] + 2.0).abs() < 1e-5);
        assert!((values[8] - (-2.0 + 1.25 * 2.5)).abs() < 1e-4);
    }

    #[test]
    fn noise_is_normal_with_the_deviation_asked_for() {
        let mut values = vec![1.0; 100_000];
        noise(&mut values, 0.2, 3);
        let n = values.len() as f64;
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
        let spread = (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n).sqrt();
        let beyond =
            values.iter().filter(|v| (f64::from(**v) - mean).abs() > 2.0 * spread).count() as f64 / n;
        assert!((mean - 1.0).abs() < 0.005 && (spread - 0.2).abs() < 0.005, "{mean} {spread}");
        assert!((beyond - 0.0455).abs() < 0.005, "{beyond}");
    }
}
