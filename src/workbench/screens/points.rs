//! The screen on which points are placed: the cord from the side and across, the curve through the points drawn at once.

mod words;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::super::layout;
use super::super::scene::Scene;
use super::super::slice::{Cut, Plane};
use super::super::state::State;
use super::super::state::points::Pane;
use super::super::theme::Role;
use super::super::widgets::picture::{Layer, Mark, Picture, Shape};
use super::super::widgets::text::put_right;
use super::pieces;

/// Draws the screen.
pub(super) fn draw(state: &State, body: Rect, buffer: &mut Buffer) {
    let panes = layout::points(body);
    words::title(state, panes.title, buffer);
    let Some(scene) = &state.points.scene else { return };
    let side_label = state.points.side.as_ref().map_or("", |side| side.kind.label());
    caption(state, Pane::Side, "Side", side_label, panes.side_caption, buffer);
    if let Some(side) = &state.points.side {
        let window = state.viewer.window.unwrap_or(side.window);
        picture(state, scene, Pane::Side, &side.plane, window, panes.side, buffer);
    }
    let z = format!("slice {}/{}", state.points.z() + 1, scene.shape()[2]);
    caption(state, Pane::Axial, "Axial", &z, panes.axial_caption, buffer);
    if let Some(plane) = scene.plane(Cut::Axial, [0, 0, state.points.z()]) {
        picture(state, scene, Pane::Axial, &plane, state.viewer.shown_window(), panes.axial, buffer);
    }
    words::info(state, scene, panes.info, buffer);
}

/// The name of a picture; the one that the arrow keys move in is marked.
fn caption(state: &State, pane: Pane, name: &str, detail: &str, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let active = state.points.pane == pane;
    let (sign, role) = if active { ("▸ ", Role::Title) } else { ("  ", Role::Dim) };
    let x = pieces(buffer, area, theme, &[(sign, Role::Accent), (name, role)]) + 2;
    let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
    put_right(buffer, rest, detail, theme.style(Role::Dim));
}

fn picture(
    state: &State,
    scene: &Scene,
    pane: Pane,
    plane: &Plane<f32>,
    window: (f32, f32),
    area: Rect,
    buffer: &mut Buffer,
) {
    let layers = layers(state, scene, pane);
    let view = state.points.view(scene, pane);
    Picture { plane, window, layers: &layers, view, ink: state.ink }.render(area, buffer);
}

/// The marks of a picture, the most important last.
fn layers(state: &State, scene: &Scene, pane: Pane) -> Vec<Layer> {
    let cut = if pane == Pane::Side { Cut::Sagittal } else { Cut::Axial };
    let place = |at: [f64; 3]| cut.to_plane(scene.shape(), at);
    let overlays = state.viewer.overlays;
    let mut layers = Vec::new();
    if overlays.centerline {
        let earlier = scene.curve.iter().enumerate().filter_map(|(z, at)| at.map(|[x, y]| [x, y, z as f64]));
        layers.extend(curve_layer(state, pane, Mark::Prediction, &place, earlier.collect()));
    }
    let crop = state.points.crop_box().filter(|_| overlays.crop && pane == Pane::Axial);
    layers.extend(crop.map(|[x0, x1, y0, y1]| {
        let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
        let line = corners.map(|[x, y]| place([x, y, state.points.cursor[2]])).to_vec();
        Layer { mark: Mark::Crop, shape: Shape::Lines(vec![line]) }
    }));
    let curve = state.points.curve.as_ref().map(|curve| curve.voxels().collect()).unwrap_or_default();
    layers.extend(curve_layer(state, pane, Mark::Centerline, &place, curve));
    let here = |z: f64| pane == Pane::Side || z == state.points.cursor[2];
    let points = state.points.edit.points().filter(|p| here(p[2]));
    layers.push(crosses(scene, Mark::Point, &place, points.collect(), pane));
    let cursor = place(state.points.cursor);
    layers.push(Layer { mark: Mark::Cursor, shape: Shape::Ticks(cursor) });
    layers.push(sight(state, scene, pane, cursor));
    layers
}

/// A curve as a line from the side, as one point across the cord.
fn curve_layer(
    state: &State,
    pane: Pane,
    mark: Mark,
    place: &dyn Fn([f64; 3]) -> [f64; 2],
    curve: Vec<[f64; 3]>,
) -> Option<Layer> {
    if pane == Pane::Side {
        let line = curve.into_iter().map(place).collect();
        return Some(Layer { mark, shape: Shape::Lines(vec![line]) });
    }
    let here = curve.into_iter().find(|p| p[2] == state.points.cursor[2])?;
    Some(Layer { mark, shape: Shape::Points(vec![place(here)]) })
}

/// A small bar for each point from the side, a small cross on the slice itself.
fn crosses(
    scene: &Scene,
    mark: Mark,
    place: &dyn Fn([f64; 3]) -> [f64; 2],
    points: Vec<[f64; 3]>,
    pane: Pane,
) -> Layer {
    let arm = |axis: usize| 2.5 / scene.spacing[axis];
    let bar = |[x, y, z]: [f64; 3], axis: usize| {
        let ends = [-arm(axis), arm(axis)].map(|by| if axis == 0 { [x + by, y, z] } else { [x, y + by, z] });
        ends.map(place).to_vec()
    };
    let lines = points.into_iter().flat_map(|p| match pane {
        Pane::Side => vec![bar(p, 1)],
        Pane::Axial => vec![bar(p, 0), bar(p, 1)],
    });
    Layer { mark, shape: Shape::Lines(lines.collect()) }
}

/// Four strokes around the cursor that leave what is under it in sight.
fn sight(state: &State, scene: &Scene, pane: Pane, [column, row]: [f64; 2]) -> Layer {
    let cut = if pane == Pane::Side { Cut::Sagittal } else { Cut::Axial };
    let mm = cut.size_mm(scene.spacing);
    let shown = state.points.shown_mm(scene, pane);
    let (near, far) = (shown * 0.08, shown * 0.12);
    let stroke = |axis: usize, sign: f64| {
        [near, far]
            .map(|r| {
                let by = sign * r / mm[axis];
                if axis == 0 { [column + by, row] } else { [column, row + by] }
            })
            .to_vec()
    };
    let strokes = [(0, 1.0), (0, -1.0), (1, 1.0), (1, -1.0)].map(|(axis, sign)| stroke(axis, sign));
    Layer { mark: Mark::Cursor, shape: Shape::Lines(strokes.to_vec()) }
}
