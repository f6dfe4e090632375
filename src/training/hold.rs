//! Holds a directory for as long as one process works in it, as a run is held by its trainer: the same lock, the same `run.json`,
//! the same request files. So whatever starts, finds and stops trainers does the same for a queue of trainings.

use super::identity::RunInfo;
use super::run_dir::{RunDir, RunError};
use super::writer::{forget_requests, take_lock};
use std::fs::File;

/// The right to work in a directory; given back when dropped.
#[derive(Debug)]
pub struct Hold {
    lock: File,
}

impl Hold {
    /// Takes the directory, which is made where it is missing, and forgets requests to an earlier holder.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
    pub fn take(dir: &RunDir) -> Result<Self, RunError> {
        std::fs::create_dir_all(dir.control()).map_err(RunError::write(&dir.control()))?;
        let lock = take_lock(dir)?;
        forget_requests(dir)?;
        RunInfo::own().write(dir)?;
        Ok(Self { lock })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // Closing alone frees it too late where a child is between fork and exec with a copy of our files.
        self.lock.unlock().ok();
    }
}
