//! What is exactly known about the cohort, for tests and for judging every later stage. Written last: its presence says
//! that the cohort is complete.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files;
use crate::volume::Orientation;

use super::DemoError;
use super::cohort::Fault;
use super::lesions::LesionTruth;

/// Grows whenever the phantom changes, so that an old cohort is not taken for a new one.
pub(super) const VERSION: u32 = 1;

/// The whole cohort: what [`make_cohort`](super::make_cohort) returns and `demo_truth.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CohortReport {
    /// Version of the phantom.
    pub version: u32,
    /// The seed everything follows from.
    pub seed: u64,
    /// One entry per subject, by id.
    pub subjects: Vec<SubjectTruth>,
}

/// One subject.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubjectTruth {
    /// BIDS id, e.g. `sub-01`.
    pub id: String,
    /// The fault put into the first scan's lesion mask, if any.
    pub fault: Option<Fault>,
    /// Every lesion; none for a healthy subject.
    pub lesions: Vec<LesionTruth>,
    /// The exact centerline: RAS world mm, one point per mm from feet to head.
    pub centerline_mm: Vec<[f64; 3]>,
    /// Every scan.
    pub scans: Vec<ScanTruth>,
}

/// One scan of a subject; paths are relative to the dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScanTruth {
    /// The image.
    pub image: PathBuf,
    /// The lesion mask (all zeros for a healthy subject).
    pub lesion_mask: PathBuf,
    /// The cord mask.
    pub cord_mask: PathBuf,
    /// Axis order of the files, SCT's code.
    pub orientation: Orientation,
    /// Volume of the lesion mask's voxels, mm3: what partial volume leaves of the lesions' own volumes.
    pub mask_volume_mm3: f64,
}

impl CohortReport {
    /// The subjects whose files carry a fault, with it.
    pub fn faults(&self) -> impl Iterator<Item = (&str, Fault)> {
        self.subjects.iter().filter_map(|subject| Some((subject.id.as_str(), subject.fault?)))
    }

    /// Number of lesions and their total volume (mm3) over all subjects.
    pub fn lesion_load(&self) -> (usize, f64) {
        let lesions = || self.subjects.iter().flat_map(|subject| &subject.lesions);
        (lesions().count(), lesions().map(|lesion| lesion.volume_mm3).sum())
    }
}

/// A number to six decimals: a nanometre is exact enough, and what is read back equals what was written.
pub(super) fn readable(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Where the truth lies in a demo dataset.
pub(super) fn truth_path(dataset: &Path) -> PathBuf {
    dataset.join("derivatives").join("truth").join("demo_truth.json")
}

/// The truth of a finished demo dataset, or `None` where there is none.
pub fn read_truth(dataset: &Path) -> Result<Option<CohortReport>, DemoError> {
    let path = truth_path(dataset);
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(&path).map_err(DemoError::io(&path))?;
    serde_json::from_str(&text).map(Some).map_err(|source| DemoError::Truth { path, source })
}

pub(super) fn write_truth(dataset: &Path, report: &CohortReport) -> Result<(), DemoError> {
    let path = truth_path(dataset);
    let text = serde_json::to_vec_pretty(report)
        .map_err(|source| DemoError::Truth { path: path.clone(), source })?;
    files::write_bytes(&path, &text).map_err(DemoError::io(&path))
}
