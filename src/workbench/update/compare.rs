//! Actions, clicks and answers of the comparison screen.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::actions::Action;
use super::super::layout;
use super::super::message::Effect;
use super::super::state::{Level, Screen, State};
use super::act::{go, redo};
use super::{say, show_chosen};

/// Opens the comparison of the chosen scan: what is known shows at once, the rest is tried in the background.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let Some(key) = state.subjects.current().map(|row| row.id.clone()) else { return Vec::new() };
    state.screen = Screen::Compare;
    let generation = state.compare.open(&key);
    measure(state);
    let mut effects = show_chosen(state, false);
    effects.push(Effect::TryMethods { key, generation, again: None });
    effects
}

/// Closes the comparison, if it is open; what it still does ends.
pub(super) fn close(state: &mut State) -> Vec<Effect> {
    if state.compare.key.is_empty() {
        return Vec::new();
    }
    state.compare.close();
    vec![Effect::DropTrials]
}

/// Cards in sight, which scrolling depends on.
pub(super) fn measure(state: &mut State) {
    let body = layout::page(state.area()).body;
    state.compare.in_sight = layout::compare(body, state.compare.cards()).cards.len();
    let selected = state.compare.selected;
    state.compare.scroll_to(selected);
}

/// Does an action of the comparison; `None` when it is none of its.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if state.screen != Screen::Compare {
        return None;
    }
    let compare = &mut state.compare;
    match action {
        Action::CardBack => compare.select(compare.selected.saturating_sub(1)),
        Action::CardOn => compare.select(compare.selected + 1),
        Action::ZoomIn => compare.widen(0.8),
        Action::ZoomOut => compare.widen(1.25),
        Action::ResetView => {
            compare.reset();
            state.viewer.window = None;
        }
        Action::AcceptCenterline => return Some(accept(state)),
        Action::TryAgain => return Some(try_again(state)),
        Action::LeaveCompare => return Some(go(state, Screen::Subjects)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Takes the chosen card's curve.
fn accept(state: &mut State) -> Vec<Effect> {
    let Some(panel) = state.compare.current().filter(|p| p.drawn().is_some()) else { return Vec::new() };
    vec![Effect::ChooseCenterline { id: state.compare.key.clone(), method: panel.method.clone() }]
}

fn try_again(state: &mut State) -> Vec<Effect> {
    let key = state.compare.key.clone();
    let again = state.compare.retry();
    again
        .map(|(method, generation)| Effect::TryMethods { key, generation, again: Some(method) })
        .into_iter()
        .collect()
}

/// The method of a scan was chosen: the list is back, and that scan alone is cropped anew.
pub(super) fn chosen(state: &mut State, id: String, result: Result<String, String>) -> Vec<Effect> {
    match result {
        Ok(method) => {
            say(state, Level::Done, format!("{id}: the centerline comes from {method} now"));
            let here = match state.screen {
                Screen::Compare => state.compare.key == id,
                Screen::Points => state.points.key == id,
                _ => false,
            };
            state.points.saved(&id);
            let mut effects = if here { go(state, Screen::Subjects) } else { vec![Effect::Survey] };
            effects.extend(redo(state, id));
            effects
        }
        Err(message) => {
            state.points.saving = false;
            say(state, Level::Error, message);
            Vec::new()
        }
    }
}

/// Takes a mouse event over the screen's body.
pub(super) fn mouse(state: &mut State, event: MouseEvent) -> Vec<Effect> {
    match event.kind {
        MouseEventKind::ScrollUp => state.viewer.shift(2, 1),
        MouseEventKind::ScrollDown => state.viewer.shift(2, -1),
        MouseEventKind::Down(MouseButton::Left) => {
            return click(state, Position::new(event.column, event.row));
        }
        _ => {}
    }
    Vec::new()
}

fn click(state: &mut State, at: Position) -> Vec<Effect> {
    let panes = layout::compare(layout::page(state.area()).body, state.compare.cards());
    let Some(card) = panes.cards.iter().position(|area| area.contains(at)) else { return Vec::new() };
    let (card, clock) = (state.compare.first + card, state.clock);
    if state.compare.click(card, clock) { accept(state) } else { Vec::new() }
}
