//! How a training ends: done, stopped or diverged, in numbers and in words.

use std::path::PathBuf;

use super::Trainer;
use crate::training::error::TrainingError;
use crate::training::{FinishStatus, RunWriter};

/// How a training ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Done or stopped.
    pub status: FinishStatus,
    /// Complete epochs.
    pub epochs: u32,
    /// Why it ended before its last epoch, where it did so by itself.
    pub early: Option<String>,
    /// Epoch of the kept model, from 1.
    pub best_epoch: Option<u32>,
    /// Its monitored loss.
    pub best_loss: Option<f64>,
    /// Its mean validation Dice at `threshold`.
    pub best_dice: Option<f64>,
    /// The threshold stored with it.
    pub threshold: Option<f32>,
    /// The kept model's file.
    pub model: PathBuf,
}

impl Trainer<'_> {
    pub(super) fn summary(&self, status: FinishStatus) -> Summary {
        let best = self.progress.best;
        Summary {
            status,
            epochs: self.progress.epochs,
            early: self.progress.early_stop.reason(&self.config.early_stop),
            best_epoch: best.map(|best| best.epoch),
            best_loss: best.map(|best| best.loss),
            best_dice: best.and_then(|best| best.dice),
            threshold: best.map(|best| best.threshold),
            model: self.run.dir().best_model(),
        }
    }

    /// The error that ends a run in which `what` happened.
    pub(super) fn diverged(&self, what: impl Into<String>) -> TrainingError {
        let last = self.run.dir().last_checkpoint();
        let kept = if last.exists() {
            format!("the last good state is in {}", last.display())
        } else {
            "nothing had been saved yet".to_owned()
        };
        let epoch = self.progress.epochs + 1;
        TrainingError::Diverged { what: what.into(), epoch, step: self.progress.total_steps, kept }
    }
}

impl Summary {
    pub(super) fn before_the_start(run: &RunWriter) -> Self {
        let model = run.dir().best_model();
        Self {
            status: FinishStatus::Stopped,
            epochs: 0,
            early: None,
            best_epoch: None,
            best_loss: None,
            best_dice: None,
            threshold: None,
            model,
        }
    }

    /// The summary in words.
    pub fn sentence(&self) -> String {
        let verb = if self.status == FinishStatus::Done { "finished" } else { "stopped" };
        let why = self.early.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let start = format!("{verb} after {} epochs{why}", self.epochs);
        match (self.best_epoch, self.best_loss, self.best_dice) {
            (Some(epoch), Some(loss), Some(dice)) => {
                format!("{start}; best was epoch {epoch} with loss {loss:.4} and Dice {dice:.3}")
            }
            (Some(epoch), Some(loss), None) => format!("{start}; best was epoch {epoch} with loss {loss:.4}"),
            _ => start,
        }
    }
}
