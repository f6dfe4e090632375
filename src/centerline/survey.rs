//! Looking at the curves of many scans at once, without stopping at the first that fails.

use super::{CenterlineError, Curve, resolve};
use crate::dataset::{Project, Scan, ScanId};
use rayon::prelude::*;
use serde::Serialize;
use std::sync::atomic::AtomicBool;

/// What there is to say of a curve: the JSON of `deepseg centerline`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// How the curve was found.
    pub method: String,
    /// The lowest slice (RPI) with a centre.
    pub z_min: usize,
    /// The highest slice (RPI) with a centre.
    pub z_max: usize,
    /// 0 to 1; `None` when nobody has judged.
    pub confidence: Option<f32>,
    /// Why, as sentences.
    pub reasons: Vec<String>,
}

impl Curve {
    /// The confidence; 0 when nobody has judged.
    pub fn believed(&self) -> f32 {
        self.confidence.as_ref().map_or(0.0, |confidence| confidence.value)
    }

    /// Method, confidence and the first doubt, in a few words.
    pub(super) fn verdict(&self) -> String {
        let doubt = self.confidence.as_ref().and_then(|c| c.reasons.get(1).or(c.reasons.first()));
        let why = doubt.map(|reason| format!(", {reason}")).unwrap_or_default();
        format!("{} is doubtful ({:.2}{why})", self.method, self.believed())
    }

    /// Method, slices and confidence of the curve.
    pub fn summary(&self) -> Summary {
        let range = self.z_range();
        Summary {
            method: self.method.clone(),
            z_min: range.start,
            z_max: range.end.saturating_sub(1).max(range.start),
            confidence: self.confidence.as_ref().map(|c| c.value),
            reasons: self.confidence.as_ref().map(|c| c.reasons.clone()).unwrap_or_default(),
        }
    }
}

/// What was found for a scan.
#[derive(Debug)]
pub struct Finding {
    /// The scan.
    pub id: ScanId,
    /// Its curve; `None`: there is nothing to draw one from.
    pub curve: Result<Option<Summary>, CenterlineError>,
}

impl Finding {
    /// Order of attention: errors, then scans without a centerline, then by rising confidence.
    fn rank(&self) -> (u8, f32) {
        match &self.curve {
            Err(_) => (0, 0.0),
            Ok(None) => (1, 0.0),
            Ok(Some(summary)) => (2, summary.confidence.unwrap_or(1.0)),
        }
    }
}

/// Finds the curve of every scan, in parallel, and lists those first that need attention. `on_done` is called once a scan.
/// Scans not looked at because of `cancel` are not listed.
pub fn survey(
    project: &Project,
    scans: &[&Scan],
    on_done: &(dyn Fn(&ScanId) + Sync),
    cancel: &AtomicBool,
) -> Vec<Finding> {
    let look = |scan: &&Scan| {
        let curve = match resolve(project, scan, cancel) {
            Err(CenterlineError::Cancelled) => return None,
            other => other.map(|trial| trial.and_then(|t| t.outcome.ok()).map(|curve| curve.summary())),
        };
        on_done(&scan.id);
        Some(Finding { id: scan.id.clone(), curve })
    };
    let mut findings: Vec<Finding> = scans.par_iter().filter_map(look).collect();
    findings.sort_by(|a, b| a.rank().partial_cmp(&b.rank()).unwrap_or(std::cmp::Ordering::Equal));
    findings
}
