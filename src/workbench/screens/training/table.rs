//! The best values of all runs, and beneath them the settings in which the marked ones differ.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::model::RunRow;
use super::super::super::state::State;
use super::super::super::theme::Role;
use super::super::super::widgets::list::{Scroll, list};
use super::super::super::widgets::text::{cut, duration, number, put, put_right};
use super::super::{line, pieces};
use super::{letter, sign};
use crate::runs::{Difference, differences};

/// Columns after the name: heading, width, what is in it. Those that do not fit are left out from the right.
type Column = (&'static str, u16, fn(&RunRow) -> String);
const COLUMNS: [Column; 8] = [
    ("Dice", 7, |r| r.best.map_or("-".into(), |(_, dice)| format!("{dice:.3}"))),
    ("loss", 8, |r| r.loss.map_or("-".into(), number)),
    ("best", 6, |r| r.best.map_or("-".into(), |(epoch, _)| epoch.to_string())),
    ("epochs", 10, |r| format!("{}/{}", r.epoch, r.epochs)),
    ("time", 13, |r| duration(r.seconds)),
    ("network", 18, |r| r.network.clone()),
    ("rate", 8, |r| r.setting("lr").to_owned()),
    ("seed fold", 11, |r| format!("{} {}", r.setting("seed"), r.setting("split.fold"))),
];
/// A name is not cut below this.
const LEAST_NAME: u16 = 26;

/// Draws both.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let training = &state.training;
    let parts = [("All runs", Role::Title), ("  ", Role::Dim), (training.ranking.label(), Role::Dim)];
    pieces(buffer, line(area, 0), theme, &parts);
    let below = if training.marked.len() > 1 { area.height / 2 } else { 2 };
    let rows = area.height.saturating_sub(2 + below);
    let table = Rect { y: area.y + 2, height: rows.min(training.runs.len() as u16), ..area };
    let columns = fitting(area.width);
    draw_heading(state, &columns, line(area, 1), buffer);
    let order = training.ranked();
    let mut scroll = Scroll::default();
    let selected = order.iter().position(|i| *i == training.scroll.selected).unwrap_or(0);
    scroll.select(selected, order.len(), usize::from(table.height));
    list(buffer, table, scroll, order.len(), theme, |buffer, i, row| {
        draw_row(state, &training.runs[order[i]], &columns, i == selected, row, buffer);
    });
    let top = table.bottom() + 1;
    let rest = Rect { y: top, height: area.bottom().saturating_sub(top), ..area };
    draw_differences(state, rest, buffer);
}

/// As many columns as leave room for a name.
fn fitting(width: u16) -> Vec<Column> {
    let mut room = width.saturating_sub(LEAST_NAME + 4);
    let fits = |column: &Column| match room.checked_sub(column.1) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    COLUMNS.into_iter().take_while(fits).collect()
}

/// Calls `cell` with the place of each column, the last at the right edge; returns the first column's left edge.
fn each(columns: &[Column], row: Rect, mut cell: impl FnMut(&Column, Rect)) -> u16 {
    let total: u16 = columns.iter().map(|c| c.1).sum();
    let mut x = row.right().saturating_sub(total);
    let first = x;
    for column in columns {
        cell(column, Rect { x, width: column.1, ..row });
        x += column.1;
    }
    first
}

fn draw_heading(state: &State, columns: &[Column], row: Rect, buffer: &mut Buffer) {
    let style = state.ink.theme.style(Role::Dim);
    put(buffer, Rect { x: row.x + 4, ..row }, "run", style);
    each(columns, row, |column, place| put_right(buffer, place, column.0, style));
}

fn draw_row(state: &State, run: &RunRow, columns: &[Column], chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let (sign, role) = sign(&run.state);
    if let Some(n) = state.training.mark(run) {
        put(buffer, Rect { width: 1, ..row }, &letter(n).to_string(), theme.style(Role::Run(n as u8)));
    }
    put(buffer, Rect { x: row.x + 2, width: 1, ..row }, sign, theme.style(role));
    let first = each(columns, row, |column, place| {
        let text = cut(&(column.2)(run), usize::from(place.width - 1));
        put_right(buffer, place, &text, theme.style(Role::Text));
    });
    let name = Rect { x: row.x + 4, width: first.saturating_sub(row.x + 4), ..row };
    put(
        buffer,
        name,
        &run.short_name(name.width),
        theme.style(if chosen { Role::Title } else { Role::Text }),
    );
}

fn draw_differences(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let marked: Vec<&RunRow> = state
        .training
        .marked
        .iter()
        .filter_map(|dir| state.training.runs.iter().find(|r| r.dir == *dir))
        .collect();
    if marked.len() < 2 {
        let parts = [
            ("space", Role::Key),
            (" marks runs; of two or more this shows the settings that differ", Role::Dim),
        ];
        pieces(buffer, line(area, 0), theme, &parts);
        return;
    }
    let settings: Vec<_> = marked.iter().map(|run| &*run.settings).collect();
    let differences = differences(&settings);
    let key = differences.iter().map(|d| d.key.len() as u16 + 2).max().unwrap_or(0).clamp(10, area.width / 3);
    let width = (area.width - key) / marked.len() as u16;
    let place = |n: usize, row: Rect| Rect { x: row.x + key + n as u16 * width, width: width - 1, ..row };
    put(buffer, line(area, 0), "differ in", theme.style(Role::Title));
    for n in 0..marked.len() {
        put(buffer, place(n, line(area, 0)), &letter(n).to_string(), theme.style(Role::Run(n as u8)));
    }
    if differences.is_empty() {
        put(buffer, line(area, 1), "nothing: their settings are the same", theme.style(Role::Dim));
    }
    let rows = usize::from(area.height.saturating_sub(1));
    for (i, difference) in differences.iter().take(rows).enumerate() {
        draw_difference(state, difference, key, line(area, i as u16 + 1), place, buffer);
    }
    if differences.len() > rows {
        let more = format!("… {} more", differences.len() - rows);
        put_right(buffer, line(area, area.height.saturating_sub(1)), &more, theme.style(Role::Dim));
    }
}

fn draw_difference(
    state: &State,
    difference: &Difference,
    key: u16,
    row: Rect,
    place: impl Fn(usize, Rect) -> Rect,
    buffer: &mut Buffer,
) {
    let theme = state.ink.theme;
    put(buffer, Rect { width: key - 1, ..row }, &difference.key, theme.style(Role::Dim));
    for (n, value) in difference.values.iter().enumerate() {
        let (text, role) = match value {
            Some(value) => (value.as_str(), Role::Text),
            None => ("-", Role::Dim),
        };
        put(buffer, place(n, row), text, theme.style(role));
    }
}
