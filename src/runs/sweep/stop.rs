//! Ends a sweep: its queue where one is at work, else the trainings it left behind.

use super::{SweepDir, SweepStatus};
use crate::runs::{Liveness, RunsError, kill, liveness, request_stop, slurm};
use crate::training::RunDir;

/// Asks the queue to stop its trainings cleanly and to start no more; with `now`, without a checkpoint. On a cluster the tasks that
/// wait are taken out of the queue, and those at work are asked. Returns without waiting.
///
/// # Errors
/// The sweep cannot be read, a request cannot be written, or nothing is there to stop.
pub fn stop_sweep(dir: &SweepDir, now: bool) -> Result<(), RunsError> {
    let status = SweepStatus::of(dir.clone()).map_err(Box::new)?;
    if status.queue {
        return request_stop(dir.as_run(), now);
    }
    let runs = status.sweep.runs();
    let in_queue = slurm::stop(&runs, now)?;
    let mut any = in_queue.iter().any(|done| *done != slurm::Stopping::NotInQueue);
    for (run, _) in runs.iter().zip(in_queue).filter(|(_, done)| *done == slurm::Stopping::NotInQueue) {
        any |= stop_here(run, now)?;
    }
    if any { Ok(()) } else { Err(RunsError::NotRunning(dir.path().into())) }
}

/// Whether there was a trainer to stop.
fn stop_here(run: &RunDir, now: bool) -> Result<bool, RunsError> {
    if liveness(run) == Liveness::Gone {
        return Ok(false);
    }
    if now {
        kill(run)?
    } else {
        request_stop(run, false)?
    }
    Ok(true)
}
