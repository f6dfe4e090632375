//! The one-line truth about a run: its state by the rules of the run protocol, how far it is, how long it still takes.

use super::history::History;
use super::liveness::{Liveness, liveness};
use super::slurm::JobState;
use crate::training::{FinishStatus, RunDir, RunInfo};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A living trainer silent for longer than this (and longer than an epoch takes) is called stalled.
const SILENCE: f64 = 180.0;
/// A directory this young without a trainer is one that is just being started.
const BIRTH: Duration = Duration::from_secs(30);
/// Epochs the ETA is measured on.
const ETA_EPOCHS: usize = 5;

/// State of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunState {
    /// Its settings are frozen and its turn, in a sweep or in a cluster's queue, has not come.
    Waiting,
    /// A trainer is preparing; no step yet.
    Starting,
    /// A trainer is working.
    Running,
    /// A trainer is there but has been silent for minutes.
    Stalled,
    /// All epochs reached.
    Done,
    /// Stopped on request; can be resumed.
    Stopped,
    /// Ended with an error.
    Failed(String),
    /// No trainer, and no last word: killed, out of memory, or the machine went down. Can be resumed.
    Crashed,
}

/// The epoch with the lowest validation loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Best {
    /// Epoch from 1.
    pub epoch: u32,
    /// Its validation loss.
    pub val_loss: Option<f64>,
    /// Its validation Dice, 0..1.
    pub val_dice: Option<f64>,
}

/// A run in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStatus {
    /// The run.
    pub dir: RunDir,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: RunState,
    /// Epochs finished.
    pub epoch: u32,
    /// Epochs to reach; 0 while unknown.
    pub epochs: u32,
    /// Steps taken.
    pub step: u64,
    /// Best epoch so far.
    pub best: Option<Best>,
    /// Time to the last epoch, while running.
    pub eta: Option<Duration>,
    /// Device in words; empty while unknown.
    pub device: String,
    /// Unix time of the newest event; 0 before the first.
    pub last_time: f64,
    /// Warnings, lost values and unreadable lines together: worth a badge when not 0.
    pub warnings: usize,
    /// What a cluster's queue says of it, where it was asked ([`super::slurm::refine`]).
    pub queue: Option<JobState>,
}

impl RunState {
    /// Whether a trainer is there, or will come without anybody's doing.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Waiting | Self::Starting | Self::Running | Self::Stalled)
    }

    /// Whether a trainer is there now.
    pub fn has_trainer(&self) -> bool {
        self.is_alive() && *self != Self::Waiting
    }

    /// Whether resuming makes sense.
    pub fn can_resume(&self) -> bool {
        !self.is_alive()
    }

    /// One word, as in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stalled => "stalled",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
            Self::Crashed => "crashed",
        }
    }
}

impl RunStatus {
    /// Looks at the lock and sums up `history`, of which `corrupt` lines could not be read.
    pub fn of(dir: &RunDir, history: &History, corrupt: usize) -> Self {
        let state = state(dir, history, liveness(dir), now());
        let eta = Some(&state).filter(|s| **s == RunState::Running).and_then(|_| eta(history, now()));
        Self {
            dir: dir.clone(),
            name: dir.name(),
            state,
            epoch: history.epochs.last().map_or(0, |e| e.epoch),
            epochs: history.target_epochs,
            step: history.step,
            best: history.best().map(|e| Best { epoch: e.epoch, val_loss: e.val_loss, val_dice: e.val_dice }),
            eta,
            device: history.device.clone(),
            last_time: history.last_time,
            warnings: history.warnings.len() + history.gaps + corrupt,
            queue: None,
        }
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

fn state(dir: &RunDir, history: &History, liveness: Liveness, now: f64) -> RunState {
    match liveness {
        Liveness::Alive => alive_state(dir, history, now),
        Liveness::Gone => match &history.finished {
            Some((FinishStatus::Done, ..)) => RunState::Done,
            Some((FinishStatus::Stopped, ..)) => RunState::Stopped,
            Some((FinishStatus::Failed, message, _)) => RunState::Failed(message.clone()),
            None if history.last_time == 0.0 && is_frozen_only(dir) => RunState::Waiting,
            None if history.last_time == 0.0 && is_being_born(dir) => RunState::Starting,
            None => RunState::Crashed,
        },
    }
}

fn alive_state(dir: &RunDir, history: &History, now: f64) -> RunState {
    let started = RunInfo::read(dir).map_or(0.0, |i| i.started);
    let patience = history.epochs.last().map_or(SILENCE, |e| SILENCE.max(2.0 * e.seconds));
    // After a resume the newest event is the earlier process's.
    if now - history.last_time.max(started) > patience {
        RunState::Stalled
    } else if history.target_epochs == 0 || history.last_time < started {
        RunState::Starting
    } else {
        RunState::Running
    }
}

/// Settings, but no trainer has ever taken the run.
fn is_frozen_only(dir: &RunDir) -> bool {
    dir.config().exists() && !dir.run_json().exists()
}

fn is_being_born(dir: &RunDir) -> bool {
    let made = std::fs::metadata(dir.path()).and_then(|m| m.modified());
    made.is_ok_and(|t| t.elapsed().is_ok_and(|age| age < BIRTH))
}

/// Remaining epochs at the pace of the last few; before the first is complete, remaining steps at the pace of the steps.
fn eta(history: &History, now: f64) -> Option<Duration> {
    let done = history.epochs.last().map_or(0, |e| e.epoch);
    let remaining = f64::from(history.target_epochs.checked_sub(done)?);
    let seconds = if history.epochs.is_empty() {
        let steps = remaining * history.steps_per_epoch as f64 - history.step as f64;
        steps * median(history.steps.iter().rev().take(50).map(|s| s.seconds))?
    } else {
        let epoch = median(history.epochs.iter().rev().take(ETA_EPOCHS).map(|e| e.seconds))?;
        let steps_in = history.step as f64 - f64::from(done) * history.steps_per_epoch as f64;
        let share = (steps_in / history.steps_per_epoch.max(1) as f64).clamp(0.0, 1.0);
        epoch * (remaining - share) - (now - history.last_time).clamp(0.0, epoch)
    };
    Duration::try_from_secs_f64(seconds.max(0.0)).ok()
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::history::EpochPoint;

    fn history(finished: Option<FinishStatus>) -> History {
        let epoch = |epoch, seconds| EpochPoint {
            epoch,
            train_loss: Some(0.5),
            val_loss: Some(1.0 / f64::from(epoch)),
            val_dice: Some(0.5),
            lr: 1e-3,
            seconds,
            patches_per_second: 1.0,
            waited: None,
        };
        History {
            epochs: vec![epoch(1, 100.0), epoch(2, 10.0), epoch(3, 10.0)],
            target_epochs: 10,
            steps_per_epoch: 4,
            step: 14,
            finished: finished.map(|s| (s, "why".into(), 1000.0)),
            last_time: 1000.0,
            ..History::default()
        }
    }

    #[test]
    fn the_rules_of_the_protocol() {
        let nowhere = RunDir::new("/nonexistent");
        let state_of = |finished, alive, now| state(&nowhere, &history(finished), alive, now);
        use Liveness::{Alive, Gone};
        assert_eq!(state_of(None, Alive, 1010.0), RunState::Running);
        assert_eq!(state_of(None, Alive, 1300.0), RunState::Stalled);
        assert_eq!(state_of(None, Gone, 1010.0), RunState::Crashed);
        assert_eq!(state_of(Some(FinishStatus::Done), Gone, 1e6), RunState::Done);
        assert_eq!(state_of(Some(FinishStatus::Stopped), Gone, 1e6), RunState::Stopped);
        assert_eq!(state_of(Some(FinishStatus::Failed), Gone, 1e6), RunState::Failed("why".into()));
        assert_eq!(state(&nowhere, &History::default(), Alive, 0.0), RunState::Starting);
    }

    #[test]
    fn the_eta_follows_the_median_epoch_and_the_part_done() {
        // 7 epochs of 10 s to go, half of one is done.
        assert_eq!(eta(&history(None), 1000.0), Some(Duration::from_secs(65)));
        assert_eq!(eta(&history(None), 1002.0), Some(Duration::from_secs(63)));
        assert_eq!(eta(&History::default(), 1000.0), None);
    }
}
