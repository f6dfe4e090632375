#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! Runs in the workbench, with keys: compared in one chart, ranked, their console read, and the end of one announced.

mod workbench_pty;

use deepseg::runs::{FakeScript, play};
use deepseg::training::{RunDir, RunWriter, StopSignal, TrainConfig};
use workbench_pty::{Workbench, cohort};

const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";

#[test]
fn runs_are_compared_and_the_end_of_one_rings() {
    let home = tempfile::tempdir().unwrap();
    let project = cohort(home.path(), 3);
    for (name, lr) in [("20260101T000000Z-slow", 1e-4), ("20260102T000000Z-fast", 1e-2)] {
        let config = TrainConfig { project: project.clone(), lr, ..TrainConfig::default() };
        let mut run = RunWriter::create(RunDir::new(project.join("runs").join(name)), &config).unwrap();
        let script = FakeScript { pace_ms: 1, epochs: 12, ..FakeScript::default() };
        play(&script, &mut run, &StopSignal::manual()).unwrap();
    }
    let script = home.path().join("script.toml");
    std::fs::write(&script, "pace_ms = 40\nepochs = 20\nsteps_per_epoch = 5\n").unwrap();
    let fake = [("DEEPSEG_FAKE_TRAINER", script.as_path())];
    let mut workbench = Workbench::start(&[&project], home.path(), (100, 30), &fake);
    workbench.wait_for(&["Scans 3"]);
    workbench.press("t");
    workbench.wait_for(&["Runs 2", "done  epoch 12 of 12", "Loss  ━━ train 0.", "Dice"]);
    workbench.press(LEFT);
    workbench.wait_for(&["Loss  epoch 12"]);
    workbench.press(" ");
    workbench.press(DOWN);
    workbench.press(" ");
    workbench.wait_for(&["2 runs compared", "a ━━", "b ━━"]);
    workbench.press("b");
    workbench.wait_for(&["All runs", "differ in", "0.0001"]);
    workbench.press("b");
    workbench.wait_for(&["2 runs compared"]);
    workbench.press("c");
    workbench.wait_for(&["console.log", "following", "Nothing was written"]);
    workbench.press("c");
    assert!(!workbench.written().contains(&7), "nothing has rung yet");
    workbench.press("n");
    workbench.wait_for(&["New training"]);
    workbench.press("20\r");
    workbench.wait_for(&["Runs 3", "2 Training•"]);
    workbench.wait_for(&["has finished; best Dice"]);
    assert!(workbench.written().contains(&7), "the bell rings");
    workbench.press("q");
    assert!(workbench.ended().success());
    workbench.assert_restored();
}
