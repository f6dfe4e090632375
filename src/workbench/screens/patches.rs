//! Training patches with their masks: one as it was cut, beside what the network will see of it in several epochs.

use ndarray::Axis;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout::{self, PatchCell};
use super::super::slice::{Cut, slice, window};
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::picture::{Layer, Mark, Shape, View};
use super::super::widgets::text::{put, put_centred, put_right, wrapped};
use super::viewer::picture;
use super::{line, pieces};
use crate::training::{PatchLook, PatchPage};

/// Draws the screen.
pub(super) fn draw(state: &State, body: Rect, buffer: &mut Buffer) {
    let panes = layout::patches(body);
    draw_title(state, panes.title, buffer);
    let theme = state.ink.theme;
    let Some(page) = &state.patches.page else {
        let words = state.patches.error.as_deref().unwrap_or("reading the crops…");
        let role = if state.patches.error.is_some() { Role::Bad } else { Role::Dim };
        for (row, text) in wrapped(words, usize::from(body.width.saturating_sub(4))).iter().enumerate() {
            put_centred(buffer, line(body, body.height / 3 + row as u16), text, theme.style(role));
        }
        return;
    };
    let window = window(page.original.image.view());
    let mut cells = panes.cells.iter();
    if let Some(cell) = cells.next() {
        let words =
            format!("slices {} to {} of the crop", page.start, page.start + page.original.image.dim().2 - 1);
        draw_cell(state, page, &page.original, ("as it was cut", &[words]), window, *cell, buffer);
    }
    for (changed, cell) in page.changed.iter().zip(cells) {
        let caption = format!("epoch {}", changed.draw + 1);
        let unchanged = ["unchanged".to_owned()];
        let words = if changed.changes.is_empty() { &unchanged } else { changed.changes.as_slice() };
        draw_cell(state, page, &changed.look, (&caption, words), window, *cell, buffer);
    }
}

fn draw_title(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let preset = state.patches.wanted.as_ref().map_or("", |wanted| wanted.preset.as_str());
    let parts = [("Augmented patches  ", Role::Title), ("changes: ", Role::Dim), (preset, Role::Accent)];
    let x = pieces(buffer, area, theme, &parts) + 2;
    let Some(page) = &state.patches.page else { return };
    let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
    let (number, count) = (page.number + 1, page.count);
    let waiting = if state.patches.waiting { "◌ " } else { "" };
    let text = format!("{waiting}{}  patch {number}/{count}  slice {}", page.scan, state.patches.slice + 1);
    put_right(buffer, rest, &text, theme.style(Role::Dim));
}

fn draw_cell(
    state: &State,
    page: &PatchPage,
    look: &PatchLook,
    (caption, words): (&str, &[String]),
    window: (f32, f32),
    cell: PatchCell,
    buffer: &mut Buffer,
) {
    let theme = state.ink.theme;
    put(buffer, cell.caption, caption, theme.style(Role::Title));
    let spacing = [page.spacing_mm; 3];
    let at = state.patches.slice;
    let mask = slice(look.mask.view(), spacing, Cut::Axial, at);
    if let (Some(plane), Some(mask)) = (slice(look.image.view(), spacing, Cut::Axial, at), mask) {
        let region = mask.pixels.mapv(|value| value > 0);
        let layers = [Layer { mark: Mark::Mask, shape: Shape::Region(region) }];
        picture(state, &plane, window, &layers, View::default(), cell.picture, buffer);
    }
    let lesion = look.mask.index_axis(Axis(2), at.min(look.mask.dim().2 - 1)).iter().any(|&v| v > 0);
    if !lesion {
        put_right(buffer, cell.caption, "no lesion here", theme.style(Role::Dim));
    }
    let text = words.join("; ");
    let lines = wrapped(&text, usize::from(cell.words.width));
    let room = usize::from(cell.words.height);
    for (row, text) in lines.iter().take(room).enumerate() {
        // The last line that fits says that there is more.
        let more = if row + 1 == room { lines.get(row + 1) } else { None };
        let text = more.map_or_else(|| text.clone(), |more| format!("{text} {more}"));
        put(buffer, line(cell.words, row as u16), &text, theme.style(Role::Text));
    }
}
