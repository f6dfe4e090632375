//! A model from its file onto a device, ready to predict.

use std::path::Path;

use crate::network::{Device, ModelFile, Predictor};
use crate::training::RunDir;

use super::{InferenceError, Model};

/// A model file's card and its network on a device.
#[derive(Clone, Debug)]
pub struct LoadedModel {
    /// Architecture, constants, threshold, training and provenance.
    pub card: ModelFile,
    net: Predictor,
}

impl LoadedModel {
    /// Loads a model file, or the best model of a run directory.
    pub fn load(path: &Path, device: &Device) -> Result<Self, InferenceError> {
        let (card, weights) = if path.is_dir() {
            ModelFile::load(&RunDir::new(path).best_model())?
        } else {
            ModelFile::load(path)?
        };
        let net = Predictor::new(&card.architecture, &weights, device)?;
        Ok(Self { card, net })
    }

    /// The network and what prediction needs of the card.
    pub fn model(&self) -> Model<'_> {
        Model {
            net: &self.net,
            crop: self.card.crop,
            intensities: &self.card.intensities,
            threshold: self.card.threshold,
        }
    }
}
