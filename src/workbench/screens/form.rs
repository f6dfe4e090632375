//! The form for a new training.

use std::path::Path;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout::centred;
use super::super::state::form::{Field, Kind};
use super::super::state::{Form, Level, State};
use super::super::theme::Role;
use super::super::widgets::text::put;
use super::{line, panel, pieces};

/// Draws the form in the middle of the screen.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let form = &state.training.form;
    let theme = state.ink.theme;
    let height = form.fields.len() as u16 + 8;
    let inner = panel(&title(form), centred(area, 78, height), theme, buffer);
    for (i, field) in form.fields.iter().enumerate() {
        draw_field(state, field, i == form.selected, line(inner, i as u16 + 1), buffer);
    }
    let (text, role) = advice(state);
    put(buffer, line(inner, form.fields.len() as u16 + 2), &text, theme.style(role));
    let tally = state.subjects.tally();
    let data =
        format!("{} of {} scans are preprocessed, {} have a mask", tally.crops, tally.scans, tally.masks);
    put(buffer, line(inner, form.fields.len() as u16 + 3), &data, theme.style(Role::Dim));
    let count = match form.count() {
        1 => "one training; lists (1e-3, 3e-4) make a sweep".to_owned(),
        n => format!("a sweep of {n} trainings, one after another on each device"),
    };
    put(buffer, line(inner, form.fields.len() as u16 + 4), &count, theme.style(Role::Dim));
}

fn title(form: &Form) -> String {
    form.like.as_ref().map_or("New training".to_owned(), |run| format!("New training like {run}"))
}

fn draw_field(state: &State, field: &Field, chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    if chosen {
        buffer.set_style(row, theme.style(Role::Selection));
    }
    let label = Rect { x: row.x + 1, width: 15, ..row };
    put(buffer, label, field.label, theme.style(if chosen { Role::Title } else { Role::Dim }));
    let role = if state.training.problem_of(field).is_some() { Role::Bad } else { Role::Text };
    let value = match (field.kind, field.value.is_empty(), chosen) {
        (Kind::Choice(_) | Kind::Where, _, true) => format!("‹ {} ›", field.value),
        (_, true, false) => "none".to_owned(),
        (Kind::Start, _, false) => last_part(&field.value),
        (_, _, true) => format!("{}▏", field.value),
        (_, _, false) => field.value.clone(),
    };
    let role = if field.value.is_empty() && !chosen { Role::Dim } else { role };
    pieces(
        buffer,
        Rect { x: row.x + 17, width: if chosen { row.width.saturating_sub(17) } else { 14 }, ..row },
        theme,
        &[(&value, role)],
    );
    let help = Rect { x: row.x + 32, width: row.width.saturating_sub(32), ..row };
    match &field.was {
        Some(was) if field.is_changed() => {
            let was = if was.is_empty() { "none" } else { was };
            pieces(buffer, help, theme, &[("was ", Role::Accent), (was, Role::Title)]);
        }
        _ if !chosen => drop(put(buffer, help, field.help, theme.style(Role::Dim))),
        _ => {}
    }
}

/// The file's or the run's own name.
fn last_part(path: &str) -> String {
    Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// What is wrong with the chosen field, else what it means.
fn advice(state: &State) -> (String, Role) {
    let form = &state.training.form;
    let problem = form.field().and_then(|field| state.training.problem_of(field));
    let refused = state.log.notice(state.clock).filter(|e| e.level == Level::Error).map(|e| e.text.clone());
    match (problem.or(refused), form.field()) {
        (Some(problem), Some(field)) => (format!("{}: {problem}", field.label), Role::Bad),
        (_, Some(field)) => (format!("{}: {}", field.label, field.help), Role::Text),
        _ => (String::new(), Role::Text),
    }
}
