//! The mouse where points are placed: left places and drags, right takes away, the wheel walks through slices.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::layout;
use super::super::message::Effect;
use super::super::slice::Cut;
use super::super::state::State;
use super::super::state::points::Pane;
use super::super::widgets::picture::Fit;
use super::points::moved;

/// A click this near (cells) to a point from the side means that point.
const NEAR_CELLS: f64 = 1.5;

/// Takes a mouse event over the screen's body.
pub(super) fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    if state.points.known.is_none() {
        return Vec::new();
    }
    let at = Position::new(event.column, event.row);
    match event.kind {
        MouseEventKind::ScrollUp => walk(state, 1.0),
        MouseEventKind::ScrollDown => walk(state, -1.0),
        MouseEventKind::Down(MouseButton::Left) => press(state, at),
        MouseEventKind::Drag(MouseButton::Left) => drag(state, at),
        MouseEventKind::Down(MouseButton::Right) => delete(state, at),
        MouseEventKind::Up(_) => {
            state.points.edit.release();
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn walk(state: &mut State, slices: f64) -> Vec<Effect> {
    let held = state.points.edit.held().is_some();
    state.points.walk([0.0, 0.0, slices]);
    moved(state, held)
}

/// A place under the mouse.
struct Hit {
    pane: Pane,
    /// Continuous RPI voxels; what the picture does not show is the cursor's.
    at: [f64; 3],
    /// Voxels per cell along the axis from feet to head.
    slices_per_cell: f64,
}

fn hit(state: &State, mouse: Position) -> Option<Hit> {
    let scene = state.points.scene.as_ref()?;
    let panes = layout::points(layout::page(state.area()).body);
    let pane = if panes.side.contains(mouse) { Pane::Side } else { Pane::Axial };
    let (cut, area) = match pane {
        Pane::Side => (Cut::Sagittal, panes.side),
        Pane::Axial => (Cut::Axial, panes.axial),
    };
    let (shape, view) = (scene.shape(), state.points.view(scene, pane));
    let fit = Fit::new(cut.size(shape), cut.size_mm(scene.spacing), area, state.ink, view);
    let [column, row] = fit.under(area, state.ink.mode, mouse.x, mouse.y)?;
    let last = |axis: usize| shape[axis] as f64 - 1.0;
    let at = match pane {
        Pane::Side => [state.points.cursor[0], last(1) - column, (last(2) - row).round()],
        Pane::Axial => [column, last(1) - row, state.points.cursor[2]],
    };
    Some(Hit { pane, at, slices_per_cell: fit.step[1] * state.ink.mode.samples()[1] as f64 })
}

/// Takes hold of the point under the mouse, or of a new one.
fn press(state: &mut State, mouse: Position) -> Vec<Effect> {
    let Some(hit) = hit(state, mouse) else { return Vec::new() };
    state.points.pane = hit.pane;
    match near(state, &hit).filter(|_| hit.pane == Pane::Side) {
        Some(z) => {
            let [x, y] = state.points.edit.on(z).unwrap_or_default();
            state.points.look_at([x, y, z as f64]);
            state.points.edit.hold(z);
        }
        None => {
            follow(state, &hit);
            state.points.edit.hold_new(state.points.cursor);
        }
    }
    moved(state, true)
}

fn drag(state: &mut State, mouse: Position) -> Vec<Effect> {
    match hit(state, mouse).filter(|hit| hit.pane == state.points.pane) {
        Some(hit) if state.points.edit.held().is_some() => {
            follow(state, &hit);
            moved(state, true)
        }
        _ => Vec::new(),
    }
}

/// Puts the cursor under the mouse. From the side, x follows the line to the new slice.
fn follow(state: &mut State, hit: &Hit) {
    let by = hit.at[2] - state.points.cursor[2];
    state.points.walk([0.0, 0.0, by]);
    let [x, ..] = state.points.cursor;
    let to = if hit.pane == Pane::Side { [x, hit.at[1], hit.at[2]] } else { hit.at };
    state.points.look_at(to);
}

/// The slice of the point that a place means.
fn near(state: &State, hit: &Hit) -> Option<usize> {
    let reach = hit.slices_per_cell * NEAR_CELLS;
    let distance = |p: &[f64; 3]| (p[2] - hit.at[2]).abs();
    let nearest = state.points.edit.points().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    (distance(&nearest) <= reach.max(0.5)).then_some(nearest[2] as usize)
}

fn delete(state: &mut State, mouse: Position) -> Vec<Effect> {
    let Some(hit) = hit(state, mouse) else { return Vec::new() };
    let meant = if hit.pane == Pane::Side { near(state, &hit) } else { Some(state.points.z()) };
    let deleted = meant.is_some_and(|z| state.points.edit.delete(z));
    if deleted { moved(state, true) } else { Vec::new() }
}
