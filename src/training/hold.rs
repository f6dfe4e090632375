//! Holds a directory for as long as one process works in it, as a run is held by its trainer: the same lock, the same `run.json`,
//! the same request files. So whatever starts, finds and stops trainers does the same for a queue of trainings.

use super::identity::RunInfo;
use super::run_dir::{RunDir, RunError};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// A viewer probing the lock holds it for microseconds; wait this long before calling the directory busy.
const PATIENCE: Duration = Duration::from_secs(2);

/// The right to work in a directory; given back when dropped.
#[derive(Debug)]
pub struct Hold {
    _lock: Lock,
}

impl Hold {
    /// Takes the directory, which is made where it is missing, and forgets requests to an earlier holder.
    ///
    /// # Errors
    /// When another process has it, or it cannot be written.
    pub fn take(dir: &RunDir) -> Result<Self, RunError> {
        fs::create_dir_all(dir.control()).map_err(RunError::write(&dir.control()))?;
        let lock = Lock::take(dir)?;
        forget_requests(dir)?;
        RunInfo::own().write(dir)?;
        Ok(Self { _lock: lock })
    }
}

/// The lock of a directory; freed when dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Waits a moment for it where another has it.
    pub(super) fn take(dir: &RunDir) -> Result<Self, RunError> {
        let path = dir.lock();
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(RunError::write(&path))?;
        let begin = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Self(lock)),
                Err(TryLockError::Error(source)) => return Err(RunError::Write { path, source }),
                Err(TryLockError::WouldBlock) if begin.elapsed() > PATIENCE => {
                    return Err(RunError::Busy(dir.path().into()));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would free it too, but not while a child process is between fork and exec with a copy of our files.
        self.0.unlock().ok();
    }
}

pub(super) fn forget_requests(dir: &RunDir) -> Result<(), RunError> {
    for path in [dir.stop_request(), dir.stop_now_request(), dir.snapshot_request()] {
        remove_if_there(&path).map_err(RunError::write(&path))?;
    }
    Ok(())
}

pub(super) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
