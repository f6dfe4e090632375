//! What can go wrong between this program and Slurm, each with what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Why Slurm did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    /// The command is not on this machine.
    #[error(
        "`{0}` is not on this machine; log in to the cluster's login node, or train here without --slurm"
    )]
    NotThere(&'static str),
    /// The command could not be started.
    #[error("{program}: cannot be started ({source})")]
    Start {
        /// The command.
        program: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The command gave no answer in time.
    #[error(
        "`{program}` gave no answer within {seconds} s: Slurm's controller is down or busy; try again later"
    )]
    Silent {
        /// The command.
        program: &'static str,
        /// How long it was waited for.
        seconds: u64,
    },
    /// The controller cannot be reached.
    #[error("Slurm's controller does not answer ({said}); `sinfo` tells when it is back")]
    Unreachable {
        /// The command's own sentence.
        said: String,
    },
    /// Slurm said no.
    #[error("`{program}` refused: {said}")]
    Refused {
        /// The command.
        program: &'static str,
        /// The command's own sentence.
        said: String,
    },
    /// An answer this program does not understand.
    #[error("`{program}` answered `{said}`, which cannot be understood")]
    Odd {
        /// The command.
        program: &'static str,
        /// What it said.
        said: String,
    },
    /// A setting of the job that cannot be.
    #[error("Slurm's setting `{key}` = `{value}`: {message}")]
    Setting {
        /// The key in `[slurm]`, which is the option's name too.
        key: &'static str,
        /// What was given.
        value: String,
        /// What is wrong and what is allowed.
        message: &'static str,
    },
    /// A file of the job could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

impl SlurmError {
    pub(super) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}
