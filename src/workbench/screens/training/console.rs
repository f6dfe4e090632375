//! What a trainer wrote, newest at the bottom, its warnings above.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::model::RunRow;
use super::super::super::state::State;
use super::super::super::theme::Role;
use super::super::super::widgets::text::{cut, put, wrapped};
use super::super::{line, pieces};

/// Warnings shown at most.
const WARNINGS: usize = 3;

/// Draws the console of a run.
pub(super) fn draw(state: &State, run: &RunRow, area: Rect, buffer: &mut Buffer) {
    let (theme, console) = (state.ink.theme, &state.training.console);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let lines = if console.of.as_ref() == Some(&run.dir) { console.lines.as_slice() } else { &[] };
    let place = match console.back {
        0 => "  following".to_owned(),
        back => format!("  {back} lines before the end"),
    };
    let parts = [(run.name.as_str(), Role::Title), ("  console.log", Role::Dim), (&place, Role::Accent)];
    pieces(buffer, line(area, 0), theme, &parts);
    let mut top = 1;
    for warning in warnings(state) {
        let text = cut(&format!("! {warning}"), usize::from(area.width));
        put(buffer, line(area, top), &text, theme.style(Role::Warn));
        top += 1;
    }
    let rest = Rect { y: area.y + top + 1, height: area.height.saturating_sub(top + 1), ..area };
    if lines.is_empty() {
        return draw_empty(state, rest, buffer);
    }
    let shown = &lines[..lines.len().saturating_sub(console.back)];
    let rows: Vec<String> =
        shown.iter().rev().take(usize::from(rest.height)).rev().flat_map(|l| broken(l, rest.width)).collect();
    let skipped = rows.len().saturating_sub(usize::from(rest.height));
    for (i, row) in rows.iter().skip(skipped).enumerate() {
        put(buffer, line(rest, i as u16), row, theme.style(Role::Text));
    }
}

/// The last warnings of the run, oldest first.
fn warnings(state: &State) -> Vec<&String> {
    let all = state.training.curves().map(|curves| curves.warnings.as_slice()).unwrap_or_default();
    all[all.len().saturating_sub(WARNINGS)..].iter().collect()
}

/// A line in pieces of the width of the screen; its spaces are kept.
fn broken(text: &str, width: u16) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return vec![String::new()];
    }
    letters.chunks(usize::from(width.max(1))).map(|piece| piece.iter().collect()).collect()
}

fn draw_empty(state: &State, area: Rect, buffer: &mut Buffer) {
    let words = "Nothing was written here. A training that was started in another terminal speaks there.";
    for (i, row) in wrapped(words, usize::from(area.width)).iter().enumerate() {
        put(buffer, line(area, area.height / 3 + i as u16), row, state.ink.theme.style(Role::Dim));
    }
}
