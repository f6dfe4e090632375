//! Tells a run's progress on stderr while it goes: a line per epoch, and on a terminal a live line below it. The same for the
//! trainer in the foreground and for a viewer of any run.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::output;
use super::slurm::seen_in;
use crate::runs::slurm::Queue;
use crate::runs::{LOOK_BUDGET, LOOK_INTERVAL, Live, RunState, RunStatus, narrate, spoken};
use crate::training::RunDir;

/// A narrator in a thread of its own.
#[derive(Debug)]
pub(super) struct Narrator {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Narrator {
    /// Starts telling what is new in `dir` from now on.
    pub(super) fn start(dir: &RunDir) -> io::Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let mut teller = Teller::new(Live::new(dir.clone()));
        teller.live.look(std::time::Duration::MAX);
        let seen = over.clone();
        let thread = std::thread::Builder::new().name("narrator".into()).spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                teller.tell();
                std::thread::park_timeout(LOOK_INTERVAL);
            }
            teller.tell();
            teller.clear();
        })?;
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Narrator {
    /// Tells the rest.
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().ok();
        }
    }
}

/// Tells one run, from its beginning when it has not been looked at yet.
#[derive(Debug)]
pub(super) struct Teller {
    /// The run.
    pub(super) live: Live,
    on_terminal: bool,
    said_stalled: bool,
    queue: Queue,
    /// State and reason of the job last told.
    said_queue: Option<(String, String)>,
}

impl Teller {
    pub(super) fn new(live: Live) -> Self {
        Self {
            live,
            on_terminal: io::stderr().is_terminal(),
            said_stalled: false,
            queue: Queue::default(),
            said_queue: None,
        }
    }

    /// Says what is new; returns whether everything there is has been told.
    pub(super) fn tell(&mut self) -> bool {
        let events = self.live.look(LOOK_BUDGET);
        let lines: Vec<String> = events.iter().filter_map(|e| narrate(e, self.live.history())).collect();
        if !lines.is_empty() {
            self.clear();
            lines.iter().for_each(output::note);
        }
        let status = self.live.status();
        if status.state.is_alive() {
            self.say_live(&spoken(self.live.history(), status.eta));
        }
        self.mention_silence(&status.state);
        events.is_empty()
    }

    /// The run's status with what a cluster's queue says of it, of which each change is told. May take seconds.
    pub(super) fn queue_too(&mut self) -> RunStatus {
        let status = self.live.status();
        let status = seen_in(&mut self.queue, vec![status.clone()]).pop().unwrap_or(status);
        let job = status.queue.as_ref().map(|job| (job.state.clone(), job.reason.clone()));
        if job.is_some() && job != self.said_queue {
            self.clear();
            status.queue.iter().for_each(|job| output::note(job.words()));
            self.said_queue = job;
        }
        status
    }

    /// Takes the live line away.
    pub(super) fn clear(&self) {
        self.write("\r\x1b[K");
    }

    fn say_live(&self, text: &str) {
        self.write(&format!("\r\x1b[K{text}"));
    }

    fn write(&self, text: &str) {
        if self.on_terminal {
            let mut out = io::stderr().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
        }
    }

    fn mention_silence(&mut self, state: &RunState) {
        let stalled = *state == RunState::Stalled;
        if stalled && !self.said_stalled {
            self.clear();
            output::note("the trainer is there but has been silent for minutes; waiting");
        }
        self.said_stalled = stalled;
    }
}
