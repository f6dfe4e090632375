//! Why two masks cannot be compared or a report not be written.

use std::path::PathBuf;

use crate::centerline::CenterlineError;
use crate::dataset::{DatasetError, ScanId};
use crate::inference::InferenceError;
use crate::preprocess::PreprocessError;
use crate::volume::{GridDifference, VolumeError};

/// An evaluation that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The masks do not lie on one grid.
    #[error(
        "prediction and reference do not lie on the same voxels: {0}; resample one onto the other's image first"
    )]
    Grids(GridDifference),
    /// There is nothing to compare with.
    #[error("{scan} has no lesion mask; evaluate scans that have one, or `deepseg predict` this one")]
    NoMask {
        /// The scan.
        scan: ScanId,
    },
    /// The cord cannot be found.
    #[error("{scan} has no centerline; give it one with `deepseg centerline`")]
    NoCenterline {
        /// The scan.
        scan: ScanId,
    },
    /// The scan cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Its curve cannot be made.
    #[error(transparent)]
    Centerline(#[from] CenterlineError),
    /// Its crop is not there or not current.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// It cannot be segmented.
    #[error(transparent)]
    Inference(#[from] InferenceError),
    /// Its prediction cannot be written.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A report file cannot be written.
    #[error("cannot write {}: {source}; check the folder's permissions and free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A report cannot be put into its format.
    #[error("cannot put the scores into {format}: {reason}")]
    Format {
        /// CSV or JSON.
        format: &'static str,
        /// What the library said.
        reason: String,
    },
}
