#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! The whole job with keys: open, walk, look, preprocess, train, leave, come back, stop. And a thousand subjects.

mod workbench_pty;

use std::time::{Duration, Instant};

use deepseg::runs::{self, RunState};
use workbench_pty::{Workbench, cohort};

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";

#[test]
fn from_opening_a_project_to_a_stopped_training() {
    let home = tempfile::tempdir().unwrap();
    let project = cohort(home.path(), 3);
    let script = home.path().join("script.toml");
    std::fs::write(&script, "pace_ms = 50\nepochs = 200\nsteps_per_epoch = 5\n").unwrap();
    let fake = [("DEEPSEG_FAKE_TRAINER", script.as_path())];
    let mut workbench = Workbench::start(&[&project], home.path(), (100, 30), &fake);
    walk_and_toggle(&mut workbench);
    workbench.wait_for(&["next  P preprocess 3 scans"]);
    workbench.press("P");
    workbench.wait_for(&["3 crops made"]);
    workbench.wait_for(&["24 mm"]);
    workbench.press("tn");
    workbench.wait_for(&["New training", "Learning rate", "3 of 3 scans are preprocessed"]);
    workbench.press("200\r");
    workbench.wait_for(&["running  epoch", " of 200", "Loss  ━━ train 0.", "s stop"]);
    workbench.press("q");
    assert!(workbench.ended().success());
    workbench.assert_restored();

    let alive = || runs::list(&project.join("runs")).pop().unwrap();
    let then = alive();
    assert_eq!(then.state, RunState::Running, "the training outlives the workbench");
    let mut again = Workbench::start(&[&project], home.path(), (100, 30), &fake);
    again.wait_for(&["2 Training•"]);
    again.press("t");
    again.wait_for(&["running  epoch"]);
    let begin = Instant::now();
    while alive().epoch <= then.epoch + 1 {
        assert!(begin.elapsed() < workbench_pty::PATIENCE, "it does not go on");
        std::thread::sleep(Duration::from_millis(20));
    }
    again.press("s");
    again.wait_for(&["Stop this training?"]);
    again.press("y");
    again.wait_for(&["stopped  epoch", "u resume"]);
    assert_eq!(alive().state, RunState::Stopped);
    again.press("q");
    assert!(again.ended().success());
    again.assert_restored();
}

fn walk_and_toggle(workbench: &mut Workbench) {
    workbench.wait_for(&["Scans 3", "sub-01_T2w  axial 8/16", "■ mask", "■ centerline"]);
    workbench.press(DOWN);
    workbench.wait_for(&["sub-02_T2w  axial 8/16"]);
    workbench.press(RIGHT);
    workbench.wait_for(&["axial 9/16"]);
    workbench.press("ml");
    workbench.wait_for(&["□ mask", "□ centerline"]);
    workbench.press("ml");
    workbench.wait_for(&["■ mask", "■ centerline"]);
    workbench.press("s");
    workbench.wait_for(&["sagittal 14/28"]);
    workbench.press("a");
    workbench.press("/03\r");
    workbench.wait_for(&["Scans 1/3", "sub-03_T2w  axial"]);
    workbench.press("\x1b");
    workbench.wait_for(&["Scans 3"]);
    workbench.press(UP);
    workbench.wait_for(&["sub-02_T2w  axial"]);
    workbench.press("?");
    workbench.wait_for(&["Next subject", "Previous failing"]);
    workbench.press("\x1b");
    workbench.wait("screen without help", |text| !text.contains("Previous failing"));
}

#[test]
fn a_thousand_subjects_open_and_scroll_without_a_visible_wait() {
    let home = tempfile::tempdir().unwrap();
    let project = cohort(home.path(), 1000);
    let begin = Instant::now();
    let mut workbench = Workbench::start(&[&project], home.path(), (80, 24), &[]);
    workbench.wait_for(&["Scans 1000", "sub-0001_T2w  axial"]);
    let opening = begin.elapsed();
    let begin = Instant::now();
    workbench.press("G");
    workbench.wait_for(&["sub-1000_T2w  axial"]);
    let end = begin.elapsed();
    let begin = Instant::now();
    workbench.press("g");
    for _ in 0..50 {
        workbench.press(&DOWN.repeat(10));
        std::thread::sleep(Duration::from_millis(10));
    }
    workbench.wait_for(&["sub-0501_T2w  axial"]);
    let walking = begin.elapsed();
    // Twenty times what a quiet machine needs.
    assert!(opening < Duration::from_secs(3), "opening took {opening:?}");
    assert!(end < Duration::from_secs(2), "the end of the list took {end:?}");
    assert!(walking < Duration::from_secs(3), "500 steps took {walking:?}");
}

#[test]
fn a_dataset_opens_without_a_project_and_choices_are_remembered() {
    let home = tempfile::tempdir().unwrap();
    cohort(home.path(), 2);
    let dataset = home.path().join("dataset");
    let mut workbench = Workbench::start(&[&dataset], home.path(), (100, 30), &[]);
    workbench.wait_for(&["Scans 2", "dataset-deepseg"]);
    assert!(home.path().join("dataset-deepseg/deepseg.toml").is_file());
    workbench.press("m");
    workbench.wait_for(&["□ mask"]);
    workbench.press("q");
    workbench.ended();
    let mut again = Workbench::start(&[], home.path(), (100, 30), &[]);
    again.wait_for(&["d e e p s e g", "dataset-deepseg", "Try the demo"]);
    again.press("\r");
    again.wait_for(&["Scans 2", "□ mask"]);
}

#[test]
fn no_color_draws_braille_and_no_colour_code() {
    let home = tempfile::tempdir().unwrap();
    let project = cohort(home.path(), 2);
    let one = std::path::Path::new("1");
    let workbench = Workbench::start(&[&project], home.path(), (80, 24), &[("NO_COLOR", one)]);
    workbench.wait("braille", |text| text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c)));
    let written = String::from_utf8_lossy(&workbench.written()).into_owned();
    assert!(!written.contains("38;5;") && !written.contains("48;5;") && !written.contains("38;2;"));
}
