//! Layers that change values where they lie: each for itself, or by its channel's moments.

use super::{Activation, expect};
use crate::weights::{Node, Op, WeightsError};
use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{ArrayViewMut3, Axis};

/// Whether [`apply`] knows the layer.
pub(super) fn applies(op: &Op) -> bool {
    matches!(
        op,
        Op::BatchNorm { .. }
            | Op::InstanceNorm { .. }
            | Op::Scale(_)
            | Op::Relu
            | Op::LeakyRelu(_)
            | Op::Sigmoid
    )
}

/// The layer's answer; other layers hand on what they are given.
pub(super) fn apply(node: &Node, mut values: Activation) -> Result<Activation, WeightsError> {
    match &node.op {
        Op::BatchNorm { gamma, beta, mean, variance, epsilon } => {
            let n = gamma.len();
            expect(node, &values, n, [beta, mean, variance].iter().all(|array| array.len() == n))?;
            by_channel(&mut values, |channel, mut voxels| {
                let factor = gamma[channel] / (variance[channel] + epsilon).sqrt();
                let shift = beta[channel] - mean[channel] * factor;
                voxels.mapv_inplace(|x| x * factor + shift);
            });
        }
        Op::InstanceNorm { gamma, beta, epsilon } => {
            expect(node, &values, gamma.len(), beta.len() == gamma.len())?;
            by_channel(&mut values, |channel, mut voxels| {
                let [mean, variance] = moments(&voxels);
                let factor = gamma[channel] / (variance + epsilon).sqrt();
                voxels.mapv_inplace(|x| (x - mean) * factor + beta[channel]);
            });
        }
        Op::Scale(factor) => by_channel(&mut values, |_, mut voxels| voxels.mapv_inplace(|x| x * factor)),
        Op::Relu => by_channel(&mut values, |_, mut voxels| voxels.mapv_inplace(|x| x.max(0.0))),
        Op::LeakyRelu(slope) => by_channel(&mut values, |_, mut voxels| {
            voxels.mapv_inplace(|x| if x < 0.0 { slope * x } else { x });
        }),
        Op::Sigmoid => {
            by_channel(&mut values, |_, mut voxels| voxels.mapv_inplace(|x| 1.0 / (1.0 + (-x).exp())))
        }
        _ => (),
    }
    Ok(values)
}

/// Mean and variance (over all voxels, not one fewer).
fn moments(voxels: &ArrayViewMut3<'_, f32>) -> [f32; 2] {
    let count = voxels.len().max(1) as f64;
    let mean = voxels.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let variance = voxels.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
    [mean as f32, variance as f32]
}

fn by_channel(values: &mut Activation, change: impl Fn(usize, ArrayViewMut3<'_, f32>) + Sync) {
    values
        .axis_iter_mut(Axis(0))
        .into_par_iter()
        .enumerate()
        .for_each(|(channel, voxels)| change(channel, voxels));
}
