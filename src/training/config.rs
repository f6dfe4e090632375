//! Everything a training run depends on, as one TOML file that is frozen when the run starts and read again when it resumes.
//!
//! Sections are flat and every key has a default, so that a key never appears or vanishes with another key's value; keys a chosen
//! kind does not use are ignored by it. Unknown keys are errors.

use super::augment::AugmentConfig;
use super::early_stop::EarlyStopConfig;
use super::fine_tune::FineTuneConfig;
use super::sections::{
    CropConfig, IntensityConfig, LossConfig, OptimiserConfig, PatchConfig, SampleConfig, ScheduleConfig,
    SplitConfig,
};
use crate::network::Precision;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What is trained on what, and how. `TrainConfig::default()` is the recipe of model.md with the small network and no data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Version of deepseg that froze this file.
    pub version: String,
    /// Project directory, absolute; crops are read from it.
    pub project: PathBuf,
    /// Contrast the model is for: t1, t2, t2_ax, t2s or another name.
    pub contrast: String,
    /// Seed of weights, order, augmentation and split.
    pub seed: u64,
    /// Epochs to reach.
    pub epochs: u32,
    /// Patches in a training batch.
    pub batch: usize,
    /// Learning rate at the start.
    pub lr: f64,
    /// `auto`, `cpu`, `cuda` or `cuda:I`.
    pub device: String,
    /// Numbers that convolutions multiply: `f32`, or `bf16` on a GPU.
    #[serde(default)]
    pub precision: Precision,
    /// Minutes between two checkpoints within a long epoch; 0: only after whole epochs.
    #[serde(default = "checkpoint_minutes")]
    pub checkpoint_minutes: f64,
    /// Weights to start from (a model, .h5 or .onnx file); fresh ones when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// BLAKE3 of that file, 64 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_hash: Option<String>,
    /// The network: a preset's name, or its description as a table.
    pub network: NetworkChoice,
    /// Which subjects train, validate and test.
    #[serde(default)]
    pub split: SplitConfig,
    /// Loss.
    #[serde(default)]
    pub loss: LossConfig,
    /// Optimiser.
    #[serde(default)]
    pub optimiser: OptimiserConfig,
    /// Learning-rate schedule.
    #[serde(default)]
    pub schedule: ScheduleConfig,
    /// Ending before the last epoch.
    #[serde(default)]
    pub early_stop: EarlyStopConfig,
    /// What is done with the weights of `init`.
    #[serde(default)]
    pub fine_tune: FineTuneConfig,
    /// Patches cut from the crops.
    #[serde(default)]
    pub patch: PatchConfig,
    /// Random changes of training patches.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// Where landmarks and z-score come from.
    #[serde(default)]
    pub intensities: IntensityConfig,
    /// The validation scan whose predictions are kept.
    #[serde(default)]
    pub sample: SampleConfig,
    /// How the crops were made.
    #[serde(default)]
    pub crop: CropConfig,
    /// The scans, each on its side of the split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataEntry>,
}

/// A preset's name, or a full description that the `network` room reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum NetworkChoice {
    /// Name of a preset: `small`, `t2s`, `t2_ax`.
    Preset(String),
    /// The architecture itself.
    Described(toml::Table),
}

/// Side of the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Weights are fitted to it.
    Train,
    /// Chooses the best checkpoint, the schedule and the threshold.
    Val,
    /// Never seen in training.
    Test,
}

/// One scan of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataEntry {
    /// Scan id in the project.
    pub id: String,
    /// Subject; all scans of one subject are on the same side.
    pub subject: String,
    /// Side of the split.
    pub split: Part,
    /// BLAKE3 of the image file, 64 hex digits.
    pub image: String,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{path}: cannot read ({source}); a run directory has a config.toml")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a configuration.
    #[error("{path}: {message}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, naming the key.
        message: String,
    },
    /// The file could not be written.
    #[error("{path}: cannot write ({source})")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A key that does not exist.
    #[error("there is no setting `{key}`; {hint}")]
    UnknownKey {
        /// The key.
        key: String,
        /// Names that are near.
        hint: String,
    },
    /// A value that cannot be.
    #[error("setting `{key}`: {message}")]
    Value {
        /// The key.
        key: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

/// A crash in a long epoch then costs at most this.
fn checkpoint_minutes() -> f64 {
    10.0
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            project: PathBuf::new(),
            contrast: "t2s".into(),
            seed: 0,
            epochs: 260,
            batch: 2,
            lr: 1e-3,
            device: "auto".into(),
            precision: Precision::F32,
            checkpoint_minutes: checkpoint_minutes(),
            init: None,
            init_hash: None,
            network: NetworkChoice::Preset("small".into()),
            split: SplitConfig::default(),
            loss: LossConfig::default(),
            optimiser: OptimiserConfig::default(),
            schedule: ScheduleConfig::default(),
            early_stop: EarlyStopConfig::default(),
            fine_tune: FineTuneConfig::default(),
            patch: PatchConfig::default(),
            augment: AugmentConfig::default(),
            intensities: IntensityConfig::default(),
            sample: SampleConfig::default(),
            crop: CropConfig::default(),
            data: Vec::new(),
        }
    }
}

impl TrainConfig {
    /// Reads and checks a configuration file.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.into(), source })?;
        let parse = |message: String| ConfigError::Parse { path: path.into(), message };
        let config: Self = toml::from_str(&text).map_err(|e| parse(e.to_string()))?;
        config.validate().map_err(|e| parse(e.to_string()))?;
        Ok(config)
    }

    /// Writes the file whole.
    pub fn write(&self, path: &Path) -> Result<(), ConfigError> {
        self.validate()?;
        let text = toml::to_string_pretty(self)
            .map_err(|e| ConfigError::Parse { path: path.into(), message: e.to_string() })?;
        crate::files::write_bytes(path, text.as_bytes())
            .map_err(|source| ConfigError::Write { path: path.into(), source })
    }

    /// The scans of one side.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &DataEntry> {
        self.data.iter().filter(move |d| d.split == part)
    }
}
