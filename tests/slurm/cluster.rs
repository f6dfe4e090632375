//! The journeys: handed in, waiting, running, put back, continued; taken out of the queue; refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use deepseg::dataset::{Contrast, Project, Settings};
use deepseg::runs::Live;
use deepseg::testing::shared;
use deepseg::training::RunDir;
use serde_json::Value;

use crate::site::Site;

const LONG: Duration = Duration::from_secs(120);
const DEEPSEG: &str = env!("CARGO_BIN_EXE_deepseg");

pub struct Lab {
    pub site: Site,
    pub project: PathBuf,
    _folder: tempfile::TempDir,
}

impl Lab {
    /// A Slurm and a project of four small scans with masks; `None` where either is missing.
    pub fn open() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            contrast: Some(Contrast::T2s),
            image: vec!["T2starw".into()],
            mask: Some("gmseg-manual".into()),
            cord: Some("seg-manual".into()),
            ..Settings::new(shared("data/bids-gm")?)
        };
        let project = folder.path().join("p");
        Project::create(&project, settings).unwrap();
        Some(Self { site: Site::start()?, project, _folder: folder })
    }

    fn command(&self, command: &str, options: &[&str]) -> Command {
        let mut deepseg = self.site.command(DEEPSEG);
        deepseg.arg(command).arg(&self.project).args(options);
        deepseg
    }

    pub fn deepseg(&self, command: &str, options: &[&str]) -> Output {
        self.command(command, options).output().unwrap()
    }

    /// A command on a run or sweep directory.
    pub fn on(&self, command: &str, dir: &Path) -> Output {
        self.site.command(DEEPSEG).args([command, "--json"]).arg(dir).output().unwrap()
    }

    /// Hands a training in and gives its directory.
    fn submit(&self, options: &[&str]) -> RunDir {
        let given = ["--device", "cpu", "--slurm", "--json"];
        let output = self.deepseg("train", &[&given, options].concat());
        assert!(output.status.success(), "{output:?}");
        RunDir::new(json(&output)["run"].as_str().unwrap())
    }

    /// The run as `deepseg runs` lists it.
    fn listed(&self, dir: &RunDir) -> Value {
        let all = json(&self.deepseg("runs", &["--json"]));
        let is_it = |run: &&Value| run["name"].as_str() == Some(&dir.name());
        all["runs"].as_array().unwrap().iter().find(is_it).cloned().unwrap_or_default()
    }

    pub fn wait<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begin.elapsed() < LONG, "waiting for {what}:\n{}", self.site.logs());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn wait_for_step(&self, dir: &RunDir, step: u64) {
        self.wait(&format!("step {step}"), || {
            Live::open(dir.clone())
                .ok()
                .filter(|live| live.history().step >= step && live.status().state.is_alive())
        });
    }
}

pub fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn job(dir: &RunDir) -> String {
    let text = std::fs::read(dir.path().join("slurm.json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["job"].to_string()
}

/// What the run learnt, to the last bit.
fn curves(dir: &RunDir) -> Vec<(u32, Option<f64>, Option<f64>)> {
    let live = Live::open(dir.clone()).unwrap();
    live.history().epochs.iter().map(|e| (e.epoch, e.val_loss, e.val_dice)).collect()
}

#[test]
fn a_training_that_meets_its_limit_or_loses_its_node_ends_as_if_nothing_had_happened() {
    let Some(lab) = Lab::open() else { return };
    let options = ["--epochs", "2", "--seed", "3"];
    let dir = lab.submit(&[&options[..], &["--time", "30", "--cpus", "1", "--partition", "main"]].concat());
    let script = std::fs::read_to_string(dir.path().join("job.sbatch")).unwrap();
    assert!(script.contains("#SBATCH --partition=main\n"), "{script}");

    // The time limit's signal, as Slurm sends it two minutes before.
    lab.wait_for_step(&dir, 2);
    assert_eq!(lab.listed(&dir)["queue"]["state"], "RUNNING");
    let (sent, said) = lab.site.say("scancel", &["--signal=USR1", "--batch", &job(&dir)]);
    assert!(sent, "{said}");
    lab.wait("the job to be put back", || (lab.listed(&dir)["status"] == "waiting").then_some(()));

    // It goes on by itself; then its node is taken away.
    lab.wait_for_step(&dir, 4);
    let (requeued, said) = lab.site.say("scontrol", &["requeue", &job(&dir)]);
    assert!(requeued, "{said}");
    let watched = lab.on("watch", dir.path());
    assert_eq!(
        json(&watched)["status"],
        "done",
        "{watched:?}\n{}",
        std::fs::read_to_string(dir.console()).unwrap()
    );

    let whole = RunDir::new(lab.project.join("runs/whole"));
    let place = whole.path().display().to_string();
    let output = lab.deepseg("train", &[&options[..], &["--device", "cpu", "--run-dir", &place]].concat());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(curves(&dir), curves(&whole));
    assert_eq!(curves(&dir).len(), 2);
}

#[test]
fn a_job_that_waits_is_shown_with_its_reason_and_taken_back() {
    let Some(lab) = Lab::open() else { return };
    let dir = lab.submit(&["--epochs", "1", "--sbatch-option=--begin=now+1hour"]);
    let listed = lab.listed(&dir);
    assert_eq!(
        (listed["status"].as_str(), listed["queue"]["state"].as_str()),
        (Some("waiting"), Some("PENDING"))
    );
    let reason = lab.wait("the reason", || {
        lab.listed(&dir)["queue"]["reason"].as_str().filter(|r| !r.is_empty()).map(str::to_owned)
    });
    assert_eq!(reason, "BeginTime");
    let again =
        lab.deepseg("train", &["--resume", "--slurm", "--run-dir", &dir.path().display().to_string()]);
    assert!(!again.status.success(), "one run, one job: {again:?}");

    let stopped = lab.on("stop", dir.path());
    assert!(stopped.status.success(), "{stopped:?}");
    assert_eq!(lab.listed(&dir)["queue"]["state"], "CANCELLED");
    assert_eq!(lab.listed(&dir)["status"], "stopped");
}

#[test]
fn what_slurm_refuses_is_told_in_its_words_and_leaves_nothing() {
    let Some(lab) = Lab::open() else { return };
    let refused = |options: &[&str]| {
        let output = lab.deepseg("train", &[&["--device", "cpu", "--slurm"], options].concat());
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let partition = refused(&["--partition", "no-such"]);
    assert!(partition.contains("invalid partition specified: no-such"), "{partition}");
    assert!(refused(&["--sbatch-option=--frobnicate"]).contains("frobnicate"));
    assert!(refused(&["--time", "2"]).contains("at least 5"));
    assert!(refused(&["--lr", "0"]).contains("`lr`"));
    let sweep = lab.deepseg("sweep", &["--lr", "1e-3,1e-4", "--slurm", "--partition", "no-such"]);
    assert!(String::from_utf8_lossy(&sweep.stderr).contains("no-such"), "{sweep:?}");
    let runs = std::fs::read_dir(lab.project.join("runs")).into_iter().flatten().count();
    assert_eq!(runs, 0, "a refused job leaves no run");

    let nobody = Command::new(DEEPSEG)
        .arg("train")
        .arg(&lab.project)
        .args(["--slurm"])
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("login node"), "{nobody:?}");
}
