//! Runs seen from outside: follow one (`tail`, `history`, `status`, `live`), list many, ask one to stop, start one that outlives the
//! terminal. Everything is read from run directories; nothing here knows the trainer's insides or who looks.
//!
//! Viewers poll: a look at a quiet run is one `stat`, so four looks a second cost nothing, and network disks, which many run
//! directories are on, send no change notices anyway.

mod compare;
mod control;
mod fake;
mod history;
mod launch;
mod list;
mod live;
mod liveness;
mod narrate;
pub mod slurm;
mod status;
pub mod sweep;
mod tail;

pub use compare::{Difference, RunCard, differences, find, flat_settings, read_settings};
pub(crate) use control::request_stop_unseen;
pub use control::{kill, request_snapshot, request_stop};
pub use fake::{Ending, Extra, FakeScript, play};
pub use history::{CurveKind, EpochPoint, History, LoadPoint, StepPoint};
pub use launch::launch;
pub use list::{latest, list};
pub use live::Live;
pub use liveness::{Liveness, liveness};
pub use narrate::{narrate, short_time, spoken};
pub use status::{Best, RunState, RunStatus};
pub use tail::{Batch, Tail};

use crate::training::RunError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a viewer should look; see the module's text for why it looks at all.
pub const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// Longest a viewer should read at once, so that drawing never waits.
pub const LOOK_BUDGET: Duration = Duration::from_millis(50);

/// What can go wrong around a run.
#[derive(Debug, thiserror::Error)]
pub enum RunsError {
    /// The folder is not a run.
    #[error(
        "{0}: this is no run directory (no events.jsonl, no run.json); `deepseg runs PROJECT` lists the runs"
    )]
    NotARun(PathBuf),
    /// No run to continue.
    #[error("{0}: there is no run here yet; start one with `deepseg train`")]
    NoRuns(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The run has no trainer now.
    #[error("{0}: no trainer is working in this run, there is nothing to stop")]
    NotRunning(PathBuf),
    /// The trainer cannot be told from a stranger, so it is not killed.
    #[error("{run}: the trainer (process {pid} on {host}) cannot be killed from here: {reason}")]
    CannotKill {
        /// The run.
        run: PathBuf,
        /// Its process number.
        pid: u32,
        /// Its host.
        host: String,
        /// Why.
        reason: String,
    },
    /// The trainer could not be started.
    #[error("{program}: cannot start the trainer ({source})")]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The trainer ended before it took the run.
    #[error("{run}: the trainer ended at once ({status}); its last words:\n{console}")]
    DiedAtOnce {
        /// The run.
        run: PathBuf,
        /// Exit status in words.
        status: String,
        /// The last lines of console.log.
        console: String,
    },
    /// The frozen configuration of a run cannot be read.
    #[error("{path}: not the configuration of a run ({message})")]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// Several runs are called so.
    #[error("`{name}` may be any of {runs}; write more of the name")]
    Ambiguous {
        /// What was written.
        name: String,
        /// The runs it fits.
        runs: String,
    },
    /// A script of the fake trainer is wrong.
    #[error("{path}: {message}")]
    Script {
        /// The script.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A sweep cannot be made, read or worked off.
    #[error(transparent)]
    Sweep(#[from] Box<sweep::SweepError>),
    /// Slurm did not do what it was asked for.
    #[error(transparent)]
    Slurm(#[from] slurm::SlurmError),
    /// The run directory refused.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl RunsError {
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::File { path, source }
    }
}
