//! The training screen: the runs, and what is shown of them: curves, the table, the film strip, the console.

mod console;
mod film;
mod plots;
mod table;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::super::layout;
use super::super::model::RunRow;
use super::super::state::{Pane, State};
use super::super::theme::Role;
use super::super::widgets::gauge::gauge;
use super::super::widgets::list::list;
use super::super::widgets::text::{duration, number, put, put_right, wrapped};
use super::{line, pieces, rule};
use crate::runs::RunState;
pub(crate) use film::film_room;
pub(crate) use plots::charts;

/// Draws the screen.
pub(super) fn draw(state: &State, buffer: &mut Buffer) {
    let area = layout::runs_main(state);
    match (state.training.pane, state.training.current()) {
        (Pane::Table, Some(_)) => table::draw(state, area, buffer),
        (Pane::Film, Some(run)) => film::draw(state, run, area, buffer),
        (Pane::Console, Some(run)) => console::draw(state, run, area, buffer),
        (_, run) => draw_list_and(state, run, area, buffer),
    }
}

fn draw_list_and(state: &State, run: Option<&RunRow>, main: Rect, buffer: &mut Buffer) {
    let split = layout::screen_split(state);
    rule(split.rule, state.ink.theme, buffer);
    let heading =
        Rect { x: split.heading.x + 2, width: split.heading.width.saturating_sub(2), ..split.heading };
    let count = format!(" {}", state.training.runs.len());
    pieces(buffer, heading, state.ink.theme, &[("Runs", Role::Title), (&count, Role::Dim)]);
    let training = &state.training;
    list(buffer, split.list, training.scroll, training.runs.len(), state.ink.theme, |buffer, i, row| {
        draw_row(state, i, row, buffer);
    });
    match run {
        Some(_) if !training.marked.is_empty() => plots::draw_overlaid(state, main, buffer),
        Some(run) => draw_run(state, run, main, buffer),
        None if training.listed => draw_empty(state, main, buffer),
        None => {
            put(buffer, main, "looking for runs…", state.ink.theme.style(Role::Dim));
        }
    }
}

/// The letter of the `n`th marked run.
fn letter(n: usize) -> char {
    char::from_u32('a' as u32 + n as u32).unwrap_or('?')
}

/// The sign of a state, and its role.
fn sign(state: &RunState) -> (&'static str, Role) {
    match state {
        RunState::Waiting => ("·", Role::Dim),
        RunState::Starting => ("○", Role::Accent),
        RunState::Running => ("●", Role::Accent),
        RunState::Stalled => ("◌", Role::Warn),
        RunState::Done => ("✓", Role::Good),
        RunState::Stopped => ("■", Role::Warn),
        RunState::Failed(_) | RunState::Crashed => ("✗", Role::Bad),
    }
}

fn draw_row(state: &State, at: usize, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let (run, chosen) = (&state.training.runs[at], at == state.training.scroll.selected);
    // What scrolled out of sight heads nothing.
    let above =
        at.checked_sub(1).filter(|_| at > state.training.scroll.first).map(|i| &state.training.runs[i]);
    let (sign, role) = sign(&run.state);
    put(buffer, Rect { width: 1, ..row }, sign, theme.style(role));
    if let Some(n) = state.training.mark(run) {
        let mark = letter(n).to_string();
        put(buffer, Rect { x: row.x + 1, width: 1, ..row }, &mark, theme.style(Role::Run(n as u8)));
    }
    let epochs = format!("{}/{}", run.epoch, run.epochs);
    let right = Rect { width: row.width.saturating_sub(1), ..row };
    put_right(buffer, right, &epochs, theme.style(Role::Dim));
    let width = row.width.saturating_sub(epochs.len() as u16 + 6);
    if run.gaps > 0 {
        put(buffer, Rect { x: row.x + 2 + width, width: 1, ..row }, "!", theme.style(Role::Warn));
    }
    let place = Rect { x: row.x + 2, width, ..row };
    put(
        buffer,
        place,
        &run.listed_name(above, width),
        theme.style(if chosen { Role::Title } else { Role::Text }),
    );
}

fn draw_run(state: &State, run: &RunRow, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let stopping = state.training.stopping.contains(&run.dir);
    let word = if stopping { "stopping" } else { run.state.word() };
    let (_, role) = sign(&run.state);
    let epoch = format!("  epoch {} of {}", run.epoch, run.epochs);
    // On a small terminal the name, which the list shows anyway, would push the rest out.
    let name = if area.width >= 60 { format!("{}  ", run.name) } else { String::new() };
    pieces(buffer, line(area, 0), theme, &[(&name, Role::Title), (word, role), (&epoch, Role::Dim)]);
    let within =
        if run.state.is_alive() { state.training.curves().map_or(0.0, |c| c.within_epoch) } else { 0.0 };
    let part = (f64::from(run.epoch) + within) / f64::from(run.epochs.max(1));
    gauge(buffer, Rect { width: area.width.saturating_sub(1), ..line(area, 1) }, part, role, theme);
    put(buffer, line(area, 2), &summary(run).join("  ·  "), theme.style(Role::Text));
    for (i, (row, role)) in trouble_rows(state, run, area.width).iter().enumerate() {
        put(buffer, line(area, HEAD + i as u16), row, theme.style(*role));
    }
    for (area, chart) in plots::charts(state) {
        chart.render(area, buffer);
    }
}

/// Rows above the charts when nothing is wrong.
const HEAD: u16 = 3;

/// What is left for the charts beneath the head of a run; air between them where there is room for it.
fn below_head(state: &State, run: &RunRow, area: Rect) -> Rect {
    let used = HEAD + trouble_rows(state, run, area.width).len() as u16 + u16::from(area.height >= 30);
    Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area }
}

fn trouble_rows(state: &State, run: &RunRow, width: u16) -> Vec<(String, Role)> {
    let Some((text, role)) = trouble(state, run) else { return Vec::new() };
    wrapped(&text, usize::from(width)).into_iter().take(3).map(|row| (row, role)).collect()
}

/// Time left, best Dice, device: what there is of it.
fn summary(run: &RunRow) -> Vec<String> {
    let eta = run.eta.filter(|_| run.state.is_alive()).map(|s| format!("{} left", duration(s)));
    let best = run.best.map(|(epoch, dice)| format!("best Dice {} at epoch {epoch}", number(dice)));
    let facts = run.facts.iter().map(|(name, value)| format!("{name} {value}").trim_start().to_owned());
    eta.into_iter().chain(best).chain(facts).collect()
}

/// What went wrong with the run and what to do.
fn trouble(state: &State, run: &RunRow) -> Option<(String, Role)> {
    match &run.state {
        RunState::Failed(message) => Some((format!("It failed: {message}"), Role::Bad)),
        RunState::Crashed => Some((
            "The trainer is gone without a word. u resumes from the last checkpoint.".into(),
            Role::Bad,
        )),
        RunState::Stalled => Some(("No word for minutes, but the trainer is alive.".into(), Role::Warn)),
        RunState::Stopped => Some(("Stopped with a checkpoint. u goes on.".into(), Role::Dim)),
        _ => state.training.curves().and_then(|curves| curves.trouble()).map(|t| (t, Role::Warn)),
    }
}

fn draw_empty(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let tally = state.subjects.tally();
    let crops = format!("{} of {} scans are preprocessed", tally.crops, tally.scans);
    let step = match tally.crops {
        0 => [
            ("1", Role::Key),
            (" back to the scans, then ", Role::Dim),
            ("P", Role::Key),
            (" preprocess", Role::Dim),
        ],
        _ => [("n", Role::Key), (" start the first one: ", Role::Dim), (&crops, Role::Text), ("", Role::Dim)],
    };
    put(buffer, line(area, area.height / 3), "No training yet", theme.style(Role::Title));
    pieces(buffer, line(area, area.height / 3 + 2), theme, &step);
    let promise = "A training is its own process: close the terminal, come back, it is here.";
    for (i, row) in wrapped(promise, usize::from(area.width)).iter().enumerate() {
        put(buffer, line(area, area.height / 3 + 4 + i as u16), row, theme.style(Role::Dim));
    }
}

#[cfg(test)]
mod tests;
