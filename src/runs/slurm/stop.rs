//! Ends a run that is a job: one that waits is taken out of the queue, one that trains is asked through its directory, which
//! reaches it on any machine that shares the disk.

use super::command::ask;
use super::{Queue, SlurmError, SlurmJob};
use crate::runs::{RunsError, request_stop_unseen};
use crate::training::RunDir;
use std::path::Path;

/// What was done to end a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopping {
    /// It waited, and does no more.
    Cancelled,
    /// Its trainer was asked to finish the step, write a checkpoint and end.
    Asked,
    /// Its job was cancelled while it trained.
    Ended,
    /// It is no job, or none that Slurm still has: the run directory alone can tell.
    NotInQueue,
}

/// Ends the run's job; with `now`, also one that trains. Asks the queue first, which may take seconds.
///
/// # Errors
/// Slurm does not answer or refuses, or the request cannot be written.
pub fn stop(dir: &RunDir, now: bool) -> Result<Stopping, RunsError> {
    let Some(SlurmJob { id, .. }) = SlurmJob::of(dir) else { return Ok(Stopping::NotInQueue) };
    let mut queue = Queue::default();
    queue.look(&[id]);
    let cancel = || ask("scancel", &[&id.to_string()], Path::new("/")).map(drop);
    match queue.job(id) {
        Some(job) if job.waits() => cancel().map(|()| Stopping::Cancelled).map_err(Into::into),
        Some(job) if job.runs() && now => cancel().map(|()| Stopping::Ended).map_err(Into::into),
        Some(job) if job.runs() => request_stop_unseen(dir).map(|()| Stopping::Asked),
        None if queue.trouble().is_some() => {
            Err(SlurmError::Unreachable { said: queue.trouble().unwrap_or_default().to_owned() }.into())
        }
        _ => Ok(Stopping::NotInQueue),
    }
}
