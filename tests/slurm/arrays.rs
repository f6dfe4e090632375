//! Job arrays: preprocessing in shares, a sweep with a task per training.

use crate::cluster::{Lab, json};

#[test]
fn preprocessing_in_shares_makes_every_crop_once_and_one_bad_scan_stops_nobody() {
    let Some(lab) = Lab::open() else { return };
    // One scan that cannot be read, in the project's list.
    let list = lab.project.join("scans.json");
    let text = std::fs::read_to_string(&list).unwrap();
    let broken = text.replacen("_T2starw.nii.gz", "_missing.nii.gz", 1);
    assert_ne!(text, broken);
    std::fs::write(&list, broken).unwrap();

    let none = lab.deepseg("preprocess", &["--summary"]);
    assert!(!none.status.success() && String::from_utf8_lossy(&none.stderr).contains("--slurm"), "{none:?}");
    let submitted = lab.deepseg("preprocess", &["--slurm", "--tasks", "3", "--at-once", "2", "--json"]);
    assert!(submitted.status.success(), "{submitted:?}");
    assert_eq!(json(&submitted)["tasks"], 3);
    let summary = lab.wait("the tasks", || {
        let summary = json(&lab.deepseg("preprocess", &["--summary", "--json"]));
        (summary["tasks"]["reported"] == 3).then_some(summary)
    });
    let failed = summary["failed"].as_array().unwrap();
    assert_eq!((summary["done"].as_u64(), failed.len()), (Some(7), 1), "{summary}");
    assert_eq!(summary["tasks"]["lost"], 0);

    let again = json(&lab.deepseg("preprocess", &["--json"]));
    assert_eq!(
        (again["done"].as_u64(), again["cached"].as_u64()),
        (Some(0), Some(7)),
        "nothing was left: {again}"
    );
}

#[test]
fn a_sweep_is_an_array_with_a_task_per_training() {
    let Some(lab) = Lab::open() else { return };
    let options =
        ["--seed", "0,1", "--epochs", "1", "--set", "device=cpu", "--slurm", "--at-once", "1", "--json"];
    let submitted = lab.deepseg("sweep", &options);
    assert!(submitted.status.success(), "{submitted:?}");
    let sweep = json(&submitted)["sweep"].as_str().unwrap().to_owned();
    let watched = lab.on("watch", sweep.as_ref());
    let said = json(&watched);
    assert_eq!((said["status"].as_str(), said["done"].as_u64()), (Some("done"), Some(2)), "{watched:?}");
    assert!(said["table"][0]["val_dice"]["mean"].is_number(), "{said}");

    // Of another one the second task still waits when both are stopped.
    let options =
        ["--seed", "2,3", "--epochs", "50", "--set", "device=cpu", "--slurm", "--at-once", "1", "--json"];
    let sweep = json(&lab.deepseg("sweep", &options))["sweep"].as_str().unwrap().to_owned();
    lab.wait("the first task", || {
        let runs = json(&lab.deepseg("runs", &["--json"]));
        runs["runs"].as_array().unwrap().iter().any(|r| r["status"] == "running").then_some(())
    });
    let stopped = json(&lab.on("stop", sweep.as_ref()));
    let states: Vec<_> =
        stopped["points"].as_array().unwrap().iter().map(|p| p["status"].as_str().unwrap()).collect();
    assert_eq!(states, ["stopped", "stopped"], "{stopped}");
}
