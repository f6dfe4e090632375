//! The comparison screen: every method's curve on the same slice and the same side view, and what is to be thought of it.

mod card;
mod details;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::layout;
use super::super::scene::Scene;
use super::super::slice::{Cut, Plane};
use super::super::state::State;
use super::super::theme::Role;
use super::super::trial::Grade;
use super::super::widgets::picture::View;
use super::super::widgets::text::put_right;
use super::pieces;

/// The role of a grade.
pub(super) fn grade_role(grade: Grade) -> Role {
    match grade {
        Grade::Sure => Role::Good,
        Grade::Fair => Role::Warn,
        Grade::Doubtful => Role::Bad,
    }
}

/// What all cards show alike: the two cuts, where they are, and how close.
struct Views {
    shape: [usize; 3],
    z: usize,
    axial: Plane<f32>,
    axial_view: View,
    side: Plane<f32>,
    side_at: [usize; 3],
    /// Column of the side view with the cord.
    side_column: f64,
    window: (f32, f32),
}

/// Draws the screen.
pub(super) fn draw(state: &State, body: Rect, buffer: &mut Buffer) {
    let compare = &state.compare;
    let panes = layout::compare(body, compare.cards());
    let scene = state.viewer.scene.as_ref().filter(|scene| scene.key == compare.key);
    draw_title(state, scene.map(AsRef::as_ref), panes.title, buffer);
    let views = scene.and_then(|scene| Views::of(state, scene));
    for (i, area) in panes.cards.iter().enumerate().take(compare.cards()) {
        card::draw(state, compare.first + i, views.as_ref(), *area, buffer);
    }
    details::draw(state, panes.details, buffer);
}

fn draw_title(state: &State, scene: Option<&Scene>, area: Rect, buffer: &mut Buffer) {
    let (theme, compare) = (state.ink.theme, &state.compare);
    let place = scene.map(|s| format!("  axial {}/{}", state.viewer.cursor[2] + 1, s.shape()[2]));
    let parts =
        [(compare.key.as_str(), Role::Title), (place.as_deref().unwrap_or("  decoding…"), Role::Accent)];
    pieces(buffer, area, theme, &parts);
    let hidden = compare.cards().saturating_sub(compare.in_sight);
    if hidden > 0 {
        let left = if compare.first > 0 { "◂ " } else { "  " };
        let right = if compare.first < hidden { " ▸" } else { "  " };
        let last = compare.first + compare.in_sight;
        let text = format!("{left}methods {} to {last} of {}{right}", compare.first + 1, compare.cards());
        put_right(buffer, area, &text, theme.style(Role::Dim));
    }
}

impl Views {
    fn of(state: &State, scene: &Scene) -> Option<Self> {
        let shape = scene.shape();
        let at = state.viewer.cursor;
        let best = state.compare.best().map(|d| d.curve.as_slice()).unwrap_or_default();
        let [x, y] = nearest(best, at[2]).unwrap_or([at[0] as f64, at[1] as f64]);
        let column = |z: usize| best.get(z).copied().flatten().map(|[x, _]| x);
        let across: Vec<f64> = (0..shape[2]).filter_map(column).collect();
        let middle = if across.is_empty() { x } else { across.iter().sum::<f64>() / across.len() as f64 };
        let side_at = [middle.round().clamp(0.0, shape[0] as f64 - 1.0) as usize, at[1], at[2]];
        let extent = [0, 1].map(|axis| shape[axis] as f64 * scene.spacing[axis]);
        let zoom = (extent[0].max(extent[1]) / state.compare.width_mm).clamp(1.0, 16.0);
        let [_, y_middle] = nearest(best, shape[2] / 2).unwrap_or([x, y]);
        Some(Self {
            shape,
            z: at[2],
            axial: scene.plane(Cut::Axial, at)?,
            axial_view: View { zoom, focus: Some(Cut::Axial.to_plane(shape, [x, y, at[2] as f64])) },
            side: scene.plane(Cut::Sagittal, side_at)?,
            side_at,
            side_column: Cut::Sagittal.to_plane(shape, [middle, y_middle, 0.0])[0],
            window: state.viewer.shown_window(),
        })
    }
}

/// The curve's point on the slice nearest to `z` that has one.
fn nearest(curve: &[Option<[f64; 2]>], z: usize) -> Option<[f64; 2]> {
    let points = curve.iter().enumerate().filter_map(|(k, point)| point.map(|p| (k.abs_diff(z), p)));
    points.min_by_key(|(far, _)| *far).map(|(_, point)| point)
}
