//! What a run will learn from, asked before it runs: the division of subjects, who is held out for good, and changed patches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

use deepseg::dataset::{Project, Settings};
use deepseg::preprocess::{BatchOptions, run_batch};
use deepseg::volume::{Affine, Grid, Volume, read_image, read_mask, write_image, write_mask};
use serde_json::Value;

const GIVEN_ONLY: &str = "[centerline]\nchain = [\"mask\"]\n";

/// Subjects with a straight cord; the lesion of each is longer than the one's before.
fn project(folder: &Path, subjects: usize) -> PathBuf {
    let data = folder.join("data");
    (1..=subjects).for_each(|number| write_subject(&data, number));
    fs::write(data.join("dataset_description.json"), r#"{"Name": "sides", "BIDSVersion": "1.8.0"}"#).unwrap();
    let settings = Settings {
        mask: Some("lesion-manual".into()),
        cord: Some("seg-manual".into()),
        others: GIVEN_ONLY.into(),
        ..Settings::new(&data)
    };
    let (project, _) = Project::create(&folder.join("project"), settings).unwrap();
    let scans: Vec<_> = project.scans().iter().collect();
    let report =
        run_batch(&project, &scans, &BatchOptions::default(), &|_| (), &AtomicBool::new(false)).unwrap();
    assert_eq!(report.done, subjects);
    project.dir().to_owned()
}

fn write_subject(data: &Path, number: usize) {
    let grid = Grid { shape: [40, 40, 14], affine: Affine::scaling([0.8, 0.8, 3.0], [-16.0, 5.0, 0.0]) };
    let around =
        |x: usize, y: usize, radius: usize| x.abs_diff(20).pow(2) + y.abs_diff(20).pow(2) <= radius * radius;
    let fill = |inside: &dyn Fn(usize, usize, usize) -> bool| {
        let mut mask = Volume::filled(grid, 0u8);
        mask.data.indexed_iter_mut().for_each(|((x, y, z), value)| *value = u8::from(inside(x, y, z)));
        mask
    };
    let mut image = Volume::filled(grid, 0.0f32);
    for ((x, y, z), value) in image.data.indexed_iter_mut() {
        let lesion = around(x, y, 2) && z >= 2 && z < 3 + number;
        let texture = ((x * 7 + y * 13 + z * 29 + number * 31) % 17) as f32;
        *value = texture + if around(x, y, 6) { 300.0 } else { 100.0 } + if lesion { 150.0 } else { 0.0 };
    }
    let name = format!("sub-{number:02}");
    let scan = data.join(&name).join("anat");
    let labels = data.join("derivatives/labels").join(&name).join("anat");
    fs::create_dir_all(&scan).unwrap();
    fs::create_dir_all(&labels).unwrap();
    write_image(&scan.join(format!("{name}_T2w.nii.gz")), &image).unwrap();
    let cord = fill(&|x, y, _| around(x, y, 6));
    write_mask(&labels.join(format!("{name}_T2w_seg-manual.nii.gz")), &cord).unwrap();
    let lesion = fill(&|x, y, z| around(x, y, 2) && z >= 2 && z < 3 + number);
    write_mask(&labels.join(format!("{name}_T2w_lesion-manual.nii.gz")), &lesion).unwrap();
}

fn deepseg(command: &str, project: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).arg(command).arg(project).args(more).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn subjects(answer: &Value, side: &str) -> BTreeSet<String> {
    let names = answer["sides"][side]["subjects"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_test_side_is_named_once_and_kept() {
    let place = tempfile::tempdir().unwrap();
    let project = project(place.path(), 8);
    let before = json(&deepseg("split", &project, &["--json"]));
    assert!(before["held_out"].is_null());
    assert_eq!(["train", "val", "test"].map(|side| subjects(&before, side).len()), [4, 2, 2]);
    assert!(!project.join("held_out.json").exists(), "looking must not name anybody");

    let unknown = deepseg("split", &project, &["--test-subjects", "77"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("77"));

    let named = json(&deepseg("split", &project, &["--test-subjects", "03,sub-08", "--json"]));
    let held = BTreeSet::from(["sub-03".to_owned(), "sub-08".to_owned()]);
    assert_eq!(subjects(&named, "test"), held);
    for more in
        [["--seed", "5"], ["--seed", "6"], ["--fold", "1/3"], ["--fold", "3/3"], ["--set", "split.test=0"]]
    {
        let later = json(&deepseg("split", &project, &[&more[..], &["--json"]].concat()));
        assert_eq!(subjects(&later, "test"), held, "{more:?}");
        assert!(subjects(&later, "val").is_disjoint(&held) && subjects(&later, "train").is_disjoint(&held));
    }
    let folds: Vec<_> = ["1/3", "2/3", "3/3"]
        .iter()
        .flat_map(|fold| subjects(&json(&deepseg("split", &project, &["--fold", fold, "--json"])), "val"))
        .collect();
    assert_eq!((folds.len(), folds.iter().collect::<BTreeSet<_>>().len()), (6, 6), "{folds:?}");

    let again = deepseg("split", &project, &["--test", "0.5"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("is kept"));
}

#[test]
fn who_comes_later_is_said_and_never_tests() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let project_then = project(first.path(), 5);
    let named = json(&deepseg("split", &project_then, &["--test", "0.4", "--seed", "2", "--json"]));
    assert_eq!(subjects(&named, "test").len(), 2);
    let project_now = project(second.path(), 6);
    fs::copy(project_then.join("held_out.json"), project_now.join("held_out.json")).unwrap();
    let now = json(&deepseg("split", &project_now, &["--json"]));
    assert_eq!(subjects(&now, "test"), subjects(&named, "test"));
    assert!(now["notes"].to_string().contains("sub-06"), "{}", now["notes"]);

    fs::write(project_now.join("held_out.json"), "{").unwrap();
    let damaged = deepseg("split", &project_now, &[]);
    assert_eq!(damaged.status.code(), Some(1), "a damaged file is never taken for none");
    assert!(String::from_utf8_lossy(&damaged.stderr).contains("held_out.json"));
}

#[test]
fn patches_can_be_looked_at_before_training() {
    let place = tempfile::tempdir().unwrap();
    let project = project(place.path(), 4);
    let out = place.path().join("patches");
    let wanted =
        ["--count", "2", "--draws", "3", "--augment", "strong", "--json", "-o", out.to_str().unwrap()];
    let answer = json(&deepseg("patches", &project, &wanted));
    let patches = answer["patches"].as_array().unwrap();
    assert_eq!(patches.len(), 2);
    for patch in patches {
        let file = |name: &Value, end: &str| out.join(name.as_str().unwrap().replace(".nii.gz", end));
        let original = read_image(&file(&patch["image"], ".nii.gz")).unwrap();
        assert_eq!(original.grid.shape, [48, 48, 48]);
        assert!(original.grid.orientation().to_string() == "RPI", "{}", original.grid.orientation());
        assert!(read_mask(&file(&patch["image"], "_mask.nii.gz")).unwrap().data.iter().any(|v| *v > 0));
        let draws = patch["draws"].as_array().unwrap();
        assert_eq!(draws.len(), 3);
        for draw in draws {
            let changed = read_image(&file(&draw["image"], ".nii.gz")).unwrap();
            let is_same = changed.data == original.data;
            assert_eq!(is_same, draw["changes"].as_array().unwrap().is_empty(), "{draw}");
        }
    }
    assert!(!project.join("held_out.json").exists() && !project.join("runs").exists());
    let wrong = deepseg("patches", &project, &["--augment", "wild", "-o", out.to_str().unwrap()]);
    assert_eq!(wrong.status.code(), Some(2));
}
