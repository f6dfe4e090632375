//! Trainings: followed through their run directories, started, resumed and stopped. Never part of this process.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::{Effects, sentence};
use crate::dataset::Project;
use crate::runs::{self, History, LOOK_BUDGET, Live, RunStatus};
use crate::training::RunDir;
use crate::workbench::message::Msg;
use crate::workbench::model::{Curves, RunRow};

/// The followed runs, by directory. One poll is under way at a time, so the lock is never waited for.
#[derive(Clone, Default)]
pub(super) struct Lane(Arc<Mutex<HashMap<PathBuf, Live>>>);

impl Lane {
    /// Looks at every run, and gives the curves of the chosen one.
    pub(super) fn poll(
        &self,
        project: &Arc<Project>,
        selected: Option<PathBuf>,
        sender: UnboundedSender<Msg>,
    ) {
        let (lane, runs) = (self.clone(), project.runs_dir());
        tokio::task::spawn_blocking(move || {
            let mut followed = lane.0.lock().unwrap_or_else(PoisonError::into_inner);
            let dirs = directories(&runs);
            followed.retain(|dir, _| dirs.contains(dir));
            let rows = dirs.iter().map(|dir| look(&mut followed, dir)).collect();
            let chosen = selected.or_else(|| dirs.first().cloned());
            let curves =
                chosen.and_then(|dir| followed.get(&dir).map(|live| (dir.clone(), curves(live.history()))));
            sender.send(Msg::Runs { runs: rows, curves }).ok();
        });
    }
}

/// The run directories, newest first: their names begin with the time of their start.
pub(super) fn directories(runs: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    dirs.sort_unstable_by(|a, b| b.cmp(a));
    dirs
}

fn look(followed: &mut HashMap<PathBuf, Live>, dir: &Path) -> RunRow {
    let live = followed.entry(dir.to_owned()).or_insert_with(|| Live::new(RunDir::new(dir)));
    live.look(LOOK_BUDGET);
    row(live.status(), live.history())
}

fn row(status: RunStatus, history: &History) -> RunRow {
    let mut facts = Vec::new();
    if let Some((done, total, what)) = &history.preparing {
        facts.push(("preparing", format!("{what} {done}/{total}")));
    }
    if let Some(pace) = history.epochs.last().map(|e| e.patches_per_second).filter(|p| p.is_finite()) {
        facts.push(("pace", format!("{pace:.1} patches/s")));
    }
    if let Some(busy) = history.epochs.last().and_then(runs::EpochPoint::busy) {
        facts.push(("busy", format!("{:.0} %, else waiting for patches", busy * 100.0)));
    }
    if let Some(gpu) = history.loads.last().and_then(|l| l.load.gpu_load) {
        facts.push(("GPU", format!("{:.0} %", gpu * 100.0)));
    }
    if !status.device.is_empty() {
        facts.push(("", status.device.clone()));
    }
    RunRow {
        dir: status.dir.path().to_owned(),
        name: status.name,
        state: status.state,
        epoch: status.epoch,
        epochs: status.epochs,
        best: status.best.and_then(|b| Some((b.epoch, b.val_dice?))),
        eta: status.eta.map(|d| d.as_secs_f64()),
        facts,
    }
}

fn curves(history: &History) -> Curves {
    let points = |value: &dyn Fn(&runs::EpochPoint) -> Option<f64>| {
        history.epochs.iter().map(|e| (f64::from(e.epoch), value(e).unwrap_or(f64::NAN))).collect()
    };
    let per_epoch = history.steps_per_epoch;
    Curves {
        train: points(&|e| e.train_loss),
        val: points(&|e| e.val_loss),
        dice: points(&|e| e.val_dice),
        rate: points(&|e| Some(e.lr)),
        warnings: history.warnings.iter().map(|(_, text)| text.clone()).collect(),
        within_epoch: history.step.checked_rem(per_epoch).map_or(0.0, |step| step as f64 / per_epoch as f64),
    }
}

/// Starts a training with the form's arguments in a directory of its own.
pub(super) fn launch(project: &Arc<Project>, arguments: Vec<OsString>, effects: &Effects) {
    let dir = RunDir::propose(&project.runs_dir(), &slug(&arguments));
    start(project, dir, arguments, effects);
}

/// Goes on with a run from its last checkpoint.
pub(super) fn resume(project: &Arc<Project>, run: PathBuf, effects: &Effects) {
    start(project, RunDir::new(run), vec!["--resume".into()], effects);
}

fn start(project: &Arc<Project>, dir: RunDir, options: Vec<OsString>, effects: &Effects) {
    let project = project.dir().to_owned();
    effects.work(move || {
        let mut arguments: Vec<OsString> = vec!["train".into(), project.into()];
        arguments.extend(["--run-dir".into(), dir.path().into()]);
        arguments.extend(options);
        // Tests play a script instead of training.
        if let Some(script) = std::env::var_os("DEEPSEG_FAKE_TRAINER") {
            arguments.extend(["--fake".into(), script]);
        }
        let started = std::env::current_exe()
            .map_err(|e| format!("this program cannot be found to be started again ({e})"))
            .and_then(|exe| runs::launch(&exe, &arguments, &dir).map_err(|e| sentence(&e)));
        Some(Msg::Launched(started.map(|_| dir.path().to_owned())))
    });
}

/// The network's name, for the directory's.
fn slug(arguments: &[OsString]) -> String {
    let at = arguments.iter().position(|a| a == "--network");
    at.and_then(|at| arguments.get(at + 1)).map_or("train".into(), |name| name.to_string_lossy().into_owned())
}

/// Asks a run to stop, or kills it.
pub(super) fn stop(run: PathBuf, now: bool, effects: &Effects) {
    effects.work(move || {
        let dir = RunDir::new(&run);
        let result = if now { runs::kill(&dir) } else { runs::request_stop(&dir, false) };
        Some(Msg::StopAsked(result.map(|()| run).map_err(|e| sentence(&e))))
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{EVENT_VERSION, Event, EventKind};

    #[test]
    fn a_missing_value_becomes_a_gap_in_its_curve() {
        let mut history = History::default();
        for epoch in 1..=3 {
            let kind = EventKind::Epoch {
                train_loss: (epoch != 2).then_some(0.5),
                val_loss: None,
                val_dice: Some(0.1 * f64::from(epoch)),
                lr: 1e-3,
                seconds: 1.0,
                patches_per_second: 2.0,
                waited: None,
            };
            history.apply(&Event {
                v: EVENT_VERSION,
                seq: 0,
                time: 0.0,
                epoch,
                step: u64::from(epoch),
                kind,
            });
        }
        let curves = curves(&history);
        assert_eq!(curves.train.len(), 3);
        assert!(curves.train[1].1.is_nan() && curves.train[2].1 == 0.5);
        assert!(curves.trouble().is_some());
    }

    #[test]
    fn the_newest_run_comes_first() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["20260101T000000-small", "20260301T000000-t2s"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("notes.txt"), "").unwrap();
        let names: Vec<_> =
            directories(dir.path()).iter().map(|d| d.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["20260301T000000-t2s", "20260101T000000-small"]);
    }
}
