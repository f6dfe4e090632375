//! One method's card: its name, how it came out, its curve on the two cuts, the first words about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::layout;
use super::super::super::slice::Cut;
use super::super::super::state::State;
use super::super::super::state::compare::{Panel, Progress};
use super::super::super::theme::Role;
use super::super::super::trial::{Drawn, Grade, Tried};
use super::super::super::widgets::gauge::gauge;
use super::super::super::widgets::picture::{Layer, Mark, Shape, View};
use super::super::super::widgets::text::{duration, put, put_centred, put_right, wrapped};
use super::super::viewer::picture;
use super::super::{line, pieces};
use super::{Views, grade_role};

/// Millimetres across a side view at least.
const SIDE_MM: f64 = 50.0;

/// Draws a card: a method's, or the one that names the absent methods.
pub(super) fn draw(state: &State, place: usize, views: Option<&Views>, area: Rect, buffer: &mut Buffer) {
    let chosen = state.compare.selected == place;
    let Some(panel) = state.compare.panels.get(place) else {
        return draw_absent(state, chosen, area, buffer);
    };
    let panes = layout::card(area);
    let accepted = state.compare.accepted.as_ref() == Some(&panel.method);
    draw_heading(state, &panel.method, chosen, accepted, panes.heading, buffer);
    draw_status(state, panel, panes.status, buffer);
    if let Progress::Ended(Tried { outcome: Err(why), .. }) = &panel.progress {
        let room = panes.axial.union(panes.side).union(panes.reason);
        return draw_words(state, why, Role::Dim, room, buffer);
    }
    let Some(views) = views else { return };
    let drawn = panel.drawn();
    draw_axial(state, views, drawn, panes.axial, buffer);
    draw_side(state, views, drawn, panes.side, buffer);
    if let Some(drawn) = drawn {
        draw_reason(state, drawn, panes.reason, buffer);
    }
}

/// The name on a rule, which is heavy over the chosen card.
fn draw_heading(state: &State, name: &str, chosen: bool, accepted: bool, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let (rule, role) = if chosen { ("━", Role::Accent) } else { ("─", Role::Rule) };
    put(buffer, area, &rule.repeat(usize::from(area.width)), theme.style(role));
    let sign = if chosen { " ▸ " } else { " " };
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let end = pieces(buffer, inner, theme, &[(sign, Role::Accent), (name, Role::Title), (" ", Role::Dim)]);
    if accepted {
        let rest = Rect { x: end + 1, width: inner.right().saturating_sub(end + 1), ..inner };
        put_right(buffer, rest, " ✓ accepted ", theme.style(Role::Good));
    }
}

fn draw_status(state: &State, panel: &Panel, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    match &panel.progress {
        Progress::Queued => drop(put(buffer, area, "· waiting", theme.style(Role::Dim))),
        Progress::Running(since) => {
            let spent = duration((state.clock - since).max(0.0));
            pieces(buffer, area, theme, &[("◌ running  ", Role::Accent), (&spent, Role::Dim)]);
        }
        Progress::Ended(Tried { outcome: Err(_), seconds, .. }) => {
            put(buffer, area, "✗ failed", theme.style(Role::Bad));
            put_right(buffer, area, &took(*seconds), theme.style(Role::Dim));
        }
        Progress::Ended(Tried { outcome: Ok(drawn), seconds, .. }) => {
            draw_confidence(state, drawn.confidence, *seconds, area, buffer);
        }
    }
}

/// A number, a bar and a word, so that it reads without colour; the time at the right.
fn draw_confidence(state: &State, confidence: f32, seconds: f64, area: Rect, buffer: &mut Buffer) {
    let theme = state.ink.theme;
    let grade = Grade::of(confidence);
    let role = grade_role(grade);
    let number = format!("{confidence:.2} ");
    let x = put(buffer, area, &number, theme.style(role));
    let bar = Rect { x, width: (area.width / 5).clamp(3, 14), ..area };
    gauge(buffer, bar, f64::from(confidence), role, theme);
    let rest = Rect { x: bar.right() + 1, width: area.right().saturating_sub(bar.right() + 1), ..area };
    let end = put(buffer, rest, grade.word(), theme.style(role));
    let rest = Rect { x: end + 1, width: area.right().saturating_sub(end + 1), ..area };
    put_right(buffer, rest, &took(seconds), theme.style(Role::Dim));
}

/// What a method took: tenths count below ten seconds.
pub(super) fn took(seconds: f64) -> String {
    if seconds < 9.95 { format!("{seconds:.1} s") } else { duration(seconds) }
}

fn draw_axial(state: &State, views: &Views, drawn: Option<&Drawn>, area: Rect, buffer: &mut Buffer) {
    let here = drawn.and_then(|d| d.curve.get(views.z).copied().flatten());
    let place = |[x, y]: [f64; 2]| Cut::Axial.to_plane(views.shape, [x, y, views.z as f64]);
    let spot = here.map(|at| Layer { mark: Mark::Spot, shape: Shape::Points(vec![place(at)]) });
    let layers: Vec<Layer> = spot.into_iter().collect();
    picture(state, &views.axial, views.window, &layers, views.axial_view, area, buffer);
    if drawn.is_some() && here.is_none() {
        put_centred(buffer, line(area, 0), " no curve on this slice ", state.ink.theme.style(Role::Warn));
    }
}

fn draw_side(state: &State, views: &Views, drawn: Option<&Drawn>, area: Rect, buffer: &mut Buffer) {
    let place = |at: [f64; 3]| Cut::Sagittal.to_plane(views.shape, at);
    let point = |(z, point): (usize, &Option<[f64; 2]>)| point.map(|[x, y]| place([x, y, z as f64]));
    let curve = drawn.map(|d| d.curve.iter().enumerate().filter_map(point).collect());
    let mut layers: Vec<Layer> = curve
        .into_iter()
        .map(|line| Layer { mark: Mark::Centerline, shape: Shape::Lines(vec![line]) })
        .collect();
    let here = place(views.side_at.map(|v| v as f64));
    layers.push(Layer { mark: Mark::Cursor, shape: Shape::Ticks(here) });
    let (rows, columns) = views.side.pixels.dim();
    let view =
        View::whole_height([columns, rows], views.side.mm, area, state.ink, views.side_column, SIDE_MM);
    picture(state, &views.side, views.window, &layers, view, area, buffer);
}

/// The first doubt, or, when there is none, what the curve covers.
fn draw_reason(state: &State, drawn: &Drawn, area: Rect, buffer: &mut Buffer) {
    let doubts = drawn.reasons.len() > 1;
    if let Some(reason) = drawn.reasons.get(1).or_else(|| drawn.reasons.first()) {
        draw_words(state, reason, if doubts { Role::Text } else { Role::Dim }, area, buffer);
    }
}

fn draw_words(state: &State, text: &str, role: Role, area: Rect, buffer: &mut Buffer) {
    let lines = wrapped(text, usize::from(area.width));
    let room = usize::from(area.height);
    for (i, row) in lines.iter().take(room).enumerate() {
        // The last line that fits says that there is more.
        let more = i + 1 == room && lines.len() > room;
        let row = if more { format!("{row} {}", lines[i + 1]) } else { row.clone() };
        put(buffer, line(area, i as u16), &row, state.ink.theme.style(role));
    }
}

fn draw_absent(state: &State, chosen: bool, area: Rect, buffer: &mut Buffer) {
    draw_heading(state, "cannot be tried here", chosen, false, line(area, 0), buffer);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let theme = state.ink.theme;
    let mut row = 0;
    for (name, why) in &state.compare.absent {
        put(buffer, line(below, row), name, theme.style(Role::Text));
        row += 1;
        if area.height >= 24 {
            let inner = Rect { x: below.x + 2, width: below.width.saturating_sub(2), ..below };
            for text in wrapped(why, usize::from(inner.width)).iter().take(2) {
                put(buffer, line(inner, row), text, theme.style(Role::Dim));
                row += 1;
            }
        }
    }
}
