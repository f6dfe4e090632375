//! The mouse: wheel walks slices or rows, left places the cursor or chooses, right drags the grey window.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::super::layout;
use super::super::message::Effect;
use super::super::screens::header;
use super::super::state::modal::After;
use super::super::state::{Screen, State};
use super::super::widgets::picture::Fit;
use super::act::{go, show_scored};
use super::{compare, patches, points, points_mouse, show_chosen, training};

/// Takes a mouse event.
pub(super) fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    if state.modal.is_some() {
        return Vec::new();
    }
    if state.screen == Screen::Compare
        && layout::page(state.area()).body.contains((event.column, event.row).into())
    {
        return compare::mouse(state, event);
    }
    if state.screen == Screen::Points
        && layout::page(state.area()).body.contains((event.column, event.row).into())
    {
        return points_mouse::mouse(state, event);
    }
    if state.screen == Screen::Patches {
        return match event.kind {
            MouseEventKind::ScrollUp => patches::slide(state, 1),
            MouseEventKind::ScrollDown => patches::slide(state, -1),
            MouseEventKind::Down(MouseButton::Left) => click(state, (event.column, event.row).into()),
            _ => Vec::new(),
        };
    }
    let at = Position::new(event.column, event.row);
    if state.screen == Screen::Training && layout::runs_main(state).contains(at) {
        return training::mouse(state, event).unwrap_or_default();
    }
    let on_picture = picture(state).contains(at);
    match event.kind {
        MouseEventKind::ScrollUp => wheel(state, on_picture, -1),
        MouseEventKind::ScrollDown => wheel(state, on_picture, 1),
        MouseEventKind::Down(MouseButton::Left) if !on_picture => click(state, at),
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => point(state, at),
        MouseEventKind::Down(MouseButton::Right) if on_picture => {
            state.viewer.drag = Some(((at.x, at.y), state.viewer.shown_window()));
            Vec::new()
        }
        MouseEventKind::Drag(MouseButton::Right) => drag(state, at),
        MouseEventKind::Up(_) => {
            state.viewer.drag = None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Where the slice is drawn.
fn picture(state: &State) -> Rect {
    layout::viewer_panes(state).picture
}

fn wheel(state: &mut State, on_picture: bool, by: isize) -> Vec<Effect> {
    match state.screen {
        _ if on_picture => state.viewer.step(-by),
        Screen::Subjects if !state.viewer.wide => {
            state.subjects.step(by);
            return show_chosen(state, false);
        }
        Screen::Results => {
            state.results.step(by);
            return show_scored(state);
        }
        Screen::Training => {
            let to = state.training.scroll.selected.saturating_add_signed(by);
            state.training.select(to);
        }
        _ => state.viewer.step(-by),
    }
    Vec::new()
}

fn click(state: &mut State, at: Position) -> Vec<Effect> {
    let page = layout::page(state.area());
    if page.header.contains(at) {
        let tab = header::tabs(state).into_iter().find(|(_, area)| area.contains(at));
        return tab.map_or_else(Vec::new, |(screen, _)| match state.screen {
            Screen::Points => points::leave(state, After::Go(screen)),
            _ => go(state, screen),
        });
    }
    let list = layout::screen_split(state).list;
    let row = usize::from(at.y.saturating_sub(list.y));
    match state.screen {
        Screen::Subjects if list.contains(at) && !state.viewer.wide => {
            let to = state.subjects.scroll.first + row;
            state.subjects.select(to);
            show_chosen(state, false)
        }
        Screen::Results => {
            let list = layout::results(page.body).list;
            if list.contains(at) {
                let to = state.results.scroll.first + usize::from(at.y - list.y);
                state.results.select(to);
            }
            show_scored(state)
        }
        Screen::Training if list.contains(at) => {
            let to = state.training.scroll.first + row;
            state.training.select(to);
            super::poll_now(state)
        }
        _ => Vec::new(),
    }
}

/// Puts the cursor on the voxel under the mouse.
fn point(state: &mut State, at: Position) -> Vec<Effect> {
    let area = picture(state);
    let viewer = &mut state.viewer;
    let Some(scene) = &viewer.scene else { return Vec::new() };
    let (shape, cut) = (scene.shape(), viewer.cut);
    let mm = cut.size_mm(scene.spacing);
    let fit = Fit::new(cut.size(shape), mm, area, state.ink, viewer.view());
    if let Some(position) = fit.under(area, state.ink.mode, at.x, at.y) {
        viewer.cursor = cut.to_voxel(shape, position, viewer.cursor[cut.axis()]);
    }
    Vec::new()
}

fn drag(state: &mut State, at: Position) -> Vec<Effect> {
    if let Some((from, window)) = state.viewer.drag {
        let moved = |a: u16, b: u16| (f32::from(a) - f32::from(b)) / 40.0;
        state.viewer.rewindow(window, moved(from.1, at.y), moved(at.x, from.0));
    }
    Vec::new()
}
