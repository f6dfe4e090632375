//! Placing points by messages: keys, mouse, answers that come late, leaving and saving.

use super::super::state::modal::{After, Question};
use super::super::state::points::{Opened, Pane};
use super::super::state::{JobKind, Modal};
use super::tests::{opened, press};
use super::*;
use crate::centerline::Fit;
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// The first scan with the screen open: the cursor at [12, 9, 4], an earlier centerline at x 12, y 9 in slices 1 to 5.
fn placing(points: &[[f64; 3]]) -> State {
    let mut state = opened();
    let effects = press(&mut state, "e");
    let generation = state.points.generation;
    assert_eq!(effects, [Effect::OpenPoints { key: "sub-00_T2w".into(), generation }]);
    let answer = Opened { points: points.to_vec(), fit: Fit::Natural, crop_mm: 24.0, ..Opened::default() };
    let effects = update(&mut state, Msg::PointsOpened { generation, answer: Ok(answer) });
    assert!(matches!(&effects[..], [Effect::LookFromSide { .. }]), "{effects:?}");
    state
}

fn points(state: &State) -> Vec<[f64; 3]> {
    state.points.edit.points().collect()
}

fn saved(state: &mut State, result: Result<String, String>) -> Vec<Effect> {
    update(state, Msg::CenterlineChosen { id: "sub-00_T2w".into(), result })
}

#[test]
fn two_points_are_a_curve_and_saving_them_redoes_that_scan_alone() {
    let mut state = placing(&[]);
    assert!(press(&mut state, "w").is_empty(), "nothing to save");
    press(&mut state, "enter left");
    assert_eq!(points(&state), [[12.0, 9.0, 4.0]]);
    let effects = press(&mut state, "down down down enter");
    assert!(matches!(effects.last(), Some(Effect::LookFromSide { line: Some(_), .. })), "{effects:?}");
    assert_eq!(points(&state), [[12.0, 10.0, 1.0], [12.0, 9.0, 4.0]]);
    assert_eq!(state.points.curve.as_ref().unwrap().z_range(), 1..5);
    let effects = press(&mut state, "w");
    let wanted = Effect::SavePoints { id: "sub-00_T2w".into(), points: points(&state) };
    assert_eq!(effects.last(), Some(&wanted));
    assert!(
        press(&mut state, "d").is_empty() && points(&state).len() == 2,
        "nothing changes while it is written"
    );
    let effects = saved(&mut state, Ok("points".into()));
    let ids = Some(vec!["sub-00_T2w".to_owned()]);
    assert!(effects.contains(&Effect::Preprocess { ids, force: false }), "{effects:?}");
    assert!(state.screen == Screen::Subjects && state.points.key.is_empty());
    assert_eq!(state.job.as_ref().unwrap().kind, JobKind::Preprocess);
}

#[test]
fn what_cannot_be_saved_is_not_lost() {
    let mut state = placing(&[]);
    press(&mut state, "enter pgdn enter w");
    saved(&mut state, Err("the disk is full".into()));
    assert!(state.screen == Screen::Points && points(&state).len() == 2 && state.points.unsaved());
    press(&mut state, "esc");
    assert_eq!(state.modal, Some(Modal::Confirm(Question::DropPoints(After::Go(Screen::Subjects)))));
    press(&mut state, "n");
    assert_eq!((state.screen, points(&state).len()), (Screen::Points, 2));
    for (key, screen) in [("t", Screen::Training), ("r", Screen::Results)] {
        press(&mut state, key);
        assert_eq!(state.modal, Some(Modal::Confirm(Question::DropPoints(After::Go(screen)))), "{key}");
        press(&mut state, "n");
    }
    press(&mut state, "q y");
    assert_eq!(state.leave, Some(Leave::Quit));
}

#[test]
fn without_changes_leaving_asks_nothing() {
    let mut state = placing(&[[12.0, 9.0, 1.0], [12.0, 9.0, 5.0]]);
    press(&mut state, "esc");
    assert!(state.screen == Screen::Subjects && state.modal.is_none());
}

#[test]
fn points_are_visited_moved_deleted_and_brought_back() {
    let mut state = placing(&[[10.0, 9.0, 1.0], [14.0, 9.0, 5.0]]);
    press(&mut state, "n");
    assert_eq!(state.points.cursor, [10.0, 9.0, 1.0]);
    assert_eq!(state.viewer.cursor, [10, 9, 1], "the viewer looks there, too");
    press(&mut state, "tab g right right up enter");
    assert_eq!(points(&state)[0], [12.0, 10.0, 1.0]);
    press(&mut state, "g shift-left esc");
    assert_eq!((state.screen, points(&state)[0]), (Screen::Points, [12.0, 10.0, 1.0]));
    press(&mut state, "N d");
    assert_eq!(points(&state).len(), 1);
    press(&mut state, "u u");
    assert_eq!(points(&state), [[10.0, 9.0, 1.0], [14.0, 9.0, 5.0]]);
    press(&mut state, "ctrl-r");
    assert_eq!(points(&state)[0], [12.0, 10.0, 1.0]);
}

#[test]
fn snapping_finds_the_bright_cord_and_says_when_there_is_none() {
    let mut state = placing(&[]);
    press(&mut state, "tab right right s");
    let [x, y, z] = points(&state)[0];
    assert!((x - 12.0).abs() < 0.5 && (y - 9.0).abs() < 0.5 && z == 4.0, "{x} {y}");
    state.points.look_at([0.0, 19.0, 4.0]);
    press(&mut state, "s");
    assert_eq!(points(&state).len(), 1);
}

#[test]
fn late_answers_are_dropped() {
    let mut state = placing(&[]);
    let scene = state.points.scene.clone().unwrap();
    let side = std::sync::Arc::new(super::super::side::side(&scene, None, None));
    let generation = state.points.side_generation;
    press(&mut state, "enter");
    update(&mut state, Msg::Sided { generation, side: side.clone() });
    assert!(state.points.side.is_none(), "the curve has changed since");
    let generation = state.points.side_generation;
    update(&mut state, Msg::Sided { generation, side });
    assert!(state.points.side.is_some());
    let generation = state.points.generation - 1;
    update(&mut state, Msg::PointsOpened { generation, answer: Ok(Opened::default()) });
    assert_eq!(points(&state).len(), 1);
}

#[test]
fn the_mouse_places_drags_and_takes_away() {
    let mut state = placing(&[]);
    let panes = layout::points(layout::page(state.area()).body);
    let mut at = |kind, (column, row)| {
        update(&mut state, Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        (state.points.pane, state.points.cursor, state.points.edit.points().collect::<Vec<_>>())
    };
    let middle = |area: ratatui::layout::Rect| (area.x + area.width / 2, area.y + area.height / 2);
    let (axial, side) = (middle(panes.axial), middle(panes.side));
    let (left, right) = (MouseButton::Left, MouseButton::Right);
    let (pane, first, placed) = at(MouseEventKind::Down(left), axial);
    assert_eq!((pane, first[2], placed), (Pane::Axial, 4.0, vec![first]));
    let (_, moved, placed) = at(MouseEventKind::Drag(left), (axial.0 + 3, axial.1));
    assert!(moved[0] > first[0] && placed == [moved], "{first:?} {placed:?}");
    at(MouseEventKind::Up(left), (axial.0 + 3, axial.1));
    let (pane, cursor, placed) = at(MouseEventKind::Down(left), (side.0, side.1 + 4));
    assert!(pane == Pane::Side && cursor[2] < 4.0 && placed.len() == 2, "{placed:?}");
    at(MouseEventKind::Up(left), side);
    let (_, _, placed) = at(MouseEventKind::Down(right), (side.0, side.1 + 4));
    assert_eq!(placed, [moved]);
    let (_, cursor, _) = at(MouseEventKind::ScrollUp, side);
    press(&mut state, "u u u");
    assert!(cursor[2] > 0.0 && points(&state).is_empty(), "a press and its drag are one step");
}
