//! How good the detector is on scenes it was never trained on.

use rayon::prelude::*;

use super::super::engine::Engine;
use super::feed::gathered;
use crate::centerline::example;
use crate::network::NetworkError;

/// Scenes kept aside, their patch, and the first one's number: no training gets that far.
const SCENES: u64 = 24;
const SHAPE: [usize; 3] = [40, 48, 48];
const ASIDE: u64 = 1 << 60;

/// A scene with less cord than this, voxels, counts as one without.
const LEAST: f32 = 12.0;

/// Mean Dice (probabilities against shares) of the scenes with a cord; mean and highest over the others of each one's highest
/// probability.
pub(super) fn score(engine: &dyn Engine, seed: u64) -> Result<(f64, [f64; 2]), NetworkError> {
    let examples: Vec<_> =
        (0..SCENES).into_par_iter().map(|index| example(seed, ASIDE + index, SHAPE)).collect();
    let (mut dices, mut peaks) = (Vec::new(), Vec::new());
    for example in examples {
        let batch = gathered(vec![example], SHAPE);
        let cord = batch.targets.clone();
        let probability = engine.predict(batch)?;
        if cord.iter().sum::<f32>() < LEAST {
            peaks.push(f64::from(probability.into_iter().fold(0.0, f32::max)));
        } else {
            dices.push(dice(&probability, &cord));
        }
    }
    Ok((mean(&dices), [mean(&peaks), peaks.into_iter().fold(0.0, f64::max)]))
}

fn dice(probability: &[f32], cord: &[f32]) -> f64 {
    let both: f32 = probability.iter().zip(cord).map(|(p, c)| p.min(*c)).sum();
    f64::from(2.0 * both / (probability.iter().sum::<f32>() + cord.iter().sum::<f32>()))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
