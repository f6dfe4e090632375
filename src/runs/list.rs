//! The runs of a project, newest first.

use super::RunsError;
use super::live::Live;
use super::status::RunStatus;
use crate::training::RunDir;
use std::path::Path;

/// All runs below `runs`, newest name first. Folders that are not runs are passed over; a folder that is not there has none.
pub fn list(runs: &Path) -> Vec<RunStatus> {
    directories(runs).into_iter().filter_map(|d| Live::open(d).ok()).map(|l| l.status()).collect()
}

/// The newest run below `runs`.
///
/// # Errors
/// When there is none.
pub fn latest(runs: &Path) -> Result<RunDir, RunsError> {
    let is_run = |d: &RunDir| d.events().exists();
    directories(runs).into_iter().find(is_run).ok_or_else(|| RunsError::NoRuns(runs.into()))
}

/// Folders below `runs`, newest first: names begin with their time.
pub(super) fn directories(runs: &Path) -> Vec<RunDir> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut all: Vec<RunDir> = entries.map(|e| e.path()).filter(|p| p.is_dir()).map(RunDir::new).collect();
    all.sort_by(|a, b| b.cmp(a));
    all
}
