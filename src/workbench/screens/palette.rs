//! The palette: find a command by its name.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::actions::matching;
use super::super::layout::centred;
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::list::{Scroll, list};
use super::super::widgets::text::{put, put_right};
use super::{line, panel, pieces};

/// Draws the palette.
pub(super) fn draw(state: &State, query: &str, selected: usize, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let inner = panel("Commands", centred(area, 70, 18), theme, buffer);
    pieces(buffer, line(inner, 0), theme, &[(": ", Role::Key), (query, Role::Title), ("▏", Role::Accent)]);
    let found = matching(state, query);
    let below = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    if found.is_empty() {
        put(buffer, below, "no command is called that", theme.style(Role::Dim));
    }
    let mut scroll = Scroll::default();
    scroll.select(selected, found.len(), usize::from(below.height));
    list(buffer, below, scroll, found.len(), theme, |buffer, i, row| {
        let binding = found[i];
        let role = if i == scroll.selected { Role::Title } else { Role::Text };
        put(buffer, Rect { x: row.x + 1, width: 20, ..row }, binding.label, theme.style(role));
        let help = Rect { x: row.x + 22, width: row.width.saturating_sub(34), ..row };
        put(buffer, help, binding.help, theme.style(Role::Dim));
        let right = Rect { width: row.width.saturating_sub(1), ..row };
        put_right(buffer, right, &binding.shown_keys(), theme.style(Role::Key));
    });
}
