//! Keys and mouse on the training screen.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::super::message::{Effect, Msg, RunNews};
use super::super::model::{Curves, RunRow};
use super::super::screens::training::charts;
use super::super::state::training::tests::{run, runs};
use super::super::state::{Modal, Pane, State};
use super::tests::{opened, press};
use super::update;
use crate::runs::RunState;

/// The training screen with two runs of 100 epochs and their curves.
fn watching() -> State {
    let mut state = opened();
    press(&mut state, "t");
    let points: Vec<(f64, f64)> = (1..=80).map(|e| (f64::from(e), 1.0 / f64::from(e))).collect();
    let row = |name| RunRow { epoch: 80, epochs: 100, ..run(name, RunState::Done) };
    let rows = vec![row("b"), row("a")];
    let curves = Curves { train: points.clone(), val: points, ..Curves::default() };
    let curves = rows.iter().map(|r| (r.dir.clone(), curves.clone().into())).collect();
    update(&mut state, Msg::Runs(Box::new(RunNews { runs: rows, curves, ..RunNews::default() })));
    state
}

fn span(state: &State) -> (f64, f64) {
    state.training.plots.span(state.training.extent().0)
}

#[test]
fn curves_are_read_zoomed_and_moved_by_keys() {
    let mut state = watching();
    press(&mut state, "left left left");
    assert_eq!(state.training.plots.cursor, Some(78.0));
    press(&mut state, "+ +");
    let (from, to) = span(&state);
    assert_eq!(to - from, 25.0);
    assert!((from..=to).contains(&78.0));
    press(&mut state, "shift-left");
    assert!(span(&state).0 < from);
    press(&mut state, "esc");
    assert_eq!(state.training.plots.cursor, None);
    press(&mut state, "0");
    assert_eq!(span(&state), (0.0, 100.0));
}

#[test]
fn the_wheel_zooms_around_the_mouse_and_a_click_reads() {
    let mut state = watching();
    let (area, chart) = charts(&state).swap_remove(0);
    let plot = chart.frame(area).unwrap().plot;
    let mouse = |kind| MouseEvent {
        kind,
        column: plot.x + plot.width / 4,
        row: plot.y + 1,
        modifiers: KeyModifiers::NONE,
    };
    drop(chart);
    update(&mut state, Msg::Mouse(mouse(MouseEventKind::Down(MouseButton::Left))));
    let read = state.training.plots.cursor.unwrap();
    assert!((20.0..30.0).contains(&read), "{read}");
    update(&mut state, Msg::Mouse(mouse(MouseEventKind::ScrollUp)));
    let (from, to) = span(&state);
    assert!(to - from == 50.0 && (from..to).contains(&read), "{from} {to}");
    update(&mut state, Msg::Mouse(mouse(MouseEventKind::ScrollDown)));
    assert_eq!(span(&state), (0.0, 100.0));
}

#[test]
fn panes_open_and_close_with_their_own_keys() {
    let mut state = watching();
    for (key, pane) in [("f", Pane::Film), ("b", Pane::Table), ("c", Pane::Console)] {
        let effects = press(&mut state, key);
        let Some(Effect::PollRuns(look)) = effects.first() else { panic!("{effects:?}") };
        assert_eq!((look.pane, state.training.pane), (pane, pane), "it asks for what it shows");
        press(&mut state, "esc");
        assert_eq!(state.training.pane, Pane::Curves);
    }
}

#[test]
fn marks_are_asked_for_and_end_with_escape() {
    let mut state = watching();
    press(&mut state, "space down");
    let effects = press(&mut state, "space");
    let Some(Effect::PollRuns(look)) = effects.first() else { panic!("{effects:?}") };
    assert_eq!(look.marked.len(), 2);
    press(&mut state, "esc");
    assert!(state.training.marked.is_empty());
}

#[test]
fn a_finished_run_asks_how_far_it_shall_go() {
    let mut state = watching();
    assert!(press(&mut state, "u").is_empty());
    assert!(press(&mut state, "5 0 enter").is_empty(), "50 are behind it");
    assert!(matches!(state.modal, Some(Modal::Epochs { .. })));
    let dir = state.training.current().unwrap().dir.clone();
    assert_eq!(press(&mut state, "1 5 0 enter"), [Effect::Resume { run: dir.clone(), epochs: Some(150) }]);
    state.training.runs[0].state = RunState::Crashed;
    assert_eq!(press(&mut state, "u"), [Effect::Resume { run: dir, epochs: None }]);
}

#[test]
fn a_run_like_another_starts_with_what_was_changed() {
    let mut state = watching();
    press(&mut state, "N");
    assert_eq!(state.modal, Some(Modal::Form));
    press(&mut state, "7 7");
    let effects = press(&mut state, "enter");
    let Some(Effect::Launch { arguments }) = effects.first() else { panic!("{effects:?}") };
    assert!(arguments.starts_with(&["--like".into(), "b".into()]), "{arguments:?}");
    assert_eq!(arguments[2..], ["--epochs", "77"]);
    press(&mut state, "n");
    assert_eq!(state.training.form.like, None);
}

#[test]
fn the_end_of_a_run_is_announced_unless_silenced() {
    let mut state = opened();
    let end = |state: &mut State| {
        update(state, runs(vec![run("a", RunState::Running)]));
        update(state, runs(vec![run("a", RunState::Done)]));
        (state.ring.take(), state.log.entries().last().map(|e| e.text.clone()))
    };
    let (ring, said) = end(&mut state);
    assert!(ring.unwrap().contains("a has finished"));
    assert!(said.unwrap().contains("best Dice 0.610 at epoch 2"));
    press(&mut state, "t B");
    assert_eq!(end(&mut state).0, None);
}
