//! Validation: loss per patch as in the recipe (no overlap, one patch at a time), Dice per scan on stitched patches.

use ndarray::{Array3, ArrayView3};

use super::LossConfig;
use super::engine::{Batch, Engine};
use super::loss::host_loss;
use super::patches::{Sample, paste, starts};
use super::threshold::ThresholdScores;
use crate::network::NetworkError;

/// Patches predicted at a time: enough to fill a GPU, little enough for any memory.
const AT_ONCE: usize = 8;

/// How an epoch did on the validation side.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Validation {
    /// Mean over the patches of scans with a lesion (of all scans when none has one); `None` without patches.
    pub(crate) loss: Option<f64>,
    /// Over all scans, healthy ones included.
    pub(crate) scores: ThresholdScores,
}

/// Predicts every sample with the current weights; `seen` is shown each prediction. `go_on` is asked between samples; `None` when
/// it said no.
pub(crate) fn validate(
    engine: &dyn Engine,
    samples: &[Sample],
    size: usize,
    loss: &LossConfig,
    go_on: &dyn Fn() -> bool,
    seen: &mut dyn FnMut(&Sample, &Array3<f32>),
) -> Result<Option<Validation>, NetworkError> {
    let mut scores = ThresholdScores::default();
    let (mut with_lesion, mut without) = (Vec::new(), Vec::new());
    for sample in samples {
        if !go_on() {
            return Ok(None);
        }
        let (probabilities, losses) = predict_sample(engine, sample, size, loss)?;
        seen(sample, &probabilities);
        scores.add(probabilities.iter().copied().zip(sample.mask.iter().map(|&value| value > 0)));
        if sample.has_lesion() { with_lesion.extend(losses) } else { without.extend(losses) }
    }
    let counted = if with_lesion.is_empty() { without } else { with_lesion };
    let mean = (!counted.is_empty()).then(|| counted.iter().sum::<f64>() / counted.len() as f64);
    Ok(Some(Validation { loss: mean, scores }))
}

/// Stitched probabilities, and the loss of each patch.
fn predict_sample(
    engine: &dyn Engine,
    sample: &Sample,
    size: usize,
    loss: &LossConfig,
) -> Result<(Array3<f32>, Vec<f64>), NetworkError> {
    let (x, y, depth) = sample.image.dim();
    let mut whole = Array3::zeros((x, y, depth));
    let mut losses = Vec::new();
    for group in starts(depth, size, size).chunks(AT_ONCE) {
        let batch = Batch::gather(group.iter().map(|&start| sample.patch(start, size)));
        let targets = batch.targets.clone();
        let probabilities = engine.predict(batch)?;
        let voxels = x * y * size;
        let patches = probabilities.chunks_exact(voxels).zip(targets.chunks_exact(voxels));
        for (&start, (p, target)) in group.iter().zip(patches) {
            losses.push(host_loss(loss, p, target));
            if let Ok(patch) = ArrayView3::from_shape((x, y, size), p) {
                paste(&mut whole, start, &patch);
            }
        }
    }
    Ok((whole, losses))
}
