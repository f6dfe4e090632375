//! What can stop the making of a cohort, each as a sentence with a next step.

use std::io;
use std::path::{Path, PathBuf};

use crate::volume::VolumeError;

use super::MOST_SUBJECTS;

/// A cohort that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// No or too many subjects.
    #[error("a demo cohort has 1 to {MOST_SUBJECTS} subjects, not {0}; give another --subjects")]
    Size(usize),
    /// The folder holds something else.
    #[error("{} holds files that are no demo cohort, nothing was written; give an empty or new --dir", .0.display())]
    NotADemo(PathBuf),
    /// The folder holds a cohort of another seed, size or version.
    #[error(
        "{} holds a demo cohort with another seed, number of subjects or version; give another --dir or delete it",
        .0.display()
    )]
    AnotherCohort(PathBuf),
    /// A file of the cohort cannot be read or written.
    #[error("cannot read or write {}: {source}; check permissions and free space", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The truth file is damaged.
    #[error("{} is not a demo truth file ({source}); delete the demo folder and make it again", path.display())]
    Truth {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A volume cannot be written.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A protocol names an orientation there is not.
    #[error("{0}")]
    Orientation(String),
}

impl DemoError {
    /// Names the file an I/O error is about.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> DemoError {
        let path = path.to_owned();
        move |source| DemoError::Io { path, source }
    }
}
