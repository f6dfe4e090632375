//! Why a training cannot start, or ended early, as sentences with a next step.

use std::path::PathBuf;

use thiserror::Error;

use super::{ConfigError, RunError};
use crate::dataset::DatasetError;
use crate::network::NetworkError;
use crate::preprocess::PreprocessError;

/// An error of this room.
#[derive(Debug, Error)]
pub enum TrainingError {
    /// The project or one of its scans.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A crop.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// The network or the device.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The run directory.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No scan can be trained on.
    #[error("there is nothing to train on: {0}")]
    NoData(String),
    /// More folds than subjects.
    #[error("{folds} folds need at least {folds} subjects with lesions; there are {subjects}")]
    TooFewForFolds {
        /// Subjects with lesions.
        subjects: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// A file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A checkpoint of another program version, or damaged.
    #[error("{path}: cannot resume from this checkpoint: {reason}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The configuration asks for constants that do not exist.
    #[error("there are no published {what} for contrast `{contrast}`; measure them instead (--set {hint})")]
    NoConstants {
        /// Landmarks, or mean and standard deviation.
        what: &'static str,
        /// The contrast.
        contrast: String,
        /// The setting to change.
        hint: &'static str,
    },
    /// A file could not be written.
    #[error("{path}: cannot write ({source}); check free space and permissions")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Who is held out for testing cannot be told.
    #[error(
        "{path}: the subjects held out for testing cannot be read ({reason}); restore the file from a backup, or move it away to name others"
    )]
    HeldOut {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Subjects are already held out.
    #[error(
        "the test side was named on {named} and is kept: {subjects}. To name another, move {path} away, and judge no model by subjects it learnt from"
    )]
    AlreadyHeldOut {
        /// When.
        named: String,
        /// Who.
        subjects: String,
        /// The file.
        path: PathBuf,
    },
    /// Subjects that do not exist.
    #[error("the project has no subject {0}; `deepseg check` lists the scans")]
    UnknownSubjects(String),
    /// The settings need a model to start from.
    #[error("intensities of a model need a model to start from; name it with --init")]
    NoModel,
    /// The model to start from is not the one the run was frozen with.
    #[error("{0} has changed since this run was set up; put the old file back, or start a new run")]
    InitChanged(PathBuf),
    /// The thread that prepares patches failed.
    #[error("the patches of the next batch could not be prepared: {0}")]
    Feed(String),
    /// The loss, a gradient or a weight is no longer a number.
    #[error(
        "the training diverged: {what} in epoch {epoch}, step {step}; {kept}. Start anew with a lower rate (--lr) or clipped gradients (--set optimiser.clip=1), from this run's best model if there is one (--init)"
    )]
    Diverged {
        /// What is no longer a number.
        what: String,
        /// Epoch, from 1.
        epoch: u32,
        /// Step.
        step: u64,
        /// What was saved before.
        kept: String,
    },
}
