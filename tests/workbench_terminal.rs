#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! The terminal is given back however the workbench ends, and it is refused politely where there is none.

mod workbench_pty;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use workbench_pty::{Workbench, cohort};

fn opened(home: &Path, extra: &[(&str, &Path)]) -> Workbench {
    let project = cohort(home, 2);
    let workbench = Workbench::start(&[&project], home, (80, 24), extra);
    workbench.wait_for(&["Scans 2", "sub-01_T2w  axial"]);
    workbench
}

#[test]
fn quitting_restores_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let mut workbench = opened(home.path(), &[]);
    workbench.press("q");
    assert!(workbench.ended().success());
    workbench.assert_restored();
}

#[test]
fn sigterm_and_sighup_restore_the_terminal() {
    for name in ["TERM", "HUP"] {
        let home = tempfile::tempdir().unwrap();
        let mut workbench = opened(home.path(), &[]);
        workbench.signal(name);
        workbench.ended();
        workbench.assert_restored();
    }
}

#[test]
fn a_panic_restores_the_terminal_and_can_be_read() {
    let home = tempfile::tempdir().unwrap();
    let mut workbench = opened(home.path(), &[("DEEPSEG_CRASH", Path::new("1"))]);
    workbench.press("\x1c");
    assert_eq!(workbench.ended().exit_code(), 101);
    workbench.assert_restored();
    assert!(workbench.text().contains("asked to crash"), "{}", workbench.text());
}

#[test]
fn the_crash_key_does_nothing_unless_it_was_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let mut workbench = opened(home.path(), &[]);
    workbench.press("\x1cm");
    workbench.wait_for(&["□ mask"]);
}

#[test]
fn stopping_gives_the_terminal_back_and_continuing_takes_it_again() {
    let home = tempfile::tempdir().unwrap();
    let mut workbench = opened(home.path(), &[]);
    for way in ["key", "signal"] {
        match way {
            "key" => workbench.press("\x1a"),
            _ => workbench.signal("TSTP"),
        }
        workbench.wait("shell", |text| !text.contains("Scans 2"));
        let stopped = || workbench.process_state() == 'T';
        (0..1000).take_while(|_| !stopped()).for_each(|_| std::thread::sleep(Duration::from_millis(5)));
        assert!(stopped(), "{way}");
        workbench.assert_restored();
        workbench.signal("CONT");
        workbench.wait_for(&["Scans 2", "sub-01_T2w  axial"]);
    }
    workbench.press("q");
    assert!(workbench.ended().success());
    workbench.assert_restored();
}

#[test]
fn every_frame_is_bracketed_as_one_synchronized_update() {
    let home = tempfile::tempdir().unwrap();
    let mut workbench = opened(home.path(), &[]);
    workbench.press("\x1b[B\x1b[C");
    workbench.wait_for(&["sub-02_T2w  axial"]);
    workbench.press("q");
    workbench.ended();
    let text = String::from_utf8_lossy(&workbench.written()).into_owned();
    let (begins, ends) = (text.matches("\x1b[?2026h").count(), text.matches("\x1b[?2026l").count());
    // One more end than begins: the one that comes before the terminal is given back.
    assert!(begins > 2 && ends == begins + 1, "{begins} {ends}");
}

#[test]
fn without_a_terminal_a_sentence_says_what_to_do() {
    let run = |term: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
        command.env("TERM", term).stdin(Stdio::null()).output().unwrap()
    };
    let refused = run("xterm");
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty());
    assert!(words.contains("needs a terminal") && words.contains("deepseg preprocess"), "{words}");
}

#[test]
fn a_dumb_terminal_is_refused_before_anything_is_drawn() {
    let home = tempfile::tempdir().unwrap();
    let mut workbench = Workbench::start(&[], home.path(), (80, 24), &[("TERM", Path::new("dumb"))]);
    assert!(!workbench.ended().success());
    assert!(workbench.text().contains("cannot draw on this terminal"), "{}", workbench.text());
    assert!(!workbench.written().contains(&0x1b), "no control codes");
}
