//! A trained network as one file: weights, and everything that must be repeated to use them on a new image.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::architecture::Architecture;
use super::error::NetworkError;
use super::safetensors::{read_tensors, write_tensors};
use super::weights::Weights;
use crate::dataset::Contrast;
use crate::preprocess::{CropSettings, Intensities};

/// Raised when a file of this version would be misread by an older program.
const FORMAT: u32 = 1;

/// The description that travels with the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelFile {
    format: u32,
    /// The network.
    pub architecture: Architecture,
    /// How crops are made.
    pub crop: CropSettings,
    /// Length along z of the patches it was trained on.
    pub patch: usize,
    /// What is done to intensities.
    pub intensities: Intensities,
    /// The contrast it is for.
    pub contrast: Contrast,
    /// A voxel is lesion from this probability on.
    pub threshold: f32,
    /// How it was trained, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainingNote>,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// What a user wants to know of a model's training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingNote {
    /// Epoch (from 1) after which these weights were taken.
    pub epoch: u32,
    /// Optimiser steps until then.
    pub step: u64,
    /// Validation loss (0 is perfect); absent without validation data.
    pub val_loss: Option<f64>,
    /// Mean validation Dice at the stored threshold; absent without validation data.
    pub val_dice: Option<f64>,
    /// Scans trained on.
    pub train_scans: usize,
    /// Scans validated on.
    pub val_scans: usize,
    /// Seed of the run.
    pub seed: u64,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Program and version that wrote the file.
    pub tool: String,
    /// `training`, or the file it was imported from. Never a place or a time: the same training gives the same bytes.
    pub source: String,
}

impl Provenance {
    /// Written by this program, from `source`.
    pub fn of(source: impl Into<String>) -> Self {
        Self { tool: concat!("deepseg ", env!("CARGO_PKG_VERSION")).to_owned(), source: source.into() }
    }
}

impl ModelFile {
    /// A description with a threshold of 0.5 and no word on training.
    pub fn new(
        architecture: Architecture,
        crop: CropSettings,
        intensities: Intensities,
        contrast: Contrast,
        provenance: Provenance,
    ) -> Self {
        let patch = crop.size;
        Self {
            format: FORMAT,
            architecture,
            crop,
            patch,
            intensities,
            contrast,
            threshold: 0.5,
            training: None,
            provenance,
        }
    }

    /// Writes description and weights, complete or not at all.
    pub fn save(&self, path: &Path, weights: &Weights) -> Result<(), NetworkError> {
        let card = serde_json::to_string(self).map_err(|error| {
            NetworkError::malformed(path, format!("its description cannot be written ({error})"))
        })?;
        write_tensors(path, weights.tensors(), card)
    }

    /// Reads a file and checks that weights and description belong together and are usable.
    pub fn load(path: &Path) -> Result<(Self, Weights), NetworkError> {
        let (tensors, card) = read_tensors(path)?;
        let malformed = |reason: String| NetworkError::malformed(path, reason);
        let model = Self::from_card(path, &card)?;
        let weights = Weights::for_architecture(&model.architecture, tensors)
            .map_err(|error| malformed(error.to_string()))?;
        if !weights.is_finite() {
            return Err(malformed("its weights hold values that are not numbers".to_owned()));
        }
        Ok((model, weights))
    }

    /// The description as a file carries it, checked.
    pub(super) fn from_card(path: &Path, card: &str) -> Result<Self, NetworkError> {
        let malformed = |reason: String| NetworkError::malformed(path, reason);
        let model: Self = serde_json::from_str(card)
            .map_err(|error| malformed(format!("its description is unreadable ({error})")))?;
        if model.format != FORMAT {
            return Err(malformed(format!(
                "it has format {}, this version of deepseg reads {FORMAT}",
                model.format
            )));
        }
        model.architecture.validate().map_err(|error| malformed(error.to_string()))?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> (ModelFile, Weights) {
        let architecture = Architecture::unet3d(2, 2).unwrap();
        let weights = Weights::initial(&architecture, 3);
        let intensities = Intensities { landmarks: None, mean: 0.1, std: 3.5 };
        let crop = CropSettings::default();
        (ModelFile::new(architecture, crop, intensities, Contrast::T2s, Provenance::of("a test")), weights)
    }

    #[test]
    fn a_model_reads_back_as_written_and_writes_the_same_bytes() {
        let place = tempfile::tempdir().unwrap();
        let (model, weights) = model();
        let paths = ["a", "b"].map(|name| place.path().join(name));
        paths.iter().for_each(|path| model.save(path, &weights).unwrap());
        assert_eq!(ModelFile::load(&paths[0]).unwrap(), (model, weights));
        assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    }

    #[test]
    fn broken_files_get_a_sentence_with_their_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("model.safetensors");
        let (model, weights) = model();
        model.save(&path, &weights).unwrap();
        let good = std::fs::read(&path).unwrap();
        let mut lengthened = good.clone();
        lengthened[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let cases = [
            good[..good.len() - 5].to_vec(),
            good[..40].to_vec(),
            Vec::new(),
            b"hello, world".to_vec(),
            lengthened,
        ];
        for bytes in cases {
            std::fs::write(&path, &bytes).unwrap();
            let message = ModelFile::load(&path).unwrap_err().to_string();
            assert!(message.contains("model.safetensors") && message.contains("not a"), "{message}");
        }
        let missing = ModelFile::load(&place.path().join("none")).unwrap_err().to_string();
        assert!(missing.contains("none"), "{missing}");
    }

    #[test]
    fn weights_of_another_network_and_weights_that_are_no_numbers_are_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("m");
        let (model, _) = model();
        model.save(&path, &Weights::initial(&Architecture::small(), 1)).unwrap();
        assert!(ModelFile::load(&path).unwrap_err().to_string().contains("tensors"));
        let mut tensors = Weights::initial(&model.architecture, 1).tensors().to_vec();
        tensors[0].data[5] = f32::NAN;
        model.save(&path, &Weights::for_architecture(&model.architecture, tensors).unwrap()).unwrap();
        assert!(ModelFile::load(&path).unwrap_err().to_string().contains("not numbers"));
    }
}
