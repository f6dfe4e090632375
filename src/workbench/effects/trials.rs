//! Tries the centerline methods of one scan for the comparison screen: two at a time, the newest request only.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;

use super::scene::on_slices;
use super::{Effects, crew, sentence};
use crate::centerline::{self, CenterlineError, Curve, Examination, Method, Standing, Trial};
use crate::dataset::{Project, Scan, ScanId};
use crate::volume::{Grid, read_header};
use crate::workbench::message::Msg;
use crate::workbench::trial::{Drawn, Methods, TrialNews, Tried};

/// Methods tried at a time: a slow one must not hold up the others.
const AT_A_TIME: usize = 2;

/// The flag that ends the work for the request at hand, and that request's generation.
#[derive(Clone, Default)]
pub(super) struct Lane(Arc<Mutex<(u64, Arc<AtomicBool>)>>);

impl Lane {
    /// Ends the work of earlier requests; the flag of this one.
    fn of(&self, generation: u64) -> Arc<AtomicBool> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.0 != generation {
            held.1.store(true, Ordering::Relaxed);
            *held = (generation, Arc::default());
        }
        held.1.clone()
    }

    /// Ends all work.
    pub(super) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.store(true, Ordering::Relaxed);
    }
}

/// Tells what there is and tries what was not tried yet; with `again`, that method anew and nothing else.
pub(super) fn compare(
    project: &Arc<Project>,
    key: String,
    generation: u64,
    again: Option<String>,
    effects: &Effects,
) {
    let (project, sender, cancel) = (project.clone(), effects.sender.clone(), effects.trials.of(generation));
    effects.work(move || {
        let tell = Tell { sender, generation };
        if let Err(error) = answer(&project, &ScanId::new(&key), again, &tell, &cancel) {
            tell.news(TrialNews::Refused(sentence(&error)));
        }
        None
    });
}

/// Sends news about one request.
struct Tell {
    sender: UnboundedSender<Msg>,
    generation: u64,
}

impl Tell {
    fn news(&self, news: TrialNews) {
        self.sender.send(Msg::Trials { generation: self.generation, news }).ok();
    }
}

fn answer(
    project: &Project,
    id: &ScanId,
    again: Option<String>,
    tell: &Tell,
    cancel: &AtomicBool,
) -> Result<(), CenterlineError> {
    let scan = project.scan(id)?;
    let grid = read_header(&scan.image)?.grid.to_rpi();
    let examination = Examination::new(project, scan)?;
    let anew = again.is_some();
    let queue = match again {
        Some(name) => vec![name.parse()?],
        None => {
            let (methods, queue) = look(project, scan, &examination, &grid);
            tell.news(TrialNews::Listed(methods));
            queue
        }
    };
    crew::share(queue.len(), AT_A_TIME, cancel, |at| {
        let method = queue[at];
        tell.news(TrialNews::Began(method.to_string()));
        let trial =
            if anew { examination.attempt_anew(method, cancel) } else { examination.attempt(method, cancel) };
        match trial {
            Err(CenterlineError::Cancelled) => return,
            Err(error) => tell.news(TrialNews::Ended(failed(method, sentence(&error)))),
            Ok(trial) => tell.news(TrialNews::Ended(tried(trial, &grid))),
        }
        tell.news(TrialNews::Accepted(accepted(project, scan)));
    });
    Ok(())
}

/// What is known of every method, and those of which nothing is.
fn look(
    project: &Project,
    scan: &Scan,
    examination: &Examination<'_>,
    grid: &Grid,
) -> (Methods, Vec<Method>) {
    let mut methods = Methods { accepted: accepted(project, scan), ..Methods::default() };
    let mut queue = Vec::new();
    for (method, usable) in examination.candidates() {
        // A curve made on another machine is there although the method is not.
        match (examination.stored(method), usable) {
            (Some(trial), _) => methods.tried.push(tried(trial, grid)),
            (None, Ok(())) => queue.push(method),
            (None, Err(why)) => {
                methods.absent.push((method.to_string(), needs(scan, method, &sentence(&why))));
                continue;
            }
        }
        methods.usable.push(method.to_string());
    }
    (methods, queue)
}

/// Why a method cannot be tried, without the names that stand beside it.
fn needs(scan: &Scan, method: Method, why: &str) -> String {
    let why = why.strip_prefix(&format!("{}: ", scan.id)).unwrap_or(why);
    why.strip_prefix(&format!("the method {method} ")).unwrap_or(why).to_owned()
}

/// The method whose curve the scan goes on with.
fn accepted(project: &Project, scan: &Scan) -> Option<String> {
    match centerline::standing(project, scan) {
        Ok(Standing::Settled(trial)) => Some(trial.method.to_string()),
        _ => project.decision(&scan.id).centerline,
    }
}

fn tried(trial: Trial, grid: &Grid) -> Tried {
    let outcome = trial.outcome.map(|curve| drawn(&curve, grid));
    Tried { method: trial.method.to_string(), outcome, seconds: trial.seconds }
}

fn failed(method: Method, why: String) -> Tried {
    Tried { method: method.to_string(), outcome: Err(why), seconds: 0.0 }
}

/// A curve as it lies on the image (RPI).
fn drawn(curve: &Curve, grid: &Grid) -> Drawn {
    let (confidence, reasons) = curve.confidence.clone().map(|c| (c.value, c.reasons)).unwrap_or_default();
    Drawn { curve: on_slices(curve, grid), confidence, reasons }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_request_ends_the_older_one_and_not_itself() {
        let lane = Lane::default();
        let ended = |flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed);
        let (first, same) = (lane.of(1), lane.of(1));
        assert!(!ended(&first) && !ended(&same));
        let second = lane.of(2);
        assert!(ended(&first) && ended(&same) && !ended(&second));
        lane.end();
        assert!(ended(&second));
    }
}
