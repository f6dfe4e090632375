//! The words beside the pictures: which scan, how many points, what the curve is like, what the marks mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::scene::Scene;
use super::super::super::state::State;
use super::super::super::theme::Role;
use super::super::super::widgets::text::{put, put_right, wrapped};
use super::super::{line, pieces};

/// Scan, number of points, whether they are saved.
pub(super) fn title(state: &State, area: Rect, buffer: &mut Buffer) {
    let (theme, points) = (state.ink.theme, &state.points);
    let count = match points.edit.count() {
        1 => "  1 point".to_owned(),
        n => format!("  {n} points"),
    };
    let (word, role) = match (points.saving, points.edit.held(), points.unsaved()) {
        (true, ..) => ("  saving…", Role::Warn),
        (_, Some(_), _) => ("  moving one: ⏎ drops it, esc puts it back", Role::Warn),
        (_, _, true) => ("  not saved: w saves", Role::Warn),
        _ if points.known.is_none() => ("  reading…", Role::Dim),
        _ => ("", Role::Dim),
    };
    let parts = [(points.key.as_str(), Role::Title), (count.as_str(), Role::Accent), (word, role)];
    let x = pieces(buffer, area, theme, &parts) + 2;
    let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
    let by = points.known.as_ref().and_then(|known| known.by.as_ref()).filter(|_| !points.unsaved());
    if let Some(by) = by {
        put_right(buffer, rest, &format!("saved by {by}"), theme.style(Role::Dim));
    }
}

/// The marks, then what is to be said of the curve, then the points.
pub(super) fn info(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let mut parts =
        vec![("■", Role::Letter), (" point  ", Role::Dim), ("■", Role::Centerline), (" curve  ", Role::Dim)];
    if !scene.curve.is_empty() {
        parts.extend([("l ", Role::Key), ("■", Role::Prediction), (" earlier  ", Role::Dim)]);
    }
    parts.extend([("b ", Role::Key), ("■", Role::Crop), (" crop", Role::Dim)]);
    pieces(buffer, line(area, 0), theme, &parts);
    let mut used = 1;
    for (text, role) in said(state, scene) {
        for row in wrapped(&text, usize::from(area.width)) {
            put(buffer, line(area, used), &row, theme.style(role));
            used += 1;
        }
    }
    let list = Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area };
    draw_points(state, scene, list, buffer);
}

/// What to do next, or what the curve is like.
fn said(state: &State, scene: &Scene) -> Vec<(String, Role)> {
    let points = &state.points;
    let text = match (points.edit.count(), &points.curve) {
        (0, _) => {
            "Put the cursor on the cord; ⏎ places a point, space places one and goes 20 mm down, s finds the cord's centre itself."
        }
        (1, _) => "One more point, and the curve is drawn. It reaches from the lowest point to the highest.",
        (_, None) => "No curve goes through these points.",
        (_, Some(curve)) => {
            let range = curve.z_range();
            let mut words = format!(
                "The curve covers slices {} to {} of {}.",
                range.start + 1,
                range.end,
                scene.shape()[2]
            );
            let doubt = curve.confidence.as_ref().and_then(|c| c.reasons.get(1));
            words.extend(doubt.map(|doubt| format!(" Mind: {doubt}.")));
            return vec![(words, if doubt.is_some() { Role::Warn } else { Role::Text })];
        }
    };
    vec![(text.to_owned(), Role::Dim)]
}

/// As many points as fit, around the cursor, from the head down.
fn draw_points(state: &State, scene: &Scene, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let mut points: Vec<[f64; 3]> = state.points.edit.points().collect();
    points.reverse();
    let room = usize::from(area.height);
    let above = points.iter().filter(|p| p[2] > state.points.cursor[2]).count();
    let first = above.saturating_sub(room / 2).min(points.len().saturating_sub(room));
    for (i, at) in points.iter().enumerate().skip(first).take(room) {
        let here = at[2] == state.points.cursor[2];
        let [r, a, s] = scene.grid().world(*at);
        let number = format!("{:>2} ", i + 1);
        let slice = format!("slice {:<4}", at[2] as usize + 1);
        let world = format!("{r:7.1} {a:7.1} {s:7.1} mm");
        let (sign, role) = if here { ("▸", Role::Title) } else { (" ", Role::Text) };
        let parts = [(sign, Role::Accent), (&number, Role::Dim), (&slice, role), (&world, Role::Dim)];
        pieces(buffer, line(area, (i - first) as u16), theme, &parts);
    }
}
