use std::sync::Arc;

use ndarray::Array3;
use ratatui::layout::Size;

use super::super::message::{Msg, RunNews};
use super::super::model::{Curves, Evaluation, Finding, ProjectCard, QcNote, ScoreRow, Stage, SubjectRow};
use super::super::scene::tests::sample_scene;
use super::super::state::compare::tests::{methods, tried};
use super::super::state::order::Order;
use super::super::state::training::tests::{run, runs};
use super::super::theme::{Depth, ThemeName};
use super::super::trial::{Methods, TrialNews, Tried};
use super::super::update::{measure, update};
use super::super::widgets::picture::{CellShape, Ink, Mode};
use super::*;
use crate::dataset::qc::Verdict;
use crate::runs::RunState;
use crate::training::{ChangedPatch, PatchLook, PatchPage};

fn ink() -> Ink {
    Ink { theme: Theme::new(ThemeName::Dark, Depth::Mono), mode: Mode::Ascii, cell: CellShape::default() }
}

fn rows() -> Vec<SubjectRow> {
    let ready = |id: &str| SubjectRow {
        id: id.into(),
        mask: Stage::Ready,
        cord: Stage::Ready,
        centerline: Stage::Ready,
        crop: Stage::Stale,
        ..SubjectRow::default()
    };
    let finding = Finding { severe: true, message: "the mask is empty".into(), fix: "draw it again".into() };
    vec![
        ready("sub-01_T2w"),
        SubjectRow { findings: vec![finding], ..ready("sub-02_T2w") },
        SubjectRow { crop: Stage::Failed("the curve leaves the image".into()), ..ready("sub-03_T2w") },
    ]
}

fn state(width: u16, height: u16) -> State {
    let mut state = State::new(Screen::Subjects, ink(), false, Size::new(width, height), 1000.0);
    measure(&mut state);
    state.subjects.order = Order::ByName;
    let card = ProjectCard { name: "cohort".into(), dir: "/p".into(), ..ProjectCard::default() };
    update(&mut state, Msg::Opened(Ok((card, rows()))));
    let generation = state.viewer.generation;
    update(&mut state, Msg::Scene { generation, answer: Ok(Arc::new(sample_scene("sub-01_T2w"))) });
    state
}

fn drawn(state: &State) -> Vec<String> {
    let mut buffer = Buffer::empty(state.area());
    draw(state, &mut buffer);
    let width = usize::from(state.size.width);
    buffer.content().chunks(width).map(|row| row.iter().map(|c| c.symbol()).collect()).collect()
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|l| l.contains(text))
}

#[test]
fn the_subjects_screen_shows_list_stages_and_picture() {
    let lines = drawn(&state(80, 24));
    assert!(lines[0].contains("deepseg  cohort") && lines[0].contains("1 Subjects"), "{lines:#?}");
    assert!(lines[2].contains("Scans 3  !2"), "{lines:#?}");
    assert!(lines[3].starts_with("▸ sub-01") && lines[3].contains("● ● ● ◐"), "{lines:#?}");
    assert!(lines[4].starts_with("! sub-02"), "{lines:#?}");
    assert!(has(&lines, "axial 5/6") && has(&lines, "###"), "{lines:#?}");
    assert!(lines[22].contains("[12 9 4] 100"), "{lines:#?}");
    assert!(lines[23].contains("preprocess") && lines[23].trim_end().ends_with("q quit"), "{lines:#?}");
}

#[test]
fn the_large_screen_adds_the_side_cut() {
    let lines = drawn(&state(160, 50));
    assert!(has(&lines, "Sagittal") && has(&lines, "Crop") && has(&lines, "centerline"), "{lines:#?}");
    assert!(lines[2].contains("mask") && lines[2].contains("crop"), "{lines:#?}");
}

#[test]
fn trouble_is_named_with_its_remedy() {
    let mut state = state(80, 24);
    state.subjects.select(1);
    let lines = drawn(&state);
    assert!(has(&lines, "the mask is empty") || has(&lines, "the mask is"), "{lines:#?}");
}

#[test]
fn a_doubtful_centerline_is_marked_with_its_reason() {
    for (width, sign) in [(80, "● ● ? ◐"), (160, "0.31")] {
        let mut state = state(width, 40);
        let centerline = Stage::Failed("mask is doubtful (0.31, it leaps 12 mm at z 4)".into());
        let mut rows = rows();
        rows[0] = SubjectRow { confidence: Some(0.31), centerline, ..rows[0].clone() };
        update(&mut state, Msg::Rows(rows));
        let lines = drawn(&state);
        assert!(lines[3].starts_with("! sub-01") && lines[3].contains(sign), "{lines:#?}");
        assert!(has(&lines, "line: mask is doubtful (0.31,"), "{lines:#?}");
    }
}

#[test]
fn marks_stand_in_the_list_and_beside_the_picture() {
    for (height, width) in [(24, 80), (50, 160)] {
        let mut state = state(width, height);
        let qc = QcNote {
            verdict: Some(Verdict::Fail),
            rank: Some(2),
            comment: "blurred".into(),
            by: "anna".into(),
        };
        update(&mut state, Msg::Marked { id: "sub-01_T2w".into(), result: Ok(qc) });
        let lines = drawn(&state);
        assert!(lines[3].contains("sub-01") && lines[3].contains('✗'), "{lines:#?}");
        assert!(has(&lines, "marked fail, rank 2 by anna: blurred"), "{lines:#?}");
    }
    let mut state = state(80, 24);
    state.modal = Some(Modal::Comment { text: "noisy".into() });
    assert!(drawn(&state)[22].contains("comment noisy▏"));
}

#[test]
fn every_screen_and_panel_can_be_drawn_at_any_size() {
    for (width, height) in [(1, 1), (39, 9), (40, 10), (60, 15), (80, 24), (132, 43), (160, 50), (300, 90)] {
        let mut state = state(width, height);
        update(&mut state, runs(vec![run("a", RunState::Running)]));
        compare(&mut state);
        for screen in [
            Screen::Start,
            Screen::Subjects,
            Screen::Compare,
            Screen::Points,
            Screen::Training,
            Screen::Patches,
            Screen::Results,
            Screen::Image,
        ] {
            state.screen = screen;
            let modals = [
                None,
                Some(Modal::Help { scroll: 3 }),
                Some(Modal::Palette { query: "s".into(), selected: 1 }),
                Some(Modal::Form),
                Some(Modal::Comment { text: "blurred".into() }),
                Some(Modal::Rank),
                Some(Modal::Log { back: 0 }),
                Some(Modal::Path { text: "/data".into() }),
                Some(Modal::Confirm(super::super::state::modal::Question::Redo)),
            ];
            for modal in modals {
                state.modal = modal;
                assert_eq!(drawn(&state).len(), usize::from(height), "{screen:?} {:?}", state.modal);
            }
        }
    }
}

#[test]
fn augmented_patches_stand_beside_the_one_that_was_cut() {
    let look = |value: f32| PatchLook {
        image: Array3::from_shape_fn((48, 48, 48), |(x, y, _)| (x + y) as f32 + value),
        mask: Array3::from_shape_fn((48, 48, 48), |(x, y, z)| {
            u8::from(x > 20 && x < 30 && y == 24 && z == 7)
        }),
    };
    let changed = |draw| ChangedPatch {
        draw,
        look: look(draw as f32),
        changes: if draw == 1 { Vec::new() } else { vec!["gamma 1.21".into(), "flipped along x, z".into()] },
    };
    let page = PatchPage {
        number: 0,
        count: 12,
        scan: "sub-01_T2w".into(),
        start: 24,
        spacing_mm: 0.5,
        original: look(0.0),
        changed: (0..11).map(changed).collect(),
    };
    for (width, height, last) in [(80, 24, "epoch 2"), (160, 50, "epoch 11")] {
        let mut state = state(width, height);
        state.screen = Screen::Patches;
        state.patches.open("strong", "0", "");
        assert!(has(&drawn(&state), "reading the crops"));
        let (_, generation) = state.patches.ask().unwrap();
        update(&mut state, Msg::Patches { generation, answer: Ok(Arc::new(page.clone())) });
        let lines = drawn(&state);
        assert!(
            lines[2].contains("changes: strong") && lines[2].contains("patch 1/12  slice 8"),
            "{lines:#?}"
        );
        for words in ["as it was cut", "slices 24 to 71", "gamma 1.21;", "unchanged", last] {
            assert!(has(&lines, words), "{words}: {lines:#?}");
        }
        state.patches.slide(1);
        let above = drawn(&state);
        assert!(has(&above, "no lesion here") && !has(&lines, "no lesion here"), "{above:#?}");
        let picture = |lines: &[String]| lines[4..lines.len() - 7].concat();
        assert_ne!(picture(&above), picture(&lines), "the outline of the mask is gone");
    }
}

/// Opens the comparison: one method done, one failed, one running, one absent.
fn compare(state: &mut State) {
    let generation = state.compare.open("sub-01_T2w");
    state.screen = Screen::Compare;
    let failed = Tried { outcome: Err("no cord found: the image is noise".into()), ..tried("optic", 0.0) };
    let known =
        Methods { tried: vec![tried("mask", 0.31), failed], accepted: Some("mask".into()), ..methods() };
    for news in [TrialNews::Listed(known), TrialNews::Began("builtin".into())] {
        update(state, Msg::Trials { generation, news });
    }
    update(state, Msg::Tick(1004.0));
}

#[test]
fn the_comparison_shows_methods_side_by_side_with_confidence_and_reasons() {
    let mut state = state(80, 24);
    compare(&mut state);
    let lines = drawn(&state);
    assert!(
        lines[2].contains("sub-01_T2w  axial 5/6") && lines[2].contains("methods 1 to 2 of 4"),
        "{lines:#?}"
    );
    assert!(lines[3].contains("━ ▸ mask ━") && lines[3].contains("✓ accepted"), "{lines:#?}");
    assert!(lines[3].contains("─ optic ─"), "{lines:#?}");
    assert!(
        lines[4].contains("0.31 ") && lines[4].contains("doubtful"),
        "without colour there is a word: {lines:#?}"
    );
    assert!(lines[4].contains("✗ failed") && lines[4].contains("0.4 s"), "{lines:#?}");
    assert!(has(&lines, "no cord found: the image is noise"), "{lines:#?}");
    assert!(has(&lines, "mask  doubtful 0.31  in 0.4 s   ✓ the centerline in use"), "{lines:#?}");
    assert!(has(&lines, "· it covers 4 of 6 slices (z 1 to 4)"), "{lines:#?}");
    assert!(lines[23].contains("⏎ accept") && lines[23].contains("esc back"), "{lines:#?}");
    let generation = state.compare.generation;
    update(&mut state, Msg::Trials { generation, news: TrialNews::Ended(tried("builtin", 0.9)) });
    state.compare.select(2);
    assert!(
        has(&drawn(&state), "· 0.0 mm from mask on average, 0.0 mm at most (slice"),
        "agreement in numbers"
    );
    update(&mut state, Msg::Trials { generation, news: TrialNews::Began("builtin".into()) });
    update(&mut state, Msg::Tick(1008.0));
    state.compare.select(3);
    let lines = drawn(&state);
    assert!(has(&lines, "◌ running  4 s") && has(&lines, "cannot be tried here"), "{lines:#?}");
    assert!(has(&lines, "cnn: the file t2_ctr.h5 is not on this machine"), "{lines:#?}");
}

#[test]
fn a_large_screen_compares_all_methods_at_once_on_both_cuts() {
    let mut state = state(160, 50);
    compare(&mut state);
    let lines = drawn(&state);
    let heading = &lines[3];
    assert!(
        ["mask", "optic", "builtin", "cannot be tried here"].iter().all(|n| heading.contains(n)),
        "{lines:#?}"
    );
    let letters = |c: char| lines.iter().flat_map(|l| l.chars()).filter(|l| *l == c).count();
    assert!(
        letters('S') >= 2 && letters('R') >= 2,
        "side views have S on top, axial ones R on the left: {lines:#?}"
    );
}

#[test]
fn the_training_screen_shows_runs_progress_and_curves() {
    let mut state = state(80, 24);
    state.screen = Screen::Training;
    let points = |f: fn(f64) -> f64| (1..=3).map(|e| (f64::from(e), f(f64::from(e)))).collect::<Vec<_>>();
    let curves = Curves {
        train: points(|e| 1.0 / e),
        val: points(|e| 1.2 / e),
        dice: points(|e| e / 5.0),
        ..Curves::default()
    };
    let runs = vec![run("small-1", RunState::Running), run("small-0", RunState::Done)];
    let dir = runs[0].dir.clone();
    update(
        &mut state,
        Msg::Runs(Box::new(RunNews { runs, curves: vec![(dir, Arc::new(curves))], ..RunNews::default() })),
    );
    let lines = drawn(&state);
    assert!(lines[3].starts_with("● small-1") && lines[3].contains("3/10"), "{lines:#?}");
    assert!(has(&lines, "running  epoch 3 of 10") && has(&lines, "2 min 05 s"), "{lines:#?}");
    assert!(has(&lines, "Loss  ━━ train 0.3333") && has(&lines, "Dice  ━━ validation 0.6"), "{lines:#?}");
    assert!(lines[23].contains("s stop"), "{lines:#?}");
}

#[test]
fn results_are_listed_with_their_scores() {
    let mut state = state(80, 24);
    state.screen = Screen::Results;
    let score = |id: &str, dice: f64| ScoreRow {
        id: id.into(),
        dice: Some(dice),
        sensitivity: Some(0.5),
        ppv: Some(0.25),
        f1: None,
        volume_error: Some(-0.2),
        lesions: (3, 2),
        message: None,
    };
    let scores = vec![score("sub-02_T2w", 0.31), score("sub-01_T2w", 0.82)];
    let evaluation = Evaluation { run: "/p/runs/a".into(), split: "test".into(), scores };
    update(&mut state, Msg::Evaluations { evaluations: vec![evaluation], prefer: None });
    let lines = drawn(&state);
    assert!(has(&lines, "mean Dice 0.565"), "{lines:#?}");
    let first = lines.iter().position(|l| l.contains("sub-02")).unwrap();
    assert!(lines[first].contains("0.310") && lines[first].contains("-20 %") && lines[first].contains("3→2"));
    assert!(lines[first + 1].contains("sub-01"), "{lines:#?}");
}

#[test]
fn the_help_lists_every_key_of_the_screen() {
    let mut state = state(100, 80);
    state.modal = Some(Modal::Help { scroll: 0 });
    let lines = drawn(&state);
    for label in ["Next subject", "Crop box", "Preprocess all", "Suspend", "Zoom in"] {
        assert!(has(&lines, label), "{label}: {lines:#?}");
    }
}
