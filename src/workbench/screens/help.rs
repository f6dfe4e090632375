//! All keys of the screen, read from the table of actions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::actions::{active, holding};
use super::super::layout::centred;
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::text::{put, wrapped};
use super::{line, panel};

/// Draws the help, scrolled down by `scroll` rows.
pub(super) fn draw(state: &State, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let width = area.width.saturating_sub(6).min(84);
    let rows = rows(state, usize::from(width.saturating_sub(34)));
    let height = (rows.len() as u16 + 2).min(area.height.saturating_sub(2));
    let inner = panel("Keys", centred(area, 88, height), theme, buffer);
    let scroll = scroll.min(rows.len().saturating_sub(usize::from(inner.height)));
    for (i, row) in rows.iter().skip(scroll).take(usize::from(inner.height)).enumerate() {
        let at = line(inner, i as u16);
        let column =
            |x: u16, width: u16| Rect { x: at.x + x, width: width.min(at.width.saturating_sub(x)), ..at };
        match row {
            Row::Title(title) => put(buffer, at, title, theme.style(Role::Title)),
            Row::Gap => at.x,
            Row::Key(keys, label, help) => {
                put(buffer, column(1, 10), keys, theme.style(Role::Key));
                put(buffer, column(11, 22), label, theme.style(Role::Text));
                put(buffer, column(34, at.width), help, theme.style(Role::Dim))
            }
        };
    }
}

enum Row {
    Title(&'static str),
    Gap,
    Key(String, &'static str, String),
}

/// The help's rows, the sentences broken at `width` columns.
fn rows(state: &State, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for context in holding(state) {
        if !rows.is_empty() {
            rows.push(Row::Gap);
        }
        rows.push(Row::Title(context.title()));
        for binding in active(&[context]) {
            let mut help = wrapped(binding.help, width).into_iter();
            rows.push(Row::Key(binding.shown_keys(), binding.label, help.next().unwrap_or_default()));
            rows.extend(help.map(|rest| Row::Key(String::new(), "", rest)));
        }
    }
    rows
}
