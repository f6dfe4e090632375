//! What happened, newest at the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout::centred;
use super::super::state::log::Entry;
use super::super::state::{Level, State};
use super::super::theme::Role;
use super::super::widgets::text::{put, wrapped};
use super::{line, panel};

/// Draws the log, `back` entries before the newest.
pub(super) fn draw(state: &State, back: usize, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let width = area.width.saturating_sub(6).min(106);
    let rows: usize =
        state.log.entries().map(|e| wrapped(&e.text, usize::from(width.saturating_sub(11))).len()).sum();
    let height = (rows.max(1) + 2).min(usize::from(area.height));
    let inner = panel("Log", centred(area, 110, height as u16), theme, buffer);
    if state.log.entries().len() == 0 {
        put(buffer, inner, "nothing has happened yet", theme.style(Role::Dim));
    }
    let width = usize::from(inner.width.saturating_sub(11));
    let mut bottom = inner.bottom();
    for entry in state.log.entries().rev().skip(back) {
        let rows = wrapped(&entry.text, width);
        let Some(top) = bottom.checked_sub(rows.len() as u16).filter(|top| *top >= inner.y) else { break };
        put(buffer, Rect { y: top, height: 1, ..inner }, &time(entry), theme.style(Role::Dim));
        for (i, row) in rows.iter().enumerate() {
            let at = line(
                Rect { x: inner.x + 10, y: top, width: inner.width - 10, height: rows.len() as u16 },
                i as u16,
            );
            put(buffer, at, row, theme.style(role(entry.level)));
        }
        bottom = top;
    }
}

fn role(level: Level) -> Role {
    match level {
        Level::Info => Role::Text,
        Level::Done => Role::Good,
        Level::Warning => Role::Warn,
        Level::Error => Role::Bad,
    }
}

/// The entry's time of day on this machine's clock.
fn time(entry: &Entry) -> String {
    let stamp = jiff::Timestamp::from_second(entry.time as i64).unwrap_or_default();
    stamp.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string()
}
