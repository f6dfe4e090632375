//! The comparison by messages: opening, walking, accepting, leaving, and news that come too late.

use super::super::message::JobNews;
use super::super::state::JobKind;
use super::super::state::compare::Progress;
use super::super::state::compare::tests::{methods, tried};
use super::super::trial::TrialNews;
use super::tests::{opened, press};
use super::*;
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

/// The comparison of the first scan, its methods listed.
fn comparing() -> State {
    let mut state = opened();
    let effects = press(&mut state, "C");
    let generation = state.compare.generation;
    let key = "sub-00_T2w".to_owned();
    assert_eq!(effects, [Effect::TryMethods { key, generation, again: None }]);
    hear(&mut state, TrialNews::Listed(methods()));
    state
}

fn hear(state: &mut State, news: TrialNews) {
    let generation = state.compare.generation;
    update(state, Msg::Trials { generation, news });
}

fn chosen(state: &mut State) -> Vec<Effect> {
    let result = Ok("mask".to_owned());
    update(state, Msg::CenterlineChosen { id: "sub-00_T2w".into(), result })
}

const ONE: fn() -> Option<Vec<String>> = || Some(vec!["sub-00_T2w".to_owned()]);

#[test]
fn accepting_makes_that_scan_alone_anew_and_leads_back_to_the_list() {
    let mut state = comparing();
    let effects = press(&mut state, "enter");
    assert_eq!(effects, [Effect::ChooseCenterline { id: "sub-00_T2w".into(), method: "mask".into() }]);
    assert_eq!(state.screen, Screen::Compare, "nothing has changed yet");
    let effects = chosen(&mut state);
    assert_eq!(state.screen, Screen::Subjects);
    assert!(effects.contains(&Effect::DropTrials), "{effects:?}");
    assert!(effects.contains(&Effect::Preprocess { ids: ONE(), force: false }), "{effects:?}");
}

#[test]
fn a_scan_accepted_while_something_else_runs_waits_for_its_turn() {
    let mut state = opened();
    press(&mut state, "P C");
    hear(&mut state, TrialNews::Listed(methods()));
    press(&mut state, "enter");
    let effects = chosen(&mut state);
    assert!(!effects.iter().any(|e| matches!(e, Effect::Preprocess { .. })), "{effects:?}");
    let text = String::new();
    let ended = JobNews::Ended { kind: JobKind::Preprocess, level: Level::Done, text, made: None };
    let effects = update(&mut state, Msg::Job(ended));
    assert!(effects.contains(&Effect::Preprocess { ids: ONE(), force: false }), "{effects:?}");
    assert!(state.job.is_some() && state.redo.is_empty());
}

#[test]
fn what_has_no_curve_cannot_be_accepted() {
    let mut state = comparing();
    press(&mut state, "right");
    assert!(press(&mut state, "enter").is_empty(), "it is still to come");
    let failed = Err("no cord found".to_owned());
    hear(&mut state, TrialNews::Ended(super::super::trial::Tried { outcome: failed, ..tried("optic", 0.0) }));
    assert!(press(&mut state, "enter").is_empty());
    press(&mut state, "right right");
    assert_eq!(state.compare.selected, 3, "the card of the absent methods");
    assert!(press(&mut state, "enter R").is_empty());
}

#[test]
fn arrows_walk_through_slices_and_cards() {
    let mut state = comparing();
    press(&mut state, "down down");
    assert_eq!(state.viewer.cursor, [12, 9, 2]);
    press(&mut state, "up pgup");
    assert_eq!(state.viewer.cursor, [12, 9, 5], "the head is above, and the volume ends");
    press(&mut state, "right left left");
    assert_eq!(state.compare.selected, 0);
    let wider = state.compare.width_mm;
    press(&mut state, "+");
    assert!(state.compare.width_mm < wider);
}

#[test]
fn trying_again_runs_that_method_alone() {
    let mut state = comparing();
    let generation = state.compare.generation;
    let again = Effect::TryMethods { key: "sub-00_T2w".into(), generation, again: Some("mask".into()) };
    assert_eq!(press(&mut state, "R"), [again]);
    assert_eq!(state.compare.panels[0].progress, Progress::Queued);
    assert!(press(&mut state, "R").is_empty(), "once is enough");
}

#[test]
fn leaving_or_another_scan_ends_what_still_runs() {
    let mut state = comparing();
    let first = state.compare.generation;
    let effects = press(&mut state, "n");
    let next = Effect::TryMethods { key: "sub-03_T2w".into(), generation: first + 1, again: None };
    assert!(effects.contains(&next), "{effects:?}");
    update(&mut state, Msg::Trials { generation: first, news: TrialNews::Listed(methods()) });
    assert!(state.compare.panels.is_empty(), "news of the scan before");
    assert!(press(&mut state, "esc").contains(&Effect::DropTrials));
    assert!(!state.compare.waiting() && state.screen == Screen::Subjects);
    press(&mut state, "C");
    assert!(press(&mut state, "2").contains(&Effect::DropTrials), "whatever the way out");
}

#[test]
fn a_click_chooses_a_card_and_a_double_click_accepts_it() {
    let mut state = comparing();
    press(&mut state, "right");
    let panes = layout::compare(layout::page(state.area()).body, state.compare.cards());
    let (column, row) = (panes.cards[0].x + 3, panes.cards[0].y + 3);
    let at = |kind| Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let click = || at(MouseEventKind::Down(MouseButton::Left));
    assert!(update(&mut state, click()).is_empty());
    assert_eq!(state.compare.selected, 0);
    assert!(matches!(update(&mut state, click())[..], [Effect::ChooseCenterline { .. }]));
    update(&mut state, at(MouseEventKind::ScrollDown));
    assert_eq!(state.viewer.cursor[2], 3);
}
