//! A question with consequences.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout::centred;
use super::super::state::State;
use super::super::state::modal::Question;
use super::super::theme::Role;
use super::super::widgets::text::{put, wrapped};
use super::{line, panel, pieces};

/// Draws the question.
pub(super) fn draw(state: &State, question: &Question, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let [ask, consequence] = question.text();
    let inner = panel("Please confirm", centred(area, 60, 8), theme, buffer);
    put(buffer, line(inner, 1), &ask, theme.style(Role::Title));
    for (i, row) in wrapped(&consequence, usize::from(inner.width)).iter().enumerate() {
        put(buffer, line(inner, 2 + i as u16), row, theme.style(Role::Dim));
    }
    let parts = [("y", Role::Key), (" yes     ", Role::Text), ("n", Role::Key), (" no", Role::Text)];
    pieces(buffer, line(inner, 5), theme, &parts);
}
