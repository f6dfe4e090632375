//! The long work of a project: preprocessing, checking, evaluating, the demo cohort. One at a time; each can be cancelled.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::{Effects, sentence, survey};
use crate::dataset::{self, Contrast, Project, Scan, Settings};
use crate::demo::{DEFAULT_FOLDER, DEFAULT_SEED, DEFAULT_SUBJECTS, DemoFolder, make_cohort};
use crate::preprocess::{self, BatchOptions, BatchReport};
use crate::workbench::message::{JobNews, Msg};
use crate::workbench::state::{JobKind, Level};

/// Makes the crops of some scans, or of all.
pub(super) fn preprocess(project: &Arc<Project>, ids: Option<Vec<String>>, force: bool, effects: &Effects) {
    let (project, sender, cancel) = (project.clone(), effects.sender.clone(), effects.fresh_cancel());
    effects.work(move || {
        let wanted =
            |scan: &&Scan| ids.as_ref().is_none_or(|ids| ids.iter().any(|id| id == scan.id.as_str()));
        let scans: Vec<&Scan> = project.active_scans().filter(wanted).collect();
        let progress = |p: preprocess::Progress| {
            if let Some(failure) = &p.failure {
                let id = p.scan.as_str();
                let text = if failure.contains(id) { failure.clone() } else { format!("{id}: {failure}") };
                send(&sender, JobNews::Said(Level::Warning, text));
            }
            step(&sender, p.finished, p.total, &p.scan.to_string());
        };
        let report =
            preprocess::run_batch(&project, &scans, &BatchOptions { jobs: 0, force }, &progress, &cancel);
        let (level, text) = match report {
            Ok(report) => outcome(&report),
            Err(error) => (Level::Error, sentence(&error)),
        };
        Some(ended(JobKind::Preprocess, level, text, None))
    });
}

fn outcome(report: &BatchReport) -> (Level, String) {
    let BatchReport { done, cached, no_centerline, failed, left, seconds } = report;
    let mut text = format!("{done} crops made");
    for (count, words) in [
        (*cached, "up to date"),
        (no_centerline.len(), "without a centerline"),
        (failed.len(), "failed: L lists why"),
        (*left, "not done"),
    ] {
        if count > 0 {
            text = format!("{text}, {count} {words}");
        }
    }
    let level = if failed.is_empty() { Level::Done } else { Level::Warning };
    (level, format!("{text} ({seconds:.1} s)"))
}

/// Reads every image and mask and keeps what is wrong with them.
pub(super) fn check(project: &Arc<Project>, effects: &Effects) {
    let (project, sender, cancel) = (project.clone(), effects.sender.clone(), effects.fresh_cancel());
    let findings = effects.findings.clone();
    effects.work(move || {
        let report = dataset::check(&project, &|tick| step(&sender, tick.done, tick.total, ""), &cancel);
        survey::keep(&findings, &report);
        let text = format!(
            "checked {} scans: {} errors, {} warnings",
            report.scans.len(),
            report.errors,
            report.warnings
        );
        let level = if report.errors > 0 { Level::Warning } else { Level::Done };
        Some(ended(JobKind::Check, level, text, None))
    });
}

/// Scores a run with the evaluate command in a process of its own: the network's memory goes with it, and cancelling ends it.
pub(super) fn evaluate(project: &Arc<Project>, run: PathBuf, effects: &Effects) {
    let (project, sender, cancel) = (project.clone(), effects.sender.clone(), effects.fresh_cancel());
    effects.work(move || {
        let made = Some(run.clone());
        let (level, text) = match score(&project, &run, &sender, &cancel) {
            Ok(status) if status.success() => {
                (Level::Done, "the test side is scored, worst first".to_owned())
            }
            Ok(_) if cancel.load(Ordering::Relaxed) => (Level::Info, "scoring was cancelled".to_owned()),
            Ok(_) => (Level::Warning, "scoring met problems: L lists them".to_owned()),
            Err(error) => (Level::Error, format!("scoring could not start ({error})")),
        };
        Some(ended(JobKind::Evaluate, level, text, made))
    });
}

fn score(
    project: &Project,
    run: &Path,
    sender: &UnboundedSender<Msg>,
    cancel: &Arc<AtomicBool>,
) -> std::io::Result<ExitStatus> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("evaluate")
        .arg(project.dir())
        .arg("--run")
        .arg(run)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(words) = child.stderr.take() {
        let sender = sender.clone();
        std::thread::spawn(move || relay(words, &sender));
    }
    wait(&mut child, cancel)
}

/// Turns what the command says into news: `label 3/12` is progress, anything else an entry for the log.
fn relay(words: impl Read, sender: &UnboundedSender<Msg>) {
    for line in BufReader::new(words).lines().map_while(Result::ok) {
        match counted(&line) {
            Some((done, total)) => step(sender, done, total, ""),
            None if !line.trim().is_empty() => send(sender, JobNews::Said(Level::Info, line)),
            None => {}
        }
    }
}

/// The count at the end of a progress line.
fn counted(line: &str) -> Option<(usize, usize)> {
    let (done, total) = line.split_whitespace().last()?.split_once('/')?;
    Some((done.parse().ok()?, total.parse().ok()?))
}

fn wait(child: &mut Child, cancel: &AtomicBool) -> std::io::Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if cancel.load(Ordering::Relaxed) {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Makes the demo cohort below the current folder, and a project for it.
pub(super) fn demo(effects: &Effects) {
    let sender = effects.sender.clone();
    effects.work(move || {
        let made = make_demo(&sender);
        Some(match made {
            Ok(dir) => {
                let text = format!("the demo cohort is in {}", dir.display());
                ended(JobKind::Demo, Level::Done, text, Some(dir))
            }
            Err(text) => ended(JobKind::Demo, Level::Error, text, None),
        })
    });
}

fn make_demo(sender: &UnboundedSender<Msg>) -> Result<PathBuf, String> {
    let folder = DemoFolder::claim(Path::new(DEFAULT_FOLDER)).map_err(|e| sentence(&e))?;
    let progress = |done, total| step(sender, done, total, "");
    make_cohort(&folder.dataset(), DEFAULT_SUBJECTS, DEFAULT_SEED, &progress).map_err(|e| sentence(&e))?;
    // Axial and sagittal T2w scans are one contrast here; the few T2starw scans would be another.
    let settings = Settings {
        image: vec!["T2w".to_owned()],
        contrast: Some(Contrast::T2),
        mask: Some("lesion-manual".to_owned()),
        cord: Some("seg-manual".to_owned()),
        ..Settings::new(folder.dataset())
    };
    let (project, _) = Project::create(&folder.project(), settings).map_err(|e| sentence(&e))?;
    Ok(project.dir().to_owned())
}

pub(super) fn step(sender: &UnboundedSender<Msg>, done: usize, total: usize, current: &str) {
    send(sender, JobNews::Progress { done, total, current: current.to_owned() });
}

pub(super) fn ended(kind: JobKind, level: Level, text: String, made: Option<PathBuf>) -> Msg {
    Msg::Job(JobNews::Ended { kind, level, text, made })
}

/// Sends news; when nobody listens any more the workbench is closing, and nobody needs to know.
pub(super) fn send(sender: &UnboundedSender<Msg>, news: JobNews) {
    sender.send(Msg::Job(news)).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_lines_are_told_from_words() {
        assert_eq!(counted("evaluate 3/12"), Some((3, 12)));
        assert_eq!(counted("sub-01: the mask is empty"), None);
        assert_eq!(counted("see runs/last"), None);
    }
}
