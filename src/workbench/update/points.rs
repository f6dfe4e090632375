//! Actions and answers of the screen on which points are placed.

use std::sync::Arc;

use ndarray::Axis;

use super::super::actions::Action;
use super::super::message::{Effect, Seen};
use super::super::side::Side;
use super::super::state::modal::{After, Question};
use super::super::state::points::{Opened, Pane};
use super::super::state::{Level, Modal, Screen, State};
use super::act::{go, quit};
use super::say;
use crate::centerline::snap;

/// Millimetres from one point to the next when walking down the cord, as in the toolbox's viewer.
const GAP_MM: f64 = 20.0;
/// How much faster shift is.
const LEAP: f64 = 5.0;

/// Opens the screen for the scan in the viewer.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let Some(scene) = state.viewer.scene.clone().filter(|_| state.viewer.current()) else {
        return Vec::new();
    };
    let mut effects = super::compare::close(state);
    let key = scene.key.clone();
    // Whoever works on a scan stays on it, however the list is ordered anew.
    state.subjects.select_id(&key);
    let generation = state.points.open(scene, state.viewer.cursor);
    state.screen = Screen::Points;
    effects.push(Effect::OpenPoints { key, generation });
    effects
}

/// Takes in what the project knows of the scan's points.
pub(super) fn opened(state: &mut State, generation: u64, answer: Result<Opened, String>) -> Vec<Effect> {
    match answer {
        Ok(opened) => {
            let taken = state.points.begin(generation, opened);
            if taken { moved(state, true) } else { Vec::new() }
        }
        Err(message) if generation == state.points.generation => {
            say(state, Level::Error, message);
            state.points.close();
            go(state, Screen::Subjects)
        }
        Err(_) => Vec::new(),
    }
}

/// Takes a picture from the side; one that was asked for before a newer one is dropped.
pub(super) fn sided(state: &mut State, generation: u64, side: Arc<Side>) -> Vec<Effect> {
    if generation == state.points.side_generation {
        state.points.side = Some(side);
    }
    Vec::new()
}

/// What follows a change: the viewer's cursor goes along, and where points changed, curve and side picture.
pub(super) fn moved(state: &mut State, points: bool) -> Vec<Effect> {
    state.viewer.cursor = state.points.cursor.map(|v| v.round().max(0.0) as usize);
    if !points {
        return Vec::new();
    }
    state.points.redraw();
    look(state)
}

/// Asks for the picture from the side.
fn look(state: &mut State) -> Vec<Effect> {
    let Some(scene) = state.points.scene.clone() else { return Vec::new() };
    state.points.side_generation += 1;
    let line = state.points.guide().map(|line| line.into_iter().map(|[x, _]| x).collect());
    let (generation, wanted) = (state.points.side_generation, state.points.wanted);
    vec![Effect::LookFromSide { scene: Seen(scene), generation, line, wanted }]
}

/// Does an action of the screen; `None` when it is none of its.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if state.screen != Screen::Points || state.modal.is_some() {
        return None;
    }
    if let Some(by) = step(state, action) {
        let held = state.points.edit.held().is_some();
        state.points.walk(by);
        return Some(moved(state, held));
    }
    match action {
        Action::LeavePoints if state.points.edit.give_up() => Some(moved(state, true)),
        Action::LeavePoints | Action::GoSubjects => Some(leave(state, After::Go(Screen::Subjects))),
        Action::GoTraining => Some(leave(state, After::Go(Screen::Training))),
        Action::GoResults => Some(leave(state, After::Go(Screen::Results))),
        Action::Quit => Some(leave(state, After::Quit)),
        Action::SavePoints => Some(save(state)),
        _ => look_or_edit(state, action),
    }
}

/// The way (voxels) an action moves the cursor.
fn step(state: &State, action: Action) -> Option<[f64; 3]> {
    let side = state.points.pane == Pane::Side;
    let up = if side { [0.0, 0.0, 1.0] } else { [0.0, 1.0, 0.0] };
    // From the side anterior is left, across the cord the patient's right.
    let right = if side { [0.0, -1.0, 0.0] } else { [1.0, 0.0, 0.0] };
    let (way, times) = match action {
        Action::CursorUp => (up, 1.0),
        Action::CursorDown => (up, -1.0),
        Action::CursorRight => (right, 1.0),
        Action::CursorLeft => (right, -1.0),
        Action::LeapUp => (up, LEAP),
        Action::LeapDown => (up, -LEAP),
        Action::LeapRight => (right, LEAP),
        Action::LeapLeft => (right, -LEAP),
        Action::PageUp => ([0.0, 0.0, 1.0], gap(state)),
        Action::PageDown => ([0.0, 0.0, 1.0], -gap(state)),
        _ => return None,
    };
    Some(way.map(|v| v * times))
}

/// The usual distance between points in slices.
fn gap(state: &State) -> f64 {
    let slice_mm = state.points.scene.as_ref().map_or(1.0, |scene| scene.spacing[2]);
    (GAP_MM / slice_mm).round().max(1.0)
}

fn look_or_edit(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let points = &mut state.points;
    match action {
        Action::OtherPane => points.pane = if points.pane == Pane::Side { Pane::Axial } else { Pane::Side },
        Action::ZoomIn => points.magnify(1.25),
        Action::ZoomOut => points.magnify(0.8),
        Action::ResetView => {
            points.reset();
            state.viewer.window = None;
            return Some(look(state));
        }
        Action::NextSide => {
            let line = points.guide().is_some();
            points.wanted = points.side.as_ref().map(|side| side.kind.next(line));
            return Some(look(state));
        }
        Action::NextPoint | Action::PreviousPoint => {
            if let Some(z) = points.edit.beside(points.z(), action == Action::PreviousPoint) {
                visit(state, z);
            }
            return Some(moved(state, false));
        }
        _ => {
            edit(state, action)?;
            return Some(moved(state, true));
        }
    }
    Some(Vec::new())
}

/// Puts the cursor on the point of a slice.
fn visit(state: &mut State, z: usize) {
    if let Some([x, y]) = state.points.edit.on(z) {
        state.points.look_at([x, y, z as f64]);
    }
}

/// Changes the points; `None` when the action is none of these.
fn edit(state: &mut State, action: Action) -> Option<()> {
    let points = &mut state.points;
    let (at, z) = (points.cursor, points.z());
    match action {
        Action::PlacePoint if points.edit.held().is_some() => points.edit.release(),
        Action::PlacePoint => drop(points.edit.place(at)),
        Action::PlaceAndGo => {
            points.edit.place(at);
            points.redraw();
            let by = -gap(state);
            state.points.walk([0.0, 0.0, by]);
        }
        Action::DeletePoint => drop(points.edit.delete(z)),
        Action::GrabPoint if points.edit.held().is_some() => points.edit.release(),
        Action::GrabPoint => {
            points.edit.hold(z);
            visit(state, z);
        }
        Action::UndoPoints => points.edit.undo(),
        Action::RedoPoints => points.edit.redo(),
        Action::SnapPoint => snap_here(state),
        _ => return None,
    }
    Some(())
}

/// Places the point of this slice on the cord's centre near the cursor.
fn snap_here(state: &mut State) {
    let Some(scene) = state.points.scene.clone() else { return };
    let ([x, y, z], [width, height, _]) = (state.points.cursor, scene.spacing);
    let slice = scene.image.index_axis(Axis(2), state.points.z());
    match snap(slice, [width, height], [x, y]) {
        Some([x, y]) => {
            state.points.edit.place([x, y, z]);
            state.points.look_at([x, y, z]);
        }
        None => say(state, Level::Info, "nothing within 6 mm looks like a cord; place the point by hand"),
    }
}

fn save(state: &mut State) -> Vec<Effect> {
    state.points.edit.release();
    state.points.saving = true;
    let (id, points) = (state.points.key.clone(), state.points.edit.points().collect());
    let effects = moved(state, true);
    [effects, vec![Effect::SavePoints { id, points }]].concat()
}

/// Leaves for somewhere else, and asks first when points would be lost.
pub(super) fn leave(state: &mut State, after: After) -> Vec<Effect> {
    state.points.edit.release();
    if state.points.unsaved() {
        state.modal = Some(Modal::Confirm(Question::DropPoints(after)));
        return Vec::new();
    }
    left(state, after)
}

/// Leaves whatever is lost.
pub(super) fn left(state: &mut State, after: After) -> Vec<Effect> {
    state.points.close();
    match after {
        After::Go(screen) => go(state, screen),
        After::Quit => {
            state.screen = Screen::Subjects;
            quit(state)
        }
    }
}
