//! The film strip: one validation scan as every epoch saw it, side by side, truth and prediction outlined.

use ndarray::{Array2, Array3};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::super::super::layout;
use super::super::super::model::RunRow;
use super::super::super::slice::{Cut, Plane};
use super::super::super::state::State;
use super::super::super::theme::Role;
use super::super::super::widgets::chart::value_at;
use super::super::super::widgets::picture::{Layer, Mark, Picture, Shape, View};
use super::super::super::widgets::text::{number, put, put_centred, wrapped};
use super::super::{line, pieces};
use crate::training::EpochSample;

/// Probabilities from here on are outlined: 0.5.
const LESION: u8 = 128;
/// Rows a picture has at least where several slices are shown.
const LEAST_ROWS: u16 = 8;

/// The strip on the screen: how many slices above each other, how many epochs beside each other, the size of a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Strip {
    slices: usize,
    frames: usize,
    width: u16,
    height: u16,
}

fn strip(state: &State, area: Rect) -> Strip {
    let slices = state.training.film.current().map_or(1, |f| f.slices.len()).max(1);
    // A row above for the title, one for the captions, one of air.
    let rows = area.height.saturating_sub(3);
    let shown = usize::from(rows / LEAST_ROWS).clamp(1, slices);
    let height = (rows / shown as u16).max(1);
    let cell = state.ink.cell;
    let width = (f64::from(height) * cell.height / cell.width).round() as u16;
    let width = width.clamp(8, area.width.max(8));
    let frames = usize::from((area.width + 1) / (width + 1)).max(1);
    Strip { slices: shown, frames, width, height }
}

/// How many epochs are in sight.
pub(crate) fn film_room(state: &State) -> usize {
    strip(state, layout::runs_main(state)).frames
}

/// Draws the strip.
pub(super) fn draw(state: &State, run: &RunRow, area: Rect, buffer: &mut Buffer) {
    let (film, theme) = (&state.training.film, state.ink.theme);
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let frames = if film.of.as_ref() == Some(&run.dir) { film.frames.as_slice() } else { &[] };
    let Some(chosen) = film.current().filter(|_| !frames.is_empty()) else {
        return draw_empty(state, run, area, buffer);
    };
    let strip = strip(state, area);
    let first = film.slice.min(chosen.slices.len().saturating_sub(strip.slices));
    // The head is above: the highest slice first.
    let slices: Vec<usize> = (first..first + strip.slices).rev().collect();
    let names: Vec<String> = slices.iter().map(|s| chosen.slices[*s].to_string()).collect();
    let about = format!("  {}  slice {}", chosen.scan, names.join(", "));
    let x = pieces(buffer, line(area, 0), theme, &[(&run.name, Role::Title), (&about, Role::Dim)]);
    let key = Rect { x: x + 3, width: area.right().saturating_sub(x + 3), ..line(area, 0) };
    let prediction = if theme.coloured() { "━ prediction" } else { "┈ prediction" };
    pieces(buffer, key, theme, &[("━ truth", Role::Mask), ("  ", Role::Dim), (prediction, Role::Prediction)]);
    for (i, at) in film.window(strip.frames).enumerate() {
        let left = area.x + i as u16 * (strip.width + 1);
        let column = Rect { x: left, y: area.y + 2, width: strip.width, height: area.height - 2 };
        draw_caption(state, &frames[at], at == film.selected, line(column, 0), buffer);
        for (row, slice) in slices.iter().enumerate() {
            let top = column.y + 1 + row as u16 * strip.height;
            let place = Rect { y: top, height: strip.height, ..column };
            // Which side is which is the same in all; the first says it.
            let letters = if i == 0 { Cut::Axial.letters() } else { [' '; 4] };
            draw_frame(state, &frames[at], *slice, letters, place, buffer);
        }
    }
}

/// Epoch and Dice of a frame.
fn draw_caption(state: &State, sample: &EpochSample, chosen: bool, row: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let epoch = f64::from(sample.epoch);
    let known = state.training.curves().map(|curves| curves.dice.as_slice()).unwrap_or_default();
    let here = known.iter().any(|p| p.0 == epoch).then(|| value_at(known, Some(epoch))).flatten();
    let dice = here.filter(|d| d.is_finite()).map(|d| format!("  {}", number(d))).unwrap_or_default();
    let long = format!("epoch {}{dice}", sample.epoch);
    let text = if long.len() <= usize::from(row.width) { long } else { sample.epoch.to_string() };
    if chosen {
        buffer.set_style(row, theme.style(Role::Selection));
    }
    put_centred(buffer, row, &text, theme.style(if chosen { Role::Title } else { Role::Dim }));
}

fn draw_frame(
    state: &State,
    sample: &EpochSample,
    slice: usize,
    letters: [char; 4],
    area: Rect,
    buffer: &mut Buffer,
) {
    let grey = plane(&sample.image, slice, f32::from);
    let of = |array: &Array3<u8>| Shape::Region(plane(array, slice, |v| v >= LESION));
    let layers = [
        Layer { mark: Mark::Mask, shape: of(&sample.truth) },
        Layer { mark: Mark::Prediction, shape: of(&sample.probability) },
    ];
    // Crops have cubic voxels.
    let plane = Plane { pixels: grey, mm: [1.0, 1.0], letters };
    Picture { plane: &plane, window: (0.0, 255.0), layers: &layers, view: View::default(), ink: state.ink }
        .render(area, buffer);
}

/// One slice as it is looked at: right on the left, anterior above.
fn plane<T>(array: &Array3<u8>, slice: usize, value: impl Fn(u8) -> T) -> Array2<T> {
    let (x, y, _) = array.dim();
    Array2::from_shape_fn((y, x), |(row, column)| value(array[[column, y - 1 - row, slice]]))
}

fn draw_empty(state: &State, run: &RunRow, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    put(buffer, line(area, 0), &run.name, theme.style(Role::Title));
    let words = if run.state.is_alive() {
        "No sample yet. After each epoch the prediction of one validation scan is kept and shown here."
    } else {
        "This run kept no samples: it has no validation scan, or sample.every was 0."
    };
    for (i, row) in wrapped(words, usize::from(area.width)).iter().enumerate() {
        put(buffer, line(area, area.height / 3 + i as u16), row, theme.style(Role::Dim));
    }
}
