//! What a training keeps: the model of its best epoch, and the state it goes on from. Never a state with a value that is no number.

use std::time::Instant;

use super::Trainer;
use crate::network::{ModelFile, Provenance, TrainingNote};
use crate::training::EventKind;
use crate::training::checkpoint::{self, Best};
use crate::training::engine::EngineState;
use crate::training::error::TrainingError;
use crate::training::validate::Validation;

impl Trainer<'_> {
    pub(super) fn save_best(
        &mut self,
        validation: &Validation,
        loss: f64,
        state: &EngineState,
    ) -> Result<(), TrainingError> {
        let (threshold, dice) = validation.scores.best().map_or((0.5, None), |(t, dice)| (t, Some(dice)));
        let best = Best { epoch: self.progress.epochs, loss, dice, threshold };
        let provenance = Provenance::of("training");
        let (crop, contrast) = (self.data.crop, self.config.contrast.clone().into());
        let architecture = self.architecture.clone();
        let mut model = ModelFile::new(architecture, crop, self.progress.intensities, contrast, provenance);
        model.patch = self.config.patch.size;
        model.threshold = threshold;
        model.training = Some(TrainingNote {
            epoch: best.epoch,
            step: self.progress.total_steps,
            val_loss: validation.loss,
            val_dice: dice,
            train_scans: self.source.scans(),
            val_scans: self.data.val.len(),
            seed: self.config.seed,
        });
        let saved = model.save(&self.run.dir().best_model(), state.model());
        if self.report(saved.map_err(TrainingError::from), true)? {
            self.progress.best = Some(best);
        }
        Ok(())
    }

    /// Saves when the last checkpoint is older than `checkpoint_minutes`.
    pub(super) fn save_in_time(&mut self) -> Result<(), TrainingError> {
        let limit = self.config.checkpoint_minutes * 60.0;
        let due = limit > 0.0 && self.saved_at.elapsed().as_secs_f64() >= limit;
        if due { self.save_last() } else { Ok(()) }
    }

    pub(super) fn save_last(&mut self) -> Result<(), TrainingError> {
        let state = self.engine.state()?;
        self.save(&state)
    }

    pub(super) fn save(&mut self, state: &EngineState) -> Result<(), TrainingError> {
        if !state.is_finite() {
            return Err(self.diverged("a weight is no longer a number"));
        }
        self.saved_at = Instant::now();
        let saved = checkpoint::save(&self.run.dir().last_checkpoint(), &self.progress, state);
        self.report(saved, false).map(|_| ())
    }

    /// Tells of a checkpoint. One that could not be written is a warning: the file before it is still whole.
    fn report(&mut self, saved: Result<(), TrainingError>, best: bool) -> Result<bool, TrainingError> {
        let file = if best { self.run.dir().best_model() } else { self.run.dir().last_checkpoint() };
        let file = file.strip_prefix(self.run.dir().path()).unwrap_or(&file).display().to_string();
        match &saved {
            Ok(()) => self.run.emit(EventKind::Checkpoint { file, best })?,
            Err(error) => {
                self.run.warn(format!("{error}; the checkpoint before it is kept and training goes on"))?
            }
        }
        Ok(saved.is_ok())
    }
}
