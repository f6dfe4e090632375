//! A whole training from the crops on: makes the ones that are missing, decides the data once and freezes them, then the loop.

use super::error::TrainingError;
use super::held_out::HeldOut;
use super::placement::fits_here;
use super::plan::{Plan, plan};
use super::trainer::{Summary, train};
use super::{EventKind, RunWriter, StopSignal, TrainConfig};
use crate::dataset::{Project, Scan};
use crate::preprocess::{BatchOptions, StageState, run_batch, stage_state};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Chooses and freezes the run's data when it has none yet (with `preprocess`, after making the crops that are missing or
/// stale), then trains; see [`train`]. Call it inside [`super::guarded`].
///
/// # Errors
/// As [`train`]; a scan that cannot be cropped is a warning and is left out.
pub fn prepare_and_train(
    mut config: TrainConfig,
    run: &mut RunWriter,
    stop: &StopSignal,
    preprocess: bool,
) -> Result<Summary, TrainingError> {
    give_up_old_split(&mut config, run)?;
    if config.data.is_empty() {
        fits_here(&config)?;
        let project = Project::open(&config.project)?;
        if preprocess {
            make_crops(&project, &config, run, stop)?;
        }
        if stop.requested().is_some() {
            return train(&config, run, stop);
        }
        let plan = kept_plan(&project, config)?;
        config = plan.config;
        run.freeze(&config)?;
        for note in plan.notes {
            run.warn(note)?;
        }
    }
    train(&config, run, stop)
}

/// A run not yet begun that was made like an earlier one is divided anew where that one used who is held out by now.
fn give_up_old_split(config: &mut TrainConfig, run: &mut RunWriter) -> Result<(), TrainingError> {
    if config.data.is_empty() || run.dir().last_checkpoint().exists() {
        return Ok(());
    }
    let held_out = HeldOut::read(&Project::open(&config.project)?)?;
    if held_out.is_some_and(|held| config.uses_held_out(&held)) {
        config.data.clear();
        run.warn(
            "the split of the earlier run used subjects that are held out for testing now; it is made anew",
        )?;
    }
    Ok(())
}

/// A plan whose test side is held out from now on. Where another process was first to name one, its choice holds here too.
fn kept_plan(project: &Project, config: TrainConfig) -> Result<Plan, TrainingError> {
    let mut first = plan(project, config.clone())?;
    match first.first_held_out.take() {
        None => Ok(first),
        Some(held) if held.keep(project)? => {
            let names = held.subjects.iter().cloned().collect::<Vec<_>>().join(", ");
            first.notes.push(format!("held out for testing in this and every later run: {names}"));
            Ok(first)
        }
        Some(_) => plan(project, config),
    }
}

/// Makes the crops that are missing or stale. One that failed before, with the same files and settings, would fail again.
fn make_crops(
    project: &Project,
    config: &TrainConfig,
    run: &mut RunWriter,
    stop: &StopSignal,
) -> Result<(), TrainingError> {
    let is_wanted = |scan: &&Scan| scan.mask.is_some() && scan.contrast.name() == config.contrast;
    let is_due = |scan: &&Scan| matches!(stage_state(project, scan), StageState::Missing | StageState::Stale);
    let due: Vec<&Scan> = project.active_scans().filter(is_wanted).filter(is_due).collect();
    let cancel = AtomicBool::new(false);
    let writer = Mutex::new((run, Ok(())));
    let tell = |done: usize, total: usize| {
        let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
        let what = "preprocessing".to_owned();
        let told = writer.0.emit(EventKind::Prepare { done: done as u64, total: total as u64, what });
        if told.is_err() || stop.requested().is_some() {
            cancel.store(true, Ordering::Relaxed);
        }
        if writer.1.is_ok() {
            writer.1 = told;
        }
    };
    if due.is_empty() {
        return Ok(());
    }
    tell(0, due.len());
    let report = run_batch(project, &due, &BatchOptions::default(), &|p| tell(p.finished, p.total), &cancel)?;
    let (run, told) = writer.into_inner().unwrap_or_else(PoisonError::into_inner);
    told?;
    for scan in report.failed {
        run.warn(format!("{}: left out, {}", scan.id, scan.message))?;
    }
    Ok(())
}
