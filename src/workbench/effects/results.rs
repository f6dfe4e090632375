//! Scores and predictions on disk, as the evaluate command leaves them in a run: `evaluation/<side>/summary.json` and beside
//! it one prediction per scan.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Effects;
use super::runs::directories;
use crate::dataset::{Project, Scan};
use crate::evaluation::{SubjectScores, Summary};
use crate::training::RunDir;
use crate::workbench::message::Msg;
use crate::workbench::model::{Evaluation, ScoreRow};

/// Sides of the split that can be scored, the most telling first.
const SIDES: [&str; 3] = ["test", "val", "train"];

/// Reads all scores of the project's runs, newest run first.
pub(super) fn load(project: &Arc<Project>, prefer: Option<PathBuf>, effects: &Effects) {
    let runs = project.runs_dir();
    effects.work(move || {
        let evaluations = directories(&runs).iter().flat_map(|run| of_run(run)).collect();
        Some(Msg::Evaluations { evaluations, prefer })
    });
}

fn of_run(run: &Path) -> Vec<Evaluation> {
    let side = |side: &&str| {
        let text = std::fs::read(RunDir::new(run).evaluation(side).join("summary.json")).ok()?;
        let summary: Summary = serde_json::from_slice(&text).ok()?;
        let scores = summary.subjects.iter().map(row).collect();
        Some(Evaluation { run: run.to_owned(), split: (*side).to_owned(), scores })
    };
    SIDES.iter().filter_map(side).collect()
}

fn row(subject: &SubjectScores) -> ScoreRow {
    let scores = &subject.scores;
    ScoreRow {
        id: subject.scan.clone(),
        dice: Some(scores.voxel.dice),
        sensitivity: scores.lesion.sensitivity,
        ppv: Some(scores.lesion.ppv),
        f1: Some(scores.lesion.f1),
        volume_error: scores.voxel.relative_volume_error,
        lesions: (scores.lesion.reference.len(), scores.lesion.predicted.len()),
        message: None,
    }
}

/// The newest prediction of a scan, when there is one.
pub(super) fn prediction(project: &Project, scan: &Scan) -> Option<PathBuf> {
    let name = format!("{}.nii.gz", scan.id);
    let places = directories(&project.runs_dir())
        .into_iter()
        .flat_map(|run| SIDES.map(|side| RunDir::new(&run).evaluation(side).join("predictions").join(&name)));
    places.into_iter().find(|path| path.is_file())
}
