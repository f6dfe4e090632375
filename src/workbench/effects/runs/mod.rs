//! Trainings: followed through their run directories, started, resumed and stopped. Never part of this process.

mod console;
mod film;
mod follow;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Effects, sentence};
use crate::dataset::Project;
use crate::runs::slurm::Stopping;
use crate::runs::{self, RunsError};
use crate::training::RunDir;
use crate::workbench::message::Msg;
pub(super) use follow::Lane;

/// The run directories, newest first: their names begin with the time of their start.
pub(super) fn directories(runs: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(runs).into_iter().flatten().flatten();
    let mut dirs: Vec<PathBuf> = entries.map(|e| e.path()).filter(|p| p.is_dir()).collect();
    dirs.sort_unstable_by(|a, b| b.cmp(a));
    dirs
}

/// Starts a training with the form's arguments in a directory of its own.
pub(super) fn launch(project: &Arc<Project>, arguments: Vec<OsString>, effects: &Effects) {
    let dir = RunDir::propose(&project.runs_dir(), &slug(&arguments));
    start(project, dir, arguments, effects);
}

/// Goes on with a run from its last checkpoint, to a larger number of epochs when one is given.
pub(super) fn resume(project: &Arc<Project>, run: PathBuf, epochs: Option<u32>, effects: &Effects) {
    let mut options: Vec<OsString> = vec!["--resume".into()];
    options.extend(epochs.into_iter().flat_map(|n| ["--epochs".into(), n.to_string().into()]));
    start(project, RunDir::new(run), options, effects);
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

/// The network's name, for the directory's; else what an earlier run is called after its time.
fn slug(arguments: &[OsString]) -> String {
    let value = |option: &str| {
        let at = arguments.iter().position(|a| a == option)?;
        Some(arguments.get(at + 1)?.to_string_lossy().into_owned())
    };
    let like = || value("--like").and_then(|name| Some(name.split_once('-')?.1.to_owned()));
    value("--network").or_else(like).unwrap_or_else(|| "train".to_owned())
}

/// Asks a run to stop, or kills it.
pub(super) fn stop(run: PathBuf, now: bool, effects: &Effects) {
    effects.work(move || {
        let dir = RunDir::new(&run);
        let result = stop_run(&dir, now);
        Some(Msg::StopAsked(result.map(|()| run).map_err(|e| sentence(&e))))
    });
}

/// A job is ended through its cluster, any other run through its directory.
fn stop_run(dir: &RunDir, now: bool) -> Result<(), RunsError> {
    let in_queue = runs::slurm::stop(std::slice::from_ref(dir), now)?;
    match (in_queue.contains(&Stopping::NotInQueue), now) {
        (false, _) => Ok(()),
        (true, true) => runs::kill(dir),
        (true, false) => runs::request_stop(dir, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
