//! Tells a run's progress on stderr while it goes: a line per epoch, and on a terminal a live line below it. The same for the
//! trainer in the foreground and for a viewer of any run.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::output;
use crate::runs::{LOOK_BUDGET, LOOK_INTERVAL, Live, RunState, narrate, spoken};
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
}

impl Teller {
    pub(super) fn new(live: Live) -> Self {
        Self { live, on_terminal: io::stderr().is_terminal(), said_stalled: false }
    }

    /// Says what is new; returns the run's state, and whether everything there is has been told.
    pub(super) fn tell(&mut self) -> (RunState, bool) {
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
        (status.state, events.is_empty())
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
