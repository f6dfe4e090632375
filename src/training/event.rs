//! What a trainer tells the world: one JSON object a line in `events.jsonl`. Writers and readers share only this file's types.
//!
//! The format grows without breaking old readers: unknown kinds become [`EventKind::Unknown`], unknown fields are ignored. A number
//! that is not finite is written as `null` and read back as `None` (or NaN where the field is a plain `f64`): a gap in a curve.

use serde::{Deserialize, Deserializer, Serialize};
use std::time::{SystemTime, UNIX_EPOCH};

/// Version stamped on each event; raised only when the meaning of an existing field changes.
pub const EVENT_VERSION: u32 = 1;

/// One line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Format version, [`EVENT_VERSION`] when written by this program.
    #[serde(default)]
    pub v: u32,
    /// Counts up by one from 0 over the whole life of the run, resumes included.
    pub seq: u64,
    /// Unix time in seconds.
    pub time: f64,
    /// Epoch this belongs to, counted from 1; 0 before the first.
    #[serde(default)]
    pub epoch: u32,
    /// Optimiser steps taken since the run began, resumes included.
    #[serde(default)]
    pub step: u64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. Losses are `1 + dice_loss` style numbers where 0 is perfect; Dice is 0..1; times are seconds; memory is bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// Work before the first step, such as preprocessing.
    Prepare {
        /// Items done.
        done: u64,
        /// Items in all.
        total: u64,
        /// What is being done, e.g. "preprocessing".
        #[serde(default)]
        what: String,
    },
    /// The trainer has its data and is about to take the first step (again, after a resume).
    Started {
        /// Epochs this run is to reach.
        epochs: u32,
        /// Optimiser steps in one epoch.
        #[serde(default)]
        steps_per_epoch: u64,
        /// Device in words, e.g. "CPU (no CUDA device)".
        #[serde(default)]
        device: String,
        /// Trainable values of the network.
        #[serde(default)]
        parameters: u64,
        /// Patches trained on.
        #[serde(default)]
        train_patches: u64,
        /// Patches validated on.
        #[serde(default)]
        val_patches: u64,
        /// Whether this continues an earlier process.
        #[serde(default)]
        resumed: bool,
    },
    /// One optimiser step (rate-limited by the writer; not every step is there).
    Step {
        /// Loss of this batch.
        loss: Option<f64>,
        /// Learning rate used.
        #[serde(deserialize_with = "null_is_nan")]
        lr: f64,
        /// Wall time of the step.
        #[serde(deserialize_with = "null_is_nan")]
        seconds: f64,
    },
    /// One epoch with its validation is complete.
    Epoch {
        /// Mean training loss.
        train_loss: Option<f64>,
        /// Validation loss; `None` without validation data.
        val_loss: Option<f64>,
        /// Validation Dice at threshold 0.5.
        val_dice: Option<f64>,
        /// Learning rate of this epoch.
        #[serde(deserialize_with = "null_is_nan")]
        lr: f64,
        /// Wall time, validation included.
        #[serde(deserialize_with = "null_is_nan")]
        seconds: f64,
        /// Training throughput.
        #[serde(deserialize_with = "null_is_nan")]
        patches_per_second: f64,
        /// Seconds of it in which the device had no patches to work on; `None` from a writer that did not measure it.
        #[serde(default)]
        waited: Option<f64>,
    },
    /// A checkpoint is complete on disk.
    Checkpoint {
        /// Path relative to the run directory.
        file: String,
        /// Whether it is the best on validation loss so far.
        best: bool,
    },
    /// A validation subject's prediction was written.
    Sample {
        /// Path relative to the run directory.
        file: String,
        /// The scan predicted.
        scan: String,
    },
    /// Load of the machine.
    System(SystemLoad),
    /// Something the user should know; training goes on.
    Warning {
        /// One sentence.
        message: String,
    },
    /// The trainer's last word. A run whose lock is free without it has crashed.
    Finished {
        /// How it ended.
        status: FinishStatus,
        /// One sentence.
        #[serde(default)]
        message: String,
    },
    /// Written by a newer version; ignored.
    #[serde(other)]
    Unknown,
}

/// Load of the machine; what is not known is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemLoad {
    /// GPU load, 0..1.
    pub gpu_load: Option<f64>,
    /// Memory in use on the GPU, by everybody, bytes.
    pub gpu_memory: Option<u64>,
    /// Memory the GPU has, bytes.
    pub gpu_memory_total: Option<u64>,
    /// Memory of the trainer on the GPU, bytes.
    pub gpu_process_memory: Option<u64>,
    /// Temperature of the GPU, degrees Celsius.
    pub gpu_temperature: Option<f64>,
    /// CPU load of the whole machine, 0..1.
    pub cpu_load: Option<f64>,
    /// Resident memory of the trainer, bytes.
    pub memory: Option<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishStatus {
    /// All epochs (or early stopping) reached.
    Done,
    /// Stopped on request; can be resumed.
    Stopped,
    /// An error, in the message.
    Failed,
}

impl Event {
    /// The event as one line of JSON, newline included.
    pub fn to_line(&self) -> Vec<u8> {
        // Serialisation of these types cannot fail: no maps with odd keys, and numbers that are not finite become null.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }

    /// Reads one line (with or without its newline); `None` when it is not an event.
    pub fn from_line(line: &[u8]) -> Option<Self> {
        StepLine::event(line).or_else(|| serde_json::from_slice(line).ok())
    }
}

/// A `step` line, read without detours: nearly all lines are steps, and the general way through a flattened enum is several
/// times slower.
#[derive(Deserialize)]
struct StepLine<'a> {
    #[serde(default)]
    v: u32,
    seq: u64,
    time: f64,
    #[serde(default)]
    epoch: u32,
    #[serde(default)]
    step: u64,
    kind: &'a str,
    loss: Option<f64>,
    #[serde(deserialize_with = "null_is_nan")]
    lr: f64,
    #[serde(deserialize_with = "null_is_nan")]
    seconds: f64,
}

impl StepLine<'_> {
    /// The event; `None` when the line is any other.
    fn event(line: &[u8]) -> Option<Event> {
        let read: StepLine<'_> =
            serde_json::from_slice(line).ok().filter(|l: &StepLine<'_>| l.kind == "step")?;
        let StepLine { v, seq, time, epoch, step, loss, lr, seconds, .. } = read;
        Some(Event { v, seq, time, epoch, step, kind: EventKind::Step { loss, lr, seconds } })
    }
}

pub(super) fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

fn null_is_nan<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(input)?.unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: EventKind) -> Event {
        Event { v: EVENT_VERSION, seq: 3, time: 1.5, epoch: 2, step: 40, kind }
    }

    #[test]
    fn a_line_reads_back_as_written() {
        let kinds = [
            EventKind::Step { loss: Some(0.25), lr: 1e-3, seconds: 0.5 },
            EventKind::Checkpoint { file: "checkpoints/last".into(), best: true },
            EventKind::Finished {
                status: FinishStatus::Stopped,
                message: "stopped \u{e0} la demande\n".into(),
            },
            EventKind::System(SystemLoad { cpu_load: Some(0.5), ..SystemLoad::default() }),
        ];
        for kind in kinds {
            let line = event(kind.clone()).to_line();
            assert_eq!(line.iter().filter(|b| **b == b'\n').count(), 1);
            assert_eq!(Event::from_line(&line).unwrap().kind, kind);
        }
    }

    #[test]
    fn numbers_that_are_not_finite_become_gaps() {
        let line = event(EventKind::Step { loss: Some(f64::NAN), lr: f64::INFINITY, seconds: 1.0 }).to_line();
        assert!(String::from_utf8(line.clone()).unwrap().contains("\"loss\":null"));
        match Event::from_line(&line).unwrap().kind {
            EventKind::Step { loss, lr, seconds } => {
                assert_eq!(loss, None);
                assert!(lr.is_nan());
                assert_eq!(seconds, 1.0);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_quick_way_reads_steps_as_the_general_one_does_and_nothing_else() {
        let lines = [
            r#"{"v":1,"seq":3,"time":1.5,"epoch":2,"step":40,"kind":"step","loss":0.25,"lr":0.001,"seconds":0.5}"#,
            r#"{"seq":3,"time":1.5,"kind":"step","lr":0.001,"seconds":0.5,"colour":"red"}"#,
            r#"{"kind":"step","seconds":2,"lr":1,"loss":null,"time":1,"seq":0}"#,
        ];
        for line in lines {
            let general: Event = serde_json::from_str(line).unwrap();
            assert_eq!(StepLine::event(line.as_bytes()), Some(general), "{line}");
        }
        let others = [
            r#"{"seq":3,"time":1.5,"kind":"epoch","train_loss":1,"lr":0.001,"seconds":1,"patches_per_second":1}"#,
            r#"{"seq":3,"time":1.5,"kind":"step"}"#,
            "half a li",
        ];
        assert!(others.iter().all(|line| StepLine::event(line.as_bytes()).is_none()));
    }

    #[test]
    fn a_newer_writer_does_not_stop_an_older_reader() {
        let unknown = br#"{"v":9,"seq":1,"time":2,"epoch":1,"step":4,"kind":"telepathy","strength":[1,2]}"#;
        assert_eq!(Event::from_line(unknown).unwrap().kind, EventKind::Unknown);
        let extra =
            br#"{"v":1,"seq":1,"time":2,"epoch":1,"step":4,"kind":"warning","message":"m","colour":"red"}"#;
        assert_eq!(Event::from_line(extra).unwrap().kind, EventKind::Warning { message: "m".into() });
    }
}
