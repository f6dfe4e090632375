//! The weights a run starts from: fresh ones, or those of a model, a finished run or an imported network, with what they bring.

use std::path::{Path, PathBuf};

use super::error::TrainingError;
use super::fine_tune::with_head;
use super::{NetworkChoice, RunDir, TrainConfig};
use crate::dataset::Contrast;
use crate::files::content_hash;
use crate::network::{Architecture, ModelFile, NetworkError, Weights, load_network};
use crate::preprocess::{CropSettings, Intensities};

/// A model to start from.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// Absolute; a run directory's best model.
    path: PathBuf,
    hash: String,
    architecture: Architecture,
    /// Absent for another program's file that does not say what it is for.
    model: Option<ModelFile>,
}

impl Start {
    /// Reads what `path` names: a model file, another program's `.h5` or `.onnx`, or a run directory.
    ///
    /// # Errors
    /// When there is no such file, or it holds no usable weights.
    pub(crate) fn read(path: &Path) -> Result<Self, TrainingError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let path = if path.is_dir() { RunDir::new(&path).best_model() } else { path };
        let hash = hash(&path)?;
        let (architecture, _) = load_network(&path)?;
        let model = ModelFile::load_any(&path).ok().map(|(model, _)| model);
        Ok(Self { path, hash, architecture, model })
    }

    /// Whether it has learnt this contrast, and says what it does to intensities.
    pub(crate) fn knows(&self, contrast: &str) -> bool {
        self.model.as_ref().is_some_and(|model| model.contrast == Contrast::from(contrast.to_owned()))
    }

    /// Makes it the start of a run, with its own network.
    pub(crate) fn adopt(&self, config: &mut TrainConfig) -> Result<(), TrainingError> {
        config.init = Some(self.path.clone());
        config.init_hash = Some(self.hash.clone());
        config.network = network(&self.architecture)
            .map_err(|reason| NetworkError::Malformed { path: self.path.clone(), reason })?;
        Ok(())
    }
}

/// The network as a configuration names it: a preset's name where it is one.
fn network(architecture: &Architecture) -> Result<NetworkChoice, String> {
    let presets = ["small", "t2s", "t2_ax"];
    let named = presets.into_iter().find(|name| Architecture::preset(name).as_ref() == Some(architecture));
    match named {
        Some(name) => Ok(NetworkChoice::Preset(name.to_owned())),
        None => toml::Table::try_from(architecture)
            .map(NetworkChoice::Described)
            .map_err(|error| error.to_string()),
    }
}

/// Fresh weights from the seed, or those of `config.init`.
///
/// # Errors
/// When that file is unusable, is not the one the run was frozen with, or is of another network.
pub(super) fn first_weights(
    config: &TrainConfig,
    architecture: &Architecture,
) -> Result<Weights, TrainingError> {
    let Some(path) = &config.init else {
        return Ok(Weights::initial(architecture, config.seed));
    };
    if config.init_hash.is_some() && config.init_hash != Some(hash(path)?) {
        return Err(TrainingError::InitChanged(path.clone()));
    }
    let (own, weights) = load_network(path)?;
    if own == *architecture {
        return Ok(with_head(config, architecture, weights));
    }
    Err(NetworkError::Weights(format!(
        "{} has {own}, the run's network {architecture}; leave --network away to take the model's own",
        path.display()
    ))
    .into())
}

/// The intensities of the model a run starts from.
///
/// # Errors
/// When it starts from none.
pub(super) fn model_intensities(config: &TrainConfig) -> Result<Intensities, TrainingError> {
    let path = config.init.as_ref().ok_or(TrainingError::NoModel)?;
    let (model, _) = ModelFile::load_any(path)?;
    model.must_know_contrast(path)?;
    Ok(model.intensities)
}

/// What to know when the model a run starts from was made for other crops than `crop`.
pub(super) fn crop_note(config: &TrainConfig, crop: &CropSettings) -> Option<String> {
    let (model, _) = ModelFile::load_any(config.init.as_ref()?).ok()?;
    let words = |crop: &CropSettings| {
        format!("{0}x{0} voxels of {1} mm, {2:?} order", crop.size, crop.spacing_mm, crop.preset)
            .to_lowercase()
    };
    (model.crop != *crop).then(|| {
        format!(
            "the model to start from was made for crops of {}, this project's are of {} (section [preprocess])",
            words(&model.crop),
            words(crop)
        )
    })
}

fn hash(path: &Path) -> Result<String, TrainingError> {
    content_hash(path).map_err(|source| TrainingError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Provenance;

    fn model(path: &Path, architecture: &Architecture) {
        let intensities = Intensities { landmarks: None, mean: 3.0, std: 2.0 };
        let (crop, from) = (CropSettings::default(), Provenance::of("a test"));
        let model = ModelFile::new(architecture.clone(), crop, intensities, Contrast::T2s, from);
        model.save(path, &Weights::initial(architecture, 1)).unwrap();
    }

    #[test]
    fn a_model_brings_its_network_by_name_or_description() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("m.safetensors");
        let odd = Architecture::unet3d(2, 3).unwrap();
        for architecture in [Architecture::t2s(), odd] {
            model(&path, &architecture);
            let mut config = TrainConfig::default();
            Start::read(&path).unwrap().adopt(&mut config).unwrap();
            assert_eq!(super::super::setup::architecture(&config).unwrap(), architecture);
            assert_eq!(config.network.name() == "t2s", architecture == Architecture::t2s());
            first_weights(&config, &architecture).unwrap();
            assert_eq!(model_intensities(&config).unwrap().mean, 3.0);
            assert_eq!(crop_note(&config, &CropSettings::default()), None);
            let wide = CropSettings { size: 64, ..Default::default() };
            let note = crop_note(&config, &wide).unwrap();
            assert!(note.contains("48x48") && note.contains("64x64"), "{note}");
        }
    }

    #[test]
    fn a_run_directory_stands_for_its_best_model() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path().join("r"));
        dir.create().unwrap();
        let message = Start::read(dir.path()).unwrap_err().to_string();
        assert!(message.contains("best.safetensors"), "{message}");
        model(&dir.best_model(), &Architecture::small());
        assert_eq!(Start::read(dir.path()).unwrap().path, dir.best_model());
    }

    #[test]
    fn a_model_of_another_network_or_one_that_was_changed_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("m.safetensors");
        model(&path, &Architecture::small());
        let mut config = TrainConfig::default();
        Start::read(&path).unwrap().adopt(&mut config).unwrap();
        let other = first_weights(&config, &Architecture::t2s()).unwrap_err().to_string();
        assert!(other.contains("m.safetensors") && other.contains("--network"), "{other}");
        let mut bytes = std::fs::read(&path).unwrap();
        let last = bytes.len() - 3;
        bytes[last] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let changed = first_weights(&config, &Architecture::small()).unwrap_err().to_string();
        assert!(changed.contains("changed"), "{changed}");
        let message = model_intensities(&TrainConfig::default()).unwrap_err().to_string();
        assert!(message.contains("--init"), "{message}");
    }
}
