//! What can go wrong with a foreign network, each a sentence with the next step.

use std::path::{Path, PathBuf};

/// An error of the weights room.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// A file could not be opened or read.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A file that is not what it should be.
    #[error("{0}")]
    Content(String),
    /// A layer that cannot be used.
    #[error("layer {layer}: {problem}")]
    Layer {
        /// Its name in the network.
        layer: String,
        /// What is wrong with it, or what of it this version lacks.
        problem: String,
    },
    /// Any of the above, about a file.
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Box<WeightsError>,
    },
}

impl WeightsError {
    /// The same error, naming the file it is about.
    pub fn about(self, path: &Path) -> Self {
        match self {
            WeightsError::File { .. } => self,
            problem => WeightsError::File { path: path.to_path_buf(), problem: Box::new(problem) },
        }
    }

    /// What is wrong, without the file's name.
    pub fn reason(&self) -> String {
        match self {
            WeightsError::File { problem, .. } => problem.to_string(),
            other => other.to_string(),
        }
    }

    pub(super) fn layer(name: &str, problem: impl Into<String>) -> Self {
        WeightsError::Layer { layer: name.to_owned(), problem: problem.into() }
    }
}
