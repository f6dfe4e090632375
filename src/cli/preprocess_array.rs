//! Preprocessing as a job array: a share of the scans per task, a report per task, and all reports as one.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::output::{self, CommandResult, Failure, Outcome};
use super::preprocess;
use super::slurm::{self, SlurmArgs};
use crate::dataset::Project;
use crate::preprocess::BatchReport;
use crate::runs::slurm::{Array, JobId, JobScript, Queue, SCRIPT_FILE, SlurmJob, Work, submit_array};
use crate::training::RunDir;

/// Below the project: one folder per job array, with its script, its number, a console and a report per task.
const FOLDER: &str = "jobs";

/// Hands the array in; or (`how.0`) prints the script. `how.1`: one JSON object.
pub(super) fn submit(
    project: &Project,
    array: Array,
    asked: &SlurmArgs,
    options: Vec<String>,
    how: (bool, bool),
) -> CommandResult {
    let place = RunDir::propose(&project.dir().join(FOLDER), "preprocess");
    let script = JobScript {
        name: place.name(),
        output: place.console(),
        array: Some(array),
        options: asked.over_those_of(project)?,
        program: slurm::program()?,
        work: Work::Preprocess {
            project: project.dir().to_owned(),
            reports: place.path().to_owned(),
            shares: array.tasks,
            options,
        },
    };
    let (dry_run, as_object) = how;
    if dry_run {
        slurm::show(&script)?;
        return Ok(Outcome::Done);
    }
    let job = submit_array(&script, place.path().join(SCRIPT_FILE), &place)?;
    output::note(format_args!(
        "handed in as job array {} with {} tasks; `deepseg preprocess {} --summary` tells how it is",
        job.job,
        array.tasks,
        project.dir().display()
    ));
    if as_object {
        output::json(&json!({ "job": job.job, "tasks": array.tasks, "folder": place.path() }))?;
    } else {
        output::line(place.path().display());
    }
    Ok(Outcome::Done)
}

/// The newest array's tasks in the queue, and its reports as one. Problems while a scan failed or a task ended without a report.
pub(super) fn summary(project: &Project, as_object: bool) -> CommandResult {
    let folder = project.dir().join(FOLDER);
    let place = newest(&folder).ok_or_else(|| {
        Failure::work(format!(
            "{}: no job array was handed in here; `deepseg preprocess P --slurm`",
            folder.display()
        ))
    })?;
    let dir = RunDir::new(&place);
    let tasks = tasks(&place);
    let reports: Vec<(u32, BatchReport)> =
        (1..=tasks).filter_map(|task| Some((task, report(&place, task)?))).collect();
    let (waiting, running) = in_queue(&dir, tasks);
    let reported = reports.len();
    let lost = (tasks as usize).saturating_sub(reported + waiting + running);
    let all = reports.into_iter().map(|(_, report)| report).reduce(BatchReport::and).unwrap_or_default();
    if as_object {
        let mut object = serde_json::to_value(&all)?;
        object["tasks"] = json!({ "of": tasks, "reported": reported, "waiting": waiting, "running": running, "lost": lost });
        output::json(&object)?;
    } else {
        output::line(format_args!(
            "{}: {reported} of {tasks} tasks have reported, {running} run, {waiting} wait, {lost} ended without a word",
            dir.name()
        ));
        preprocess::print(&all);
    }
    Ok(if all.failed.is_empty() && lost == 0 { Outcome::Done } else { Outcome::Problems })
}

fn newest(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.flatten().map(|e| e.path());
    entries.filter(|p| p.join(SCRIPT_FILE).is_file()).max()
}

fn report(place: &Path, task: u32) -> Option<BatchReport> {
    let bytes = std::fs::read(place.join(format!("{task}.json"))).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// How many tasks the script asks for.
fn tasks(place: &Path) -> u32 {
    let script = std::fs::read_to_string(place.join(SCRIPT_FILE)).unwrap_or_default();
    let array = script.lines().find_map(|line| line.strip_prefix("#SBATCH --array=1-"));
    array.and_then(|a| a.split('%').next()?.trim().parse().ok()).unwrap_or(0)
}

/// Tasks that wait, and tasks that run.
fn in_queue(dir: &RunDir, tasks: u32) -> (usize, usize) {
    let Some(SlurmJob { id, .. }) = SlurmJob::of(dir) else { return (0, 0) };
    let ids: Vec<JobId> = (1..=tasks).map(|task| JobId { task: Some(task), ..id }).collect();
    let mut queue = Queue::default();
    queue.look(&ids);
    if let Some(trouble) = queue.trouble() {
        output::note(trouble);
    }
    let jobs = || ids.iter().filter_map(|id| queue.job(*id));
    (jobs().filter(|job| job.waits()).count(), jobs().filter(|job| job.runs()).count())
}
