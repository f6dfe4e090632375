//! How far a sweep is, read from its run directories.

use super::{Sweep, SweepDir, SweepError};
use crate::runs::{Live, Liveness, RunState, RunStatus, liveness};

/// A sweep now.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepStatus {
    /// The sweep.
    pub dir: SweepDir,
    /// Its list.
    pub sweep: Sweep,
    /// A queue is working it off on this machine.
    pub queue: bool,
    /// The points, in order.
    pub points: Vec<PointStatus>,
}

/// A point now.
#[derive(Debug, Clone, PartialEq)]
pub struct PointStatus {
    /// What tells it from the others, in a line.
    pub words: String,
    /// Its run.
    pub run: RunStatus,
}

impl SweepStatus {
    /// Looks at every run of the sweep.
    ///
    /// # Errors
    /// The sweep's list cannot be read.
    pub fn of(dir: SweepDir) -> Result<Self, SweepError> {
        let sweep = Sweep::read(&dir)?;
        let look = |point: &super::PointEntry| {
            let run = sweep.run(point);
            let run = Live::open(run.clone()).map_or_else(|_| removed(&run), |live| live.status());
            PointStatus { words: point.words(&sweep.varying), run }
        };
        let points = sweep.points.iter().map(look).collect();
        Ok(Self { queue: liveness(dir.as_run()) == Liveness::Alive, dir, points, sweep })
    }

    /// The points of which `holds` is true.
    pub fn count(&self, holds: impl Fn(&RunState) -> bool) -> usize {
        self.points.iter().filter(|p| holds(&p.run.state)).count()
    }

    /// In a word, as a run's: done, running, waiting, stopped, or failed where nothing else is left to do.
    pub fn word(&self) -> &'static str {
        let trains = self.count(RunState::has_trainer) > 0;
        let open = self.count(|s| *s == RunState::Waiting) > 0;
        let queued = self.points.iter().any(|p| p.run.queue.as_ref().is_some_and(|job| job.waits()));
        match () {
            () if trains || self.queue => "running",
            () if queued => "waiting",
            () if open => "stopped",
            () if self.count(|s| *s == RunState::Done) == self.points.len() => "done",
            () if self.count(|s| matches!(s, RunState::Stopped | RunState::Crashed)) > 0 => "stopped",
            () => "failed",
        }
    }

    /// `3 of 12 done, 1 running, 1 failed, 7 waiting`.
    pub fn tally(&self) -> String {
        let mut text = format!("{} of {} done", self.count(|s| *s == RunState::Done), self.points.len());
        let running = self.count(RunState::has_trainer);
        let failed = self.count(|s| matches!(s, RunState::Failed(_)));
        let halted = self.count(|s| matches!(s, RunState::Stopped | RunState::Crashed));
        let waiting = self.count(|s| *s == RunState::Waiting);
        for (count, word) in
            [(running, "running"), (failed, "failed"), (halted, "stopped"), (waiting, "waiting")]
        {
            if count > 0 {
                text.push_str(&format!(", {count} {word}"));
            }
        }
        text
    }
}

/// The status of a run whose directory somebody removed.
fn removed(run: &crate::training::RunDir) -> RunStatus {
    let status = RunStatus::of(run, &crate::runs::History::default(), 0);
    RunStatus { state: RunState::Failed("its directory was removed".into()), ..status }
}

/// The sweeps of a project, newest first; those that cannot be read are passed over.
pub fn sweeps(project: &std::path::Path) -> Vec<SweepDir> {
    let entries = std::fs::read_dir(SweepDir::folder(project)).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries.map(|e| e.path()).filter(|p| SweepDir::is_one(p)).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all.into_iter().map(SweepDir::new).collect()
}

/// The newest sweep of a project.
///
/// # Errors
/// There is none.
pub fn latest_sweep(project: &std::path::Path) -> Result<SweepDir, SweepError> {
    sweeps(project).into_iter().next().ok_or_else(|| SweepError::None(SweepDir::folder(project)))
}
