//! What was tried on a scan and what came of it, one record per scan and method: every result is kept, so that they can be
//! compared, and none is computed twice from the same files with the same settings.

use super::{CenterlineError, CenterlineSettings, Curve, Method, placed};
use crate::dataset::{Contrast, Fix, Project, Scan};
use crate::files::{self, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Version of the methods and of the judgement. Raise it whenever the same sources and settings would give another answer.
const METHODS_VERSION: u32 = 1;

/// One method, tried on one scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The method.
    pub method: Method,
    /// The curve, judged, on an RPI grid; or why there is none, in a sentence.
    pub outcome: Result<Curve, String>,
    /// How long it took.
    pub seconds: f64,
    /// When, RFC 3339.
    pub made: String,
    /// Whether the files or settings it was made from have changed since.
    pub stale: bool,
}

impl Trial {
    /// The confidence of the curve; 0 without one.
    pub fn confidence(&self) -> f32 {
        self.outcome.as_ref().map_or(0.0, Curve::believed)
    }
}

/// What a trial depends on besides files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Parameters {
    version: u32,
    contrast: Contrast,
    fixes: BTreeSet<Fix>,
    fit: String,
}

/// The file of a trial, `<scan>_desc-<method>_trial.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    deepseg: String,
    method: String,
    parameters: Parameters,
    sources: Vec<Source>,
    seconds: f64,
    made: String,
    curve: Option<Curve>,
    failure: Option<String>,
}

/// The trials of a scan that are on disk, in the order of [`Method::ALL`]. Opens no image.
pub fn trials(project: &Project, scan: &Scan) -> Result<Vec<Trial>, CenterlineError> {
    let settings = CenterlineSettings::of(project)?;
    let stored = |method| stored(project, scan, method, &settings).map(|(trial, _)| trial);
    Ok(Method::ALL.into_iter().filter_map(stored).collect())
}

/// The table of a trial's curve, `<scan>_desc-<method>_centerline.csv`.
pub fn table(project: &Project, scan: &Scan, method: Method) -> PathBuf {
    project.derivative(scan, &format!("{}_centerline.csv", label(method)))
}

/// The cord mask that a method drew besides its curve, `<scan>_desc-<method>_cord.nii.gz`.
pub fn drawn_cord(project: &Project, scan: &Scan, method: Method) -> PathBuf {
    project.derivative(scan, &format!("{}_cord.nii.gz", label(method)))
}

/// The method's name as a part of a file name.
fn label(method: Method) -> String {
    method.name().replace([':', '_'], "-")
}

fn record_path(project: &Project, scan: &Scan, method: Method) -> PathBuf {
    project.derivative(scan, &format!("{}_trial.json", label(method)))
}

/// A trial on disk, told stale by sizes and times only, and its record. A record nobody can read is no trial.
pub(super) fn stored(
    project: &Project,
    scan: &Scan,
    method: Method,
    settings: &CenterlineSettings,
) -> Option<(Trial, Record)> {
    let text = std::fs::read(record_path(project, scan, method)).ok()?;
    let record: Record = serde_json::from_slice(&text).ok()?;
    let now = sources(project, scan, method).unwrap_or_default();
    let current = record.parameters == Parameters::of(project, scan, settings)
        && files::look_the_same(&record.sources, &now)
        && (record.curve.is_none() || table(project, scan, method).is_file());
    Some((record.trial(method, !current), record))
}

/// The trial of `record` if it was made from files of the same content, its times brought up to date on disk.
pub(super) fn renewed(
    project: &Project,
    scan: &Scan,
    method: Method,
    settings: &CenterlineSettings,
    record: Record,
) -> Result<Option<Trial>, CenterlineError> {
    let sources = hashed(sources(project, scan, method)?)?;
    let same = record.parameters == Parameters::of(project, scan, settings)
        && files::hold_the_same(&record.sources, &sources);
    if !same || !table(project, scan, method).is_file() {
        return Ok(None);
    }
    let record = Record { sources, ..record };
    write(project, scan, method, &record)?;
    Ok(Some(record.trial(method, false)))
}

/// Puts a trial on disk: the table first, the record last.
pub(super) fn store(
    project: &Project,
    scan: &Scan,
    settings: &CenterlineSettings,
    trial: &Trial,
) -> Result<(), CenterlineError> {
    if let Ok(curve) = &trial.outcome {
        curve.write_csv(&table(project, scan, trial.method))?;
    }
    let record = Record {
        deepseg: env!("CARGO_PKG_VERSION").into(),
        method: trial.method.to_string(),
        parameters: Parameters::of(project, scan, settings),
        sources: hashed(sources(project, scan, trial.method)?)?,
        seconds: trial.seconds,
        made: trial.made.clone(),
        curve: trial.outcome.as_ref().ok().cloned(),
        failure: trial.outcome.as_ref().err().cloned(),
    };
    write(project, scan, trial.method, &record)
}

fn write(project: &Project, scan: &Scan, method: Method, record: &Record) -> Result<(), CenterlineError> {
    let path = record_path(project, scan, method);
    let text = serde_json::to_vec(record).map_err(std::io::Error::from)?;
    files::write_bytes(&path, &text).map_err(|e| CenterlineError::from(e).about(&path))
}

impl Record {
    fn trial(&self, method: Method, stale: bool) -> Trial {
        let unknown = || String::from("the record says nothing");
        let outcome = self.curve.clone().ok_or_else(|| self.failure.clone().unwrap_or_else(unknown));
        Trial { method, outcome, seconds: self.seconds, made: self.made.clone(), stale }
    }
}

impl Parameters {
    fn of(project: &Project, scan: &Scan, settings: &CenterlineSettings) -> Self {
        Self {
            version: METHODS_VERSION,
            contrast: scan.contrast.clone(),
            fixes: project.decision(&scan.id).fixes,
            fit: format!("{:?}", settings.fit),
        }
    }
}

/// The files a method works on, as they are now.
fn sources(project: &Project, scan: &Scan, method: Method) -> Result<Vec<Source>, CenterlineError> {
    let points = placed::file(project, scan);
    let own = match method {
        Method::File => scan.centerline.as_ref().map(|path| ("centerline", path)),
        Method::Mask => scan.cord.as_ref().map(|path| ("cord", path)),
        Method::Points => Some(("points", &points)),
        _ => None,
    };
    let files = [Some(("image", &scan.image)), own];
    let source = |(role, path): (&str, &PathBuf)| {
        Source::of(role, path).map_err(|e| CenterlineError::from(e).about(path))
    };
    files.into_iter().flatten().map(source).collect()
}

fn hashed(sources: Vec<Source>) -> Result<Vec<Source>, CenterlineError> {
    let hash = |source: Source| {
        let path = source.path.clone();
        source.hashed().map_err(|e| CenterlineError::from(e).about(&path))
    };
    sources.into_iter().map(hash).collect()
}
