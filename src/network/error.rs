//! What can go wrong with networks, devices and model files, as sentences.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// An error of this room.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// The description of the network cannot be built.
    #[error("the network cannot be built: {0}")]
    Architecture(String),
    /// The device has too little memory.
    #[error("{0}")]
    Memory(String),
    /// The requested device does not answer.
    #[error("{0}")]
    Device(String),
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason of the system.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason of the system.
        source: std::io::Error,
    },
    /// The file is not what it claims to be.
    #[error("{path} is not a usable model file: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A foreign network of which too little is known to use it on images.
    #[error("{path}: {reason}; make a model of it with `deepseg import --contrast t2`, `t2_ax` or `t2s`")]
    Contrast {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// Weights and architecture do not belong together.
    #[error("the weights do not fit the network: {0}")]
    Weights(String),
}

impl NetworkError {
    /// Whether the sentence says which file it is about.
    pub(crate) fn names_file(&self) -> bool {
        !matches!(self, Self::Architecture(_) | Self::Device(_) | Self::Weights(_))
    }

    pub(crate) fn malformed(path: &Path, reason: impl Into<String>) -> Self {
        Self::Malformed { path: path.to_owned(), reason: reason.into() }
    }
}
