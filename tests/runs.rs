#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! A training's life as its user sees it, with the real program and the fake trainer: it outlives its terminal, is stopped,
//! killed, resumed, and watched by two at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use deepseg::runs::{Live, Liveness, RunState, liveness};
use deepseg::training::{Event, RunDir, RunInfo};
use serde_json::Value;

const LONG: Duration = Duration::from_secs(20);

struct Place {
    folder: tempfile::TempDir,
    dir: RunDir,
}

impl Place {
    fn with_script(script: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("script.toml"), script).unwrap();
        let dir = RunDir::new(folder.path().join("run"));
        Self { folder, dir }
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("script.toml")
    }

    fn train(&self, more: &[&str]) -> Command {
        let mut command = deepseg(&["train", "--fake"]);
        command.arg(self.script()).arg("--run-dir").arg(self.dir.path()).args(more);
        command
    }

    fn state(&self) -> RunState {
        Live::open(self.dir.clone()).unwrap().status().state
    }

    fn wait_for(&self, what: &str, holds: impl Fn(&Live) -> bool) -> Live {
        let begin = Instant::now();
        loop {
            if let Ok(live) = Live::open(self.dir.clone()) {
                if holds(&live) {
                    return live;
                }
                assert!(begin.elapsed() < LONG, "waiting for {what}; it is {:?}", live.status());
            }
            assert!(begin.elapsed() < LONG, "waiting for {what}; there is no run");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn seqs(&self) -> Vec<u64> {
        let text = fs::read_to_string(self.dir.events()).unwrap();
        text.lines().map(|l| Event::from_line(l.as_bytes()).unwrap().seq).collect()
    }
}

impl Drop for Place {
    /// No trainer survives its test.
    fn drop(&mut self) {
        deepseg::runs::kill(&self.dir).ok();
    }
}

fn deepseg(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn quiet(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn signal(pid: u32, name: &str) {
    let done = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(done.success());
}

#[test]
fn a_played_run_ends_with_one_json_object() {
    let place = Place::with_script("pace_ms = 1\nepochs = 3");
    let output = place.train(&["--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = json(&output);
    assert_eq!((said["status"].as_str(), said["epochs"].as_u64()), (Some("done"), Some(3)));
    assert!(said["best"]["val_dice"].as_f64().unwrap() > 0.0);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().filter(|l| l.starts_with("epoch ")).count(), 3, "{told}");
    assert!(!told.contains('\u{1b}'), "no control codes without a terminal: {told}");
}

#[test]
fn a_detached_run_outlives_the_terminal_and_its_curves_are_complete() {
    let place = Place::with_script("pace_ms = 20\nepochs = 8\nsteps_per_epoch = 5");
    // A terminal of its own, in which a shell starts the training; then the terminal is closed.
    let terminal = portable_pty::native_pty_system().openpty(portable_pty::PtySize::default()).unwrap();
    let mut shell = portable_pty::CommandBuilder::new("sh");
    shell.args(["-c", "\"$0\" \"$@\"; echo started; sleep 60", env!("CARGO_BIN_EXE_deepseg"), "train"]);
    shell.args([
        "--fake".as_ref(),
        place.script().as_os_str(),
        "--run-dir".as_ref(),
        place.dir.path().as_os_str(),
    ]);
    shell.arg("--detach");
    let mut shell = terminal.slave.spawn_command(shell).unwrap();
    place.wait_for("the first epoch", |l| !l.history().epochs.is_empty());
    let trainer = RunInfo::read(&place.dir).unwrap().process.pid;
    assert_ne!(Some(trainer), shell.process_id());
    drop(terminal);
    shell.kill().ok();
    shell.wait().unwrap();

    let live = place.wait_for("the end", |l| !l.status().state.is_alive());
    assert_eq!(live.status().state, RunState::Done);
    let epochs: Vec<u32> = live.history().epochs.iter().map(|e| e.epoch).collect();
    assert_eq!(epochs, (1..=8).collect::<Vec<_>>());
}

#[test]
fn a_detached_run_survives_the_death_of_its_parents_group() {
    use std::os::unix::process::CommandExt;
    let place = Place::with_script("pace_ms = 20\nepochs = 6");
    let mut parent = Command::new("sh");
    parent.args([
        "-c",
        "\"$0\" \"$@\"; sleep 60",
        env!("CARGO_BIN_EXE_deepseg"),
        "train",
        "--detach",
        "--fake",
    ]);
    parent.arg(place.script()).arg("--run-dir").arg(place.dir.path()).process_group(0);
    let mut parent = quiet(parent);
    place.wait_for("the first epoch", |l| !l.history().epochs.is_empty());
    let group = format!("-{}", parent.id());
    assert!(Command::new("kill").args(["-KILL", "--", &group]).status().unwrap().success());
    parent.wait().unwrap();
    assert_eq!(liveness(&place.dir), Liveness::Alive);
    place.wait_for("the end", |l| l.status().state == RunState::Done);
}

#[test]
fn a_killed_trainer_is_a_crash_and_resumes() {
    let place = Place::with_script("pace_ms = 20\nepochs = 50");
    let mut trainer = quiet(place.train(&[]));
    place.wait_for("two epochs", |l| l.history().epochs.len() >= 2);
    assert_eq!(place.state(), RunState::Running);
    signal(trainer.id(), "-KILL");
    trainer.wait().unwrap();
    assert_eq!(place.state(), RunState::Crashed);
    let watched = deepseg(&["watch"]).arg(place.dir.path()).output().unwrap();
    assert_eq!(watched.status.code(), Some(1));
    assert!(String::from_utf8(watched.stdout).unwrap().contains("--resume"));

    fs::write(place.script(), "pace_ms = 1\nepochs = 6").unwrap();
    let output = place.train(&["--resume", "--json"]).output().unwrap();
    assert_eq!(json(&output)["status"], "done", "{output:?}");
    let seqs = place.seqs();
    assert_eq!(seqs, (0..seqs.len() as u64).collect::<Vec<_>>());
    let live = Live::open(place.dir.clone()).unwrap();
    let epochs: Vec<u32> = live.history().epochs.iter().map(|e| e.epoch).collect();
    assert_eq!(epochs, (1..=6).collect::<Vec<_>>());

    let before = seqs.len();
    let again = place.train(&["--resume", "--json"]).output().unwrap();
    assert_eq!((again.status.code(), place.seqs().len()), (Some(0), before), "a finished run is left alone");
}

#[test]
fn a_stop_request_ends_the_run_in_good_order() {
    let place = Place::with_script("pace_ms = 20\nepochs = 500");
    let mut trainer = quiet(place.train(&[]));
    place.wait_for("an epoch", |l| !l.history().epochs.is_empty());
    let output = deepseg(&["stop", "--json"]).arg(place.dir.path()).output().unwrap();
    assert_eq!(json(&output)["status"], "stopped", "{output:?}");
    assert_eq!(trainer.wait().unwrap().code(), Some(130));
    let again = deepseg(&["stop"]).arg(place.dir.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8(again.stderr).unwrap().contains("nothing to stop"));
}

#[test]
fn ctrl_c_termination_and_a_closed_terminal_stop_cleanly() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let place = Place::with_script("pace_ms = 20\nepochs = 500");
        let mut trainer = quiet(place.train(&[]));
        place.wait_for("an epoch", |l| !l.history().epochs.is_empty());
        signal(trainer.id(), name);
        assert_eq!(trainer.wait().unwrap().code(), Some(130), "{name}");
        assert_eq!(place.state(), RunState::Stopped, "{name}");
    }
}

#[test]
fn a_trainer_under_nohup_outlives_the_hangup() {
    let place = Place::with_script("pace_ms = 20\nepochs = 5");
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_deepseg"), "train", "--fake"]);
    shell.arg(place.script()).arg("--run-dir").arg(place.dir.path());
    let mut trainer = quiet(shell);
    place.wait_for("an epoch", |l| !l.history().epochs.is_empty());
    signal(trainer.id(), "-HUP");
    assert_eq!(trainer.wait().unwrap().code(), Some(0));
    assert_eq!(place.state(), RunState::Done);
}

#[test]
fn a_trainer_that_does_not_listen_is_killed_on_demand() {
    let place = Place::with_script("pace_ms = 1000000\nepochs = 1");
    let launched = place.train(&["--detach", "--json"]).output().unwrap();
    assert_eq!(launched.status.code(), Some(0), "{launched:?}");
    let begin = Instant::now();
    let output = deepseg(&["stop", "--now", "--json"]).arg(place.dir.path()).output().unwrap();
    assert!(begin.elapsed() < LONG);
    assert_eq!(json(&output)["status"], "crashed", "{output:?}");
    assert_eq!(liveness(&place.dir), Liveness::Gone);
}

#[test]
fn two_viewers_see_the_same_and_disturb_nobody() {
    let place = Place::with_script("pace_ms = 5\nepochs = 10\nsteps_per_epoch = 10");
    let mut trainer = quiet(place.train(&[]));
    place.wait_for("the start", |l| l.history().target_epochs > 0);
    let viewers: Vec<Child> = (0..2)
        .map(|_| {
            let mut viewer = deepseg(&["watch", "--json"]);
            viewer.arg(place.dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let said: Vec<Output> = viewers.into_iter().map(|v| v.wait_with_output().unwrap()).collect();
    assert_eq!(trainer.wait().unwrap().code(), Some(0));
    for output in &said {
        assert_eq!(json(output)["epochs"], 10);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(told.lines().filter(|l| l.starts_with("epoch ")).count(), 10, "{told}");
    }
}

#[test]
fn a_panic_in_the_trainer_is_the_runs_last_word() {
    let place = Place::with_script("pace_ms = 1\nepochs = 2\nending = \"panic\"");
    let output = place.train(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let RunState::Failed(message) = place.state() else { panic!("{:?}", place.state()) };
    assert!(message.contains("the script says so"), "{message}");
}

#[test]
fn what_cannot_start_says_why() {
    let place = Place::with_script("pace_ms = 1\nepochs = 1");
    let said = |output: Output| {
        assert_ne!(output.status.code(), Some(0));
        String::from_utf8(output.stderr).unwrap()
    };
    let missing = said(deepseg(&["train", "/nonexistent"]).output().unwrap());
    assert!(missing.contains("/nonexistent"), "{missing}");

    assert!(place.train(&[]).output().unwrap().status.success());
    let twice = said(place.train(&[]).output().unwrap());
    assert!(twice.contains("--resume"), "{twice}");
    let detached_twice = said(place.train(&["--detach"]).output().unwrap());
    assert!(
        detached_twice.contains("ended at once") && detached_twice.contains("--resume"),
        "{detached_twice}"
    );
    let changed = said(place.train(&["--resume", "--lr", "1"]).output().unwrap());
    assert!(changed.contains("only --epochs and --device"), "{changed}");

    let file = place.folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    let unwritable = said(unwritable_run(&place, &file.join("run")));
    assert!(unwritable.contains("cannot write"), "{unwritable}");
    let no_run = said(deepseg(&["watch"]).arg(place.folder.path()).output().unwrap());
    assert!(no_run.contains("no run directory"), "{no_run}");
}

fn unwritable_run(place: &Place, run: &Path) -> Output {
    deepseg(&["train", "--fake"]).arg(place.script()).arg("--run-dir").arg(run).output().unwrap()
}
