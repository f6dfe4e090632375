//! One run, followed: the reader, what it has read, and its state, for a viewer that looks again and again.

use super::RunsError;
use super::history::History;
use super::status::RunStatus;
use super::tail::{Batch, Tail};
use crate::training::{Event, RunDir};
use std::time::Duration;

/// A followed run.
#[derive(Debug)]
pub struct Live {
    dir: RunDir,
    tail: Tail,
    history: History,
}

impl Live {
    /// Follows a run from its first event; reads nothing yet.
    pub fn new(dir: RunDir) -> Self {
        Self { tail: Tail::new(&dir), history: History::default(), dir }
    }

    /// Follows a run that must exist, and reads all that is there.
    ///
    /// # Errors
    /// When the folder is not a run.
    pub fn open(dir: RunDir) -> Result<Self, RunsError> {
        let is_run = [dir.events(), dir.run_json(), dir.console(), dir.config()].iter().any(|f| f.exists());
        if !is_run {
            return Err(RunsError::NotARun(dir.path().into()));
        }
        let mut live = Self::new(dir);
        live.look(Duration::MAX);
        Ok(live)
    }

    /// Takes in what is new, for about `budget` at most, and returns it.
    pub fn look(&mut self, budget: Duration) -> Vec<Event> {
        let Batch { events, restarted, .. } = self.tail.poll(budget);
        if restarted {
            self.history = History::default();
        }
        for event in &events {
            self.history.apply(event);
        }
        events
    }

    /// The run.
    pub fn dir(&self) -> &RunDir {
        &self.dir
    }

    /// What has been read.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The run in one line; looks at the lock.
    pub fn status(&self) -> RunStatus {
        RunStatus::of(&self.dir, &self.history, self.tail.corrupt())
    }
}
