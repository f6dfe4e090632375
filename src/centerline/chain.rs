//! Which curve a scan goes on with: the method chosen for it, else the first of the chain whose curve is believable.

use super::trial::Trial;
use super::{CenterlineError, Curve, Examination, Method};
use crate::dataset::{Project, Scan};
use std::sync::atomic::AtomicBool;

/// Where the centerline of a scan stands, by what is on disk.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// There is nothing to draw a centerline from.
    Nothing,
    /// A method has to be run first.
    Open,
    /// The trial whose curve is used.
    Settled(Box<Trial>),
    /// Every method of the chain, or the chosen one, was tried and failed: why, and the best curve all the same.
    Failed(String, Option<Box<Trial>>),
}

/// Where the scan's centerline stands. Opens no image and runs nothing.
pub fn standing(project: &Project, scan: &Scan) -> Result<Standing, CenterlineError> {
    standing_of(project, scan, &Examination::new(project, scan)?)
}

fn standing_of(
    project: &Project,
    scan: &Scan,
    examination: &Examination<'_>,
) -> Result<Standing, CenterlineError> {
    walk(project, scan, examination, |method| Ok(examination.stored(method)))
}

/// The curve the scan goes on with, running what has to be run; `None` when there is nothing to draw one from. Fails when no
/// method gives a believable one.
pub fn resolve(
    project: &Project,
    scan: &Scan,
    cancel: &AtomicBool,
) -> Result<Option<Trial>, CenterlineError> {
    let examination = Examination::new(project, scan)?;
    match walk(project, scan, &examination, |method| examination.attempt(method, cancel).map(Some))? {
        Standing::Settled(trial) => Ok(Some(*trial)),
        Standing::Failed(reason, _) => Err(CenterlineError::Unbelievable { scan: scan.id.clone(), reason }),
        Standing::Nothing | Standing::Open => Ok(None),
    }
}

/// A curve to show now, without running anything that takes long: the settled one, else the best there is, else one that was
/// given with the dataset.
pub fn glance(project: &Project, scan: &Scan) -> Result<Option<Curve>, CenterlineError> {
    let examination = Examination::new(project, scan)?;
    match standing_of(project, scan, &examination)? {
        Standing::Settled(trial) => Ok(trial.outcome.ok()),
        Standing::Failed(_, best) => Ok(best.and_then(|trial| trial.outcome.ok())),
        Standing::Nothing => Ok(None),
        Standing::Open => {
            let usable = |(method, usable): (Method, Result<_, _>)| usable.is_ok().then_some(method);
            let mut methods = examination.candidates().into_iter().filter_map(usable);
            Ok(methods.find_map(|method| examination.glance(method).ok().flatten()))
        }
    }
}

/// Walks the scan's methods in order, with `look` giving each one's trial, `None` when it would have to be run.
fn walk(
    project: &Project,
    scan: &Scan,
    examination: &Examination<'_>,
    mut look: impl FnMut(Method) -> Result<Option<Trial>, CenterlineError>,
) -> Result<Standing, CenterlineError> {
    let name = project.decision(&scan.id).centerline;
    if let Some(method) = name.map_or(Ok(None), |name| Method::choice(&name))? {
        // A curve that is there is used even where the method cannot be run: on another machine, say.
        if let Some(trial) = examination.stored(method) {
            return Ok(chosen(trial));
        }
        method.usable(project, scan, examination.tools())?;
        return Ok(look(method)?.map_or(Standing::Open, chosen));
    }
    let settings = examination.settings();
    let chain = examination.candidates().into_iter().filter(|(method, _)| settings.chain.contains(method));
    let mut tried: Vec<Trial> = Vec::new();
    let there = |method: Method| examination.stored(method).is_some();
    for (method, _) in chain.filter(|(method, usable)| usable.is_ok() || there(*method)) {
        match look(method)? {
            None => return Ok(Standing::Open),
            Some(trial) if trial.confidence() >= settings.believable => {
                return Ok(Standing::Settled(Box::new(trial)));
            }
            Some(trial) => tried.push(trial),
        }
    }
    Ok(best_of(tried))
}

/// A chosen method's curve is used however doubtful it is.
fn chosen(trial: Trial) -> Standing {
    match &trial.outcome {
        Ok(_) => Standing::Settled(Box::new(trial)),
        Err(reason) => Standing::Failed(format!("{}: {reason}", trial.method), None),
    }
}

fn best_of(tried: Vec<Trial>) -> Standing {
    let Some(best) = tried.iter().max_by(|a, b| a.confidence().total_cmp(&b.confidence())) else {
        return Standing::Nothing;
    };
    let told: Vec<String> = tried.iter().map(verdict).collect();
    let drawn = best.outcome.is_ok().then(|| Box::new(best.clone()));
    Standing::Failed(told.join("; "), drawn)
}

/// A method and what became of it, in a few words.
fn verdict(trial: &Trial) -> String {
    match &trial.outcome {
        Ok(curve) => curve.verdict(),
        Err(reason) => format!("{}: {reason}", trial.method),
    }
}
