#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! A sweep as its user sees it, with the real program and the fake trainer: every combination is trained, one at a time or side
//! by side; a failure stops nobody; stopped and killed sweeps go on.

mod workbench_pty;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use deepseg::dataset::{Project, Settings};
use deepseg::runs::sweep::{SweepDir, SweepStatus, latest_sweep};
use deepseg::runs::{Live, RunState};
use deepseg::training::{RunDir, RunInfo};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(30);

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn with_script(script: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("script.toml", script);
        // Listed by its names only: what a sweep needs of a project before it trains.
        for name in ["images/sub-1_T2w.nii.gz", "masks/sub-1_T2w.nii.gz"] {
            place.write(&format!("data/{name}"), "");
        }
        Project::create(&place.project(), Settings::new(place.path("data"))).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    fn project(&self) -> PathBuf {
        self.path("p")
    }

    fn sweep(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
        command.arg("sweep").arg(self.project()).args(options).stdin(Stdio::null());
        command
    }

    /// A sweep that plays the script.
    fn play(&self, options: &[&str]) -> Command {
        let mut command = self.sweep(options);
        command.arg("--fake").arg(self.path("script.toml"));
        command
    }

    fn status(&self) -> Option<SweepStatus> {
        SweepStatus::of(latest_sweep(&self.project()).ok()?).ok()
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&SweepStatus) -> bool) -> SweepStatus {
        let begin = Instant::now();
        loop {
            match self.status().filter(&holds) {
                Some(status) => return status,
                None => assert!(
                    begin.elapsed() < LONG,
                    "waiting for {what}: {:?}",
                    self.status().map(|s| s.tally())
                ),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Place {
    /// No trainer survives its test.
    fn drop(&mut self) {
        for point in self.status().map(|s| s.sweep.runs()).unwrap_or_default() {
            deepseg::runs::kill(&point).ok();
        }
    }
}

fn quiet(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn deepseg(command: &str, path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).args([command, "--json"]).arg(path).output().unwrap()
}

fn working(status: &SweepStatus) -> Vec<usize> {
    let at = |state: &RunState| matches!(state, RunState::Starting | RunState::Running);
    (0..status.points.len()).filter(|&i| at(&status.points[i].run.state)).collect()
}

#[test]
fn every_combination_is_trained_and_summed_up_over_folds_and_seeds() {
    let place = Place::with_script("pace_ms = 1\nepochs = 2\nsteps_per_epoch = 2");
    let lists =
        ["--lr", "1e-3,3e-4", "--fold", "all/2", "--seed", "0,1", "--set", "batch=2", "--name", "rates"];
    let output = place.play(&[&lists[..], &["--json"]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = json(&output);
    assert_eq!((said["status"].as_str(), said["done"].as_u64()), (Some("done"), Some(8)));
    assert_eq!(said["points"].as_array().unwrap().len(), 8);
    let table = said["table"].as_array().unwrap();
    assert_eq!(table.len(), 2, "a row per rate: {table:?}");
    assert!(table.iter().all(|row| row["of"] == 4 && row["val_dice"]["mean"].as_f64().unwrap() > 0.0));

    let dir = latest_sweep(&place.project()).unwrap();
    let csv = fs::read_to_string(dir.path().join("summary.csv")).unwrap();
    assert_eq!((csv.lines().count(), csv.starts_with("lr,runs,of,val_dice_mean")), (3, true), "{csv}");
    let run = RunDir::new(said["points"][0]["run"].as_str().unwrap());
    assert!(run.name().ends_with("-01-lr1e-3-fold1of2-seed0"), "{}", run.name());
    let frozen = fs::read_to_string(run.config()).unwrap();
    assert!(frozen.contains("fold = \"1/2\"") && frozen.contains("batch = 2"), "{frozen}");
    let listed = json(&deepseg("runs", &place.project()));
    assert_eq!(
        (listed["runs"].as_array().unwrap().len(), listed["sweeps"][0]["status"].as_str()),
        (8, Some("done"))
    );
}

#[test]
fn devices_work_side_by_side_and_each_on_one_training() {
    let place = Place::with_script("pace_ms = 40\nepochs = 15");
    let mut queue = quiet(place.play(&["--seed", "0,1,2", "--devices", "cpu,cpu"]));
    let status = place.wait_for("two at work", |s| working(s).len() == 2);
    assert_eq!((working(&status), status.word()), (vec![0, 1], "running"));
    assert_eq!(queue.wait().unwrap().code(), Some(0));
    assert_eq!(place.status().unwrap().word(), "done");
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let place = Place::with_script("pace_ms = 1\nepochs = 1\nending = \"failed\"");
    let output = place.play(&["--seed", "0,1", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = json(&output);
    assert_eq!(said["status"], "failed");
    assert!(
        said["points"].as_array().unwrap().iter().all(|p| p["message"] == "the script says so"),
        "{said}"
    );

    place.write("script.toml", "pace_ms = 1\nepochs = 2");
    let again = place.play(&["--resume", "--json"]).output().unwrap();
    assert_eq!((json(&again)["status"].as_str(), again.status.code()), (Some("done"), Some(0)), "{again:?}");
}

#[test]
fn a_stopped_sweep_keeps_what_waits_and_goes_on() {
    let place = Place::with_script("pace_ms = 20\nepochs = 200");
    let launched = place.play(&["--seed", "0,1", "--detach"]).output().unwrap();
    assert_eq!(launched.status.code(), Some(0), "{launched:?}");
    let dir = SweepDir::new(String::from_utf8(launched.stdout).unwrap().trim());
    place.wait_for("an epoch", |s| s.points[0].run.epoch > 0);
    let stopped = json(&deepseg("stop", dir.path()));
    assert_eq!(stopped["status"], "stopped");
    assert_eq!(
        (stopped["points"][0]["status"].as_str(), stopped["points"][1]["status"].as_str()),
        (Some("stopped"), Some("waiting"))
    );
    let again = deepseg("stop", dir.path());
    assert!(String::from_utf8_lossy(&again.stderr).contains("nothing to stop"), "{again:?}");

    place.write("script.toml", "pace_ms = 1\nepochs = 12");
    let output = place.play(&["--resume", "--json"]).output().unwrap();
    assert_eq!((json(&output)["done"].as_u64(), output.status.code()), (Some(2), Some(0)), "{output:?}");
}

#[test]
fn a_killed_queue_leaves_its_trainer_at_work_and_the_next_takes_it_over() {
    let place = Place::with_script("pace_ms = 30\nepochs = 25");
    let mut queue = quiet(place.play(&["--seed", "0,1"]));
    let status = place.wait_for("an epoch", |s| s.points[0].run.epoch > 0);
    queue.kill().unwrap();
    queue.wait().unwrap();
    let first = status.points[0].run.dir.clone();
    let trainer = RunInfo::read(&first).unwrap().process;
    assert!(trainer.is_here() && !place.status().unwrap().queue);

    let output = place.play(&["--resume", "--json"]).output().unwrap();
    assert_eq!((json(&output)["done"].as_u64(), output.status.code()), (Some(2), Some(0)), "{output:?}");
    assert_eq!(RunInfo::read(&first).unwrap().process, trainer, "it was never started again");
}

#[test]
fn a_trainer_that_crashes_is_continued() {
    let place = Place::with_script("pace_ms = 20\nepochs = 30");
    let mut queue = quiet(place.play(&["--seed", "0,1"]));
    let status = place.wait_for("an epoch", |s| s.points[0].run.epoch > 0);
    let dir = status.points[0].run.dir.clone();
    let before = RunInfo::read(&dir).unwrap().process;
    deepseg::runs::kill(&dir).unwrap();
    assert_eq!(queue.wait().unwrap().code(), Some(0));
    assert_ne!(RunInfo::read(&dir).unwrap().process, before);
    let epochs: Vec<u32> = Live::open(dir).unwrap().history().epochs.iter().map(|e| e.epoch).collect();
    assert_eq!(epochs, (1..=30).collect::<Vec<_>>());
}

#[test]
fn mistakes_are_answered_before_anything_starts() {
    let place = Place::with_script("");
    let said = |options: &[&str]| {
        let output = place.sweep(options).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said(&["--lr", "1e-3,-1"]).contains("point 2 (lr=-1)"));
    assert!(said(&["--lr", "1e-3,0.001"]).contains("the same training"));
    assert!(said(&["--set", "lerning=1,2"]).contains("lerning"));
    assert!(said(&["--fold", "all/1"]).contains("split.fold"));
    assert!(said(&["--devices", "tpu", "--lr", "1e-3"]).contains("tpu"));
    assert!(place.status().is_none() && !place.project().join("runs").exists(), "nothing was made");

    let shown = place.sweep(&["--lr", "1e-3,3e-4", "--network", "small,t2s", "--dry-run"]).output().unwrap();
    assert_eq!(String::from_utf8(shown.stdout).unwrap().lines().count(), 4);
    assert!(place.status().is_none());
}

#[test]
fn a_file_lists_points_that_are_no_combination() {
    let place = Place::with_script("pace_ms = 1\nepochs = 1");
    place.write("points.toml", "[[point]]\nlr = 0.01\n[[point]]\nnetwork = 't2s'\nschedule.patience = 5");
    let file = place.path("points.toml").display().to_string();
    let output = place.play(&["--list", &file, "--json"]).output().unwrap();
    assert_eq!(json(&output)["done"], 2, "{output:?}");
}

#[test]
fn lists_in_the_form_make_a_sweep_that_is_stopped_and_continued_with_keys() {
    let place = Place::with_script("pace_ms = 50\nepochs = 30");
    let script = place.path("script.toml");
    let fake = [("DEEPSEG_FAKE_TRAINER", script.as_path())];
    let mut workbench =
        workbench_pty::Workbench::start(&[&place.project()], place.folder.path(), (120, 40), &fake);
    workbench.wait_for(&["Scans 1"]);
    workbench.press("tn\x1b[B\x1b[B1e-3, 3e-4");
    workbench.wait_for(&["a sweep of 2 trainings"]);
    workbench.press("\x0f");
    workbench.wait_for(&["nothing is started yet", "lr=1e-3", "lr=3e-4"]);
    workbench.press("\x1b");
    workbench.wait_for(&["New training"]);
    workbench.press("\r");
    workbench.wait_for(&["running  epoch", "sweep 0/2, 1 running, 1 waiting", "└ 01-lr1e-3"]);
    workbench.press("S");
    workbench.wait_for(&["Stop this sweep?"]);
    workbench.press("y");
    workbench.wait_for(&["stopped  epoch", "sweep 0/2, 0 running, 1 waiting"]);
    place.write("script.toml", "pace_ms = 1\nepochs = 30");
    workbench.press("U");
    workbench.wait_for(&["sweep 2/2"]);
    workbench.press("q");
    assert!(workbench.ended().success());
}
