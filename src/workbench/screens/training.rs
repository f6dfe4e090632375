//! The training screen: the runs, and the curves of the chosen one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::super::layout;
use super::super::model::RunRow;
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::chart::{Chart, Series};
use super::super::widgets::gauge::gauge;
use super::super::widgets::list::list;
use super::super::widgets::text::{duration, number, put, put_right, wrapped};
use super::{line, pieces, rule};
use crate::runs::RunState;

/// Draws the screen.
pub(super) fn draw(state: &State, buffer: &mut Buffer) {
    let split = layout::screen_split(state);
    rule(split.rule, state.ink.theme, buffer);
    let heading =
        Rect { x: split.heading.x + 2, width: split.heading.width.saturating_sub(2), ..split.heading };
    let count = format!(" {}", state.training.runs.len());
    pieces(buffer, heading, state.ink.theme, &[("Runs", Role::Title), (&count, Role::Dim)]);
    let training = &state.training;
    list(buffer, split.list, training.scroll, training.runs.len(), state.ink.theme, |buffer, i, row| {
        draw_row(state, &training.runs[i], i == training.scroll.selected, row, buffer);
    });
    match training.current() {
        Some(run) => draw_run(state, run, split.main, buffer),
        None if training.listed => draw_empty(state, split.main, buffer),
        None => {
            put(buffer, split.main, "looking for runs…", state.ink.theme.style(Role::Dim));
        }
    }
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

fn draw_row(state: &State, run: &RunRow, chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let (mark, role) = sign(&run.state);
    put(buffer, Rect { width: 1, ..row }, mark, theme.style(role));
    let epochs = format!("{}/{}", run.epoch, run.epochs);
    let right = Rect { width: row.width.saturating_sub(1), ..row };
    put_right(buffer, right, &epochs, theme.style(Role::Dim));
    let width = row.width.saturating_sub(epochs.len() as u16 + 4);
    let place = Rect { x: row.x + 2, width, ..row };
    put(buffer, place, &run.name, theme.style(if chosen { Role::Title } else { Role::Text }));
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
    let within = if run.state.is_alive() { state.training.curves.within_epoch } else { 0.0 };
    let part = (f64::from(run.epoch) + within) / f64::from(run.epochs.max(1));
    gauge(buffer, Rect { width: area.width.saturating_sub(1), ..line(area, 1) }, part, role, theme);
    put(buffer, line(area, 2), &summary(run).join("  ·  "), theme.style(Role::Text));
    let mut used = 3;
    if let Some((text, role)) = trouble(state, run) {
        for row in wrapped(&text, usize::from(area.width)).iter().take(3) {
            put(buffer, line(area, used), row, theme.style(role));
            used += 1;
        }
    }
    // Air above the charts where there is room for it.
    used += u16::from(area.height >= 30);
    let rest = Rect { y: area.y + used, height: area.height.saturating_sub(used), ..area };
    draw_charts(state, run, rest, buffer);
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
        _ => {
            state.training.curves.trouble().filter(|_| state.training.curves_shown()).map(|t| (t, Role::Warn))
        }
    }
}

fn draw_charts(state: &State, run: &RunRow, area: Rect, buffer: &mut Buffer) {
    if !state.training.curves_shown() {
        return;
    }
    let area = Rect { width: area.width.saturating_sub(1), ..area };
    let curves = &state.training.curves;
    let series = |label, role, points| Series { label, role, points };
    let losses = vec![
        series("train", Role::Train, curves.train.as_slice()),
        series("validation", Role::Validation, curves.val.as_slice()),
    ];
    let dice = vec![series("validation", Role::Dice, curves.dice.as_slice())];
    let rate = vec![series("rate", Role::Rate, curves.rate.as_slice())];
    let total = (run.epochs > 0).then(|| f64::from(run.epochs));
    let chart =
        |title, series, y_range| Chart { title, series, x_total: total, y_range, theme: state.ink.theme };
    let [loss_area, dice_area, rate_area] = chart_areas(area);
    chart("Loss", losses, None).render(loss_area, buffer);
    chart("Dice", dice, Some((0.0, 1.0))).render(dice_area, buffer);
    let highest = curves.rate.iter().map(|p| p.1).filter(|v| v.is_finite()).fold(0.0, f64::max);
    chart("Learning rate", rate, Some((0.0, highest))).render(rate_area, buffer);
}

/// Loss above Dice; on a large terminal the rate beside Dice.
fn chart_areas(area: Rect) -> [Rect; 3] {
    let upper = area.height * 11 / 20;
    let gap = u16::from(area.height >= 26);
    let loss = Rect { height: upper - gap, ..area };
    let lower = Rect { y: area.y + upper, height: area.height - upper, ..area };
    if area.width < 90 {
        return [loss, lower, Rect::default()];
    }
    let half = area.width / 2 - 1;
    let dice = Rect { width: half, ..lower };
    [loss, dice, Rect { x: lower.x + half + 2, width: lower.width - half - 2, ..lower }]
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
