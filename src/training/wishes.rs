//! From a project and what the user wishes to a run's settings, before any data are looked at: cheap, so that a mistake is
//! answered at once. Later wishes win: defaults, what the contrast suggests, the network of the model to start from, a preset, the
//! project's `[train]` section, options, `--set`.

use super::config::{ConfigError, NetworkChoice, TrainConfig};
use super::error::TrainingError;
use super::fine_tune::paces;
use super::presets::lay;
use super::sections::{IntensityConfig, LandmarkSource, ZscoreSource};
use super::setup::architecture;
use super::start::{Start, first_weights};
use crate::dataset::{Contrast, DatasetError, Project, SETTINGS_FILE};
use crate::preprocess::Landmarks;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the user asked for; `None` leaves it to the project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wishes {
    /// Contrast of the scans to learn from, where a project has several.
    pub contrast: Option<String>,
    /// Epochs to reach.
    pub epochs: Option<u32>,
    /// Patches in a batch.
    pub batch: Option<usize>,
    /// Learning rate.
    pub lr: Option<f64>,
    /// A preset's name, or a TOML file that describes a network.
    pub network: Option<String>,
    /// Weights to start from: a model file or a run directory.
    pub init: Option<PathBuf>,
    /// One of [`super::PRESETS`].
    pub preset: Option<String>,
    /// Device.
    pub device: Option<String>,
    /// Seed.
    pub seed: Option<u64>,
    /// `K/N`.
    pub fold: Option<String>,
    /// Random changes of the patches: the name of an [`AugmentPreset`](super::AugmentPreset).
    pub augment: Option<String>,
    /// `key=value`, applied last, in order.
    pub set: Vec<String>,
}

/// Why there is nothing to train.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// A setting is wrong.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// The project's `[train]` section is wrong.
    #[error("{path}, section [train]: {source}")]
    Section {
        /// The settings file.
        path: PathBuf,
        /// What is wrong.
        source: ConfigError,
    },
    /// The network's description could not be read.
    #[error("{path}: cannot be read as the description of a network ({message})")]
    Network {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// No scan has a mask.
    #[error(
        "{project}: no scan of contrast `{contrast}` has a mask to learn from; `deepseg check` lists the scans, --contrast chooses another"
    )]
    NothingToLearn {
        /// The project.
        project: PathBuf,
        /// The contrast looked for.
        contrast: String,
    },
    /// The network cannot be built.
    #[error(transparent)]
    Training(#[from] Box<TrainingError>),
    /// The project could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
}

/// The settings of a run on `project`, without its data.
///
/// # Errors
/// A wrong setting, naming the key and where it was said.
pub fn settings(project: &Project, wishes: &Wishes) -> Result<TrainConfig, WishError> {
    let path = project.dir().join(SETTINGS_FILE);
    let mut section: toml::Table = project.section("train")?;
    let in_section = section.get("contrast").and_then(toml::Value::as_str).map(str::to_owned);
    let contrast = wishes.contrast.clone().or(in_section).unwrap_or_else(|| contrast(project));
    let mut config = TrainConfig {
        project: project.dir().to_owned(),
        intensities: suggested(&contrast),
        contrast,
        ..TrainConfig::default()
    };
    let mut said = |key: &str| {
        let text = section.get(key)?.as_str()?.to_owned();
        section.remove(key);
        Some(text)
    };
    let (init, preset) = (said("init"), said("preset"));
    let start = match wishes.start() {
        Some(wished) => {
            // The model that was asked for brings its own network.
            section.remove("network");
            wished
        }
        None => init.map(|init| project.dir().join(init)),
    };
    wishes.begin(&mut config, start.as_deref(), preset.as_deref())?;
    config.overlay(&section).map_err(|source| WishError::Section { path, source })?;
    wishes.apply(&mut config)?;
    check(&config)?;
    if !has_labelled(project, &config.contrast) {
        return Err(WishError::NothingToLearn { project: project.dir().into(), contrast: config.contrast });
    }
    Ok(config)
}

/// The settings of a run in `project` like an earlier one there, changed as wished. The frozen split stays, with another seed too,
/// so that the two can be compared; only a wish about the split or the contrast divides the subjects anew.
///
/// # Errors
/// As [`settings`].
pub fn settings_like(
    project: &Path,
    earlier: &TrainConfig,
    wishes: &Wishes,
) -> Result<TrainConfig, WishError> {
    let mut config = TrainConfig {
        version: TrainConfig::default().version,
        project: project.to_owned(),
        ..earlier.clone()
    };
    let start = wishes.start();
    if start == Some(None) {
        (config.init, config.init_hash) = (None, None);
    }
    wishes.begin(&mut config, start.flatten().as_deref(), None)?;
    wishes.apply(&mut config)?;
    check(&config)?;
    if config.split != earlier.split || config.contrast != earlier.contrast {
        config.data.clear();
    }
    Ok(config)
}

/// Whether network, weights to start from and what is to be tuned belong together.
fn check(config: &TrainConfig) -> Result<(), WishError> {
    let architecture = architecture(config).map_err(Box::new)?;
    paces(config, &architecture)?;
    first_weights(config, &architecture).map_err(Box::new)?;
    let IntensityConfig { landmarks, zscore } = &config.intensities;
    let from_model = *landmarks == LandmarkSource::Model || *zscore == ZscoreSource::Model;
    if config.init.is_none() && from_model {
        return Err(Box::new(TrainingError::NoModel).into());
    }
    Ok(())
}

/// Whether there is anything of the contrast to learn from.
fn has_labelled(project: &Project, contrast: &str) -> bool {
    project.active_scans().any(|scan| scan.mask.is_some() && scan.contrast.name() == contrast)
}

/// What `init=...` names.
fn start_of(assignment: &str) -> Option<&str> {
    assignment.split_once('=').filter(|(key, _)| key.trim() == "init").map(|(_, path)| path.trim())
}

impl Wishes {
    /// What to start from, where something is said about it: a model, or nothing.
    fn start(&self) -> Option<Option<PathBuf>> {
        let in_set = self.set.iter().rev().find_map(|assignment| start_of(assignment));
        let path = in_set.map(PathBuf::from).or_else(|| self.init.clone())?;
        Some(Some(path).filter(|path| !path.as_os_str().is_empty()))
    }

    /// Lays the ground that everything else is said on: the model to start from, then the preset (the project's `preset` unless
    /// another is wished for).
    fn begin(
        &self,
        config: &mut TrainConfig,
        start: Option<&Path>,
        preset: Option<&str>,
    ) -> Result<(), WishError> {
        let start = start.map(Start::read).transpose().map_err(Box::new)?;
        if let Some(start) = &start {
            start.adopt(config).map_err(Box::new)?;
        }
        if let Some(preset) = self.preset.as_deref().or(preset) {
            lay(config, preset, start.as_ref())?;
        }
        Ok(())
    }

    /// Changes `config` as wished.
    ///
    /// # Errors
    /// A wrong key or value.
    pub fn apply(&self, config: &mut TrainConfig) -> Result<(), WishError> {
        config.epochs = self.epochs.unwrap_or(config.epochs);
        config.batch = self.batch.unwrap_or(config.batch);
        config.lr = self.lr.unwrap_or(config.lr);
        config.seed = self.seed.unwrap_or(config.seed);
        if let Some(contrast) = &self.contrast {
            config.contrast.clone_from(contrast);
        }
        if let Some(network) = &self.network {
            config.network = network_choice(network)?;
        }
        if let Some(device) = &self.device {
            config.device.clone_from(device);
        }
        config.split.fold = self.fold.clone().or_else(|| config.split.fold.take());
        let preset = self.augment.as_ref().map(|preset| format!("augment.preset={preset}"));
        let assignments = preset.iter().chain(&self.set).map(String::as_str);
        Ok(config.set_all(assignments.filter(|assignment| start_of(assignment).is_none()))?)
    }
}

/// The contrast that most scans with a mask have.
fn contrast(project: &Project) -> String {
    let mut counts = BTreeMap::new();
    for scan in project.active_scans().filter(|scan| scan.mask.is_some()) {
        *counts.entry(scan.contrast.name()).or_insert(0) += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(|| "t2".to_owned(), |(name, _)| name.to_owned())
}

/// SCT's landmarks where the contrast has them, so that networks trained here and there see the same intensities.
fn suggested(contrast: &str) -> IntensityConfig {
    let has_landmarks = Landmarks::preset(&Contrast::from(contrast.to_owned())).is_some();
    let landmarks = if has_landmarks { LandmarkSource::Preset } else { LandmarkSource::Learnt };
    IntensityConfig { landmarks, ..IntensityConfig::default() }
}

/// A file is a description; anything else is a preset's name.
pub(super) fn network_choice(text: &str) -> Result<NetworkChoice, WishError> {
    let path = Path::new(text);
    if !path.is_file() {
        return Ok(NetworkChoice::Preset(text.to_owned()));
    }
    let problem = |message: String| WishError::Network { path: path.into(), message };
    let content = std::fs::read_to_string(path).map_err(|e| problem(e.to_string()))?;
    let table = toml::from_str(&content).map_err(|e| problem(e.to_string()))?;
    Ok(NetworkChoice::Described(table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_wishes_win() {
        let wishes = Wishes {
            epochs: Some(3),
            fold: Some("1/3".into()),
            set: vec!["epochs=4".into(), "epochs=5".into()],
            ..Wishes::default()
        };
        let mut config = TrainConfig::default();
        wishes.apply(&mut config).unwrap();
        assert_eq!((config.epochs, config.split.parsed_fold()), (5, Some((1, 3))));
        let wrong = Wishes { device: Some("tpu".into()), ..Wishes::default() };
        assert!(wrong.apply(&mut config).unwrap_err().to_string().contains("`device`"));
    }

    #[test]
    fn a_run_like_another_keeps_its_split_unless_asked() {
        let entry = crate::training::DataEntry {
            id: "sub-01_T2w".into(),
            subject: "sub-01".into(),
            split: crate::training::Part::Train,
            image: String::new(),
        };
        let earlier = TrainConfig { data: vec![entry], epochs: 7, ..TrainConfig::default() };
        let like = |set: &str| {
            let wishes = Wishes { set: vec![set.into()], ..Wishes::default() };
            settings_like(Path::new("/p"), &earlier, &wishes).unwrap()
        };
        let faster = like("lr=0.01");
        assert_eq!((faster.lr, faster.epochs, &faster.data), (0.01, 7, &earlier.data));
        assert_eq!(like("seed=5").data, earlier.data);
        assert!(like("split.fold=1/2").data.is_empty());
    }

    #[test]
    fn a_network_is_a_name_or_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wide.toml");
        std::fs::write(&path, "depth = 3\nbase = 12").unwrap();
        let named = network_choice("t2s").unwrap();
        assert_eq!(named, NetworkChoice::Preset("t2s".into()));
        assert!(matches!(network_choice(&path.display().to_string()).unwrap(), NetworkChoice::Described(_)));
        std::fs::write(&path, "depth = = 3").unwrap();
        assert!(network_choice(&path.display().to_string()).unwrap_err().to_string().contains("wide.toml"));
    }
}
