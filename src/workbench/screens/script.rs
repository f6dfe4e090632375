//! What the form would make: the script of a job, or the trainings of a sweep.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout::centred;
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::text::put;
use super::{line, panel};

/// Draws the text from line `scroll` on.
pub(super) fn draw(state: &State, text: &str, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let lines: Vec<&str> = text.lines().collect();
    let height = (lines.len() as u16 + 2).min(area.height.saturating_sub(2));
    let inner = panel("Preview: nothing is started yet", centred(area, 126, height), theme, buffer);
    let rows = usize::from(inner.height);
    let from = scroll.min(lines.len().saturating_sub(rows));
    for (i, text) in lines.iter().skip(from).take(rows).enumerate() {
        let role = if text.starts_with('#') { Role::Dim } else { Role::Text };
        put(buffer, line(inner, i as u16), text, theme.style(role));
    }
}
