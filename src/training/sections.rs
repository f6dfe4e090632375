//! The sections of a [`super::TrainConfig`], each with the recipe of model.md as its default.

use serde::{Deserialize, Serialize};

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
    /// Whether every side and fold gets its part of large and small lesion loads.
    pub stratify: bool,
    /// `K/N`: fold K (from 1) of N takes the place of a share: it validates where the project holds subjects out for testing,
    /// and tests where it does not.
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
    /// Dice plus mean focal loss (`focal_gamma`, `focal_alpha`).
    DiceFocal,
    /// Dice with false positives and false negatives weighed apart (`tversky_alpha`, `tversky_beta`).
    Tversky,
}

/// Loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// Kind.
    pub kind: LossKind,
    /// Added to numerator and denominator of Dice and Tversky, in voxels.
    pub smooth: f64,
    /// How much easy voxels are played down; 0: not at all.
    pub focal_gamma: f64,
    /// Weight of lesion voxels, 0 to 1; the others weigh `1 - focal_alpha`.
    pub focal_alpha: f64,
    /// Weight of false positives.
    pub tversky_alpha: f64,
    /// Weight of false negatives.
    pub tversky_beta: f64,
}

/// Kinds of optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptimiserKind {
    /// Adam.
    Adam,
    /// Adam with decoupled weight decay.
    AdamW,
    /// Stochastic gradient descent with momentum.
    Sgd,
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
    /// Weight decay (AdamW: decoupled; SGD: added to the gradient).
    pub weight_decay: f64,
    /// Momentum (SGD).
    pub momentum: f64,
    /// Nesterov's momentum (SGD).
    pub nesterov: bool,
    /// Longest gradient: its norm over all weights is cut to this; 0: never.
    pub clip: f64,
    /// Batches whose gradients are averaged for one update; the last group of an epoch may be smaller.
    pub accumulate: usize,
    /// Decay of the moving average of the weights that validates and becomes the model; 0: the weights themselves.
    pub ema: f64,
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
    /// From `lr` to `min_lr` as the share of the run that is left, to the `power`.
    Poly,
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
    /// Power of a polynomial.
    pub power: f64,
    /// Epochs in which the rate climbs to `lr`.
    pub warmup: u32,
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
    /// Share of each epoch's patches that surely contain lesion, at a random place along z; the others are taken as they come.
    /// 0 leaves it to chance.
    pub foreground: f64,
}

/// Where the landmarks of the standardisation come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandmarkSource {
    /// SCT's for the contrast.
    Preset,
    /// Learnt from the training side.
    Learnt,
    /// Those of the model the run starts from.
    Model,
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
    /// Those of the model the run starts from.
    Model,
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

/// The validation scan whose prediction is kept after an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SampleConfig {
    /// Scan id; empty takes the first validation scan with a lesion.
    pub scan: String,
    /// Every so many epochs, and after the first and the last; 0 never.
    pub every: u32,
    /// Epochs kept at most, spread over the run (2 or more).
    pub keep: usize,
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

impl Default for SplitConfig {
    fn default() -> Self {
        Self { train: 0.6, val: 0.2, test: 0.2, stratify: true, fold: None }
    }
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            kind: LossKind::Dice,
            smooth: 1.0,
            focal_gamma: 2.0,
            focal_alpha: 0.25,
            tversky_alpha: 0.3,
            tversky_beta: 0.7,
        }
    }
}

impl Default for OptimiserConfig {
    fn default() -> Self {
        Self {
            kind: OptimiserKind::Adam,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            momentum: 0.9,
            nesterov: true,
            clip: 0.0,
            accumulate: 1,
            ema: 0.0,
        }
    }
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self { kind: ScheduleKind::Plateau, factor: 0.5, patience: 10, min_lr: 0.0, power: 0.9, warmup: 0 }
    }
}

impl Default for PatchConfig {
    fn default() -> Self {
        Self { size: 48, overlap: 24, include_empty: false, foreground: 0.0 }
    }
}

impl Default for IntensityConfig {
    fn default() -> Self {
        Self { landmarks: LandmarkSource::Learnt, zscore: ZscoreSource::Measured }
    }
}

impl Default for SampleConfig {
    fn default() -> Self {
        Self { scan: String::new(), every: 1, keep: 50 }
    }
}

impl Default for CropConfig {
    fn default() -> Self {
        Self { spacing_mm: 0.5, size: 48, preset: "recipe".into() }
    }
}
