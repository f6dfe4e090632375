//! `deepseg init` and `deepseg check` as scripts use them.

use std::path::Path;
use std::process::{Command, Output};

use deepseg::testing::shared;
use serde_json::Value;

use crate::build::Dataset;

fn deepseg(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).args(arguments).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn with_code<'a>(problems: &'a Value, code: &str) -> Vec<&'a str> {
    let all = problems.as_array().unwrap().iter();
    all.filter(|p| p["code"] == code).map(|p| p["message"].as_str().unwrap()).collect()
}

#[test]
fn the_grey_matter_dataset_becomes_a_project() {
    let Some(root) = shared("data/bids-gm") else { return };
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("P");
    let options = [
        "--contrast",
        "t2s",
        "--image",
        "T2starw",
        "--mask",
        "gmseg-manual",
        "--cord",
        "seg-manual",
        "--json",
    ];
    let output = deepseg(&[&["init", text(&root), "--project", text(&project)], &options[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let summary = json(&output);
    for (key, count) in [("subjects", 4), ("scans", 8), ("with_mask", 4), ("with_cord", 4)] {
        assert_eq!(summary[key], count, "{key}");
    }
    let checked = deepseg(&["check", text(&project), "--json"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let report = json(&checked);
    assert_eq!((report["scans"].as_array().unwrap().len(), &report["errors"]), (8, &Value::from(0)));
}

#[test]
fn what_is_wrong_with_the_lesion_dataset_is_said() {
    let Some(root) = shared("data/bids-lesion") else { return };
    let dir = tempfile::tempdir().unwrap();
    let project = dir.path().join("P");
    let output = deepseg(&["init", text(&root), "--project", text(&project), "--json"]);
    let summary = json(&output);
    assert_eq!((&summary["subjects"], &summary["scans"]), (&Value::from(2), &Value::from(6)));
    let off = with_code(&summary["problems"], "header-mismatch");
    assert_eq!(off.len(), 6);
    assert!(off.iter().all(|m| m.contains("lesion-manual") && m.contains("0.129 mm")), "{off:?}");
    let same = with_code(&summary["problems"], "duplicate");
    assert!(same.iter().any(|m| m.contains("sub-unf01_T2w") && m.contains("sub-unf02_T2w")), "{same:?}");
    let stray = with_code(&summary["problems"], "stray-label");
    assert!(stray.len() == 1 && stray[0].contains("sub-unf02/anat/sub-unf01_T1w_seg-manual"), "{stray:?}");
    // One command mends all headers; the duplicates need a decision each.
    let mended = json(&deepseg(&["check", text(&project), "--fix", "use-image-header", "--json"]));
    let open = |code: &str| {
        let problems =
            mended["scans"].as_array().unwrap().iter().flat_map(|s| s["problems"].as_array().unwrap());
        problems.filter(|p| p["code"] == code && p["severity"] != "info").count()
    };
    assert_eq!((open("header-mismatch"), open("duplicate")), (0, 6));
}

fn faulty() -> Dataset {
    let dataset = Dataset::new();
    dataset.image("images/a.nii.gz", 1);
    dataset.image("images/b.nii.gz", 2);
    dataset.file("masks/b.nii.gz", "no image");
    dataset
}

#[test]
fn a_check_that_meets_errors_exits_with_1_until_they_are_decided() {
    let dataset = faulty();
    let dir = dataset.project_dir();
    let init = deepseg(&["init", text(&dataset.root()), "--project", text(&dir), "--json"]);
    assert_eq!(init.status.code(), Some(1), "{init:?}");
    let check = deepseg(&["check", text(&dir), "--json"]);
    assert_eq!(check.status.code(), Some(1));
    let report = json(&check);
    let scan = &report["scans"][1];
    assert_eq!((&scan["id"], &report["errors"]), (&Value::from("b"), &Value::from(1)));
    for key in ["code", "severity", "message", "fix"] {
        assert!(scan["problems"][0][key].is_string(), "{scan}");
    }
    let excluded = deepseg(&["check", text(&dir), "--fix", "exclude", "--scan", "b"]);
    assert_eq!(excluded.status.code(), Some(0), "{excluded:?}");
    assert!(String::from_utf8_lossy(&excluded.stdout).contains("excluded"));
    let back = deepseg(&["check", text(&dir), "--undo", "exclude", "--scan", "b"]);
    assert_eq!(back.status.code(), Some(1));
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_right() {
    let dataset = faulty();
    let dir = dataset.project_dir();
    let said = |arguments: &[&str], code: i32, words: &str| {
        let output = deepseg(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert!(error.contains(words), "{error} lacks {words}");
    };
    said(&["init", text(&dataset.root())], 2, "--project");
    said(&["check", text(&dir)], 1, "deepseg init");
    deepseg(&["init", text(&dataset.root()), "--project", text(&dir)]);
    said(&["check", text(&dir), "--fix", "mend"], 2, "use-image-header");
    said(&["check", text(&dir), "--fix", "exclude"], 2, "--scan");
    said(&["check", text(&dir), "--fix", "exclude", "--scan", "c"], 1, "\"c\"");
}
