//! The training screen: the runs of a project, what is shown of the chosen and the marked ones, the form for a new one.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::message::{Look, RunNews};
use super::super::model::{Curves, RunRow};
use super::super::widgets::list::Scroll;
use super::Form;
use super::film::Film;
use super::form::{Field, Kind};
use super::plots::Plots;

/// As many runs as there are colours.
pub(crate) const MOST_MARKED: usize = 8;

/// What the training screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    /// The list, and the curves of the chosen run or of the marked ones.
    #[default]
    Curves,
    /// The best values of all runs, and in which settings the marked ones differ.
    Table,
    /// The predictions of one scan, epoch after epoch.
    Film,
    /// What the trainer wrote.
    Console,
}

/// The order of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ranking {
    /// Highest first.
    #[default]
    Dice,
    /// Lowest first.
    Loss,
    /// Shortest first.
    Time,
    /// Newest first.
    Age,
}

impl Ranking {
    /// The next order, round the end.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Dice => Self::Loss,
            Self::Loss => Self::Time,
            Self::Time => Self::Age,
            Self::Age => Self::Dice,
        }
    }

    /// The word people read.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Dice => "best Dice first",
            Self::Loss => "lowest loss first",
            Self::Time => "shortest first",
            Self::Age => "newest first",
        }
    }

    /// Runs that have no value come last.
    fn compare(self, a: &RunRow, b: &RunRow) -> Ordering {
        let least = |value: fn(&RunRow) -> Option<f64>| {
            let of = |row| value(row).unwrap_or(f64::INFINITY);
            of(a).total_cmp(&of(b))
        };
        match self {
            Self::Dice => least(|r| r.best.map(|(_, dice)| -dice)),
            Self::Loss => least(|r| r.loss),
            Self::Time => least(|r| Some(r.seconds).filter(|_| r.epoch > 0)),
            Self::Age => Ordering::Equal,
        }
    }
}

/// The end of the console of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Console {
    /// The run it belongs to.
    pub(crate) of: Option<PathBuf>,
    pub(crate) lines: Vec<String>,
    /// Lines between the last one and the last in sight; 0 follows.
    pub(crate) back: usize,
}

/// The training screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Training {
    /// Newest first.
    pub(crate) runs: Vec<RunRow>,
    /// The runs have been listed at least once.
    pub(crate) listed: bool,
    pub(crate) scroll: Scroll,
    pub(crate) pane: Pane,
    pub(crate) plots: Plots,
    /// Runs drawn into one chart, in the order of their letters.
    pub(crate) marked: Vec<PathBuf>,
    pub(crate) ranking: Ranking,
    /// Curves of the chosen and the marked runs.
    curves: HashMap<PathBuf, Arc<Curves>>,
    pub(crate) film: Film,
    pub(crate) console: Console,
    pub(crate) form: Form,
    /// Jobs can be handed to a cluster from this machine.
    pub(crate) cluster: bool,
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
    /// Takes what the run folders say now. Returns the runs that were alive and have ended.
    pub(crate) fn hear(&mut self, news: RunNews) -> Vec<RunRow> {
        let was_alive = |dir: &Path| self.runs.iter().any(|r| r.dir == dir && r.state.is_alive());
        let ended = news.runs.iter().filter(|r| !r.state.is_alive() && was_alive(&r.dir)).cloned().collect();
        self.replace(news.runs);
        self.curves = news.curves.into_iter().collect();
        self.marked.retain(|dir| self.runs.iter().any(|r| r.dir == *dir));
        if let Some((run, frames)) = news.film {
            self.film.replace(run, frames);
        }
        if let Some((run, lines)) = news.console {
            self.write(run, lines);
        }
        ended
    }

    /// Takes the newest list; the chosen run stays chosen, an awaited one becomes it, and at first a running one.
    fn replace(&mut self, runs: Vec<RunRow>) {
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

    /// The console's newest lines; what one looks back at stays where it is.
    fn write(&mut self, run: PathBuf, lines: Vec<String>) {
        let console = &mut self.console;
        if console.of.as_ref() != Some(&run) {
            console.back = 0;
        }
        if console.back > 0 {
            console.back += lines.len().saturating_sub(console.lines.len());
        }
        (console.of, console.lines) = (Some(run), lines);
    }

    /// What to ask the run folders.
    pub(crate) fn look(&self) -> Look {
        let selected = self.current().map(|r| r.dir.clone());
        Look { selected, marked: self.marked.clone(), pane: self.pane }
    }

    /// The chosen run.
    pub(crate) fn current(&self) -> Option<&RunRow> {
        self.runs.get(self.scroll.selected)
    }

    /// Steps the value of the form's chosen field; what to start from steps through the runs, newest first.
    pub(crate) fn nudge(&mut self, up: bool) {
        let selected = self.form.selected;
        match self.form.fields.get_mut(selected) {
            Some(field) if field.kind == Kind::Start => {
                let runs = self.runs.iter().map(|run| run.dir.display().to_string());
                let starts: Vec<String> = std::iter::once(String::new()).chain(runs).collect();
                let at = starts.iter().position(|start| *start == field.value).unwrap_or(0);
                let next = if up { at + 1 } else { at + starts.len() - 1 };
                field.value.clone_from(&starts[next % starts.len()]);
            }
            _ => self.form.nudge(up),
        }
    }

    /// What is wrong with a field of the form on this machine.
    pub(crate) fn problem_of(&self, field: &Field) -> Option<String> {
        let nowhere = || {
            (field.is_cluster() && !self.cluster)
                .then(|| "there is no `sbatch` here; use the login node".to_owned())
        };
        field.problem().or_else(nowhere)
    }

    /// The first field whose value cannot be.
    pub(crate) fn first_problem(&self) -> Option<(usize, String)> {
        self.form.fields.iter().enumerate().find_map(|(i, field)| Some((i, self.problem_of(field)?)))
    }

    /// True when any run is alive.
    pub(crate) fn any_alive(&self) -> bool {
        self.runs.iter().any(|r| r.state.is_alive())
    }

    /// The curves of the chosen run, when they are here.
    pub(crate) fn curves(&self) -> Option<&Curves> {
        self.curves.get(&self.current()?.dir).map(Arc::as_ref)
    }

    /// The marked runs with their curves, where these are here.
    pub(crate) fn overlaid(&self) -> impl Iterator<Item = (&RunRow, &Curves)> {
        let row = |dir: &PathBuf| self.runs.iter().find(|r| r.dir == *dir);
        self.marked.iter().filter_map(move |dir| Some((row(dir)?, self.curves.get(dir)?.as_ref())))
    }

    /// A marked run's number.
    pub(crate) fn mark(&self, run: &RunRow) -> Option<usize> {
        self.marked.iter().position(|dir| *dir == run.dir)
    }

    /// Marks the chosen run, or takes its mark back; false when too many are marked.
    pub(crate) fn toggle_mark(&mut self) -> bool {
        let Some(dir) = self.current().map(|r| r.dir.clone()) else { return true };
        match self.marked.iter().position(|m| *m == dir) {
            Some(at) => drop(self.marked.remove(at)),
            None if self.marked.len() == MOST_MARKED => return false,
            None => self.marked.push(dir),
        }
        true
    }

    /// The runs in the order of the table: places in `runs`.
    pub(crate) fn ranked(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.runs.len()).collect();
        order.sort_by(|a, b| self.ranking.compare(&self.runs[*a], &self.runs[*b]));
        order
    }

    /// Epochs on the charts, and the last one any curve has reached.
    pub(crate) fn extent(&self) -> ((f64, f64), f64) {
        let overlaid = self.overlaid().map(|(row, curves)| (f64::from(row.epochs), curves.reached()));
        let own = self.current().zip(self.curves()).map(|(row, c)| (f64::from(row.epochs), c.reached()));
        let shown: Vec<(f64, f64)> =
            if self.marked.is_empty() { own.into_iter().collect() } else { overlaid.collect() };
        let longest = |pick: fn(&(f64, f64)) -> f64| shown.iter().map(pick).fold(0.0, f64::max);
        let (total, reached) = (longest(|s| s.0), longest(|s| s.1));
        let end = super::super::widgets::chart::grown(reached, Some(total).filter(|t| *t > 0.0));
        ((0.0, end), reached)
    }

    /// Chooses a run.
    pub(crate) fn select(&mut self, to: usize) {
        self.scroll.select(to, self.runs.len(), self.height);
    }

    /// Chooses the next run in the order of the table.
    pub(crate) fn step_ranked(&mut self, by: isize) {
        let order = self.ranked();
        let at = order.iter().position(|i| *i == self.scroll.selected).unwrap_or(0);
        let to = at.saturating_add_signed(by).min(order.len().saturating_sub(1));
        self.select(order.get(to).copied().unwrap_or(0));
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::super::message::Msg;
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
            loss: Some(0.42),
            seconds: 300.0,
            eta: Some(125.0),
            sweep: None,
            gaps: 0,
            facts: vec![("device", "CPU".to_owned())],
            network: "small".to_owned(),
            settings: Arc::default(),
        }
    }

    /// The answer of the run folders, with nothing but the list.
    pub(crate) fn runs(runs: Vec<RunRow>) -> Msg {
        Msg::Runs(Box::new(RunNews { runs, ..RunNews::default() }))
    }

    fn list(training: &mut Training, runs: Vec<RunRow>) -> Vec<RunRow> {
        training.hear(RunNews { runs, ..RunNews::default() })
    }

    #[test]
    fn opening_attaches_to_the_run_that_is_alive() {
        let mut training = Training { height: 5, ..Training::default() };
        let all = || vec![run("c", RunState::Done), run("b", RunState::Running), run("a", RunState::Done)];
        list(&mut training, all());
        assert_eq!(training.current().unwrap().name, "b");
        training.select(2);
        list(&mut training, all());
        assert_eq!(training.current().unwrap().name, "a", "later lists do not move the choice");
    }

    #[test]
    fn a_run_just_started_becomes_the_chosen_one() {
        let mut training = Training { height: 5, ..Training::default() };
        list(&mut training, vec![run("a", RunState::Done)]);
        training.awaited = Some(PathBuf::from("/p/runs/b"));
        list(&mut training, vec![run("b", RunState::Starting), run("a", RunState::Done)]);
        assert_eq!(training.current().unwrap().name, "b");
        assert_eq!(training.awaited, None);
    }

    #[test]
    fn a_run_that_ends_is_told_once() {
        let mut training = Training { height: 5, ..Training::default() };
        assert!(list(&mut training, vec![run("a", RunState::Done)]).is_empty(), "it had ended before");
        list(&mut training, vec![run("b", RunState::Running), run("a", RunState::Done)]);
        let later = || vec![run("b", RunState::Crashed), run("a", RunState::Done)];
        assert_eq!(list(&mut training, later())[0].name, "b");
        assert!(list(&mut training, later()).is_empty());
    }

    #[test]
    fn marks_keep_their_order_and_go_with_their_run() {
        let mut training = Training { height: 5, ..Training::default() };
        let names = ["i", "h", "g", "f", "e", "d", "c", "b", "a"];
        list(&mut training, names.map(|n| run(n, RunState::Done)).to_vec());
        for n in [3, 1] {
            training.select(n);
            assert!(training.toggle_mark());
        }
        assert_eq!(training.mark(&run("f", RunState::Done)), Some(0));
        assert_eq!(training.mark(&run("h", RunState::Done)), Some(1));
        list(&mut training, vec![run("h", RunState::Done)]);
        assert_eq!(training.marked.len(), 1);
        list(&mut training, names.map(|n| run(n, RunState::Done)).to_vec());
        for n in 0..names.len() {
            training.select(n);
            let known = training.mark(&training.runs[n]).is_some();
            assert_eq!(known || training.toggle_mark(), n < MOST_MARKED, "{n}");
        }
    }

    #[test]
    fn the_table_ranks_by_what_is_known() {
        let mut training = Training { height: 5, ..Training::default() };
        let with = |name, dice, loss| RunRow { best: dice, loss, ..run(name, RunState::Done) };
        let all = [
            with("c", None, None),
            with("b", Some((1, 0.5)), Some(0.1)),
            with("a", Some((9, 0.7)), Some(0.3)),
        ];
        list(&mut training, all.to_vec());
        assert_eq!(training.ranked(), [2, 1, 0]);
        training.ranking = Ranking::Loss;
        assert_eq!(training.ranked(), [1, 2, 0]);
        training.select(1);
        training.step_ranked(1);
        assert_eq!(training.current().unwrap().name, "a");
    }

    #[test]
    fn what_to_start_from_steps_through_the_runs_and_back_to_nothing() {
        let runs = vec![run("b", RunState::Done), run("a", RunState::Done)];
        let mut training = Training { runs, ..Training::default() };
        let start = training.form.fields.iter().position(|field| field.kind == Kind::Start).unwrap();
        training.form.selected = start;
        let mut stepped = |up| {
            training.nudge(up);
            training.form.fields[start].value.clone()
        };
        assert_eq!([stepped(true), stepped(true), stepped(true)], ["/p/runs/b", "/p/runs/a", ""]);
        assert_eq!(stepped(false), "/p/runs/a");
    }
}
