use std::sync::Arc;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Size;

use super::super::keys::Key;
use super::super::message::JobNews;
use super::super::model::{MarkChange, ProjectCard, QcNote, SubjectRow};
use super::super::scene::tests::sample_scene;
use super::super::state::order::Order;
use super::super::state::training::tests::{run, runs};
use super::super::state::{JobKind, Modal};
use super::super::theme::{Depth, Theme, ThemeName};
use super::super::widgets::picture::{CellShape, Ink, Mode};
use super::*;
use crate::dataset::qc::Verdict;
use crate::runs::RunState;

fn ink() -> Ink {
    let theme = Theme::new(ThemeName::Dark, Depth::Indexed);
    Ink { theme, mode: Mode::Half256, cell: CellShape::default() }
}

fn row(i: usize) -> SubjectRow {
    SubjectRow {
        id: format!("sub-{i:02}_T2w"),
        mask: Stage::Ready,
        centerline: if i == 3 { Stage::Missing } else { Stage::Ready },
        crop: Stage::Missing,
        ..SubjectRow::default()
    }
}

/// A project of six scans, by name, on a terminal of 80x24, the first scan decoded.
pub(crate) fn opened() -> State {
    let mut state = State::new(Screen::Subjects, ink(), false, Size::new(80, 24), 1000.0);
    measure(&mut state);
    state.subjects.order = Order::ByName;
    let card = ProjectCard { name: "cohort".into(), dir: "/p".into(), ..ProjectCard::default() };
    update(&mut state, Msg::Opened(Ok((card, (0..6).map(row).collect()))));
    answer(&mut state, "sub-00_T2w");
    state
}

fn answer(state: &mut State, key: &str) {
    let generation = state.viewer.generation;
    update(state, Msg::Scene { generation, answer: Ok(Arc::new(sample_scene(key))) });
}

pub(super) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.split(' ').flat_map(|k| update(state, Msg::Key(Key::parse(k).unwrap()))).collect()
}

fn loads(effects: &[Effect]) -> Vec<(&str, u64)> {
    effects
        .iter()
        .filter_map(|e| match e {
            Effect::LoadScene { key, generation, .. } => Some((key.as_str(), *generation)),
            _ => None,
        })
        .collect()
}

#[test]
fn walking_the_list_asks_for_each_scan_with_a_newer_generation() {
    let mut state = opened();
    let first = state.viewer.generation;
    let effects = press(&mut state, "down down");
    assert_eq!(loads(&effects), [("sub-01_T2w", first + 1), ("sub-02_T2w", first + 2)]);
    let Effect::LoadScene { neighbours, .. } = &effects[1] else { panic!("{effects:?}") };
    assert_eq!(neighbours, &["sub-03_T2w", "sub-01_T2w"]);
    update(
        &mut state,
        Msg::Scene { generation: first + 1, answer: Ok(Arc::new(sample_scene("sub-01_T2w"))) },
    );
    assert_eq!(state.viewer.scene.as_ref().unwrap().key, "sub-00_T2w", "a stale answer is dropped");
    answer(&mut state, "sub-02_T2w");
    assert!(state.viewer.current());
}

#[test]
fn slices_cuts_and_overlays_follow_their_keys() {
    let mut state = opened();
    assert_eq!(state.viewer.cursor, [12, 9, 4]);
    press(&mut state, "left left");
    assert_eq!(state.viewer.position(), Some((2, 6)));
    press(&mut state, "s right");
    assert_eq!(state.viewer.position(), Some((13, 24)));
    press(&mut state, "m l b");
    let overlays = state.viewer.overlays;
    assert!(!overlays.mask && !overlays.centerline && !overlays.crop && overlays.prediction);
    press(&mut state, "o");
    assert!(state.viewer.overlays.prediction, "without a prediction the key does nothing");
}

#[test]
fn the_filter_takes_letters_that_are_keys_elsewhere() {
    let mut state = opened();
    press(&mut state, "/ 0 4");
    assert_eq!((state.subjects.count(), state.subjects.filter.as_str()), (1, "04"));
    assert_eq!(state.subjects.current().unwrap().id, "sub-04_T2w");
    press(&mut state, "q");
    assert!(state.leave.is_none() && state.subjects.count() == 0);
    press(&mut state, "backspace enter");
    assert!(state.modal.is_none() && state.subjects.count() == 1);
    press(&mut state, "esc");
    assert_eq!(state.subjects.count(), 6);
}

#[test]
fn next_failing_finds_the_scan_without_a_centerline() {
    let mut state = opened();
    let effects = press(&mut state, "n");
    assert_eq!(state.subjects.current().unwrap().id, "sub-03_T2w");
    assert_eq!(loads(&effects).len(), 1);
}

#[test]
fn the_list_begins_with_the_failing_scans_until_it_is_asked_for_by_name() {
    let mut state = opened();
    press(&mut state, "O g");
    assert_eq!(state.subjects.current().unwrap().id, "sub-03_T2w");
    press(&mut state, "O g");
    assert_eq!(state.subjects.current().unwrap().id, "sub-00_T2w");
}

#[test]
fn a_scan_that_turns_out_to_fail_while_nobody_walks_is_shown() {
    let mut state = State::new(Screen::Subjects, ink(), false, Size::new(80, 24), 1000.0);
    measure(&mut state);
    let bare = |i| SubjectRow { centerline: Stage::Unknown, ..row(i) };
    let opened = (ProjectCard::default(), (0..6).map(bare).collect());
    let effects = update(&mut state, Msg::Opened(Ok(opened)));
    assert_eq!(loads(&effects)[0].0, "sub-00_T2w");
    let effects = update(&mut state, Msg::Rows((0..6).map(row).collect()));
    assert_eq!(loads(&effects)[0].0, "sub-03_T2w");
    press(&mut state, "down");
    let late = SubjectRow { crop: Stage::Failed("why".into()), ..row(5) };
    let effects = update(&mut state, Msg::Rows(vec![late]));
    assert!(effects.is_empty(), "whoever walks is not carried away: {effects:?}");
}

#[test]
fn marks_are_given_by_key_and_taken_back_by_the_same() {
    let mut state = opened();
    let id = || "sub-00_T2w".to_owned();
    let mark = |change| Effect::Mark { id: id(), change };
    let fail = MarkChange::Verdict(Some(Verdict::Fail));
    assert_eq!(press(&mut state, "f"), [mark(fail)]);
    let qc = QcNote { verdict: Some(Verdict::Fail), comment: "odd".into(), ..QcNote::default() };
    update(&mut state, Msg::Marked { id: id(), result: Ok(qc) });
    assert_eq!(press(&mut state, "f"), [mark(MarkChange::Verdict(None))]);
    assert_eq!(press(&mut state, "y"), [mark(MarkChange::Verdict(Some(Verdict::Pass)))]);
    assert!(press(&mut state, "w space q").is_empty(), "q is a letter of the comment");
    assert_eq!(press(&mut state, "enter"), [mark(MarkChange::Comment("odd q".into()))]);
    assert!(press(&mut state, "R x").is_empty(), "a letter is no rank");
    assert_eq!(press(&mut state, "7"), [mark(MarkChange::Rank(Some(7)))]);
    assert!(state.modal.is_none());
    assert_eq!(press(&mut state, "R delete"), [mark(MarkChange::Rank(None))]);
    assert!(press(&mut state, "R esc").is_empty() && state.modal.is_none());
}

#[test]
fn the_failing_scans_are_tried_by_other_methods_together_and_their_crops_follow() {
    let mut state = opened();
    press(&mut state, "F");
    let Some(Modal::Confirm(question)) = &state.modal else { panic!("it asks first") };
    assert!(question.text()[0].contains("on 1 failing scans"), "{:?}", question.text());
    let ids = vec!["sub-03_T2w".to_owned()];
    assert_eq!(press(&mut state, "y"), [Effect::Rescue { ids: ids.clone() }]);
    assert_eq!(state.job.as_ref().unwrap().kind, JobKind::Rescue);
    assert!(update(&mut state, Msg::CenterlinesChanged(ids.clone())).is_empty(), "the job is not over");
    let text = "1 of 1".to_owned();
    let ended = JobNews::Ended { kind: JobKind::Rescue, level: Level::Done, text, made: None };
    let effects = update(&mut state, Msg::Job(ended));
    assert!(effects.contains(&Effect::Preprocess { ids: Some(ids), force: false }), "{effects:?}");
}

#[test]
fn preprocessing_shows_progress_can_be_cancelled_and_reloads_what_it_made() {
    let mut state = opened();
    assert_eq!(press(&mut state, "P"), [Effect::Preprocess { ids: None, force: false }]);
    assert!(press(&mut state, "P").is_empty(), "one job at a time");
    let news = JobNews::Progress { done: 2, total: 6, current: "sub-01_T2w".into() };
    update(&mut state, Msg::Job(news));
    assert_eq!(state.job.as_ref().unwrap().done, 2);
    assert_eq!(press(&mut state, "x"), [Effect::CancelJob]);
    let ended =
        JobNews::Ended { kind: JobKind::Preprocess, level: Level::Done, text: "ok".into(), made: None };
    let effects = update(&mut state, Msg::Job(ended));
    assert!(effects.contains(&Effect::Survey) && loads(&effects).len() == 1, "{effects:?}");
    assert!(state.job.is_none());
}

#[test]
fn quitting_asks_only_when_work_would_be_lost() {
    let mut state = opened();
    press(&mut state, "P q");
    assert!(state.leave.is_none() && matches!(state.modal, Some(Modal::Confirm(_))));
    press(&mut state, "n");
    assert!(state.modal.is_none());
    assert_eq!(press(&mut state, "q y"), [Effect::CancelJob]);
    assert_eq!(state.leave, Some(Leave::Quit));
    let mut idle = opened();
    press(&mut idle, "q");
    assert_eq!(idle.leave, Some(Leave::Quit));
}

#[test]
fn a_training_starts_from_the_form_only_when_it_is_valid() {
    let mut state = opened();
    press(&mut state, "t n 0");
    assert!(press(&mut state, "enter").is_empty());
    assert!(state.modal == Some(Modal::Form), "an epoch count of 0 keeps the form open");
    press(&mut state, "backspace 1 2");
    let effects = press(&mut state, "enter");
    let Some(Effect::Launch { arguments }) = effects.first() else { panic!("{effects:?}") };
    assert!(arguments.windows(2).any(|w| w[0] == "--epochs" && w[1] == "12"), "{arguments:?}");
    update(&mut state, Msg::Launched(Ok("/p/runs/new".into())));
    update(&mut state, runs(vec![run("new", RunState::Starting), run("old", RunState::Done)]));
    assert_eq!(state.training.current().unwrap().name, "new");
}

#[test]
fn lists_in_the_form_make_a_sweep_that_can_be_looked_at_first() {
    let mut state = opened();
    press(&mut state, "t n down down 1 e - 3 , 1 e - 4");
    let effects = press(&mut state, "ctrl-o");
    let Some(Effect::Preview { command: "sweep", options }) = effects.first() else { panic!("{effects:?}") };
    assert!(options.windows(2).any(|w| w[0] == "--lr" && w[1] == "1e-3,1e-4"), "{options:?}");
    update(&mut state, Msg::Preview(Ok("1 lr=1e-3".into())));
    press(&mut state, "esc");
    assert!(state.modal == Some(Modal::Form), "the form is as it was");
    let effects = press(&mut state, "enter");
    assert!(matches!(effects.first(), Some(Effect::Order { command: "sweep", .. })), "{effects:?}");
}

#[test]
fn a_job_is_ordered_only_where_the_cluster_is() {
    let mut state = opened();
    press(&mut state, "t n up right");
    assert!(press(&mut state, "enter").is_empty() && state.modal == Some(Modal::Form));
    update(&mut state, Msg::Cluster(true));
    let effects = press(&mut state, "enter");
    let Some(Effect::Order { command: "train", options }) = effects.first() else { panic!("{effects:?}") };
    assert!(options.contains(&"--slurm".into()), "{options:?}");
}

#[test]
fn a_sweep_is_stopped_and_continued_from_any_of_its_runs() {
    let mut state = opened();
    press(&mut state, "t");
    let mut swept = run("a", RunState::Waiting);
    update(&mut state, runs(vec![swept.clone()]));
    assert!(press(&mut state, "S").is_empty() && state.modal.is_none(), "this run is of no sweep");
    swept.sweep = Some("/p/sweeps/s".into());
    update(&mut state, runs(vec![swept]));
    press(&mut state, "S");
    assert_eq!(press(&mut state, "y"), [Effect::StopSweep("/p/sweeps/s".into())]);
    assert_eq!(press(&mut state, "U"), [Effect::ResumeSweep("/p/sweeps/s".into())]);
}

#[test]
fn a_second_stop_kills_and_each_is_confirmed() {
    let mut state = opened();
    press(&mut state, "t");
    update(&mut state, runs(vec![run("a", RunState::Running)]));
    assert!(press(&mut state, "s").is_empty());
    let dir = state.training.current().unwrap().dir.clone();
    assert_eq!(press(&mut state, "y"), [Effect::Stop { run: dir.clone(), now: false }]);
    update(&mut state, Msg::StopAsked(Ok(dir.clone())));
    press(&mut state, "s");
    assert_eq!(press(&mut state, "y"), [Effect::Stop { run: dir, now: true }]);
}

#[test]
fn runs_are_asked_for_one_at_a_time_and_often_only_while_watched() {
    let mut state = opened();
    update(&mut state, runs(Vec::new()));
    let polls = |state: &mut State, clock: f64| update(state, Msg::Tick(clock)).len();
    assert_eq!((polls(&mut state, 1001.0), polls(&mut state, 1002.5)), (0, 1));
    assert_eq!(polls(&mut state, 1006.0), 0, "the answer is still to come");
    update(&mut state, runs(Vec::new()));
    press(&mut state, "t");
    update(&mut state, runs(Vec::new()));
    assert_eq!(polls(&mut state, 1020.0), 1);
}

#[test]
fn the_palette_finds_and_does_a_command() {
    let mut state = opened();
    press(&mut state, ": s a g i t");
    press(&mut state, "enter");
    assert!(state.modal.is_none());
    assert_eq!(state.viewer.cut, super::super::slice::Cut::Sagittal);
}

#[test]
fn the_mouse_walks_slices_points_and_changes_screens() {
    let mut state = opened();
    let at = |kind, column, row| MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    let panes = layout::viewer_panes(&state);
    let middle = (panes.picture.x + panes.picture.width / 2, panes.picture.y + panes.picture.height / 2);
    update(&mut state, Msg::Mouse(at(MouseEventKind::ScrollDown, middle.0, middle.1)));
    assert_eq!(state.viewer.cursor[2], 3);
    let left = MouseEventKind::Down(MouseButton::Left);
    update(&mut state, Msg::Mouse(at(left, middle.0 - 6, middle.1)));
    assert!(state.viewer.cursor[0] < 12, "{:?}", state.viewer.cursor);
    let effects = update(&mut state, Msg::Mouse(at(left, 5, 5)));
    assert_eq!(loads(&effects).len(), 1, "a click on a row chooses it");
    let tab = super::super::screens::header::tabs(&state)[1].1;
    update(&mut state, Msg::Mouse(at(left, tab.x + 2, tab.y)));
    assert_eq!(state.screen, Screen::Training);
}

#[test]
fn an_idle_tick_draws_nothing() {
    let mut state = opened();
    update(&mut state, Msg::Tick(2000.0));
    state.dirty = false;
    update(&mut state, Msg::Tick(2000.1));
    assert!(!state.dirty);
    press(&mut state, "m");
    assert!(state.dirty);
}

#[test]
fn a_newcomer_is_told_the_next_step() {
    let mut state = opened();
    let step = |state: &State| next_step(state).map(|s| s.0);
    assert_eq!(step(&state), Some("P"));
    let done = (0..6).map(|i| SubjectRow { crop: Stage::Ready, ..row(i) }).collect();
    update(&mut state, Msg::Rows(done));
    update(&mut state, runs(Vec::new()));
    assert_eq!(step(&state), Some("t"));
    update(&mut state, runs(vec![run("a", RunState::Done)]));
    update(&mut state, Msg::Evaluations { evaluations: Vec::new(), prefer: None });
    assert_eq!(step(&state), Some("r"));
}
