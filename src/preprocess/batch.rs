//! Preprocessing many scans: in parallel, resumable, stoppable, and no bad scan stops the others.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::centerline::CenterlineError;
use crate::dataset::{Project, Scan, ScanId};

use super::stage::{Made, process};
use super::{PreprocessError, StageSettings};

/// What to do with the scans.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchOptions {
    /// Scans at a time; 0 means one per processor.
    pub jobs: usize,
    /// Make crops again although they are current.
    pub force: bool,
}

/// How far a batch is; sent once per finished scan, from any thread.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Scans finished, this one included.
    pub finished: usize,
    /// Scans in the batch.
    pub total: usize,
    /// The scan that was just finished.
    pub scan: ScanId,
    /// Why it failed, when it did.
    pub failure: Option<String>,
}

/// How a batch ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BatchReport {
    /// Crops made now.
    pub done: usize,
    /// Crops that were there and current.
    pub cached: usize,
    /// Scans without a centerline on which no method of the chain can be used: nothing went wrong, there is nothing to crop around.
    pub no_centerline: Vec<ScanId>,
    /// Scans whose crop could not be made, in the order of the batch.
    pub failed: Vec<FailedScan>,
    /// Scans not looked at because the batch was stopped; a later batch goes on with them.
    pub left: usize,
    /// Wall-clock time.
    pub seconds: f64,
}

/// A scan that could not be preprocessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedScan {
    /// The scan.
    pub id: ScanId,
    /// The step that failed: `settings`, `read`, `centerline`, `crop` or `write`.
    pub stage: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Preprocesses scans by the project's settings, on `options.jobs` threads. Every scan ends in exactly one of the report's lists.
///
/// A worker holds one scan at a time: its image, one byte per voxel for a mask, and the labels of the mask's components, below three
/// volumes in all. Errors only when the settings cannot be used. Plain threads rather than a pool of tasks, because a task that waits would start on a second scan.
pub fn run_batch(
    project: &Project,
    scans: &[&Scan],
    options: &BatchOptions,
    on_progress: &(dyn Fn(Progress) + Sync),
    cancel: &AtomicBool,
) -> Result<BatchReport, PreprocessError> {
    let started = Instant::now();
    let settings = StageSettings::of(project)?;
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::with_capacity(scans.len()));
    let work = || {
        while !cancel.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(scan) = scans.get(index) else { break };
            let result = process(project, scan, &settings, options.force, cancel);
            if matches!(result, Err(PreprocessError::Centerline(CenterlineError::Cancelled))) {
                break;
            }
            on_progress(Progress {
                finished: finished.fetch_add(1, Ordering::Relaxed) + 1,
                total: scans.len(),
                scan: scan.id.clone(),
                failure: result.as_ref().err().map(ToString::to_string),
            });
            results.lock().unwrap_or_else(PoisonError::into_inner).push((index, result));
        }
    };
    thread::scope(|scope| {
        (0..options.workers(scans.len())).for_each(|_| drop(scope.spawn(work)));
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(BatchReport { seconds: started.elapsed().as_secs_f64(), ..summarise(scans, results) })
}

impl BatchOptions {
    fn workers(&self, scans: usize) -> usize {
        let jobs = match self.jobs {
            0 => thread::available_parallelism().map_or(1, NonZero::get),
            jobs => jobs,
        };
        jobs.min(scans)
    }
}

fn summarise(scans: &[&Scan], mut results: Vec<(usize, Result<Made, PreprocessError>)>) -> BatchReport {
    results.sort_by_key(|(index, _)| *index);
    let mut report = BatchReport { left: scans.len() - results.len(), ..Default::default() };
    for (index, result) in results {
        match result {
            Ok(Made::Fresh) => report.done += 1,
            Ok(Made::Cached) => report.cached += 1,
            Err(PreprocessError::NoCenterline { scan }) => report.no_centerline.push(scan),
            Err(error) => report.failed.push(FailedScan {
                id: scans[index].id.clone(),
                stage: error.stage().into(),
                message: error.to_string(),
            }),
        }
    }
    report
}
