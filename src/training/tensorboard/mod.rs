//! The run's curves once more as event files that TensorBoard opens (`tensorboard --logdir runs`). A mirror of
//! `events.jsonl`: nothing here reads it back, and nothing that fails here may end a run.
//!
//! Every process writes a file of its own. Steps are optimiser steps; a `START` mark at the beginning of each file tells TensorBoard
//! to forget the later steps of an earlier process, so that a resumed run is one line there too.

mod message;
mod record;

use super::event::{Event, EventKind};
use super::identity::RunInfo;
use message::{Line, Session, Value};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const GIB: f64 = (1u64 << 30) as f64;

/// The event file of this process.
#[derive(Debug)]
pub(super) struct Board {
    folder: PathBuf,
    file: Page,
}

#[derive(Debug)]
enum Page {
    /// Made with the first step, so that a run that never starts leaves nothing.
    ToCome,
    Open(File),
    Lost,
}

impl Board {
    /// A board in `folder`; nothing is made yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, file: Page::ToCome }
    }

    /// Takes an event down. The first failure gives a sentence; after it nothing is written any more.
    pub(super) fn tell(&mut self, event: &Event) -> Option<String> {
        let error = self.write(event).err()?;
        self.file = Page::Lost;
        let folder = self.folder.display();
        Some(format!("{folder}: TensorBoard's file cannot be written ({error}); training goes on without it"))
    }

    fn write(&mut self, event: &Event) -> io::Result<()> {
        if matches!((&self.file, &event.kind), (Page::ToCome, EventKind::Started { .. })) {
            self.file = Page::Open(begin(&self.folder, event)?);
        }
        let Page::Open(file) = &mut self.file else { return Ok(()) };
        let values = values(event);
        if values.is_empty() {
            return Ok(());
        }
        file.write_all(&record::frame(&message::encode(&line(event, values))))
    }
}

/// A new file with its version and the mark that begins this process's part.
fn begin(folder: &Path, event: &Event) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let process = RunInfo::own().process;
    let name = format!("events.out.tfevents.{:010.0}.{}.{}", event.time, process.host, process.pid);
    let mut file = OpenOptions::new().append(true).create(true).open(folder.join(name))?;
    let next = event.step as i64 + 1;
    let version = Line { time: event.time, step: 0, what: message::VERSION.into() };
    let start = Line { time: event.time, step: next, what: Session::START.into() };
    for line in [version, start] {
        file.write_all(&record::frame(&message::encode(&line)))?;
    }
    Ok(file)
}

fn line(event: &Event, values: Vec<Value>) -> Line {
    Line { time: event.time, step: event.step as i64, what: values.into() }
}

/// What an event adds to the curves. A value that is not finite is left out: a gap.
fn values(event: &Event) -> Vec<Value> {
    let all: Vec<(&str, Option<f64>)> = match &event.kind {
        EventKind::Step { loss, lr, .. } => vec![("loss/step", *loss), ("lr/step", Some(*lr))],
        EventKind::Epoch { train_loss, val_loss, val_dice, lr, seconds, patches_per_second, .. } => vec![
            ("loss/train", *train_loss),
            ("loss/val", *val_loss),
            ("dice/val", *val_dice),
            ("lr", Some(*lr)),
            ("epoch", Some(f64::from(event.epoch))),
            ("seconds_per_epoch", Some(*seconds)),
            ("patches_per_second", Some(*patches_per_second)),
        ],
        EventKind::System(load) => {
            let gib = |bytes: Option<u64>| bytes.map(|b| b as f64 / GIB);
            vec![
                ("gpu/load", load.gpu_load),
                ("gpu/memory_gib", gib(load.gpu_memory)),
                ("gpu/process_memory_gib", gib(load.gpu_process_memory)),
                ("gpu/temperature_celsius", load.gpu_temperature),
                ("cpu/load", load.cpu_load),
                ("cpu/process_memory_gib", gib(load.memory)),
            ]
        }
        _ => Vec::new(),
    };
    let finite = |(tag, value): (&str, Option<f64>)| Some(Value::new(tag, value.filter(|v| v.is_finite())?));
    all.into_iter().filter_map(finite).collect()
}

#[cfg(test)]
mod tests;
