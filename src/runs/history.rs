//! What the events of a run amount to: curves, best epoch, warnings, the last word. Knows no files and no clock.
//!
//! A resumed run repeats the steps after its checkpoint. Time along the run is its step count, so a point removes every earlier
//! read point at or after its own step or epoch: what is drawn is always one line, the one the weights took.

use crate::training::{Event, EventKind, FinishStatus, SystemLoad};

/// Step points kept; beyond it every second one is dropped (a curve has no more columns than a screen).
const MOST_STEPS: usize = 1 << 14;

/// Load points kept, thinned likewise.
const MOST_LOADS: usize = 1 << 12;

/// One finished epoch.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochPoint {
    /// Epoch from 1.
    pub epoch: u32,
    /// Mean training loss; `None` when it was not finite.
    pub train_loss: Option<f64>,
    /// Validation loss.
    pub val_loss: Option<f64>,
    /// Validation Dice, 0..1.
    pub val_dice: Option<f64>,
    /// Learning rate.
    pub lr: f64,
    /// Seconds, validation included.
    pub seconds: f64,
    /// Training throughput.
    pub patches_per_second: f64,
    /// Seconds without patches to work on, where that was measured.
    pub waited: Option<f64>,
}

impl EpochPoint {
    /// Share of the epoch, 0..1, in which the device had patches to work on, where that was measured.
    pub fn busy(&self) -> Option<f64> {
        let waited = self.waited.filter(|_| self.seconds > 0.0)?;
        Some((1.0 - waited / self.seconds).clamp(0.0, 1.0))
    }
}

/// One reported optimiser step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepPoint {
    /// Steps since the run began.
    pub step: u64,
    /// Loss of the batch; `None` when it was not finite.
    pub loss: Option<f64>,
    /// Seconds.
    pub seconds: f64,
}

/// The load of the machine at some moment of the run.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadPoint {
    /// Steps since the run began.
    pub step: u64,
    /// The load.
    pub load: SystemLoad,
}

/// The curves a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CurveKind {
    /// Training loss by epoch.
    TrainLoss,
    /// Validation loss by epoch.
    ValLoss,
    /// Validation Dice by epoch.
    ValDice,
    /// Learning rate by epoch.
    LearningRate,
    /// Loss by step, at fractions of epochs.
    StepLoss,
}

/// Everything viewers show of a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Finished epochs in order.
    pub epochs: Vec<EpochPoint>,
    /// Reported steps in order, thinned when very many.
    pub steps: Vec<StepPoint>,
    /// Epochs the run is to reach; 0 until it started.
    pub target_epochs: u32,
    /// Steps in one epoch; 0 until it started.
    pub steps_per_epoch: u64,
    /// Device in words.
    pub device: String,
    /// Preparation before the first step: (done, total, what).
    pub preparing: Option<(u64, u64, String)>,
    /// Epoch the run is in, from 1.
    pub epoch: u32,
    /// Steps taken.
    pub step: u64,
    /// Warnings in order: (unix time, sentence).
    pub warnings: Vec<(f64, String)>,
    /// The newest sample: (file relative to the run directory, scan).
    pub sample: Option<(String, String)>,
    /// Paths of the newest best and last checkpoint, relative to the run directory.
    pub best_checkpoint: Option<String>,
    /// The newest checkpoint.
    pub last_checkpoint: Option<String>,
    /// Load of the machine along the run, thinned when very long.
    pub loads: Vec<LoadPoint>,
    /// Losses that were not finite: gaps in the curves.
    pub gaps: usize,
    /// How it ended, if it did: (status, sentence, unix time).
    pub finished: Option<(FinishStatus, String, f64)>,
    /// Unix time of the newest event; 0 before the first.
    pub last_time: f64,
}

impl History {
    /// Takes in the next event.
    pub fn apply(&mut self, event: &Event) {
        self.last_time = event.time;
        if !matches!(event.kind, EventKind::Unknown) {
            (self.epoch, self.step) = (event.epoch, event.step);
        }
        match &event.kind {
            EventKind::Prepare { done, total, what } => {
                self.finished = None;
                self.preparing = Some((*done, *total, what.clone()));
            }
            EventKind::Started { epochs, steps_per_epoch, device, .. } => {
                (self.target_epochs, self.steps_per_epoch) = (*epochs, *steps_per_epoch);
                self.device.clone_from(device);
                self.preparing = None;
                self.finished = None;
            }
            EventKind::Step { loss, seconds, .. } => {
                self.add_step(StepPoint { step: event.step, loss: *loss, seconds: *seconds });
            }
            EventKind::Epoch { .. } => self.add_epoch(event),
            EventKind::Checkpoint { file, best } => {
                self.last_checkpoint = Some(file.clone());
                if *best {
                    self.best_checkpoint = Some(file.clone());
                }
            }
            EventKind::Sample { file, scan } => self.sample = Some((file.clone(), scan.clone())),
            EventKind::System(load) => {
                self.loads.push(LoadPoint { step: event.step, load: *load });
                if self.loads.len() > MOST_LOADS {
                    let mut keep = false;
                    self.loads.retain(|_| {
                        keep = !keep;
                        keep
                    });
                }
            }
            EventKind::Warning { message } => self.warnings.push((event.time, message.clone())),
            EventKind::Finished { status, message } => {
                self.finished = Some((*status, message.clone(), event.time));
            }
            EventKind::Unknown => {}
        }
    }

    /// The epoch with the lowest validation loss (training loss where nothing validates), the earliest of equals.
    pub fn best(&self) -> Option<&EpochPoint> {
        let validates = self.epochs.iter().any(|e| e.val_loss.is_some());
        let monitored = |e: &EpochPoint| if validates { e.val_loss } else { e.train_loss };
        let finite = self.epochs.iter().filter_map(|e| Some((monitored(e)?, e)));
        finite.min_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, epoch)| epoch)
    }

    /// A curve as pieces of (epoch, value), cut where a value is missing.
    pub fn curve(&self, kind: CurveKind) -> Vec<Vec<(f64, f64)>> {
        let by_epoch = |value: fn(&EpochPoint) -> Option<f64>| {
            pieces(self.epochs.iter().map(|e| (f64::from(e.epoch), value(e))))
        };
        match kind {
            CurveKind::TrainLoss => by_epoch(|e| e.train_loss),
            CurveKind::ValLoss => by_epoch(|e| e.val_loss),
            CurveKind::ValDice => by_epoch(|e| e.val_dice),
            CurveKind::LearningRate => by_epoch(|e| Some(e.lr)),
            CurveKind::StepLoss => {
                let per_epoch = self.steps_per_epoch.max(1) as f64;
                pieces(self.steps.iter().map(|s| (s.step as f64 / per_epoch, s.loss)))
            }
        }
    }

    fn add_step(&mut self, point: StepPoint) {
        self.gaps += usize::from(point.loss.is_none());
        while self.steps.last().is_some_and(|last| last.step >= point.step) {
            let removed = self.steps.pop();
            self.gaps -= usize::from(removed.is_some_and(|r| r.loss.is_none()));
        }
        self.steps.push(point);
        if self.steps.len() > MOST_STEPS {
            let mut keep = false;
            self.steps.retain(|s| {
                keep = !keep;
                keep || s.loss.is_none()
            });
        }
    }

    fn add_epoch(&mut self, event: &Event) {
        let EventKind::Epoch { train_loss, val_loss, val_dice, lr, seconds, patches_per_second, waited } =
            event.kind
        else {
            return;
        };
        while self.epochs.last().is_some_and(|last| last.epoch >= event.epoch) {
            self.epochs.pop();
        }
        self.epochs.push(EpochPoint {
            epoch: event.epoch,
            train_loss,
            val_loss,
            val_dice,
            lr,
            seconds,
            patches_per_second,
            waited,
        });
    }
}

/// Cuts a series where a value is missing or not finite.
fn pieces(points: impl Iterator<Item = (f64, Option<f64>)>) -> Vec<Vec<(f64, f64)>> {
    let mut all: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (x, y) in points {
        match (y.filter(|y| y.is_finite()), all.last_mut()) {
            (Some(y), Some(piece)) => piece.push((x, y)),
            _ => all.push(Vec::new()),
        }
    }
    all.retain(|piece| !piece.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::EVENT_VERSION;

    fn event(seq: u64, epoch: u32, step: u64, kind: EventKind) -> Event {
        Event { v: EVENT_VERSION, seq, time: seq as f64, epoch, step, kind }
    }

    fn epoch_kind(val_loss: Option<f64>) -> EventKind {
        EventKind::Epoch {
            train_loss: val_loss,
            val_loss,
            val_dice: val_loss.map(|l| 1.0 - l),
            lr: 1e-3,
            seconds: 2.0,
            patches_per_second: 4.0,
            waited: None,
        }
    }

    fn step_kind(loss: Option<f64>) -> EventKind {
        EventKind::Step { loss, lr: 1e-3, seconds: 0.1 }
    }

    #[test]
    fn a_resume_draws_one_line() {
        let mut history = History::default();
        for (seq, (epoch, step, loss)) in
            [(1, 1, 0.9), (1, 2, 0.8), (2, 3, 0.7), (2, 4, 0.6)].iter().enumerate()
        {
            history.apply(&event(seq as u64, *epoch, *step, step_kind(Some(*loss))));
        }
        history.apply(&event(4, 1, 2, epoch_kind(Some(0.8))));
        history.apply(&event(5, 2, 4, epoch_kind(Some(0.6))));
        history.apply(&event(6, 2, 3, step_kind(Some(0.75))));
        history.apply(&event(7, 2, 4, epoch_kind(Some(0.65))));
        assert_eq!(history.steps.iter().map(|s| s.step).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(history.curve(CurveKind::ValLoss), [vec![(1.0, 0.8), (2.0, 0.65)]]);
    }

    #[test]
    fn missing_values_are_gaps_and_never_best() {
        let mut history = History::default();
        for (epoch, loss) in [(1, Some(0.5)), (2, None), (3, Some(0.4)), (4, Some(0.4)), (5, Some(0.6))] {
            history.apply(&event(u64::from(epoch), epoch, 0, epoch_kind(loss)));
        }
        assert_eq!(history.curve(CurveKind::TrainLoss).len(), 2);
        assert_eq!(history.best().unwrap().epoch, 3);
        history.apply(&event(9, 5, 50, step_kind(None)));
        assert_eq!(history.gaps, 1);
    }

    #[test]
    fn the_busy_share_is_what_is_left_of_the_waiting() {
        let mut history = History::default();
        let mut kind = epoch_kind(Some(0.5));
        history.apply(&event(0, 1, 4, kind.clone()));
        assert_eq!(history.epochs[0].busy(), None);
        if let EventKind::Epoch { waited, .. } = &mut kind {
            *waited = Some(0.5);
        }
        history.apply(&event(1, 1, 4, kind));
        assert_eq!(history.epochs[0].busy(), Some(0.75));
    }

    #[test]
    fn very_many_steps_are_thinned_to_the_same_span() {
        let mut history = History::default();
        for step in 1..=100_000 {
            history.apply(&event(step, 1, step, step_kind(Some(0.5))));
        }
        assert!(history.steps.len() <= MOST_STEPS);
        assert!(history.steps[0].step < 100 && history.steps.last().unwrap().step > 99_900);
    }

    #[test]
    fn starting_again_takes_back_the_last_word() {
        let mut history = History::default();
        let stopped = EventKind::Finished { status: FinishStatus::Stopped, message: String::new() };
        history.apply(&event(0, 1, 5, stopped));
        assert!(history.finished.is_some());
        let again = r#"{"seq":1,"time":2,"kind":"started","epochs":9,"resumed":true}"#;
        history.apply(&Event::from_line(again.as_bytes()).unwrap());
        assert_eq!((history.finished, history.target_epochs), (None, 9));
    }
}
