//! Scoring a model on scans of a project: predict each into its own space, compare with its mask, keep both on disk.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use crate::centerline;
use crate::dataset::{Project, Scan, ScanId};
use crate::inference::{Model, PredictOptions, Prediction, predict_crop, predict_volume};
use crate::preprocess::{CropSettings, load_crop};
use crate::volume::write_mask;

use super::{EvaluationError, SubjectScores, Summary, compare, summarise, write_report};

/// What came of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CohortReport {
    /// The scores of the scans that could be scored.
    #[serde(flatten)]
    pub summary: Summary,
    /// The scans that could not.
    pub failed: Vec<Unscored>,
    /// Scans not reached because the work was interrupted.
    pub left: usize,
}

/// A scan without scores, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unscored {
    /// The scan.
    pub id: ScanId,
    /// A sentence with a next step.
    pub message: String,
}

/// Predicts and scores scans that have a lesion mask (one without any lesion counts as a control).
///
/// Writes `predictions/<scan>.nii.gz` and the files of [`write_report`] into `folder`. One bad scan never stops the others;
/// `on_scan` hears of each that is done, and `cancel` is asked between scans. Errors only when the report cannot be written.
pub fn evaluate_scans(
    project: &Project,
    scans: &[&Scan],
    model: &Model<'_>,
    folder: &Path,
    on_scan: &dyn Fn(&ScanId),
    cancel: &AtomicBool,
) -> Result<CohortReport, EvaluationError> {
    let mut scored = Vec::new();
    let mut failed = Vec::new();
    for scan in scans {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        match evaluate_scan(project, scan, model, folder) {
            Ok(subject) => scored.push(subject),
            Err(error) => failed.push(Unscored { id: scan.id.clone(), message: error.to_string() }),
        }
        on_scan(&scan.id);
    }
    let left = scans.len() - scored.len() - failed.len();
    let summary = summarise(&scored);
    write_report(folder, &summary)?;
    Ok(CohortReport { summary, failed, left })
}

fn evaluate_scan(
    project: &Project,
    scan: &Scan,
    model: &Model<'_>,
    folder: &Path,
) -> Result<SubjectScores, EvaluationError> {
    let missing = || EvaluationError::NoMask { scan: scan.id.clone() };
    let reference = project.read_mask(scan)?.ok_or_else(missing)?;
    let prediction = predict(project, scan, model)?;
    let scores = compare(&prediction.mask, &reference)?;
    write_mask(&folder.join("predictions").join(format!("{}.nii.gz", scan.id)), &prediction.mask)?;
    Ok(SubjectScores { scan: scan.id.to_string(), scores })
}

/// From the project's crop when it was made as the model wants it, else from the image along the scan's curve.
fn predict(project: &Project, scan: &Scan, model: &Model<'_>) -> Result<Prediction, EvaluationError> {
    let options = PredictOptions::default();
    if model.crop == CropSettings::of_project(project)? {
        return Ok(predict_crop(model, &load_crop(project, scan)?, &options)?);
    }
    let unplaced = || EvaluationError::NoCenterline { scan: scan.id.clone() };
    let found = centerline::resolve(project, scan, &AtomicBool::new(false))?.ok_or_else(unplaced)?;
    let curve = found.outcome.map_err(|_| unplaced())?;
    Ok(predict_volume(model, &project.read_image(scan)?, &curve, &options)?)
}
