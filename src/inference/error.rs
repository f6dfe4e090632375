//! Why an image could not be segmented.

use crate::network::NetworkError;
use crate::preprocess::PreprocessError;

/// A prediction that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// The image could not be cropped, or the crop not be put back.
    #[error(transparent)]
    Preprocess(#[from] PreprocessError),
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The network's answer does not fit the question.
    #[error(
        "the network answered patches of {expected:?} voxels with {found}; use a model made for this crop size"
    )]
    Answer {
        /// Shape of the patches.
        expected: [usize; 3],
        /// What came back.
        found: String,
    },
}
