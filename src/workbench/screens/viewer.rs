//! The slice viewer: the picture with its marks, the crop, a second cut, facts and legend.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::super::layout;
use super::super::scene::Scene;
use super::super::slice::{Cut, Plane};
use super::super::state::State;
use super::super::theme::Role;
use super::super::widgets::picture::{Fit, Layer, Mark, Picture, Shape, View};
use super::super::widgets::text::{put, put_centred, put_right, wrapped};
use super::{facts, footer, line, pieces};

/// Draws the viewer.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let panes = layout::viewer_panes(state);
    draw_title(state, panes.title, buffer);
    if let Some(message) = &state.viewer.error {
        return draw_message(state, message, Role::Bad, panes.picture, buffer);
    }
    let Some(scene) = &state.viewer.scene else {
        let text = if state.viewer.slow(state.clock) { "decoding…" } else { "" };
        return draw_message(state, text, Role::Dim, panes.picture, buffer);
    };
    draw_main(state, scene, panes.picture, buffer);
    draw_crop(state, scene, panes.crop, buffer);
    draw_side(state, scene, panes.side, buffer);
    facts::draw(state, scene, panes.info, buffer);
    if panes.side.is_empty() {
        facts::draw_strip(
            state,
            Rect { y: panes.title.bottom(), height: area.height - panes.title.height, ..area },
            buffer,
        );
    }
}

/// Place, value and world position of the cursor.
pub(super) fn probe(state: &State) -> Option<(String, String, String)> {
    let viewer = &state.viewer;
    let (value, world) = viewer.scene.as_ref()?.probe(viewer.cursor)?;
    Some(footer::probe_text(viewer.cursor, value, world))
}

fn draw_title(state: &State, area: Rect, buffer: &mut Buffer) {
    let (theme, viewer) = (state.ink.theme, &state.viewer);
    let Some(scene) = &viewer.scene else { return };
    let (at, count) = viewer.position().unwrap_or_default();
    let cut = format!("  {} {}", viewer.cut.label(), at + 1);
    let of = format!("/{count}");
    let zoom = if viewer.zoomed() { format!("  ×{:.1}", viewer.zoom()) } else { String::new() };
    let parts =
        [(scene.key.as_str(), Role::Title), (&cut, Role::Accent), (&of, Role::Dim), (&zoom, Role::Dim)];
    let x = pieces(buffer, area, theme, &parts) + 2;
    let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
    if viewer.slow(state.clock) {
        put_right(buffer, rest, "loading…", theme.style(Role::Warn));
    }
}

fn draw_message(state: &State, message: &str, role: Role, area: Rect, buffer: &mut Buffer) {
    let lines = wrapped(message, usize::from(area.width.saturating_sub(4)));
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    for (i, text) in lines.iter().enumerate() {
        put_centred(buffer, line(area, top + i as u16), text, state.ink.theme.style(role));
    }
}

fn draw_main(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    let viewer = &state.viewer;
    let (cut, at) = (viewer.cut, viewer.cursor);
    let Some(plane) = scene.plane(cut, at) else { return };
    let mut layers = scene.layers(cut, at, viewer.overlays);
    let centre = cut.to_plane(scene.shape(), at.map(|v| v as f64));
    layers.push(Layer { mark: Mark::Cursor, shape: Shape::Ticks(centre) });
    picture(state, &plane, viewer.shown_window(), &layers, viewer.view(), area, buffer);
}

fn draw_crop(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let (caption, below) = captioned(area);
    let theme = state.ink.theme;
    let z = state.viewer.cursor[2];
    let shown = scene.crop.as_ref().and_then(|crop| Some((crop, crop.axial(z, state.viewer.overlays)?)));
    match shown {
        Some((crop, (plane, layers))) => {
            let size = format!("  {:.0} mm", crop.spacing * plane.pixels.dim().1 as f64);
            pieces(buffer, caption, theme, &[("Crop", Role::Title), (&size, Role::Dim)]);
            let below = at_top(state, &plane, below);
            picture(state, &plane, crop.window, &layers, View::default(), below, buffer);
        }
        None => {
            put(buffer, caption, "Crop", theme.style(Role::Title));
            let text = if scene.crop.is_some() { "none at this slice" } else { "none yet: p makes it" };
            let text = if state.project.is_some() { text } else { "" };
            draw_message(state, text, Role::Dim, Rect { height: below.height.min(5), ..below }, buffer);
        }
    }
}

/// A second cut through the cursor: from the side, or across when the main one is from the side.
fn draw_side(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    if area.height < 4 {
        return;
    }
    let (caption, below) = captioned(area);
    let viewer = &state.viewer;
    let cut = if viewer.cut == Cut::Axial { Cut::Sagittal } else { Cut::Axial };
    let at = viewer.cursor;
    let Some(plane) = scene.plane(cut, at) else { return };
    let theme = state.ink.theme;
    let mut x = put(buffer, caption, &capital(cut.label()), theme.style(Role::Title));
    x = x.saturating_add(2);
    let number = format!("{}/{}", at[cut.axis()] + 1, scene.shape()[cut.axis()]);
    put(
        buffer,
        Rect { x, width: caption.right().saturating_sub(x), ..caption },
        &number,
        theme.style(Role::Dim),
    );
    let mut layers = scene.layers(cut, at, viewer.overlays);
    let centre = cut.to_plane(scene.shape(), at.map(|v| v as f64));
    layers.push(Layer { mark: Mark::Cursor, shape: Shape::Ticks(centre) });
    let below = at_top(state, &plane, below);
    picture(state, &plane, viewer.shown_window(), &layers, View::default(), below, buffer);
}

pub(super) fn picture(
    state: &State,
    plane: &Plane<f32>,
    window: (f32, f32),
    layers: &[Layer],
    view: View,
    area: Rect,
    buffer: &mut Buffer,
) {
    Picture { plane, window, layers, view, ink: state.ink }.render(area, buffer);
}

/// The part of `area` that a whole slice needs, so that it stands right below its caption.
fn at_top(state: &State, plane: &Plane<f32>, area: Rect) -> Rect {
    let (rows, columns) = plane.pixels.dim();
    let covered =
        Fit::new([columns, rows], plane.mm, area, state.ink, View::default()).covered(area, state.ink.mode);
    Rect { height: covered.height.max(1).min(area.height), ..area }
}

fn captioned(area: Rect) -> (Rect, Rect) {
    let caption = Rect { height: 1, ..area };
    (caption, Rect { y: area.y + 1, height: area.height - 1, ..area })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
