//! Everything a training run depends on, as one TOML file that is frozen when the run starts and read again when it resumes.
//!
//! Sections are flat and every key has a default, so that a key never appears or vanishes with another key's value; keys a chosen
//! kind does not use are ignored by it. Unknown keys are errors.

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
    /// Weights to start from (a model file, .h5 or .onnx); fresh ones when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
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
    /// Patches cut from the crops.
    #[serde(default)]
    pub patch: PatchConfig,
    /// Random changes of training patches.
    #[serde(default)]
    pub augment: AugmentConfig,
    /// Where landmarks and z-score come from.
    #[serde(default)]
    pub intensities: IntensityConfig,
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

/// Shares of the subjects, or a fold. The shares are proportions; they need not sum to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitConfig {
    /// Share that trains.
    pub train: f64,
    /// Share that validates.
    pub val: f64,
    /// Share that tests.
    pub test: f64,
    /// `K/N`: fold K (from 1) of N is the test side instead of a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fold: Option<String>,
}

/// Kinds of loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// 1 - (2 sum(p y) + smooth) / (sum p + sum y + smooth) over the whole batch.
    Dice,
    /// Dice plus mean binary cross-entropy.
    DiceBce,
}

/// Loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// Kind.
    pub kind: LossKind,
    /// Added to numerator and denominator of Dice, in voxels.
    pub smooth: f64,
}

/// Kinds of optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimiserKind {
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
}

/// Optimiser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimiserConfig {
    /// Kind.
    pub kind: OptimiserKind,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Weight decay (AdamW).
    pub weight_decay: f64,
}

/// Kinds of learning-rate schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    /// The rate never changes.
    Constant,
    /// Times `factor` after `patience` epochs without a better validation loss.
    Plateau,
    /// Half a cosine from `lr` to `min_lr` over the run.
    Cosine,
}

/// Learning-rate schedule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScheduleConfig {
    /// Kind.
    pub kind: ScheduleKind,
    /// Factor of a plateau.
    pub factor: f64,
    /// Epochs a plateau waits.
    pub patience: u32,
    /// The rate never falls below this.
    pub min_lr: f64,
}

/// Patches, in voxels of the crop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PatchConfig {
    /// Length along z; in the plane a patch is the whole crop.
    pub size: usize,
    /// Overlap along z of neighbouring training patches (validation patches do not overlap).
    pub overlap: usize,
    /// Whether scans with an empty mask train too.
    pub include_empty: bool,
}

/// Random changes of training patches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentConfig {
    /// Probability of a flip along x (right-left).
    pub flip_x: f64,
    /// Probability of a flip along y (anterior-posterior).
    pub flip_y: f64,
    /// Probability of a flip along z (superior-inferior).
    pub flip_z: f64,
}

/// Where the landmarks of the standardisation come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandmarkSource {
    /// SCT's for the contrast.
    Preset,
    /// Learnt from the training side.
    Learnt,
    /// No standardisation.
    None,
}

/// Where mean and standard deviation of the z-score come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZscoreSource {
    /// SCT's for the contrast.
    Preset,
    /// Measured on the training side.
    Measured,
}

/// Intensities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntensityConfig {
    /// Landmarks.
    pub landmarks: LandmarkSource,
    /// Mean and standard deviation.
    pub zscore: ZscoreSource,
}

/// How the crops were made (a copy of the project's setting at the start).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CropConfig {
    /// Voxel size, mm.
    pub spacing_mm: f64,
    /// In-plane size, voxels.
    pub size: usize,
    /// Order of the stages: `recipe` or `sct`.
    pub preset: String,
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
            init: None,
            network: NetworkChoice::Preset("small".into()),
            split: SplitConfig::default(),
            loss: LossConfig::default(),
            optimiser: OptimiserConfig::default(),
            schedule: ScheduleConfig::default(),
            patch: PatchConfig::default(),
            augment: AugmentConfig::default(),
            intensities: IntensityConfig::default(),
            crop: CropConfig::default(),
            data: Vec::new(),
        }
    }
}

impl Default for SplitConfig {
    fn default() -> Self {
        Self { train: 0.6, val: 0.2, test: 0.2, fold: None }
    }
}

impl Default for LossConfig {
    fn default() -> Self {
        Self { kind: LossKind::Dice, smooth: 1.0 }
    }
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self { kind: OptimiserKind::Adam, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { kind: ScheduleKind::Plateau, factor: 0.5, patience: 10, min_lr: 0.0 }
    }
}

impl Default for PatchConfig {
    fn default() -> Self {
        Self { size: 48, overlap: 24, include_empty: false }
    }
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self { flip_x: 0.5, flip_y: 0.5, flip_z: 0.5 }
    }
}

impl Default for IntensityConfig {
    fn default() -> Self {
        Self { landmarks: LandmarkSource::Learnt, zscore: ZscoreSource::Measured }
    }
}

impl Default for CropConfig {
    fn default() -> Self {
        Self { spacing_mm: 0.5, size: 48, preset: "recipe".into() }
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
