//! What prediction needs of a model: the bare network, and the constants its training data were prepared with.

use ndarray::Array3;

use crate::network::Predictor;
use crate::preprocess::{CropSettings, Intensities};

use super::InferenceError;

/// A network that gives lesion probabilities for patches.
pub trait PatchModel {
    /// The probability (0..1) of each voxel of each patch. Patches hold normalised intensities, all of one shape, which the
    /// answers repeat.
    fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError>;
}

/// A network with its constants, as a model file carries them.
#[derive(Clone, Copy)]
pub struct Model<'a> {
    /// The network.
    pub net: &'a dyn PatchModel,
    /// How its training crops were made.
    pub crop: CropSettings,
    /// How their intensities were normalised.
    pub intensities: &'a Intensities,
    /// The probability from which on a voxel is lesion, chosen on validation data.
    pub threshold: f32,
}

/// Asks the network and checks that it answered every patch.
pub(super) fn ask(net: &dyn PatchModel, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
    let answers = net.probabilities(patches)?;
    let Some(first) = patches.first() else { return Ok(answers) };
    let fits = answers.len() == patches.len() && answers.iter().all(|answer| answer.dim() == first.dim());
    if fits {
        return Ok(answers);
    }
    let shapes: Vec<_> = answers.iter().map(Array3::dim).collect();
    Err(InferenceError::Answer { expected: first.dim().into(), found: format!("{shapes:?}") })
}

impl PatchModel for Predictor {
    fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
        let Some(first) = patches.first() else { return Ok(Vec::new()) };
        let shape: [usize; 3] = first.dim().into();
        // Row order, one patch after the other, is what the network takes.
        let values = patches.iter().flat_map(|patch| patch.iter().copied()).collect();
        let answer = Predictor::probabilities(self, values, patches.len(), shape)?;
        let misfit = |found: String| InferenceError::Answer { expected: shape, found };
        answer
            .chunks(first.len().max(1))
            .map(|chunk| {
                Array3::from_shape_vec(shape, chunk.to_vec())
                    .map_err(|_| misfit(format!("{} values", chunk.len())))
            })
            .collect()
    }
}
