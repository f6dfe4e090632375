//! What can be wrong with a sweep.

use crate::training::{ConfigError, RunError, WishError};
use std::io;
use std::path::{Path, PathBuf};

/// Why a sweep cannot be made, read or worked off.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A list of values that cannot be.
    #[error("`{key}`: {message}")]
    Values {
        /// The setting.
        key: String,
        /// What is wrong and how it is written.
        message: String,
    },
    /// A file of points that cannot be read.
    #[error("{path}: {message}")]
    List {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A point whose settings cannot be.
    #[error("point {number} ({settings}): {source}; nothing was started")]
    Point {
        /// Counted from 1.
        number: usize,
        /// What it changes.
        settings: String,
        /// What is wrong.
        source: Box<WishError>,
    },
    /// Two points are one.
    #[error("points {first} and {second} are the same training ({settings}); nothing was started")]
    Twice {
        /// Counted from 1.
        first: usize,
        /// Counted from 1.
        second: usize,
        /// What they change.
        settings: String,
    },
    /// The folder is not a sweep.
    #[error("{path}: this is no sweep ({source}); `deepseg runs PROJECT` lists the sweeps")]
    NotASweep {
        /// Its `sweep.json`.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// No sweep to continue.
    #[error("{0}: there is no sweep here yet; start one with `deepseg sweep`")]
    None(PathBuf),
    /// A file could not be written.
    #[error("{path}: cannot write ({source}); check free space and permissions")]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A run's settings could not be frozen.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A directory cannot be worked in.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl SweepError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }
}
