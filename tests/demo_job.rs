//! `deepseg demo` from the outside: the whole job in one command, again without doing it twice, and never over other people's files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn demo(dir: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).arg("demo").arg("--dir").arg(dir).args(more).output().unwrap()
}

#[test]
fn the_whole_job_runs_headless_and_a_second_time_finds_it_done() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("try");
    let words = ["--subjects", "4", "--epochs", "1", "--device", "cpu", "--json"];
    let first = demo(&dir, &words);
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(first.status.success(), "{said}");
    assert!(said.contains("$ deepseg preprocess"), "every command is shown: {said}");
    let summary: serde_json::Value =
        serde_json::from_slice(&first.stdout).expect("one JSON object, nothing else");
    assert_eq!(summary["subjects"], 4);
    assert_eq!(summary["status"], "done");
    assert_eq!(summary["epochs"], 1);
    assert!(summary["lesions"].as_u64().unwrap() >= 5);
    let dice = summary["test_dice"].as_f64().expect("the test side has a scan with lesions");
    assert!((0.0..=1.0).contains(&dice));
    let run = Path::new(summary["run"].as_str().unwrap());
    assert!(fs::read_dir(run.join("checkpoints")).unwrap().count() > 0);

    let image = dir.join("dataset/sub-01/anat/sub-01_acq-ax_T2w.nii.gz");
    let (made, trained) = (modified(&image), modified(&run.join("checkpoints")));
    let second = demo(&dir, &words);
    assert!(second.status.success());
    assert_eq!((modified(&image), modified(&run.join("checkpoints"))), (made, trained));
}

fn modified(path: &Path) -> std::time::SystemTime {
    fs::metadata(path).unwrap().modified().unwrap()
}

#[test]
fn a_folder_with_something_else_in_it_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("chapter.txt"), "years of work").unwrap();
    let refused = demo(home.path(), &["--headless"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no demo cohort"));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn another_cohort_in_the_folder_is_refused_with_the_way_out() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("try");
    deepseg::demo::make_cohort(&dir.join("dataset"), 1, 1, &|_, _| ()).unwrap();
    let refused = demo(&dir, &["--headless", "--subjects", "4"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another --dir"));
}
