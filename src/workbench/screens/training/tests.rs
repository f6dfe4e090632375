//! The panes of the training screen as they look on a small and on a large terminal, with and without colours.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Size;

use super::super::super::message::{Msg, RunNews};
use super::super::super::model::{Curves, ProjectCard, RunRow};
use super::super::super::state::film::tests::sample;
use super::super::super::state::training::tests::run;
use super::super::super::state::{Pane, Screen, State};
use super::super::super::theme::{Depth, Role, Theme, ThemeName};
use super::super::super::update::{measure, update};
use super::super::super::widgets::picture::{CellShape, Ink, Mode};
use super::super::draw;
use crate::runs::RunState;

const SIZES: [(u16, u16); 2] = [(80, 24), (160, 50)];

fn curves(offset: f64) -> Curves {
    let points =
        |f: &dyn Fn(f64) -> f64| (1..=9).map(|e| (f64::from(e), f(f64::from(e)))).collect::<Vec<_>>();
    Curves {
        train: points(&|e| if e == 4.0 { f64::NAN } else { offset + 1.0 / e }),
        val: points(&|e| offset + 1.1 / e),
        dice: points(&|e| (e / 12.0 - offset).max(0.0)),
        rate: points(&|_| 1e-3),
        pace: points(&|e| 40.0 + e),
        memory: points(&|e| 2.0 + e / 10.0),
        cpu: points(&|_| 45.0),
        warnings: vec!["the loss jumped".into()],
        ..Curves::default()
    }
}

fn rows() -> Vec<RunRow> {
    let with = |name: &str, lr: &str, dice| RunRow {
        best: Some((9, dice)),
        settings: Arc::new([("lr", lr), ("seed", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())).into()),
        ..run(name, RunState::Done)
    };
    vec![
        RunRow { state: RunState::Running, gaps: 1, ..with("20260103T000000Z-small", "0.001", 0.71) },
        with("20260102T000000Z-small", "0.0001", 0.74),
        with("20260101T000000Z-small", "0.01", 0.32),
    ]
}

/// The training screen with three runs, the first `marked` of them marked.
fn state((width, height): (u16, u16), depth: Depth, pane: Pane, marked: usize) -> State {
    let mode = if depth == Depth::Mono { Mode::Braille } else { Mode::Half256 };
    let ink = Ink { theme: Theme::new(ThemeName::Dark, depth), mode, cell: CellShape::default() };
    let mut state = State::new(Screen::Training, ink, false, Size::new(width, height), 1000.0);
    state.project = Some(ProjectCard { name: "cohort".into(), dir: "/p".into(), ..ProjectCard::default() });
    measure(&mut state);
    state.training.pane = pane;
    state.training.marked = rows().iter().take(marked).map(|r| r.dir.clone()).collect();
    let all = rows();
    let film = Some((all[0].dir.clone(), (1..=12).map(sample).collect()));
    let console = Some((all[0].dir.clone(), (0..200).map(|n| format!("epoch {n}: fine")).collect()));
    let known =
        all.iter().enumerate().map(|(n, r)| (r.dir.clone(), Arc::new(curves(n as f64 / 10.0)))).collect();
    let news = RunNews { runs: all, curves: known, film, console };
    update(&mut state, Msg::Runs(Box::new(news)));
    state
}

fn drawn(state: &State) -> (Buffer, Vec<String>) {
    let mut buffer = Buffer::empty(state.area());
    draw(state, &mut buffer);
    let width = usize::from(state.size.width);
    let lines = buffer.content().chunks(width).map(|row| row.iter().map(|c| c.symbol()).collect()).collect();
    (buffer, lines)
}

fn has(lines: &[String], text: &str) -> bool {
    lines.iter().any(|l| l.contains(text))
}

#[test]
fn gaps_are_drawn_as_gaps_and_said() {
    for size in SIZES {
        let (_, lines) = drawn(&state(size, Depth::Mono, Pane::Curves, 0));
        assert!(has(&lines, "was not a number"), "{lines:#?}");
        assert!(lines[3].contains('!') && !lines[4].contains('!'), "the list has a badge: {lines:#?}");
        assert!(has(&lines, "Loss") && has(&lines, "Dice"), "{lines:#?}");
    }
    let (_, lines) = drawn(&state((160, 50), Depth::Mono, Pane::Curves, 0));
    assert!(has(&lines, "Learning rate"), "{lines:#?}");
}

#[test]
fn a_crashed_run_offers_to_go_on() {
    let mut state = state((80, 24), Depth::Mono, Pane::Curves, 0);
    state.training.runs[0].state = RunState::Crashed;
    let (_, lines) = drawn(&state);
    assert!(has(&lines, "from the last checkpoint") && lines[23].contains("u resume"), "{lines:#?}");
}

#[test]
fn marked_runs_lie_in_one_chart_told_apart_by_colour_or_form() {
    for size in SIZES {
        let (buffer, lines) = drawn(&state(size, Depth::Indexed, Pane::Curves, 3));
        assert!(has(&lines, "3 runs compared"), "{lines:#?}");
        let theme = Theme::new(ThemeName::Dark, Depth::Indexed);
        for n in 0..3 {
            let colour = theme.colour(Role::Run(n));
            let dots = |c: &&ratatui::buffer::Cell| {
                let braille = c.symbol().chars().all(|s| ('\u{2801}'..='\u{28ff}').contains(&s));
                braille && Some(c.fg) == colour
            };
            assert!(buffer.content().iter().filter(dots).count() > 10, "curve {n}: {lines:#?}");
        }
        let (_, plain) = drawn(&state(size, Depth::Mono, Pane::Curves, 3));
        for form in ["a ━━", "b ╍╍", "c ┈┈"] {
            assert!(has(&plain, form), "{form}: {plain:#?}");
        }
        assert!(plain[3].contains("●a") && plain[4].contains("✓b"), "{plain:#?}");
    }
}

#[test]
fn every_metric_has_a_chart_of_its_own() {
    let mut state = state((80, 24), Depth::Mono, Pane::Curves, 0);
    for title in ["Loss", "Dice", "Learning rate", "Patches/s", "Memory GiB", "Load %"] {
        state.training.plots.metric = state.training.plots.metric.next();
        let (_, lines) = drawn(&state);
        assert!(has(&lines, &format!("{title}  ━━")), "{title}: {lines:#?}");
    }
}

#[test]
fn the_cursor_shows_every_curves_value_at_its_epoch() {
    let mut alone = state((160, 50), Depth::Mono, Pane::Curves, 0);
    alone.training.plots.point(4.0);
    let (_, lines) = drawn(&alone);
    assert!(has(&lines, "Loss  epoch 4  ━━ train gap  ╍╍ validation 0.275"), "{lines:#?}");
    assert!(has(&lines, "Dice  epoch 4  ━━ validation 0.3333"), "{lines:#?}");
    let mut compared = state((80, 24), Depth::Mono, Pane::Curves, 2);
    compared.training.plots.point(4.0);
    let (_, lines) = drawn(&compared);
    assert!(has(&lines, "0.275  0.710") && has(&lines, "0.375  0.740"), "{lines:#?}");
}

#[test]
fn the_table_ranks_runs_and_names_what_differs() {
    for size in SIZES {
        let (_, lines) = drawn(&state(size, Depth::Mono, Pane::Table, 2));
        let row = |name: &str| lines.iter().position(|l| l.contains(name) && l.contains("0.")).unwrap();
        assert!(row("20260102") < row("20260103") && row("20260103") < row("20260101"), "{lines:#?}");
        let differ = lines.iter().position(|l| l.contains("differ in")).unwrap();
        assert!(lines[differ + 1].contains("lr") && lines[differ + 1].contains("0.0001"), "{lines:#?}");
        assert!(!lines[differ + 1..].iter().any(|l| l.contains("seed")), "seeds are the same: {lines:#?}");
    }
    let (_, wide) = drawn(&state((160, 50), Depth::Mono, Pane::Table, 0));
    assert!(has(&wide, "seed fold") && has(&wide, "network") && has(&wide, "marks runs"), "{wide:#?}");
}

#[test]
fn the_film_strip_has_epochs_beside_each_other_and_slices_above() {
    for (size, frames) in SIZES.into_iter().zip([4, 5]) {
        let state = state(size, Depth::Mono, Pane::Film, 0);
        assert_eq!(super::film_room(&state), frames, "{size:?}");
        let (_, lines) = drawn(&state);
        assert!(has(&lines, "sub-01_T2w  slice 1"), "{lines:#?}");
        let captions = lines.iter().find(|l| l.contains("epoch 12")).unwrap();
        assert!(captions.contains("epoch 11") && !captions.contains("epoch 3 "), "{captions}");
        let dots =
            lines.iter().flat_map(|l| l.chars()).filter(|c| ('\u{2801}'..='\u{28ff}').contains(c)).count();
        assert!(dots > 200, "the pictures are there: {lines:#?}");
    }
    let mut other = state((80, 24), Depth::Mono, Pane::Film, 0);
    other.training.select(1);
    let (_, lines) = drawn(&other);
    assert!(has(&lines, "kept no samples"), "{lines:#?}");
}

#[test]
fn the_console_follows_its_end_until_one_scrolls() {
    for size in SIZES {
        let mut state = state(size, Depth::Mono, Pane::Console, 0);
        let (_, lines) = drawn(&state);
        assert!(has(&lines, "epoch 199: fine") && has(&lines, "following"), "{lines:#?}");
        assert!(has(&lines, "! the loss jumped"), "{lines:#?}");
        state.training.console.back = 50;
        let (_, lines) = drawn(&state);
        assert!(has(&lines, "epoch 149: fine") && !has(&lines, "epoch 150: fine"), "{lines:#?}");
    }
}
