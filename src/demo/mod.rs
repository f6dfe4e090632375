//! The demo: a synthetic cohort that is worth looking at and whose truth is known.
//!
//! A physical phantom of the neck: anatomy is a continuous function of world millimetres (what share of each tissue is
//! here), relaxation times and a pulse sequence turn tissue into signal, a scanner averages it over thick voxels and adds
//! coil shading and Rician noise. The cohort is written as a BIDS dataset. Every subject has at least one
//! `acq-ax` or `acq-sag` T2w scan, so `init` with the suffix `T2w` takes them all as one contrast; some also have T2starw.
//! This room knows volumes and files; it knows nothing of projects, training or screens.

mod anatomy;
mod artefacts;
mod bids;
mod cohort;
mod contrast;
mod cord;
mod error;
mod folder;
mod lesions;
mod neck;
mod noise;
mod scanner;
mod shapes;
mod spine;
mod subject;
mod tissue;
mod truth;
mod vertebrae;
mod write;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

pub use cohort::Fault;
pub use error::DemoError;
pub use folder::DemoFolder;
pub use lesions::{LesionSize, LesionTruth};
pub use truth::{CohortReport, ScanTruth, SubjectTruth, read_truth};

/// The folder a demonstration lives in when nobody says otherwise, below the current one.
pub const DEFAULT_FOLDER: &str = "deepseg-demo";
/// Subjects of a demonstration when nobody says otherwise: six train, two validate, two test.
pub const DEFAULT_SUBJECTS: usize = 10;
/// Seed of a demonstration when nobody says otherwise.
pub const DEFAULT_SEED: u64 = 1;

/// Most subjects a cohort can have: ids have two digits.
pub const MOST_SUBJECTS: usize = 99;

/// Writes a cohort of `subjects` (1 to 99) below `dataset` as a BIDS dataset and returns what is true about it.
///
/// The same seed gives the same bytes whatever the number of threads. A finished cohort of the same seed and size is
/// reused; another one, or a folder with anything else in it, is refused. `on_progress` gets (subjects done, subjects).
pub fn make_cohort(
    dataset: &Path,
    subjects: usize,
    seed: u64,
    on_progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<CohortReport, DemoError> {
    if !(1..=MOST_SUBJECTS).contains(&subjects) {
        return Err(DemoError::Size(subjects));
    }
    if !bids::is_ours(dataset) {
        return Err(DemoError::NotADemo(dataset.to_owned()));
    }
    if let Some(report) = read_truth(dataset)? {
        let same =
            report.version == truth::VERSION && report.seed == seed && report.subjects.len() == subjects;
        return if same { Ok(report) } else { Err(DemoError::AnotherCohort(dataset.to_owned())) };
    }
    bids::write_descriptions(dataset, seed)?;
    let done = AtomicUsize::new(0);
    on_progress(0, subjects);
    let subjects: Vec<SubjectTruth> = (0..subjects)
        .into_par_iter()
        .map(|index| {
            let made = subject::make(dataset, index, seed)?;
            on_progress(done.fetch_add(1, Ordering::SeqCst) + 1, subjects);
            Ok(made)
        })
        .collect::<Result<_, DemoError>>()?;
    bids::write_participants(dataset, &subjects)?;
    let report = CohortReport { version: truth::VERSION, seed, subjects };
    truth::write_truth(dataset, &report)?;
    Ok(report)
}
