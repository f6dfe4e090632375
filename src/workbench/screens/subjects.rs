//! The subjects screen: the list of scans with the state of every stage, and the chosen scan beside it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout;
use super::super::model::{Stage, SubjectRow};
use super::super::state::State;
use super::super::theme::{Role, Theme};
use super::super::trial::Grade;
use super::super::widgets::list::list;
use super::super::widgets::text::{put, put_right, wrapped};
use super::compare::grade_role;
use super::{line, pieces, rule, viewer};
use crate::dataset::qc::Verdict;

/// Draws the screen.
pub(super) fn draw(state: &State, body: Rect, buffer: &mut Buffer) {
    if state.viewer.wide {
        return viewer::draw(state, body, buffer);
    }
    let split = layout::screen_split(state);
    rule(split.rule, state.ink.theme, buffer);
    draw_heading(state, split.heading, buffer);
    draw_list(state, split.list, buffer);
    viewer::draw(state, split.main, buffer);
}

/// Columns of one stage: words where there is room, letters where there is not.
fn column(width: u16) -> u16 {
    if width >= 46 { 5 } else { 2 }
}

fn draw_heading(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let tally = state.subjects.tally();
    let wide = column(area.width) == 5;
    let filtered = state.subjects.count();
    let count =
        if filtered == tally.scans { format!(" {filtered}") } else { format!(" {filtered}/{}", tally.scans) };
    let failing = if tally.failing > 0 {
        if wide { format!("{} to check", tally.failing) } else { format!("!{}", tally.failing) }
    } else {
        String::new()
    };
    let named = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    pieces(
        buffer,
        named,
        theme,
        &[("Scans", Role::Title), (&count, Role::Dim), ("  ", Role::Text), (&failing, Role::Bad)],
    );
    for (i, (word, letter, _)) in SubjectRow::default().stages().into_iter().enumerate() {
        let cell = stage_cell(area, i);
        let text = if wide { word.to_owned() } else { letter.to_string() };
        put_right(buffer, cell, &text, theme.style(Role::Dim));
    }
}

/// Where stage `i` of a row is; one column at the right is left for the scroll bar.
fn stage_cell(row: Rect, i: usize) -> Rect {
    let width = column(row.width);
    let x = row.right().saturating_sub(2 + width * (5 - i as u16));
    Rect { x, width, ..row }
}

fn draw_list(state: &State, area: Rect, buffer: &mut Buffer) {
    let subjects = &state.subjects;
    if subjects.count() == 0 {
        return draw_empty(state, area, buffer);
    }
    let full = Rect { height: 1, ..area };
    list(buffer, area, subjects.scroll, subjects.count(), state.ink.theme, |buffer, place, row| {
        if let Some(scan) = subjects.visible(place) {
            draw_row(state, scan, place == subjects.scroll.selected, Rect { y: row.y, ..full }, buffer);
        }
    });
}

fn draw_row(state: &State, scan: &SubjectRow, chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let (sign, role) = match (scan.failing(), scan.findings.is_empty(), chosen) {
        (true, ..) => ("!", Role::Bad),
        (false, false, _) => ("!", Role::Warn),
        (false, true, true) => ("▸", Role::Accent),
        (false, true, false) => (" ", Role::Text),
    };
    put(buffer, Rect { x: row.x, width: 1, ..row }, sign, theme.style(role));
    let end = stage_cell(row, 0).x;
    let name = scan.id.strip_suffix(state.subjects.ending()).unwrap_or(&scan.id);
    let place = Rect { x: row.x + 2, width: end.saturating_sub(row.x + 3), ..row };
    if let Some((sign, role)) = scan.qc.verdict.map(verdict_sign) {
        put(buffer, Rect { x: end.saturating_sub(1), width: 1, ..row }, sign, theme.style(role));
    }
    put(buffer, place, name, theme.style(if chosen { Role::Title } else { Role::Text }));
    for (i, (_, _, stage)) in scan.stages().into_iter().enumerate() {
        let (sign, role) = stage_sign(stage);
        let cell = stage_cell(row, i);
        match scan.confidence.filter(|_| std::ptr::eq(stage, &scan.centerline)) {
            Some(confidence) => draw_confidence(confidence, stage, cell, theme, buffer),
            None => put_right(buffer, cell, sign, theme.style(role)),
        }
    }
}

/// The sign of a verdict, and its role.
pub(super) fn verdict_sign(verdict: Verdict) -> (&'static str, Role) {
    match verdict {
        Verdict::Pass => ("✓", Role::Good),
        Verdict::Fail => ("✗", Role::Bad),
        Verdict::Artifact => ("≈", Role::Warn),
    }
}

/// How far the centerline is to be trusted: a number where there is room, a question mark for one not believed where there is not.
fn draw_confidence(confidence: f32, stage: &Stage, cell: Rect, theme: Theme, buffer: &mut Buffer) {
    let role = grade_role(Grade::of(confidence));
    let text = match stage {
        _ if cell.width >= 5 => format!("{confidence:.2}"),
        Stage::Failed(_) => "?".to_owned(),
        _ => "●".to_owned(),
    };
    put_right(buffer, cell, &text, theme.style(role));
}

/// The sign of a stage, and its role.
pub(super) fn stage_sign(stage: &Stage) -> (&'static str, Role) {
    match stage {
        Stage::Unknown => ("…", Role::Rule),
        Stage::Missing => ("·", Role::Dim),
        Stage::Stale => ("◐", Role::Warn),
        Stage::Ready => ("●", Role::Good),
        Stage::Failed(_) => ("✗", Role::Bad),
    }
}

fn draw_empty(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let text = if state.opening {
        "opening…".to_owned()
    } else if state.subjects.filter.is_empty() {
        "No scan was found. `deepseg init` lists the layouts it understands.".to_owned()
    } else {
        format!("Nothing is called \"{}\". esc drops the filter.", state.subjects.filter)
    };
    let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(4), ..area };
    for (i, row) in wrapped(&text, usize::from(inner.width)).iter().enumerate() {
        put(buffer, line(inner, i as u16 + 1), row, theme.style(Role::Dim));
    }
}
