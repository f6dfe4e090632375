//! Ends runs that are jobs: one that waits is taken out of the queue, one that trains is asked through its directory, which
//! reaches it on any machine that shares the disk.

use super::command::ask;
use super::{JobId, JobState, Queue, SlurmError, SlurmJob};
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

/// Ends the runs' jobs; with `now`, also those that train. The answers are in the order of `runs`. Asks the queue once, which may
/// take seconds.
///
/// # Errors
/// Slurm does not answer or refuses, or a request cannot be written.
pub fn stop(runs: &[RunDir], now: bool) -> Result<Vec<Stopping>, RunsError> {
    let jobs: Vec<Option<JobId>> = runs.iter().map(|run| SlurmJob::of(run).map(|job| job.id)).collect();
    let ids: Vec<JobId> = jobs.iter().copied().flatten().collect();
    let mut queue = Queue::default();
    queue.look(&ids);
    if let Some(said) = queue.trouble() {
        return Err(SlurmError::Unreachable { said: said.into() }.into());
    }
    let decide = |id: &Option<JobId>| {
        id.and_then(|id| queue.job(id)).map_or(Stopping::NotInQueue, |job| choose(job, now))
    };
    let choices: Vec<Stopping> = jobs.iter().map(decide).collect();
    let taken = jobs.iter().zip(&choices).filter(|(_, c)| matches!(c, Stopping::Cancelled | Stopping::Ended));
    cancel(&taken.filter_map(|(id, _)| *id).collect::<Vec<_>>())?;
    for (run, _) in runs.iter().zip(&choices).filter(|(_, choice)| **choice == Stopping::Asked) {
        request_stop_unseen(run)?;
    }
    Ok(choices)
}

fn choose(job: &JobState, now: bool) -> Stopping {
    match (job.waits(), job.runs(), now) {
        (true, ..) => Stopping::Cancelled,
        (_, true, true) => Stopping::Ended,
        (_, true, false) => Stopping::Asked,
        _ => Stopping::NotInQueue,
    }
}

fn cancel(ids: &[JobId]) -> Result<(), SlurmError> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let words: Vec<&str> = ids.iter().map(String::as_str).collect();
    if words.is_empty() { Ok(()) } else { ask("scancel", &words, Path::new("/")).map(drop) }
}
