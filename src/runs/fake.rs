//! A trainer that trains nothing: it plays a script into a run directory, so that viewers can be tried and tested without a GPU
//! and without waiting. It is a real trainer to everyone else: lock, events, checkpoints' names, stop and resume.
//!
//! ```toml
//! pace_ms = 50            # pause after each step
//! epochs = 12
//! steps_per_epoch = 4
//! ending = "done"         # or "hang" (silent, lock held), "panic", "failed"
//! [[event]]               # any event, played before the first step of its epoch
//! epoch = 3
//! kind = "warning"
//! message = "the loss jumped"
//! ```

use super::RunsError;
use crate::training::{EventKind, FinishStatus, RunError, RunWriter, StopRequest, StopSignal};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// A script.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct FakeScript {
    /// Milliseconds a step takes.
    pub pace_ms: u64,
    /// Epochs to play.
    pub epochs: u32,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// How it ends.
    pub ending: Ending,
    /// Extra events.
    pub event: Vec<Extra>,
}

/// How a played run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// All epochs.
    Done,
    /// Alive and silent until asked to stop.
    Hang,
    /// A panic after the last epoch.
    Panic,
    /// An error after the last epoch.
    Failed,
}

/// An event of the script's author.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Extra {
    /// Played before the first step of this epoch.
    pub epoch: u32,
    /// What happens.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Default for FakeScript {
    fn default() -> Self {
        Self { pace_ms: 20, epochs: 5, steps_per_epoch: 4, ending: Ending::Done, event: Vec::new() }
    }
}

impl FakeScript {
    /// Reads a script.
    pub fn read(path: &Path) -> Result<Self, RunsError> {
        let text = std::fs::read_to_string(path).map_err(RunsError::file(path))?;
        toml::from_str(&text).map_err(|e| RunsError::Script { path: path.into(), message: e.to_string() })
    }
}

/// Plays `script` into `run`, from the epoch after the last one it holds.
///
/// # Errors
/// When the run cannot be written, or the script ends in an error.
pub fn play(script: &FakeScript, run: &mut RunWriter, stop: &StopSignal) -> Result<(), RunError> {
    let finished = run.position().1 / script.steps_per_epoch.max(1);
    let first = u32::try_from(finished).unwrap_or(u32::MAX).saturating_add(1);
    run.at(first - 1, finished * script.steps_per_epoch);
    run.set_device("none (fake)")?;
    run.emit(EventKind::Started {
        epochs: script.epochs,
        steps_per_epoch: script.steps_per_epoch,
        device: "none (fake)".into(),
        parameters: 0,
        train_patches: 2 * script.steps_per_epoch,
        val_patches: script.steps_per_epoch,
        resumed: first > 1,
    })?;
    for epoch in first..=script.epochs {
        if let Some(request) = play_epoch(script, epoch, run, stop)? {
            return last_act(request, run);
        }
    }
    end(script.ending, run, stop)
}

fn play_epoch(
    script: &FakeScript,
    epoch: u32,
    run: &mut RunWriter,
    stop: &StopSignal,
) -> Result<Option<StopRequest>, RunError> {
    let before = u64::from(epoch - 1) * script.steps_per_epoch;
    run.at(epoch, before);
    for extra in script.event.iter().filter(|e| e.epoch == epoch) {
        run.emit(extra.kind.clone())?;
    }
    let seconds = script.pace_ms as f64 / 1000.0;
    for step in before + 1..=before + script.steps_per_epoch {
        std::thread::sleep(Duration::from_millis(script.pace_ms));
        run.at(epoch, step);
        run.step(loss_at(step as f64 / script.steps_per_epoch as f64), LR, seconds)?;
        if let Some(request) = stop.requested() {
            return Ok(Some(request));
        }
    }
    let loss = loss_at(f64::from(epoch));
    run.emit(EventKind::Epoch {
        train_loss: Some(loss),
        val_loss: Some(loss + 0.03),
        val_dice: Some(0.97 - loss),
        lr: LR,
        seconds: seconds * script.steps_per_epoch as f64,
        patches_per_second: 2.0 / seconds.max(1e-3),
        waited: None,
    })?;
    run.emit(EventKind::Checkpoint { file: "checkpoints/last".into(), best: true })?;
    Ok(None)
}

const LR: f64 = 1e-3;

/// A loss that falls as losses do, with a little unrest.
fn loss_at(epoch: f64) -> f64 {
    0.15 + 0.75 * (-epoch / 4.0).exp() + 0.01 * (7.0 * epoch).sin()
}

fn last_act(request: StopRequest, run: &mut RunWriter) -> Result<(), RunError> {
    if request == StopRequest::Clean {
        run.emit(EventKind::Checkpoint { file: "checkpoints/last".into(), best: false })?;
    }
    run.finish(FinishStatus::Stopped, "stopped on request")
}

fn end(ending: Ending, run: &mut RunWriter, stop: &StopSignal) -> Result<(), RunError> {
    match ending {
        Ending::Done => run.finish(FinishStatus::Done, "all epochs played"),
        Ending::Failed => run.finish(FinishStatus::Failed, "the script says so"),
        Ending::Panic => std::panic::resume_unwind(Box::new("the script says so")),
        Ending::Hang => loop {
            std::thread::sleep(Duration::from_millis(50));
            if let Some(request) = stop.requested() {
                return last_act(request, run);
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runs::{Live, RunState};
    use crate::training::{Event, RunDir, TrainConfig, guarded};

    fn script(text: &str) -> FakeScript {
        toml::from_str(text).unwrap()
    }

    fn played(text: &str) -> Live {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let mut run = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        guarded(&mut run, |run| play(&script(text), run, &StopSignal::manual())).ok();
        drop(run);
        Live::open(dir).unwrap()
    }

    #[test]
    fn a_script_plays_to_its_end() {
        let live =
            played("pace_ms = 1\nepochs = 3\n[[event]]\nepoch = 2\nkind = \"warning\"\nmessage = \"hm\"");
        assert_eq!(live.status().state, RunState::Done);
        assert_eq!(live.history().epochs.len(), 3);
        assert_eq!(live.history().warnings.len(), 1);
        assert!(live.status().best.is_some());
    }

    #[test]
    fn a_panic_is_a_failure_with_its_words() {
        let state = played("pace_ms = 1\nepochs = 1\nending = \"panic\"").status().state;
        let RunState::Failed(message) = state else { panic!("{state:?}") };
        assert!(message.contains("the script says so"), "{message}");
    }

    #[test]
    fn resuming_goes_on_where_it_was() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let mut run = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        play(&script("pace_ms = 1\nepochs = 2"), &mut run, &StopSignal::manual()).unwrap();
        drop(run);
        let (mut run, _) = RunWriter::resume(dir.clone()).unwrap();
        play(&script("pace_ms = 1\nepochs = 5"), &mut run, &StopSignal::manual()).unwrap();
        drop(run);
        let text = std::fs::read_to_string(dir.events()).unwrap();
        let seqs: Vec<u64> = text.lines().map(|l| Event::from_line(l.as_bytes()).unwrap().seq).collect();
        assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>());
        let epochs: Vec<u32> = Live::open(dir).unwrap().history().epochs.iter().map(|e| e.epoch).collect();
        assert_eq!(epochs, [1, 2, 3, 4, 5]);
    }
}
