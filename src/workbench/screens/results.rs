//! The results screen: the scores of every scan, worst first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout;
use super::super::model::{Evaluation, ScoreRow};
use super::super::state::State;
use super::super::state::results::centre;
use super::super::theme::Role;
use super::super::widgets::gauge::gauge;
use super::super::widgets::list::list;
use super::super::widgets::text::{put, put_right, wrapped};
use super::{line, pieces, rule, viewer};

/// Measures in the order of the columns, with their headings.
const COLUMNS: [&str; 6] = ["Dice", "Sens", "PPV", "F1", "Vol", "Lesions"];

/// Draws the screen.
pub(super) fn draw(state: &State, body: Rect, buffer: &mut Buffer) {
    let panes = layout::results(body);
    let theme = state.ink.theme;
    if !panes.viewer.is_empty() {
        rule(panes.rule, theme, buffer);
        viewer::draw(state, panes.viewer, buffer);
    }
    let Some(evaluation) = state.results.evaluation() else {
        let left = Rect { height: body.height, ..panes.summary };
        return draw_empty(state, left, buffer);
    };
    draw_summary(state, evaluation, panes.summary, buffer);
    draw_heading(state, panes.heading, buffer);
    list(buffer, panes.list, state.results.scroll, evaluation.scores.len(), theme, |buffer, i, row| {
        draw_row(state, &evaluation.scores[i], i == state.results.scroll.selected, row, buffer);
    });
}

fn draw_summary(state: &State, evaluation: &Evaluation, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let area = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
    let run = evaluation.run.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let place = format!("  {} of {}", state.results.shown + 1, state.results.evaluations.len());
    let split = format!("  {} side, {} scans", evaluation.split, evaluation.scores.len());
    pieces(buffer, line(area, 0), theme, &[(&run, Role::Title), (&split, Role::Text), (&place, Role::Dim)]);
    let measure = |of: fn(&ScoreRow) -> Option<f64>| match centre(&evaluation.scores, of) {
        Some((mean, median)) => format!("{mean:.3} (median {median:.3})"),
        None => "none".to_owned(),
    };
    let (dice, f1) = (measure(|s| s.dice), measure(|s| s.f1));
    let parts =
        [("mean Dice ", Role::Dim), (&dice, Role::Good), ("   lesion F1 ", Role::Dim), (&f1, Role::Text)];
    pieces(buffer, line(area, 1), theme, &parts);
}

fn cell(row: Rect, i: usize) -> Rect {
    let width = 8;
    let x = row.right().saturating_sub(2 + width * (COLUMNS.len() - i) as u16);
    Rect { x, width, ..row }
}

fn draw_heading(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let name = Rect { x: area.x + 2, width: 20, ..area };
    put(buffer, name, "Worst first", theme.style(Role::Dim));
    for (i, title) in COLUMNS.iter().enumerate() {
        put_right(buffer, cell(area, i), title, theme.style(Role::Dim));
    }
}

fn draw_row(state: &State, score: &ScoreRow, chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let row = Rect { width: state_width(state, row), ..row };
    if chosen {
        put(buffer, Rect { width: 1, ..row }, "▸", theme.style(Role::Accent));
    }
    let end = cell(row, 0).x;
    let bar = if end > row.x + 34 { 10 } else { 0 };
    let name = Rect { x: row.x + 2, width: end.saturating_sub(row.x + 3 + bar), ..row };
    put(buffer, name, &score.id, theme.style(if chosen { Role::Title } else { Role::Text }));
    if let Some(message) = &score.message {
        let rest = Rect { x: end, width: row.right().saturating_sub(end + 2), ..row };
        put(buffer, rest, message, theme.style(Role::Bad));
        return;
    }
    if let Some(dice) = score.dice.filter(|_| bar > 0) {
        let at = Rect { x: end.saturating_sub(bar), width: bar - 1, ..row };
        gauge(buffer, at, dice, grade(score.dice), theme);
    }
    for (i, (text, role)) in cells(score).into_iter().enumerate() {
        put_right(buffer, cell(row, i), &text, theme.style(role));
    }
}

/// The row's full width: headings and rows must agree whether or not there is a scroll bar.
fn state_width(state: &State, row: Rect) -> u16 {
    layout::results(layout::page(state.area()).body).list.width.max(row.width)
}

fn cells(score: &ScoreRow) -> [(String, Role); 6] {
    let share = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.3}"));
    let volume = score.volume_error.map_or("–".to_owned(), |v| format!("{:+.0} %", v * 100.0));
    let lesions = format!("{}→{}", score.lesions.0, score.lesions.1);
    [
        (share(score.dice), grade(score.dice)),
        (share(score.sensitivity), Role::Text),
        (share(score.ppv), Role::Text),
        (share(score.f1), Role::Text),
        (volume, Role::Text),
        (lesions, Role::Dim),
    ]
}

/// Dice below 0.4 is poor, from 0.7 on good: two raters agree at about 0.7 to 0.8.
fn grade(dice: Option<f64>) -> Role {
    match dice {
        Some(d) if d < 0.4 => Role::Bad,
        Some(d) if d < 0.7 => Role::Warn,
        Some(_) => Role::Good,
        None => Role::Dim,
    }
}

fn draw_empty(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let area = Rect { x: area.x + 4, width: area.width.saturating_sub(8), ..area };
    let top = area.height / 3;
    put(buffer, line(area, top), "No scores yet", theme.style(Role::Title));
    let text = match state.training.current() {
        None => "First train: t. Then e here segments the test side and scores it.",
        Some(run) if run.epoch == 0 => {
            "The training has no complete epoch yet. Come back after the first: t watches it."
        }
        Some(_) => {
            "e segments the test side with the chosen run's best model and scores it, scan by scan and lesion by lesion."
        }
    };
    for (i, row) in wrapped(text, usize::from(area.width)).iter().enumerate() {
        put(buffer, line(area, top + 2 + i as u16), row, theme.style(Role::Dim));
    }
}
