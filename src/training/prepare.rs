//! From a run's settings to its training: missing crops made, data chosen and frozen, unless an earlier process did that.

use std::sync::atomic::{AtomicBool, Ordering};

use super::error::TrainingError;
use super::plan::{Plan, plan};
use super::trainer::{Summary, train};
use super::{RunWriter, StopSignal, TrainConfig};
use crate::dataset::{Project, Scan};
use crate::preprocess::{BatchOptions, run_batch};

/// Chooses and freezes the run's data when it has none yet (with `preprocess`, after making the crops that are missing or
/// stale), then trains; see [`train`].
pub fn prepare_and_train(
    config: TrainConfig,
    run: &mut RunWriter,
    stop: &StopSignal,
    preprocess: bool,
) -> Result<Summary, TrainingError> {
    if !config.data.is_empty() {
        return train(&config, run, stop);
    }
    let project = Project::open(&config.project)?;
    if preprocess {
        make_crops(&project, &config, run, stop)?;
    }
    if stop.requested().is_some() {
        return train(&config, run, stop);
    }
    let Plan { config, notes } = plan(&project, config)?;
    run.freeze(&config)?;
    for note in notes {
        run.warn(note)?;
    }
    train(&config, run, stop)
}

fn make_crops(
    project: &Project,
    config: &TrainConfig,
    run: &mut RunWriter,
    stop: &StopSignal,
) -> Result<(), TrainingError> {
    let wanted = |scan: &&Scan| scan.mask.is_some() && scan.contrast.name() == config.contrast;
    let scans: Vec<&Scan> = project.active_scans().filter(wanted).collect();
    let cancel = AtomicBool::new(false);
    let watch = |_| {
        if stop.requested().is_some() {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let report = run_batch(project, &scans, &BatchOptions::default(), &watch, &cancel)?;
    for failed in report.failed {
        run.warn(format!("{} has no crop ({}): {}", failed.id, failed.stage, failed.message))?;
    }
    Ok(())
}
