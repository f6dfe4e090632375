//! From a message to a new state and the effects it asks for: pure, synchronous, the only place where state changes.

mod act;
mod answers;
mod compare;
mod marks;
mod mouse;
mod patches;
mod points;
mod points_mouse;
mod training;
mod typing;
mod viewer;

use super::actions;
use super::layout;
use super::message::{Effect, Msg};
use super::model::{Stage, SubjectRow};
use super::state::{Leave, Level, Screen, State};

/// Takes in a message.
pub(crate) fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    let before = state.dirty;
    state.dirty = true;
    match msg {
        Msg::Tick(clock) => {
            state.dirty = before || state.moves();
            state.clock = clock;
            poll(state)
        }
        Msg::Resize(size) => {
            state.size = size;
            measure(state);
            Vec::new()
        }
        Msg::Key(key) => {
            // What is typed into a line comes before the table, or "q" could never be part of a name.
            let typed = typing::take(state, key);
            typed.unwrap_or_else(|| match actions::lookup(state, key) {
                Some(action) => act::act(state, action),
                None => Vec::new(),
            })
        }
        Msg::Paste(text) => typing::paste(state, &text),
        Msg::Mouse(event) => mouse::mouse(state, event),
        Msg::Terminate => leave(state, Leave::Quit),
        Msg::Suspend => leave(state, Leave::Suspend),
        answer => answers::answer(state, answer),
    }
}

fn leave(state: &mut State, how: Leave) -> Vec<Effect> {
    state.leave = Some(how);
    Vec::new()
}

/// Rows in sight of the lists, which scrolling depends on.
pub(crate) fn measure(state: &mut State) {
    let rows = usize::from(layout::screen_split(state).list.height);
    state.training.height = rows;
    state.results.height = usize::from(layout::results(layout::page(state.area()).body).list.height);
    let (run, score) = (state.training.scroll.selected, state.results.scroll.selected);
    state.subjects.fit(rows);
    state.training.select(run);
    state.results.select(score);
    compare::measure(state);
}

/// Asks for the runs when it is time: often while one is watched, seldom otherwise.
fn poll(state: &mut State) -> Vec<Effect> {
    let watched = state.screen == Screen::Training;
    let pause = if watched { 0.5 } else { 2.0 };
    let waited = state.clock - state.training.polled;
    // An answer that never comes must not end the watching.
    let busy = state.training.polling && waited < 10.0;
    if state.project.is_none() || busy || waited < pause {
        return Vec::new();
    }
    poll_now(state)
}

/// Asks for the runs and the curves of the chosen one.
pub(super) fn poll_now(state: &mut State) -> Vec<Effect> {
    state.training.polled = state.clock;
    state.training.polling = true;
    vec![Effect::PollRuns(state.training.look())]
}

/// Asks for the chosen scan's picture, when it is not here or on its way.
pub(super) fn show_chosen(state: &mut State, again: bool) -> Vec<Effect> {
    let Some(row) = state.subjects.current() else { return Vec::new() };
    let key = row.id.clone();
    let unreadable = state.project.is_none();
    let Some(generation) = state.viewer.ask(&key, state.clock, again).filter(|_| !unreadable) else {
        return Vec::new();
    };
    let neighbours =
        [1, -1].iter().filter_map(|by| state.subjects.beside(*by)).map(|r| r.id.clone()).collect();
    vec![Effect::LoadScene { key, generation, neighbours, fresh: again }]
}

/// Writes to the log (and so to the status line).
pub(super) fn say(state: &mut State, level: Level, text: impl Into<String>) {
    let clock = state.clock;
    state.log.add(clock, level, text);
}

/// What a newcomer does next: a key that works on this screen, and words.
pub(crate) fn next_step(state: &State) -> Option<(&'static str, String)> {
    let tally = state.subjects.tally();
    if state.project.is_none() || tally.unknown > 0 || state.job.is_some() {
        return None;
    }
    // A scan whose centerline nobody has looked for yet may well get one.
    let may = |r: &&SubjectRow| matches!(r.centerline, Stage::Ready | Stage::Unknown);
    let lines = state.subjects.rows().iter().filter(may).count();
    let (training, results) = (&state.training, &state.results);
    match state.screen {
        Screen::Compare | Screen::Points | Screen::Patches => None,
        _ if tally.scans == 0 => Some(("q", "no scan was found here; see `deepseg init --help`".to_owned())),
        _ if tally.crops == 0 && lines == 0 => {
            Some(("C", "no scan has a believable centerline: compare the methods".to_owned()))
        }
        Screen::Subjects if tally.crops == 0 => {
            Some(("P", format!("preprocess {lines} scans, then t to train")))
        }
        _ if tally.crops == 0 => Some(("1", "preprocess the scans first".to_owned())),
        Screen::Training if training.listed && training.runs.is_empty() => {
            Some(("n", format!("train on {} crops", tally.crops)))
        }
        Screen::Training => None,
        _ if training.listed && training.runs.is_empty() => {
            Some(("t", format!("train on {} crops", tally.crops)))
        }
        _ if training.any_alive() => Some(("t", "watch the training".to_owned())),
        _ if !results.loaded || !results.evaluations.is_empty() || training.runs.is_empty() => None,
        Screen::Results => Some(("e", "score the training on the test side".to_owned())),
        _ => Some(("r", "score the training on the test side".to_owned())),
    }
}

#[cfg(test)]
mod compare_tests;
#[cfg(test)]
mod points_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod training_tests;
