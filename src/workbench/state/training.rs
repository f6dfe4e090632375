//! The training screen: the runs of a project, the curves of the chosen one, the form for a new one.

use std::path::{Path, PathBuf};

use super::super::model::{Curves, RunRow};
use super::super::widgets::list::Scroll;
use super::Form;

/// The training screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Training {
    /// Newest first.
    pub(crate) runs: Vec<RunRow>,
    /// The runs have been listed at least once.
    pub(crate) listed: bool,
    pub(crate) scroll: Scroll,
    pub(crate) curves: Curves,
    /// The run the curves belong to.
    pub(crate) curves_of: Option<PathBuf>,
    pub(crate) form: Form,
    /// Runs that were asked to stop; a second request kills.
    pub(crate) stopping: Vec<PathBuf>,
    /// The run to choose as soon as it is listed.
    pub(crate) awaited: Option<PathBuf>,
    /// When the runs were last asked for (unix seconds), and whether the answer is still to come.
    pub(crate) polled: f64,
    pub(crate) polling: bool,
    pub(crate) height: usize,
}

impl Training {
    /// Takes the newest list; the chosen run stays chosen, an awaited one becomes it, and at first a running one.
    pub(crate) fn replace(&mut self, runs: Vec<RunRow>) {
        let chosen = self.current().map(|r| r.dir.clone());
        let first = !self.listed;
        self.listed = true;
        self.stopping.retain(|dir| runs.iter().any(|r| r.dir == *dir && r.state.is_alive()));
        self.runs = runs;
        let place = |dir: &Path| self.runs.iter().position(|r| r.dir == dir);
        let awaited = self.awaited.as_deref().and_then(place);
        if awaited.is_some() {
            self.awaited = None;
        }
        let place = |dir: &Path| self.runs.iter().position(|r| r.dir == dir);
        let running = || self.runs.iter().position(|r| r.state.is_alive()).filter(|_| first);
        let to = awaited.or_else(running).or(chosen.as_deref().and_then(place)).unwrap_or(0);
        self.select(to);
    }

    /// The chosen run.
    pub(crate) fn current(&self) -> Option<&RunRow> {
        self.runs.get(self.scroll.selected)
    }

    /// True when any run is alive.
    pub(crate) fn any_alive(&self) -> bool {
        self.runs.iter().any(|r| r.state.is_alive())
    }

    /// True when the curves are those of the chosen run.
    pub(crate) fn curves_shown(&self) -> bool {
        self.current().map(|r| &r.dir) == self.curves_of.as_ref()
    }

    /// Chooses a run.
    pub(crate) fn select(&mut self, to: usize) {
        self.scroll.select(to, self.runs.len(), self.height);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::runs::RunState;

    pub(crate) fn run(name: &str, state: RunState) -> RunRow {
        RunRow {
            dir: PathBuf::from("/p/runs").join(name),
            name: name.to_owned(),
            state,
            epoch: 3,
            epochs: 10,
            best: Some((2, 0.61)),
            eta: Some(125.0),
            facts: vec![("device", "CPU".to_owned())],
        }
    }

    #[test]
    fn opening_attaches_to_the_run_that_is_alive() {
        let mut training = Training { height: 5, ..Training::default() };
        training.replace(vec![
            run("c", RunState::Done),
            run("b", RunState::Running),
            run("a", RunState::Done),
        ]);
        assert_eq!(training.current().unwrap().name, "b");
        training.select(2);
        training.replace(vec![
            run("c", RunState::Done),
            run("b", RunState::Running),
            run("a", RunState::Done),
        ]);
        assert_eq!(training.current().unwrap().name, "a", "later lists do not move the choice");
    }

    #[test]
    fn a_run_just_started_becomes_the_chosen_one() {
        let mut training = Training { height: 5, ..Training::default() };
        training.replace(vec![run("a", RunState::Done)]);
        training.awaited = Some(PathBuf::from("/p/runs/b"));
        training.replace(vec![run("b", RunState::Starting), run("a", RunState::Done)]);
        assert_eq!(training.current().unwrap().name, "b");
        assert_eq!(training.awaited, None);
    }
}
