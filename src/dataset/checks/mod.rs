//! What is wrong with the scans of a project: one file per family of checks, each problem with its fix. One bad scan never stops
//! the rest. Nothing is repaired here; a fix is a decision that reading honours.

mod case;
mod duplicates;
mod headers;
mod resampling;
mod values;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use serde::Serialize;

use super::{Code, Problem, Project, Scan, ScanId, Severity};
use crate::volume::{Orientation, Volume, read_image};
use case::Case;
use headers::Headers;

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Scans done.
    pub done: usize,
    /// Scans in all.
    pub total: usize,
}

/// An orientation in both worlds' words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrientationNames {
    /// As SCT says it: where index 0 lies.
    pub sct: String,
    /// As nibabel says it: where the axes point to.
    pub nibabel: String,
}

/// What was found about one scan.
#[derive(Clone, Debug, Serialize)]
pub struct ScanReport {
    /// The scan.
    pub id: ScanId,
    /// How its image is stored; `None` when it cannot be read.
    pub orientation: Option<OrientationNames>,
    /// Left out by decision, and so not looked at.
    pub excluded: bool,
    /// The problems, the worst first.
    pub problems: Vec<Problem>,
}

/// What was found about all scans.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// One entry per scan, in the project's order; without those a cancelled check did not reach.
    pub scans: Vec<ScanReport>,
    /// Problems of severity error.
    pub errors: usize,
    /// Problems of severity warning.
    pub warnings: usize,
}

impl CheckReport {
    fn new(mut scans: Vec<ScanReport>) -> Self {
        for scan in &mut scans {
            scan.problems.sort_by_key(|p| (std::cmp::Reverse(p.severity), p.code));
        }
        let count =
            |severity| scans.iter().flat_map(|s| &s.problems).filter(|p| p.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        Self { scans, errors, warnings }
    }
}

/// Checks every scan, voxels included, on all processors. `cancel` ends it after the scans in hand.
pub fn check(project: &Project, on_progress: &(dyn Fn(Tick) + Sync), cancel: &AtomicBool) -> CheckReport {
    let looked: Vec<Looked> = each(project, on_progress, cancel, |scan| look(project, scan, true));
    let prints = looked.iter().filter_map(|l| Some((l.report.id.clone(), l.fingerprint?))).collect();
    finish(project, looked, duplicates::same_voxels(project, prints))
}

/// The checks that need no voxels: headers, and files with the same content. What `init` can afford.
pub fn check_headers(
    project: &Project,
    on_progress: &(dyn Fn(Tick) + Sync),
    cancel: &AtomicBool,
) -> CheckReport {
    let looked: Vec<Looked> = each(project, on_progress, cancel, |scan| look(project, scan, false));
    finish(project, looked, duplicates::same_files(project))
}

/// The problems of one scan by itself, voxels included. Duplicates are seen by [`check`] only.
pub fn check_scan(project: &Project, scan: &Scan) -> Vec<Problem> {
    CheckReport::new(vec![look(project, scan, true).report])
        .scans
        .into_iter()
        .flat_map(|s| s.problems)
        .collect()
}

/// A report, and what duplicates are recognised by.
struct Looked {
    report: ScanReport,
    fingerprint: Option<blake3::Hash>,
}

fn each<T: Send>(
    project: &Project,
    on_progress: &(dyn Fn(Tick) + Sync),
    cancel: &AtomicBool,
    work: impl Fn(&Scan) -> T + Sync,
) -> Vec<T> {
    let total = project.scans().len();
    let done = AtomicUsize::new(0);
    let one = |scan: &Scan| {
        let result = (!cancel.load(Ordering::Relaxed)).then(|| work(scan))?;
        on_progress(Tick { done: done.fetch_add(1, Ordering::Relaxed) + 1, total });
        Some(result)
    };
    // Scan by scan: volumes differ in size, and each thread holds one scan's voxels only.
    project.scans().par_iter().with_max_len(1).filter_map(one).collect()
}

fn finish(project: &Project, looked: Vec<Looked>, groups: Vec<duplicates::Group>) -> CheckReport {
    let mut reports: Vec<ScanReport> = looked.into_iter().map(|l| l.report).collect();
    let mut by_id: HashMap<ScanId, &mut ScanReport> = reports.iter_mut().map(|r| (r.id.clone(), r)).collect();
    for problem in groups.iter().flat_map(|group| duplicates::problems(project, group)) {
        let report = problem.scan.as_ref().and_then(|id| by_id.get_mut(id));
        if let Some(report) = report {
            report.problems.push(problem);
        }
    }
    CheckReport::new(reports)
}

fn look(project: &Project, scan: &Scan, voxels: bool) -> Looked {
    let case = Case::new(project, scan);
    if case.excluded() {
        let report =
            ScanReport { id: scan.id.clone(), orientation: None, excluded: true, problems: Vec::new() };
        return Looked { report, fingerprint: None };
    }
    let headers = Headers::read(&case);
    let mut problems = headers.problems(&case);
    let fingerprint = if voxels { look_inside(&case, &headers, &mut problems) } else { None };
    if voxels {
        problems.extend(missing(&case));
    }
    let orientation = headers
        .orientation()
        .map(|o: Orientation| OrientationNames { sct: o.to_string(), nibabel: o.nibabel() });
    Looked { report: ScanReport { id: scan.id.clone(), orientation, excluded: false, problems }, fingerprint }
}

/// The checks of voxels, for those files whose header is fit to be read.
fn look_inside(case: &Case<'_>, headers: &Headers, problems: &mut Vec<Problem>) -> Option<blake3::Hash> {
    let mut read = |path, readable: bool| -> Option<Volume<f32>> {
        let result = readable.then(|| read_image(path))?;
        result.map_err(|error| problems.push(case.unreadable(&error))).ok()
    };
    let image = read(&case.scan.image, headers.image.is_some());
    let mask = case.scan.mask.as_ref().and_then(|path| read(path, headers.mask.is_some()));
    let cord = case.scan.cord.as_ref().and_then(|path| read(path, headers.cord.is_some()));
    let fingerprint = image.as_ref().map(duplicates::fingerprint);
    problems.extend(values::problems(case, image.as_ref(), mask.as_ref(), cord.as_ref()));
    if !problems.iter().any(|p| p.code == Code::MaskEqualsImage) {
        problems.extend(mask.as_ref().and_then(|mask| resampling::problem(case, mask)));
    }
    fingerprint
}

/// What a scan lacks; it is listed all the same.
fn missing(case: &Case<'_>) -> Vec<Problem> {
    let scan = case.scan;
    let no_mask = || {
        case.problem(
            Code::NoMask,
            format!("{} has no lesion mask", case.name(&scan.image)),
            "it can be predicted but not trained on; draw a mask, or name it with `--mask SUFFIX` at `deepseg init`",
        )
    };
    let no_centerline = || {
        case.problem(
            Code::NoCenterline,
            format!("{} has neither a cord mask nor a centerline file", case.name(&scan.image)),
            "nothing needs doing: the cord is looked for in the image; or name the cord masks with `--cord SUFFIX` at `deepseg init`",
        )
    };
    let mut missing = Vec::new();
    missing.extend(scan.mask.is_none().then(no_mask));
    missing.extend((scan.cord.is_none() && scan.centerline.is_none()).then(no_centerline));
    missing
}
