//! The one writer of a run directory. While a [`RunWriter`] lives, the run is alive for every viewer: it holds the lock.

use super::config::TrainConfig;
use super::event::{EVENT_VERSION, Event, EventKind, FinishStatus, unix_now};
use super::hold::{Lock, forget_requests};
use super::identity::RunInfo;
use super::monitor::Monitor;
use super::run_dir::{RunDir, RunError};
use super::tensorboard::Board;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

/// At most about ten step events a second: enough for a live curve, small enough for a week of training.
const STEP_INTERVAL: Duration = Duration::from_millis(100);
/// Events kept in memory while the disk is full; beyond this the run fails.
const PENDING_LIMIT: usize = 1 << 20;

/// Writes `run.json` and appends events, each as one write(2) of one line, holding the lock from creation to drop.
#[derive(Debug)]
pub struct RunWriter {
    /// Fields are dropped in their order: the run is free before the rest is put away.
    _lock: Lock,
    dir: RunDir,
    info: RunInfo,
    events: File,
    /// Bytes a full disk has refused so far; written before anything newer.
    pending: Vec<u8>,
    seq: u64,
    epoch: u32,
    step: u64,
    finished: bool,
    last_step: Option<Instant>,
    board: Board,
    monitor: Option<Monitor>,
}

impl RunWriter {
    /// Starts a new run: makes the directory, takes the lock, freezes `config` as `config.toml`.
    ///
    /// # Errors
    /// When the place cannot be written, another trainer is there, or it already holds a run.
    pub fn create(dir: RunDir, config: &TrainConfig) -> Result<Self, RunError> {
        dir.create()?;
        let lock = Lock::take(&dir)?;
        if dir.config().exists() {
            return Err(RunError::Exists(dir.path().into()));
        }
        config.write(&dir.config())?;
        Self::open(dir, lock)
    }

    /// Writes `config.toml` again, completed with its data or made longer.
    pub fn freeze(&self, config: &TrainConfig) -> Result<(), RunError> {
        Ok(config.write(&self.dir.config())?)
    }

    /// Continues a run: takes the lock, forgets old requests, and returns its frozen configuration. `seq`, epoch and step go on
    /// from the last event written.
    ///
    /// # Errors
    /// When another trainer is there, or the directory is not a run.
    pub fn resume(dir: RunDir) -> Result<(Self, TrainConfig), RunError> {
        let config = TrainConfig::read(&dir.config())?;
        dir.create()?;
        let lock = Lock::take(&dir)?;
        Ok((Self::open(dir, lock)?, config))
    }

    fn open(dir: RunDir, lock: Lock) -> Result<Self, RunError> {
        forget_requests(&dir)?;
        let path = dir.events();
        let mut events = OpenOptions::new()
            .append(true)
            .read(true)
            .create(true)
            .open(&path)
            .map_err(RunError::write(&path))?;
        let (last, pending) = last_event(&mut events).map_err(RunError::read(&path))?;
        let info = RunInfo::own();
        info.write(&dir)?;
        let (seq, epoch, step) = last.map_or((0, 0, 0), |e| (e.seq + 1, e.epoch, e.step));
        let board = Board::new(dir.tensorboard());
        Ok(Self {
            _lock: lock,
            dir,
            info,
            events,
            pending,
            seq,
            epoch,
            step,
            finished: false,
            last_step: None,
            board,
            monitor: None,
        })
    }

    /// The run written to.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// Records the device, in words, in `run.json`.
    pub fn set_device(&mut self, device: &str) -> Result<(), RunError> {
        self.info.device = device.into();
        self.info.write(&self.dir)
    }

    /// From now on the load of the machine, and of the GPU CUDA counts as `gpu`, goes along with the events every few seconds.
    pub fn watch_machine(&mut self, gpu: Option<usize>) {
        self.monitor = Some(Monitor::start(gpu));
    }

    /// Epoch (from 1) and optimiser step stamped on the events that follow.
    pub fn at(&mut self, epoch: u32, step: u64) {
        (self.epoch, self.step) = (epoch, step);
    }

    /// Epoch and step last stamped.
    pub fn position(&self) -> (u32, u64) {
        (self.epoch, self.step)
    }

    /// Whether the last word has been said.
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Appends an event. A full disk is survived: refused lines wait in memory (up to 1 MiB) and are written first next time.
    pub fn emit(&mut self, kind: EventKind) -> Result<(), RunError> {
        for news in self.monitor.as_ref().map(Monitor::take).unwrap_or_default() {
            self.append(news)?;
        }
        self.finished = matches!(kind, EventKind::Finished { .. });
        self.append(kind)
    }

    fn append(&mut self, kind: EventKind) -> Result<(), RunError> {
        let event = Event {
            v: EVENT_VERSION,
            seq: self.seq,
            time: unix_now(),
            epoch: self.epoch,
            step: self.step,
            kind,
        };
        self.seq += 1;
        self.pending.extend(event.to_line());
        self.flush()?;
        match self.board.tell(&event) {
            Some(message) => self.append(EventKind::Warning { message }),
            None => Ok(()),
        }
    }

    /// Reports an optimiser step; written at most about ten times a second.
    pub fn step(&mut self, loss: f64, lr: f64, seconds: f64) -> Result<(), RunError> {
        if self.last_step.is_some_and(|t| t.elapsed() < STEP_INTERVAL) {
            return Ok(());
        }
        self.last_step = Some(Instant::now());
        self.emit(EventKind::Step { loss: Some(loss).filter(|l| l.is_finite()), lr, seconds })
    }

    /// A sentence for the user; training goes on.
    pub fn warn(&mut self, message: impl Into<String>) -> Result<(), RunError> {
        self.emit(EventKind::Warning { message: message.into() })
    }

    /// The run's last word.
    pub fn finish(&mut self, status: FinishStatus, message: impl Into<String>) -> Result<(), RunError> {
        self.emit(EventKind::Finished { status, message: message.into() })
    }

    fn flush(&mut self) -> Result<(), RunError> {
        while !self.pending.is_empty() {
            match self.events.write(&self.pending) {
                Ok(written) if written > 0 => drop(self.pending.drain(..written)),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if is_full(&e) && self.pending.len() < PENDING_LIMIT => {
                    tracing::warn!("{}: disk full, events kept in memory", self.dir.events().display());
                    return Ok(());
                }
                refused => {
                    let source = refused.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                    return Err(RunError::Write { path: self.dir.events(), source });
                }
            }
        }
        Ok(())
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The last readable event, and what must be written first: a newline when a killed writer left half a line.
fn last_event(events: &mut File) -> io::Result<(Option<Event>, Vec<u8>)> {
    const TAIL: u64 = 1 << 16;
    let length = events.seek(SeekFrom::End(0))?;
    events.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let (mut last, mut half) = (None, false);
    for line in BufReader::new(events.take(TAIL)).split(b'\n') {
        let line = line?;
        last = Event::from_line(&line).or(last);
    }
    if length > 0 {
        events.seek(SeekFrom::End(-1))?;
        let mut byte = [0];
        events.read_exact(&mut byte)?;
        half = byte != *b"\n";
    }
    Ok((last, if half { b"\n".to_vec() } else { Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn lines(dir: &RunDir) -> Vec<Option<Event>> {
        fs::read(dir.events())
            .unwrap()
            .split(|b| *b == b'\n')
            .filter(|l| !l.is_empty())
            .map(Event::from_line)
            .collect()
    }

    #[test]
    fn a_run_has_one_writer_and_starts_once() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path().join("r"));
        let writer = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        assert!(matches!(RunWriter::resume(dir.clone()), Err(RunError::Busy(_))));
        drop(writer);
        assert!(matches!(RunWriter::create(dir.clone(), &TrainConfig::default()), Err(RunError::Exists(_))));
        assert_eq!(RunWriter::resume(dir).unwrap().1, TrainConfig::default());
    }

    #[test]
    fn resuming_goes_on_counting_even_after_half_a_line() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let mut writer = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        writer.at(2, 17);
        writer.warn("first").unwrap();
        drop(writer);
        OpenOptions::new().append(true).open(dir.events()).unwrap().write_all(b"{\"v\":1,\"se").unwrap();
        fs::write(dir.stop_request(), "").unwrap();

        let (mut writer, _) = RunWriter::resume(dir.clone()).unwrap();
        assert!(!dir.stop_request().exists(), "an old request must not stop the new process");
        writer.warn("second").unwrap();
        let events = lines(&dir);
        assert_eq!(events.len(), 3);
        assert!(events[1].is_none());
        let second = events[2].clone().unwrap();
        assert_eq!((second.seq, second.epoch, second.step), (1, 2, 17));
    }

    #[test]
    fn steps_are_rate_limited() {
        let place = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create(RunDir::new(place.path()), &TrainConfig::default()).unwrap();
        for _ in 0..1000 {
            writer.step(0.5, 1e-3, 0.001).unwrap();
        }
        assert!(lines(writer.dir()).len() < 100);
    }

    #[test]
    fn a_full_disk_is_survived_and_nothing_is_lost() {
        let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else { return };
        let place = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create(RunDir::new(place.path()), &TrainConfig::default()).unwrap();
        let real = std::mem::replace(&mut writer.events, full);
        writer.warn("while full").unwrap();
        writer.events = real;
        writer.warn("after").unwrap();
        assert_eq!(lines(writer.dir()).len(), 2);
    }
}
