//! Naming the subjects that are held out for testing before any run does.

use super::error::TrainingError;
use super::held_out::HeldOut;
use super::plan::plan;
use super::{ConfigError, TrainConfig};
use crate::dataset::Project;

/// Who is to be held out.
#[derive(Clone, Debug, PartialEq)]
pub enum TestChoice {
    /// A share of the subjects, above 0 and below 1, drawn from the configuration's seed.
    Share(f64),
    /// These.
    Subjects(Vec<String>),
}

/// Names the subjects that test, for good.
///
/// # Errors
/// When some are named already, a name is unknown, or there are too few subjects for the share.
pub fn hold_out(
    project: &Project,
    config: TrainConfig,
    choice: &TestChoice,
) -> Result<HeldOut, TrainingError> {
    refuse_another(project)?;
    let held = match choice {
        TestChoice::Subjects(names) => HeldOut::of(project, names, None)?,
        TestChoice::Share(share) => drawn(project, config, *share)?,
    };
    if !held.keep(project)? {
        refuse_another(project)?;
    }
    Ok(held)
}

fn refuse_another(project: &Project) -> Result<(), TrainingError> {
    match HeldOut::read(project)? {
        None => Ok(()),
        Some(held) => Err(TrainingError::AlreadyHeldOut {
            subjects: held.subjects.into_iter().collect::<Vec<_>>().join(", "),
            named: held.named,
            path: HeldOut::path(project),
        }),
    }
}

fn drawn(project: &Project, mut config: TrainConfig, share: f64) -> Result<HeldOut, TrainingError> {
    if !(share > 0.0 && share < 1.0) {
        let message = "must be above 0 and below 1".to_owned();
        return Err(ConfigError::Value { key: "split.test".into(), message }.into());
    }
    let split = &mut config.split;
    let others = split.train + split.val;
    split.train *= (1.0 - share) / others;
    split.val *= (1.0 - share) / others;
    split.test = share;
    split.fold = None;
    let too_few =
        || TrainingError::NoData("there are too few subjects to hold any out for testing".to_owned());
    plan(project, config)?.first_held_out.ok_or_else(too_few)
}
