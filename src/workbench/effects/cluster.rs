//! Sweeps and jobs: made by this program's own commands, and what the cluster's queue adds to the runs. The queue is asked beside
//! everything else, for it may take seconds to answer.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Effects, sentence};
use crate::dataset::Project;
use crate::runs::slurm::{JobId, Queue, SlurmJob, refined_state};
use crate::runs::sweep::{Sweep, SweepDir, stop_sweep, sweeps};
use crate::runs::{self, RunState};
use crate::training::RunDir;
use crate::workbench::message::Msg;
use crate::workbench::model::RunRow;

/// What is known beside the run directories.
#[derive(Clone, Default)]
pub(super) struct Cluster {
    queue: Arc<Mutex<Queue>>,
    asking: Arc<AtomicBool>,
    members: Arc<Mutex<Members>>,
}

/// Which run belongs to which sweep; a sweep never gets others.
#[derive(Default)]
struct Members {
    sweeps: Vec<PathBuf>,
    of: HashMap<String, PathBuf>,
}

impl Cluster {
    /// Adds to the rows what the queue said last and the sweeps they belong to; has the queue asked again where it is time to.
    pub(super) fn complete(&self, project: &Path, rows: &mut [RunRow]) {
        let known = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut jobs = Vec::new();
        for row in rows.iter_mut().filter(|row| row.state != RunState::Done) {
            let dir = RunDir::new(&row.dir);
            let Some(job) = SlurmJob::of(&dir) else { continue };
            jobs.push(job.id);
            let (state, job) = refined_state(&dir, row.state.clone(), &known);
            row.state = state;
            row.tell_first(job.map(|job| job.words()));
        }
        self.ask(jobs);
        self.gather(project, rows);
    }

    fn ask(&self, jobs: Vec<JobId>) {
        if jobs.is_empty() || self.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = self.clone();
        tokio::task::spawn_blocking(move || {
            let mut queue = this.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
            queue.look(&jobs);
            *this.queue.lock().unwrap_or_else(PoisonError::into_inner) = queue;
            this.asking.store(false, Ordering::Release);
        });
    }

    fn gather(&self, project: &Path, rows: &mut [RunRow]) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.refresh(project);
        for row in rows.iter_mut() {
            row.sweep = members.of.get(&row.name).cloned();
        }
        let tallies: HashMap<PathBuf, String> =
            members.sweeps.iter().map(|s| (s.clone(), tally(s, rows))).collect();
        for row in rows.iter_mut() {
            let told = row.sweep.as_ref().and_then(|sweep| tallies.get(sweep)).cloned();
            row.tell_first(told);
        }
    }
}

impl Members {
    fn refresh(&mut self, project: &Path) {
        let found: Vec<PathBuf> = sweeps(project).iter().map(|s| s.path().to_owned()).collect();
        if found == self.sweeps {
            return;
        }
        let runs =
            |dir: &PathBuf| Sweep::read(&SweepDir::new(dir)).map(|sweep| sweep.points).unwrap_or_default();
        self.of = found.iter().flat_map(|dir| runs(dir).into_iter().map(|p| (p.run, dir.clone()))).collect();
        self.sweeps = found;
    }
}

/// How far a sweep is, by its rows.
fn tally(sweep: &Path, rows: &[RunRow]) -> String {
    let its = || rows.iter().filter(|row| row.sweep.as_deref() == Some(sweep));
    let count = |holds: fn(&RunState) -> bool| its().filter(|row| holds(&row.state)).count();
    let (done, waiting) = (count(|s| *s == RunState::Done), count(|s| *s == RunState::Waiting));
    let (running, all) = (count(RunState::has_trainer), its().count());
    format!("sweep {done}/{all}, {running} running, {waiting} waiting")
}

/// Has this program make a sweep or hand a training in, and answers with the run to look at.
pub(super) fn order(
    project: &Arc<Project>,
    command: &'static str,
    options: Vec<OsString>,
    effects: &Effects,
) {
    let project = project.dir().to_owned();
    effects.work(move || Some(Msg::Launched(ordered(&project, command, options))));
}

fn ordered(project: &Path, command: &str, mut options: Vec<OsString>) -> Result<PathBuf, String> {
    options.push("--json".into());
    // Tests play a script instead of training.
    if let Some(script) = std::env::var_os("DEEPSEG_FAKE_TRAINER").filter(|_| command == "sweep") {
        options.extend(["--fake".into(), script]);
    }
    let said = said_by(project, command, &options)?;
    let answer: serde_json::Value = serde_json::from_str(&said).map_err(|e| format!("{said}: {e}"))?;
    let run = answer["run"].as_str().or_else(|| answer["points"][0]["run"].as_str());
    run.map(PathBuf::from).ok_or_else(|| format!("`deepseg {command}` named no run"))
}

/// Tells what the order would do, and does nothing.
pub(super) fn preview(
    project: &Arc<Project>,
    command: &'static str,
    mut options: Vec<OsString>,
    effects: &Effects,
) {
    let project = project.dir().to_owned();
    options.retain(|option| option != "--detach");
    options.push("--dry-run".into());
    effects.work(move || Some(Msg::Preview(said_by(&project, command, &options))));
}

/// What a command of this program says; else its last sentence.
fn said_by(project: &Path, command: &str, options: &[OsString]) -> Result<String, String> {
    let program = std::env::current_exe()
        .map_err(|e| format!("this program cannot be found to be started again ({e})"))?;
    let mut asked = Command::new(program);
    let output = asked.arg(command).arg(project).args(options).stdin(Stdio::null()).output();
    let output = output.map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no word");
    Err(last.trim_start_matches("deepseg: ").to_owned())
}

/// Stops the trainings of a sweep; the others stay waiting.
pub(super) fn stop(sweep: PathBuf, effects: &Effects) {
    effects.work(move || {
        let stopped = stop_sweep(&SweepDir::new(sweep), false).map_err(|e| sentence(&e));
        Some(Msg::Swept(
            stopped.map(|()| "the sweep ends after the steps under way; what waits stays waiting"),
        ))
    });
}

/// Has a new queue go on with a sweep.
pub(super) fn resume(sweep: PathBuf, effects: &Effects) {
    effects.work(move || {
        let mut arguments: Vec<OsString> =
            vec!["sweep".into(), "--resume".into(), "--sweep-dir".into(), sweep.clone().into()];
        if let Some(script) = std::env::var_os("DEEPSEG_FAKE_TRAINER") {
            arguments.extend(["--fake".into(), script]);
        }
        let started = std::env::current_exe()
            .map_err(|e| format!("this program cannot be found to be started again ({e})"))
            .and_then(|exe| runs::launch(&exe, &arguments, &RunDir::new(sweep)).map_err(|e| sentence(&e)));
        Some(Msg::Swept(started.map(|_| "the sweep goes on; it outlives this terminal")))
    });
}
