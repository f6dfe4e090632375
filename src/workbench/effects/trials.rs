//! Tries the centerline methods of one scan for the comparison screen: two at a time, the newest request only.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;

use super::scene::on_slices;
use super::{Effects, sentence};
use crate::centerline::{self, CenterlineError, Curve, Method};
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
        if let Err(error) = try_all(&project, &ScanId::new(&key), again, &tell, &cancel) {
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

fn try_all(
    project: &Project,
    id: &ScanId,
    again: Option<String>,
    tell: &Tell,
    cancel: &AtomicBool,
) -> Result<(), CenterlineError> {
    let scan = project.scan(id)?;
    let grid = read_header(&scan.image)?.grid.to_rpi();
    let queue = match again {
        Some(method) => vec![method],
        None => {
            let methods = methods(project, scan)?;
            let known = |name: &&String| !methods.tried.iter().any(|t| t.method == **name);
            let queue = methods.usable.iter().filter(known).cloned().collect();
            tell.news(TrialNews::Listed(methods));
            queue
        }
    };
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(name) = queue.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.load(Ordering::Relaxed) {
                return;
            }
            tell.news(TrialNews::Began(name.clone()));
            if let Some(tried) = attempt(project, scan, name, &grid) {
                tell.news(TrialNews::Ended(tried));
            }
        }
    };
    thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(work))));
    Ok(())
}

/// Every method there is for a scan.
fn methods(project: &Project, scan: &Scan) -> Result<Methods, CenterlineError> {
    let has = |method: Method| match method {
        Method::File => scan.centerline.is_some(),
        Method::Mask => scan.cord.is_some(),
        Method::Points => false,
    };
    let (usable, absent): (Vec<Method>, Vec<Method>) = Method::ALL.into_iter().partition(|m| has(*m));
    Ok(Methods {
        usable: usable.iter().map(ToString::to_string).collect(),
        absent: absent.iter().map(|m| (m.to_string(), "the scan has none".to_owned())).collect(),
        tried: Vec::new(),
        accepted: centerline::method_for(project, scan)?.map(|m| m.to_string()),
    })
}

fn attempt(project: &Project, scan: &Scan, name: &str, grid: &Grid) -> Option<Tried> {
    let began = Instant::now();
    let curve = name.parse().and_then(|method| centerline::resolve_by(project, scan, method));
    let seconds = began.elapsed().as_secs_f64();
    Some(Tried {
        method: name.to_owned(),
        outcome: curve.map(|c| drawn(&c, grid)).map_err(|e| sentence(&e)),
        seconds,
    })
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
