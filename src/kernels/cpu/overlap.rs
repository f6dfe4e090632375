//! What overlap losses are made of, straight from the logits: no probability is ever stored.

use rayon::prelude::*;

use super::wide::dispatch;

/// Values whose sums are f32; they are added up in f64, in order.
const STRETCH: usize = 1024;

fn sigmoid(x: f32) -> f32 {
    // Of a large negative x the exponential is infinite and the quotient 0.
    1.0 / (1.0 + (-x).exp())
}

/// `[sum of p y, sum of p, sum of y]` for `p = sigmoid(x)`.
pub(super) fn sums(logits: &[f32], target: &[f32]) -> [f32; 3] {
    let stretch = |(x, y): (&[f32], &[f32])| {
        dispatch(|| {
            x.iter().zip(y).fold([0.0f32; 3], |[both, predicted, wanted], (x, y)| {
                let p = sigmoid(*x);
                [both + p * y, predicted + p, wanted + y]
            })
        })
    };
    let parts: Vec<[f32; 3]> =
        logits.par_chunks(STRETCH).zip(target.par_chunks(STRETCH)).map(stretch).collect();
    [0, 1, 2].map(|index| parts.iter().map(|part| f64::from(part[index])).sum::<f64>() as f32)
}

/// Gradient of the logits for the gradient of the sums.
pub(super) fn gradient(logits: &[f32], target: &[f32], grad: &[f32], to: &mut [f32]) {
    let (both, predicted) = (grad[0], grad[1]);
    let pieces = logits.par_chunks(STRETCH).zip(target.par_chunks(STRETCH));
    to.par_chunks_mut(STRETCH).zip(pieces).for_each(|(to, (x, y))| {
        dispatch(|| {
            for ((to, x), y) in to.iter_mut().zip(x).zip(y) {
                let p = sigmoid(*x);
                *to = (y * both + predicted) * p * (1.0 - p);
            }
        });
    });
}
