//! What the queue adds to what a run directory says of itself. The directory wins on what it knows: a finished run is finished.

use super::{JobState, Queue, SlurmJob};
use crate::runs::{RunState, RunStatus};
use crate::training::RunDir;

/// `status` with what the queue last said of the run's job; unchanged for a run that is no job.
#[must_use]
pub fn refine(mut status: RunStatus, queue: &Queue) -> RunStatus {
    let (state, job) = refined_state(&status.dir, status.state, queue);
    (status.state, status.queue) = (state, job);
    status
}

/// [`refine`] for the state alone: the state, and the job where the queue has it.
pub fn refined_state(dir: &RunDir, state: RunState, queue: &Queue) -> (RunState, Option<JobState>) {
    let Some(SlurmJob { id, .. }) = SlurmJob::of(dir) else { return (state, None) };
    let job = queue.job(id);
    let state = match (state, job) {
        (RunState::Done, _) => RunState::Done,
        (state, Some(job)) if state.is_alive() && state != RunState::Waiting && !job.waits() => state,
        (_, Some(job)) if job.waits() => RunState::Waiting,
        // The lock of a trainer on another machine cannot always be seen from here; Slurm knows that the job is there.
        (RunState::Crashed, Some(job)) if job.runs() => RunState::Running,
        (RunState::Waiting | RunState::Stopped, Some(job)) if job.runs() => RunState::Starting,
        // Taken back before its turn: by whom, and when, the queue knows only for some minutes.
        (RunState::Waiting, Some(job)) if job.state.starts_with("CANCELLED") => RunState::Stopped,
        (RunState::Waiting, None) if queue.has_forgotten(id) => RunState::Stopped,
        (RunState::Waiting, Some(job)) => {
            RunState::Failed(format!("{}: it ended before the training began; see console.log", job.words()))
        }
        (state, _) => state,
    };
    (state, job.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::RunDir;

    fn refined(state: RunState, job: Option<&str>) -> RunState {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let id = "7".parse().unwrap();
        SlurmJob { id, script: "/s".into(), submitted: 0.0 }.keep(&dir).unwrap();
        let status = RunStatus { state, ..RunStatus::of(&dir, &Default::default(), 0) };
        refine(status, &Queue::with(id, job)).state
    }

    #[test]
    fn the_queue_says_what_the_directory_cannot_know() {
        use RunState::{Crashed, Done, Running, Starting, Stopped, Waiting};
        assert_eq!(refined(Waiting, Some("PENDING")), Waiting);
        assert_eq!(refined(Stopped, Some("PENDING")), Waiting, "put back into the queue");
        assert_eq!(refined(Crashed, Some("PENDING")), Waiting, "its machine died");
        assert_eq!(refined(Waiting, Some("RUNNING")), Starting);
        assert_eq!(refined(Crashed, Some("RUNNING")), Running, "the lock is not seen from here");
        assert_eq!(refined(Running, Some("RUNNING")), Running);
        assert_eq!(refined(Done, Some("COMPLETING")), Done);
        assert_eq!(refined(Crashed, Some("TIMEOUT")), Crashed);
        assert_eq!(refined(Crashed, None), Crashed);
        for job in [Some("CANCELLED"), None] {
            assert_eq!(refined(Waiting, job), Stopped, "{job:?}");
        }
        assert!(matches!(refined(Waiting, Some("NODE_FAIL")), RunState::Failed(_)));
    }
}
