//! The loop: epochs of steps, validation, schedule, checkpoints, events; stopping and resuming between any two steps.
//!
//! A stop in mid-epoch saves the position inside the epoch, and the order and augmentation of an epoch follow from the seed
//! alone, so that a resumed run takes exactly the steps the uninterrupted one would have taken (bit for bit on the CPU).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ndarray::Array3;

use super::checkpoint::{self, Best, Progress};
use super::data::{self, TrainingData};
use super::engine::{Engine, EngineSetup, EngineState, engine};
use super::error::TrainingError;
use super::feed::Feed;
use super::patches::{Sample, patch_list};
use super::sample::Watch;
use super::schedule::Schedule;
use super::setup::{architecture, first_weights};
use super::source::PatchSource;
use super::validate::{Validation, validate};
use super::{EventKind, FinishStatus, RunWriter, StopRequest, StopSignal, TrainConfig};
use crate::network::{Architecture, Device, DeviceChoice, ModelFile, NetworkError, Provenance, TrainingNote};
use crate::preprocess::Intensities;

/// How a training ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Done or stopped.
    pub status: FinishStatus,
    /// Complete epochs.
    pub epochs: u32,
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

/// Trains until `config.epochs` are complete or a stop is asked for; continues from the run's last checkpoint when there is
/// one. Everything worth knowing goes to `run`; call it inside [`super::guarded`], which turns errors and panics into events.
pub fn train(config: &TrainConfig, run: &mut RunWriter, stop: &StopSignal) -> Result<Summary, TrainingError> {
    train_on(config, run, stop, |known| data::load(config, known))
}

fn train_on(
    config: &TrainConfig,
    run: &mut RunWriter,
    stop: &StopSignal,
    load: impl FnOnce(Option<Intensities>) -> Result<TrainingData, TrainingError>,
) -> Result<Summary, TrainingError> {
    let trainer = match stop.requested() {
        None => Trainer::begin(config, run, stop, load)?,
        Some(_) => None,
    };
    let summary = match trainer {
        Some(trainer) => trainer.run()?,
        None => Summary::stopped_early(run),
    };
    run.finish(summary.status, summary.sentence())?;
    Ok(summary)
}

struct Trainer<'a> {
    config: &'a TrainConfig,
    run: &'a mut RunWriter,
    stop: &'a StopSignal,
    architecture: Architecture,
    data: TrainingData,
    source: Arc<PatchSource>,
    feed: Feed,
    engine: Box<dyn Engine>,
    progress: Progress,
    watch: Watch,
    /// Wall time of this process's share of the epoch under way.
    epoch_begin: Instant,
}

impl<'a> Trainer<'a> {
    /// Gets everything ready; `load` is told the run's intensities when it is resumed. `None` when a stop was asked for
    /// meanwhile.
    fn begin(
        config: &'a TrainConfig,
        run: &'a mut RunWriter,
        stop: &'a StopSignal,
        load: impl FnOnce(Option<Intensities>) -> Result<TrainingData, TrainingError>,
    ) -> Result<Option<Self>, TrainingError> {
        let architecture = architecture(config)?;
        let choice: DeviceChoice = config.device.parse().map_err(NetworkError::Device)?;
        let (device, note) = Device::choose(choice)?;
        run.set_device(&note)?;
        run.watch_machine(device.gpu());
        let last = run.dir().last_checkpoint();
        let resumed = last.exists().then(|| checkpoint::load(&last, &architecture)).transpose()?;
        let mut data = load(resumed.as_ref().map(|(progress, _)| progress.intensities))?;
        if stop.requested().is_some() {
            return Ok(None);
        }
        let is_resumed = resumed.is_some();
        let (progress, state) = match resumed {
            Some(resumed) => resumed,
            None => (Progress::new(config, &data), EngineState::fresh(first_weights(config, &architecture)?)),
        };
        let setup = EngineSetup {
            architecture: architecture.clone(),
            optimiser: config.optimiser.clone(),
            loss: config.loss.clone(),
            fresh: config.init.is_none(),
        };
        let engine = engine(setup, &state, &device);
        let source = Arc::new(PatchSource::new(config, std::mem::take(&mut data.train)));
        let feed = Feed::start(source.clone(), progress.epochs, progress.steps)?;
        let epoch_begin = Instant::now();
        let (watch, trouble) = Watch::new(&config.sample, &data.val);
        data.notes.extend(trouble);
        let mut trainer = Self {
            config,
            run,
            stop,
            architecture,
            data,
            source,
            feed,
            engine,
            progress,
            watch,
            epoch_begin,
        };
        trainer.announce(note, is_resumed)?;
        Ok(Some(trainer))
    }

    fn announce(&mut self, device: String, resumed: bool) -> Result<(), TrainingError> {
        let val_patches = patch_list(&self.data.val, self.config.patch.size, self.config.patch.size).len();
        self.stamp();
        self.run.emit(EventKind::Started {
            epochs: self.config.epochs,
            steps_per_epoch: self.source.batches_per_epoch() as u64,
            device,
            parameters: self.architecture.value_count() as u64,
            train_patches: self.source.patches_per_epoch() as u64,
            val_patches: val_patches as u64,
            resumed,
        })?;
        for note in std::mem::take(&mut self.data.notes) {
            self.run.warn(note)?;
        }
        Ok(())
    }

    fn run(mut self) -> Result<Summary, TrainingError> {
        while self.progress.epochs < self.config.epochs {
            if let Some(request) = self.epoch()? {
                return self.stopped(request);
            }
        }
        Ok(self.summary(FinishStatus::Done))
    }

    /// One epoch, or what is left of it; the request, when one interrupted it.
    fn epoch(&mut self) -> Result<Option<StopRequest>, TrainingError> {
        self.epoch_begin = Instant::now();
        self.feed.take_waited();
        let first = self.progress.steps;
        for _ in first..self.source.batches_per_epoch() {
            if let Some(request) = self.stop.requested() {
                return Ok(Some(request));
            }
            self.step()?;
            if self.stop.take_snapshot_request() {
                self.save_last()?;
            }
        }
        let patches = self.source.patches_per_epoch().saturating_sub(first * self.config.batch);
        let speed = patches as f64 / self.epoch_begin.elapsed().as_secs_f64();
        let stop = self.stop;
        let go_on = || stop.requested().is_none();
        let size = self.config.patch.size;
        self.watch.begin(self.progress.epochs + 1, self.config.epochs);
        let mut seen = |sample: &Sample, p: &Array3<f32>| self.watch.see(sample, p);
        match validate(self.engine.as_ref(), &self.data.val, size, &self.config.loss, &go_on, &mut seen)? {
            Some(validation) => self.end_epoch(&validation, speed).map(|()| None),
            None => Ok(self.stop.requested()),
        }
    }

    fn step(&mut self) -> Result<(), TrainingError> {
        let begin = Instant::now();
        let rate = self.progress.schedule.rate;
        let batch = self.feed.next()?;
        let loss = self.engine.step(batch, rate)?;
        self.progress.steps += 1;
        self.progress.total_steps += 1;
        self.progress.loss_sum += loss;
        self.stamp();
        if !loss.is_finite() {
            return Err(self.diverged(loss));
        }
        Ok(self.run.step(loss, rate, begin.elapsed().as_secs_f64())?)
    }

    fn end_epoch(&mut self, validation: &Validation, speed: f64) -> Result<(), TrainingError> {
        let train_loss = self.progress.loss_sum / self.progress.steps.max(1) as f64;
        let monitored = validation.loss.unwrap_or(train_loss);
        let state = self.engine.state()?;
        if !monitored.is_finite() || !state.weights.is_finite() {
            return Err(self.diverged(f64::NAN));
        }
        let rate = self.progress.schedule.rate;
        self.progress.epochs += 1;
        self.progress.steps = 0;
        self.progress.loss_sum = 0.0;
        self.progress.schedule.after_epoch(self.config, self.progress.epochs, monitored);
        self.run.at(self.progress.epochs, self.progress.total_steps);
        self.run.emit(EventKind::Epoch {
            train_loss: Some(train_loss),
            val_loss: validation.loss,
            val_dice: validation.scores.mean_at_half(),
            lr: rate,
            seconds: self.epoch_begin.elapsed().as_secs_f64(),
            patches_per_second: speed,
            waited: Some(self.feed.take_waited().as_secs_f64()),
        })?;
        self.watch.keep(self.run)?;
        // The best first: a crash between the two then repeats the epoch instead of losing its model.
        if self.progress.best.is_none_or(|best| monitored < best.loss) {
            self.save_best(validation, monitored, &state)?;
        }
        self.save(&state)
    }

    fn save_best(
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
        let saved = model.save(&self.run.dir().best_model(), &state.weights);
        if self.report(saved.map_err(TrainingError::from), true)? {
            self.progress.best = Some(best);
        }
        Ok(())
    }

    fn save_last(&mut self) -> Result<(), TrainingError> {
        let state = self.engine.state()?;
        self.save(&state)
    }

    fn save(&mut self, state: &EngineState) -> Result<(), TrainingError> {
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

    fn stopped(mut self, request: StopRequest) -> Result<Summary, TrainingError> {
        if request == StopRequest::Clean {
            self.save_last()?;
        }
        Ok(self.summary(FinishStatus::Stopped))
    }

    fn summary(&self, status: FinishStatus) -> Summary {
        let best = self.progress.best;
        Summary {
            status,
            epochs: self.progress.epochs,
            best_epoch: best.map(|best| best.epoch),
            best_loss: best.map(|best| best.loss),
            best_dice: best.and_then(|best| best.dice),
            threshold: best.map(|best| best.threshold),
            model: self.run.dir().best_model(),
        }
    }

    fn diverged(&self, loss: f64) -> TrainingError {
        let last = self.run.dir().last_checkpoint();
        let kept = if last.exists() {
            format!("the last good state is in {}", last.display())
        } else {
            "nothing had been saved yet".to_owned()
        };
        TrainingError::Diverged {
            loss,
            epoch: self.progress.epochs + 1,
            step: self.progress.total_steps,
            kept,
        }
    }

    /// Events that follow belong to the epoch under way.
    fn stamp(&mut self) {
        let under_way = (self.progress.epochs + 1).min(self.config.epochs);
        self.run.at(under_way, self.progress.total_steps);
    }
}

impl Progress {
    fn new(config: &TrainConfig, data: &TrainingData) -> Self {
        Self {
            epochs: 0,
            steps: 0,
            total_steps: 0,
            loss_sum: 0.0,
            schedule: Schedule::new(config),
            intensities: data.intensities,
            best: None,
        }
    }
}

impl Summary {
    fn stopped_early(run: &RunWriter) -> Self {
        let model = run.dir().best_model();
        Self {
            status: FinishStatus::Stopped,
            epochs: 0,
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
        let start = format!("{verb} after {} epochs", self.epochs);
        match (self.best_epoch, self.best_loss, self.best_dice) {
            (Some(epoch), Some(loss), Some(dice)) => {
                format!("{start}; best was epoch {epoch} with loss {loss:.4} and Dice {dice:.3}")
            }
            (Some(epoch), Some(loss), None) => format!("{start}; best was epoch {epoch} with loss {loss:.4}"),
            _ => start,
        }
    }
}

#[cfg(test)]
mod tests;
