//! A training that is killed without warning, as by a power cut: what it leaves can always be opened and gone on from, and in
//! the end it is the run that nobody killed, bit for bit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod cohort;

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use cohort::{Cohort, said, weights};
use deepseg::runs::{Live, RunState};
use deepseg::training::RunDir;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LONG: Duration = Duration::from_secs(60);

/// Every kind of state that must survive: momentum, an average, groups of batches, a climbing and falling rate.
const EVERY_STATE: [&str; 14] = [
    "--lr",
    "0.01",
    "--set",
    "optimiser.kind=sgd",
    "--set",
    "optimiser.accumulate=2",
    "--set",
    "optimiser.ema=0.9",
    "--set",
    "schedule.kind=cosine",
    "--set",
    "schedule.warmup=2",
    "--set",
    "early_stop.patience=50",
];

fn start(cohort: &Cohort, words: &[&str]) -> Child {
    cohort.train(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn finish(cohort: &Cohort, words: &[&str]) {
    let done = cohort.train(words).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
}

/// Goes on with a run, which keeps its own settings.
fn resume(cohort: &Cohort, run: &str) -> Child {
    let words = ["train", "p", "--run-dir", run, "--resume"];
    cohort.command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until the run has finished this many epochs.
fn wait_for_epoch(run: &Path, epoch: u32) {
    let begin = Instant::now();
    let reached = || Live::open(RunDir::new(run)).is_ok_and(|live| live.status().epoch >= epoch);
    while !reached() {
        assert!(begin.elapsed() < LONG, "epoch {epoch} of {} never came", run.display());
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// What every viewer draws: the values of each epoch, without its times.
fn curves(run: &Path) -> Vec<String> {
    let live = Live::open(RunDir::new(run)).unwrap();
    let point = |e: &deepseg::runs::EpochPoint| {
        format!("{} {:?} {:?} {:?} {:e}", e.epoch, e.train_loss, e.val_loss, e.val_dice, e.lr)
    };
    live.history().epochs.iter().map(point).collect()
}

#[test]
fn three_epochs_a_kill_and_a_resume_to_eight_are_eight_epochs() {
    let cohort = Cohort::new(4);
    let words = |run| [&EVERY_STATE[..], &["--epochs", "8", "--run-dir", run]].concat();
    finish(&cohort, &words("whole"));
    let mut child = start(&cohort, &words("killed"));
    wait_for_epoch(&cohort.path("killed"), 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let epoch = Live::open(RunDir::new(cohort.path("killed"))).unwrap().status().epoch;
    assert!((3..8).contains(&epoch), "killed too late: epoch {epoch}");
    assert!(resume(&cohort, "killed").wait().unwrap().success());
    assert!(weights(&cohort.path("whole")) == weights(&cohort.path("killed")), "the weights differ");
    assert_eq!(curves(&cohort.path("whole")), curves(&cohort.path("killed")));
    assert_eq!(curves(&cohort.path("whole")).len(), 8);
}

#[test]
fn three_epochs_made_longer_to_eight_are_eight_epochs() {
    let cohort = Cohort::new(4);
    finish(&cohort, &["--epochs", "8", "--run-dir", "whole"]);
    finish(&cohort, &["--epochs", "3", "--run-dir", "parts"]);
    let longer = cohort.run(&["train", "p", "--run-dir", "parts", "--resume", "--epochs", "8"]);
    assert_eq!(longer.status.code(), Some(0), "{}", said(&longer));
    assert!(weights(&cohort.path("whole")) == weights(&cohort.path("parts")), "the weights differ");
    assert_eq!(curves(&cohort.path("whole")), curves(&cohort.path("parts")));
}

#[test]
fn twenty_kills_never_break_a_run() {
    let seed = std::env::var("DEEPSEG_KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    println!("seed {seed}; another with DEEPSEG_KILL_SEED");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let cohort = Cohort::new(4);
    let words = |run| [&EVERY_STATE[..], &["--epochs", "40", "--run-dir", run]].concat();
    let begin = Instant::now();
    finish(&cohort, &words("whole"));
    let whole = begin.elapsed();
    let run = cohort.path("killed");
    let (mut kills, mut child) = (0, start(&cohort, &words("killed")));
    while kills < 20 {
        // Short enough that the run is not over before the last of them.
        std::thread::sleep(whole.mul_f64(random.random_range(0.0..0.06)));
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "after {kills} kills it ended by itself: {ended:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        if !run.join("config.toml").exists() {
            child = start(&cohort, &words("killed"));
            continue;
        }
        let status = Live::open(RunDir::new(&run)).unwrap().status();
        assert!(matches!(status.state, RunState::Crashed | RunState::Starting), "{kills}: {status:?}");
        println!("kill {kills} in epoch {}", status.epoch);
        child = resume(&cohort, "killed");
    }
    assert!(child.wait().unwrap().success());
    assert!(weights(&cohort.path("whole")) == weights(&run), "the weights differ after {kills} kills");
    assert_eq!(curves(&cohort.path("whole")), curves(&run));
}
