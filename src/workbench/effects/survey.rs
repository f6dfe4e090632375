//! How far every scan is: files there, centerline, crop, prediction, and what the check found.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use tokio::sync::mpsc::UnboundedSender;

use super::{Effects, marks, results, said};
use crate::centerline::{self, Method, Standing};
use crate::dataset::qc::QcMarks;
use crate::dataset::{self, CheckReport, Problem, Project, Scan, Severity};
use crate::preprocess::{StageState, stage_state};
use crate::workbench::message::Msg;
use crate::workbench::model::{Finding, Stage, SubjectRow};
use crate::workbench::state::Level;

/// What the last check found, by scan id; a worker fills it and the next survey reads it.
pub(super) type Findings = Arc<Mutex<HashMap<String, Vec<Finding>>>>;

/// Scans looked at before their rows are sent: the first ones are on the screen.
const PORTION: usize = 64;

/// Looks at all scans, portion by portion. No voxel is read.
pub(super) fn survey(project: &Arc<Project>, effects: &Effects) {
    let (project, findings, sender) = (project.clone(), effects.findings.clone(), effects.sender.clone());
    effects.work(move || look(&project, &findings, &sender));
}

/// The checks that read no voxel, then a survey with what they found.
pub(super) fn check_headers(project: &Arc<Project>, effects: &Effects) {
    let (project, findings, sender) = (project.clone(), effects.findings.clone(), effects.sender.clone());
    effects.work(move || {
        keep(&findings, &dataset::check_headers(&project, &|_| (), &AtomicBool::new(false)));
        look(&project, &findings, &sender)
    });
}

fn look(project: &Project, findings: &Findings, sender: &UnboundedSender<Msg>) -> Option<Msg> {
    let found = findings.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let marks = QcMarks::of_project(project).map_err(|e| sender.send(said(Level::Warning, e)).ok()).ok();
    for portion in project.scans().chunks(PORTION) {
        let rows = portion.par_iter().map(|scan| row(project, scan, &found, marks.as_ref())).collect();
        sender.send(Msg::Rows(rows)).ok()?;
    }
    None
}

/// A row with what is known before any file is looked at.
pub(super) fn bare_row(scan: &Scan) -> SubjectRow {
    let given =
        |path: &Option<std::path::PathBuf>| if path.is_some() { Stage::Ready } else { Stage::Missing };
    SubjectRow {
        id: scan.id.to_string(),
        mask: given(&scan.mask),
        cord: given(&scan.cord),
        ..SubjectRow::default()
    }
}

fn row(
    project: &Project,
    scan: &Scan,
    found: &HashMap<String, Vec<Finding>>,
    marks: Option<&QcMarks>,
) -> SubjectRow {
    let prediction = if results::prediction(project, scan).is_some() { Stage::Ready } else { Stage::Missing };
    let (centerline, confidence) = centerline_stage(project, scan);
    SubjectRow {
        centerline,
        confidence,
        crop: match stage_state(project, scan) {
            StageState::Missing => Stage::Missing,
            StageState::Stale => Stage::Stale,
            StageState::Ready => Stage::Ready,
            StageState::Failed(message) => Stage::Failed(message),
        },
        prediction,
        qc: marks.map(|marks| marks::note(marks, &scan.id)).unwrap_or_default(),
        findings: found.get(scan.id.as_str()).cloned().unwrap_or_default(),
        ..bare_row(scan)
    }
}

/// A curve that came with the dataset is as good as there before anybody has looked at it.
/// And the confidence of the best curve there is.
fn centerline_stage(project: &Project, scan: &Scan) -> (Stage, Option<f32>) {
    match centerline::standing(project, scan) {
        Ok(Standing::Settled(trial)) => (Stage::Ready, Some(trial.confidence())),
        Ok(Standing::Failed(reason, best)) => (Stage::Failed(reason), best.map(|trial| trial.confidence())),
        Ok(Standing::Nothing) => (Stage::Missing, None),
        Ok(Standing::Open) if Method::any_given(project, scan) => (Stage::Ready, None),
        Ok(Standing::Open) => (Stage::Unknown, None),
        Err(error) => (Stage::Failed(error.to_string()), None),
    }
}

/// Keeps what a check found.
pub(super) fn keep(findings: &Findings, report: &CheckReport) {
    let of_scan =
        |problems: &[Problem]| problems.iter().filter(|p| p.severity > Severity::Info).map(finding).collect();
    let found = report.scans.iter().map(|s| (s.id.to_string(), of_scan(&s.problems))).collect();
    *findings.lock().unwrap_or_else(PoisonError::into_inner) = found;
}

fn finding(problem: &Problem) -> Finding {
    Finding {
        severe: problem.severity == Severity::Error,
        message: problem.message.clone(),
        fix: problem.fix.clone(),
    }
}
