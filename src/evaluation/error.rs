//! Why two masks cannot be compared or a report not be written.

use std::path::PathBuf;

use crate::volume::GridDifference;

/// An evaluation that could not be done.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The masks do not lie on one grid.
    #[error(
        "prediction and reference do not lie on the same voxels: {0}; resample one onto the other's image first"
    )]
    Grids(GridDifference),
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
