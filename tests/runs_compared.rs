//! Runs side by side from the outside: `deepseg runs --compare`, and a training like an earlier one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deepseg::runs::{FakeScript, play};
use deepseg::training::{RunDir, RunWriter, StopSignal, TrainConfig};
use serde_json::Value;

fn deepseg(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).args(arguments).output().unwrap()
}

/// A project of a small cohort with two played runs that differ in their rate.
fn project(place: &Path) -> PathBuf {
    let (data, project) = (place.join("data"), place.join("p"));
    deepseg::demo::make_cohort(&data, 3, 1, &|_, _| ()).unwrap();
    let made = deepseg(&["init", data.to_str().unwrap(), "--project", project.to_str().unwrap()]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for (name, lr) in [("20260101T000000Z-slow", 1e-4), ("20260102T000000Z-fast", 1e-2)] {
        let config = TrainConfig { project: project.clone(), lr, ..TrainConfig::default() };
        let mut run = RunWriter::create(RunDir::new(project.join("runs").join(name)), &config).unwrap();
        let script = FakeScript { pace_ms: 1, epochs: 3, ..FakeScript::default() };
        play(&script, &mut run, &StopSignal::manual()).unwrap();
    }
    project
}

#[test]
fn a_comparison_names_best_values_and_only_what_differs() {
    let place = tempfile::tempdir().unwrap();
    let project = project(place.path());
    let at = project.to_str().unwrap();
    let said = deepseg(&["runs", at, "--compare", "slow", "fast", "--json"]);
    let answer: Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(answer["runs"][0]["name"], "20260101T000000Z-slow");
    assert_eq!(answer["runs"][1]["best"]["epoch"], 3);
    assert_eq!(answer["differences"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["differences"][0]["key"], "lr");
    assert_eq!(answer["differences"][0]["values"], serde_json::json!(["0.0001", "0.01"]));

    let table = String::from_utf8(deepseg(&["runs", at, "--compare", "slow", "fast"]).stdout).unwrap();
    assert!(table.lines().any(|l| l.starts_with("a  20260101T000000Z-slow  done")), "{table}");
    assert!(table.lines().any(|l| l.split_whitespace().eq(["lr", "0.0001", "0.01"])), "{table}");

    let unknown = deepseg(&["runs", at, "--compare", "2026"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("write more of the name"));
}

#[test]
fn a_run_like_another_is_refused_where_there_is_none() {
    let place = tempfile::tempdir().unwrap();
    let project = project(place.path());
    let refused = deepseg(&["train", project.to_str().unwrap(), "--like", "nobody"]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("no run directory"));
    let both = deepseg(&["train", project.to_str().unwrap(), "--like", "slow", "--resume"]);
    assert_eq!(both.status.code(), Some(2));
}
