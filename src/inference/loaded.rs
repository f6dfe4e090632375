//! A model from its file onto a device, ready to predict.

use std::path::{Path, PathBuf};

use crate::network::{Architecture, Device, ModelFile, NetworkError, Predictor, Weights, load_network};
use crate::training::RunDir;

use super::{InferenceError, Model};

/// A model file's card and its network on a device.
#[derive(Clone, Debug)]
pub struct LoadedModel {
    /// Architecture, constants, threshold, training and provenance.
    pub card: ModelFile,
    net: Predictor,
}

/// Reads a model file, a network of another program (see [`ModelFile::load_any`]), or the best model of a run directory.
pub fn read_model(path: &Path) -> Result<(ModelFile, Weights), NetworkError> {
    ModelFile::load_any(&file_of(path))
}

/// Only the network of what [`read_model`] reads, on a device: a foreign one need not say what it is for.
pub fn read_network(path: &Path, device: &Device) -> Result<(Architecture, Predictor), NetworkError> {
    let (architecture, weights) = load_network(&file_of(path))?;
    let net = Predictor::new(&architecture, &weights, device)?;
    Ok((architecture, net))
}

fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() { RunDir::new(path).best_model() } else { path.to_owned() }
}

impl LoadedModel {
    /// Loads what [`read_model`] reads onto a device.
    pub fn load(path: &Path, device: &Device) -> Result<Self, InferenceError> {
        let (card, weights) = read_model(path)?;
        card.must_know_contrast(path)?;
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
