//! The loop: epochs of steps, validation, schedule, checkpoints, events; stopping and resuming between any two steps.
//!
//! A stop in mid-epoch saves the position inside the epoch, and the order and augmentation of an epoch follow from the seed
//! alone, so that a resumed run takes exactly the steps the uninterrupted one would have taken (bit for bit on the CPU).

mod ending;
mod keep;

use std::sync::Arc;
use std::time::Instant;

use ndarray::Array3;

use super::checkpoint::{self, Progress};
use super::data::{self, TrainingData};
use super::early_stop::EarlyStop;
use super::engine::{Engine, EngineSetup, EngineState, engine};
use super::error::TrainingError;
use super::feed::Feed;
use super::fine_tune::paces;
use super::patches::{Sample, patch_list};
use super::placement::place;
use super::sample::Watch;
use super::schedule::Schedule;
use super::setup::architecture;
use super::source::PatchSource;
use super::start::{crop_note, first_weights};
use super::validate::{Validation, validate};
use super::{EventKind, FinishStatus, RunWriter, ScheduleKind, StopRequest, StopSignal, TrainConfig};
use crate::network::Architecture;
use crate::preprocess::Intensities;
pub use ending::Summary;

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
        None => Summary::before_the_start(run),
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
    /// When the last checkpoint was written, or tried.
    saved_at: Instant,
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
        let (device, note) = place(config, &architecture)?;
        run.set_device(&note)?;
        run.watch_machine(device.gpu());
        let last = run.dir().last_checkpoint();
        let resumed = last.exists().then(|| checkpoint::load(&last, &architecture)).transpose()?;
        let mut data = load(resumed.as_ref().map(|(progress, _)| progress.intensities))?;
        if stop.requested().is_some() {
            return Ok(None);
        }
        let is_resumed = resumed.is_some();
        let (mut progress, state) = match resumed {
            Some(resumed) => resumed,
            None => (Progress::new(config, &data), EngineState::fresh(first_weights(config, &architecture)?)),
        };
        progress.plan_for(config, &mut data.notes);
        data.notes.extend(crop_note(config, &data.crop).filter(|_| !is_resumed));
        let setup = EngineSetup {
            architecture: architecture.clone(),
            optimiser: config.optimiser.clone(),
            loss: config.loss.clone(),
            paces: paces(config, &architecture)?,
            fresh: config.init.is_none(),
            precision: config.precision,
        };
        let engine = engine(setup, &state, &device);
        let source = Arc::new(PatchSource::new(config, std::mem::take(&mut data.train), data.intensities));
        let feed = Feed::start(source.clone(), progress.epochs, progress.steps)?;
        let (epoch_begin, saved_at) = (Instant::now(), Instant::now());
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
            saved_at,
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
        while !self.is_over() {
            if let Some(request) = self.epoch()? {
                return self.stopped(request);
            }
        }
        Ok(self.summary(FinishStatus::Done))
    }

    fn is_over(&self) -> bool {
        let enough = self.progress.epochs >= self.config.epochs;
        enough || self.progress.early_stop.reason(&self.config.early_stop).is_some()
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
            self.save_in_time()?;
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
        let rate = self.rate();
        let batch = self.feed.next()?;
        let stepped = self.engine.step(batch, self.ends_group().then_some(rate))?;
        for note in self.engine.take_notes() {
            self.run.warn(note)?;
        }
        self.progress.steps += 1;
        self.progress.total_steps += 1;
        self.progress.loss_sum += stepped.loss;
        self.stamp();
        if !stepped.loss.is_finite() {
            return Err(self.diverged(format!("the loss became {}", stepped.loss)));
        }
        if let Some(norm) = stepped.gradient.filter(|norm| !norm.is_finite()) {
            return Err(self.diverged(format!("the norm of the gradient became {norm}")));
        }
        Ok(self.run.step(stepped.loss, rate, begin.elapsed().as_secs_f64())?)
    }

    /// The rate of the epoch under way.
    fn rate(&self) -> f64 {
        self.progress.schedule.rate(self.config, self.progress.epochs)
    }

    /// Whether the coming batch is the last of those that make one update; every epoch ends with an update.
    fn ends_group(&self) -> bool {
        let number = self.progress.steps + 1;
        number.is_multiple_of(self.config.optimiser.accumulate) || number == self.source.batches_per_epoch()
    }

    fn end_epoch(&mut self, validation: &Validation, speed: f64) -> Result<(), TrainingError> {
        let train_loss = self.progress.loss_sum / self.progress.steps.max(1) as f64;
        let monitored = validation.loss.unwrap_or(train_loss);
        if !monitored.is_finite() {
            return Err(self.diverged(format!("the validation loss became {monitored}")));
        }
        let state = self.engine.state()?;
        if !state.is_finite() {
            return Err(self.diverged("a weight is no longer a number"));
        }
        let rate = self.rate();
        self.progress.epochs += 1;
        self.progress.steps = 0;
        self.progress.loss_sum = 0.0;
        self.progress.schedule.after_epoch(self.config, self.progress.epochs, monitored);
        self.progress.early_stop.after_epoch(&self.config.early_stop, monitored);
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

    fn stopped(mut self, request: StopRequest) -> Result<Summary, TrainingError> {
        if request == StopRequest::Clean {
            self.save_last()?;
        }
        Ok(self.summary(FinishStatus::Stopped))
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
            planned: config.epochs,
            schedule: Schedule::new(config),
            early_stop: EarlyStop::default(),
            intensities: data.intensities,
            best: None,
        }
    }

    /// Takes the length the run is to have now. A longer one gets its patience back, and a note where its schedule depends on
    /// the length.
    fn plan_for(&mut self, config: &TrainConfig, notes: &mut Vec<String>) {
        let (before, now) = (std::mem::replace(&mut self.planned, config.epochs), config.epochs);
        if before == 0 || now == before {
            return;
        }
        if now > before {
            self.early_stop.wait_anew();
        }
        if matches!(config.schedule.kind, ScheduleKind::Cosine | ScheduleKind::Poly) {
            notes.push(format!(
                "the run was laid out for {before} epochs and now for {now}: from here on its learning rate is that of a run of {now}"
            ));
        }
    }
}

#[cfg(test)]
mod tests;
