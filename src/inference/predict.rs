//! The whole way of one image: crop, normalise, ask the network, put back, keep.

use ndarray::Array3;

use crate::centerline::Curve;
use crate::preprocess::{Crop, Preset, crop};
use crate::volume::Volume;

use super::postprocess::{keep_inside, remove_small, threshold};
use super::{InferenceError, Model, Tiling, uncrop};

/// SCT's threshold after the way back.
const SCT_THRESHOLD: f32 = 0.1;

/// What may be asked for beyond a model's own constants.
#[derive(Clone, Copy, Debug, Default)]
pub struct PredictOptions<'a> {
    /// Another preset than the model was trained with, e.g. SCT's exact steps for one of its networks.
    pub preset: Option<Preset>,
    /// Another threshold than the model's (or the preset's).
    pub threshold: Option<f32>,
    /// Ask about all eight mirror images and average: eight times the work.
    pub flips: bool,
    /// Take out components smaller than this, mm3.
    pub least_mm3: f64,
    /// Take out what lies outside this cord mask.
    pub inside: Option<&'a Volume<u8>>,
}

/// A segmented image, on its own grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Lesion probability 0..1, 0 outside the tube.
    pub probability: Volume<f32>,
    /// Lesion, 0 or 1.
    pub mask: Volume<u8>,
    /// The threshold between the two.
    pub threshold: f32,
    /// Components that were taken out as too small.
    pub removed: usize,
}

/// Segments an image in any orientation along its curve (on any grid).
pub fn predict_volume(
    model: &Model<'_>,
    image: &Volume<f32>,
    curve: &Curve,
    options: &PredictOptions<'_>,
) -> Result<Prediction, InferenceError> {
    let mut settings = model.crop;
    settings.preset = options.preset.unwrap_or(settings.preset);
    predict_crop(model, &crop(image, None, curve, &settings)?, options)
}

/// Segments an image that is already cropped.
pub fn predict_crop(
    model: &Model<'_>,
    crop: &Crop,
    options: &PredictOptions<'_>,
) -> Result<Prediction, InferenceError> {
    let tube = tube_probability(model, crop, options)?;
    let probability = uncrop(&tube.view(), &crop.frame)?;
    let from = options.threshold.unwrap_or(match preset(model, options) {
        Preset::Recipe => model.threshold,
        Preset::Sct => SCT_THRESHOLD,
    });
    let mut mask = threshold(&probability, from);
    if let Some(cord) = options.inside {
        keep_inside(&mut mask, cord);
    }
    let removed = remove_small(&mut mask, options.least_mm3);
    Ok(Prediction { probability, mask, threshold: from, removed })
}

/// Lesion probability of each voxel of a crop (preset `sct`: of its 0-or-1 slabs), before the way back.
pub fn tube_probability(
    model: &Model<'_>,
    crop: &Crop,
    options: &PredictOptions<'_>,
) -> Result<Array3<f32>, InferenceError> {
    let normalised = model.intensities.apply(crop);
    let (tiling, pad) = match preset(model, options) {
        // The mean of the training set, which after centring is 0.
        Preset::Recipe => (Tiling::Blended, 0.0),
        // SCT pads with 0 before it centres; calculated as `Intensities::apply` does, to be recognised where nothing was.
        Preset::Sct => {
            let (mean, std) = (model.intensities.mean, model.intensities.std);
            (Tiling::Adjacent, (0.0 - mean as f32) * (1.0 / std) as f32)
        }
    };
    let probability = tiling.run(model.net, &normalised, pad, options.flips)?;
    Ok(crop.frame.from_network(probability))
}

fn preset(model: &Model<'_>, options: &PredictOptions<'_>) -> Preset {
    options.preset.unwrap_or(model.crop.preset)
}
