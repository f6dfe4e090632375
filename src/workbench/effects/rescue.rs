//! Tries the other centerline methods on every scan whose centerline is not believed, and takes the first that is.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::jobs::{ended, send, step};
use super::{Effects, choose, crew, sentence};
use crate::centerline::{self, CenterlineError, CenterlineSettings, Examination, Method, Standing};
use crate::dataset::{Project, Scan, ScanId};
use crate::workbench::message::{JobNews, Msg};
use crate::workbench::state::{JobKind, Level};

/// What came of a scan.
enum Rescue {
    /// This method's curve is believable.
    By(Method),
    /// No further method is, or none could be used.
    Lost,
    /// Nothing could be tried: why.
    Refused(String),
}

/// Tries the scans one after the other, as many at a time as there are processors. One bad scan never stops the rest.
pub(super) fn rescue(project: &Arc<Project>, ids: Vec<String>, effects: &Effects) {
    let (project, shared) = (project.clone(), effects.project.clone());
    let (sender, cancel) = (effects.sender.clone(), effects.fresh_cancel());
    effects.work(move || {
        let scans: Vec<&Scan> = ids.iter().filter_map(|id| project.scan(&ScanId::new(id)).ok()).collect();
        let (done, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let hands = thread::available_parallelism().map_or(1, NonZero::get);
        crew::share(scans.len(), hands, &cancel, |at| {
            let scan = scans[at];
            let Some(rescue) = try_scan(&project, scan, &cancel) else { return };
            if let Rescue::Refused(why) = &rescue {
                send(&sender, JobNews::Said(Level::Warning, format!("{}: {why}", scan.id)));
            }
            results.lock().unwrap_or_else(PoisonError::into_inner).push((scan.id.clone(), rescue));
            step(&sender, done.fetch_add(1, Ordering::Relaxed) + 1, scans.len(), scan.id.as_str());
        });
        let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        let found = by_method(&results);
        for (method, ids) in &found {
            if let Err(error) = choose::decide(&project, &shared, ids, method) {
                return Some(ended(JobKind::Rescue, Level::Error, sentence(&error), None));
            }
        }
        let changed = found.values().flatten().map(ToString::to_string).collect();
        sender.send(Msg::CenterlinesChanged(changed)).ok();
        let (level, text) = outcome(scans.len(), results.len(), &found);
        Some(ended(JobKind::Rescue, level, text, None))
    });
}

/// Tries the scan's methods in order, leaving out the one it has; `None` when the work was stopped.
fn try_scan(project: &Project, scan: &Scan, cancel: &AtomicBool) -> Option<Rescue> {
    match first_believable(project, scan, cancel) {
        Ok(Some(method)) => Some(Rescue::By(method)),
        Ok(None) => Some(Rescue::Lost),
        Err(CenterlineError::Cancelled) => None,
        Err(error) => Some(Rescue::Refused(sentence(&error))),
    }
}

fn first_believable(
    project: &Project,
    scan: &Scan,
    cancel: &AtomicBool,
) -> Result<Option<Method>, CenterlineError> {
    let believable = CenterlineSettings::of(project)?.believable;
    let in_use = match centerline::standing(project, scan)? {
        Standing::Settled(trial) => Some(trial.method),
        _ => None,
    };
    let examination = Examination::new(project, scan)?;
    for (method, usable) in examination.candidates() {
        if usable.is_err() || Some(method) == in_use {
            continue;
        }
        if examination.attempt(method, cancel)?.confidence() >= believable {
            return Ok(Some(method));
        }
    }
    Ok(None)
}

fn by_method(results: &[(ScanId, Rescue)]) -> BTreeMap<&'static str, Vec<ScanId>> {
    let mut found: BTreeMap<&'static str, Vec<ScanId>> = BTreeMap::new();
    for (id, rescue) in results {
        if let Rescue::By(method) = rescue {
            found.entry(method.name()).or_default().push(id.clone());
        }
    }
    found
}

/// One line: how many scans have a believable centerline now, by which method, how many have none, how many are left.
fn outcome(asked: usize, answered: usize, found: &BTreeMap<&'static str, Vec<ScanId>>) -> (Level, String) {
    let fixed: usize = found.values().map(Vec::len).sum();
    let by: Vec<String> = found.iter().map(|(method, ids)| format!("{} by {method}", ids.len())).collect();
    let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
    let mut text = format!("{fixed} of {asked} scans have a believable centerline now{by}");
    for (count, words) in [(answered - fixed, "without one: C compares"), (asked - answered, "not tried")] {
        if count > 0 {
            text = format!("{text}, {count} {words}");
        }
    }
    (if fixed == asked { Level::Done } else { Level::Warning }, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_every_scan_once() {
        let by = |id: &str, method| (ScanId::new(id), Rescue::By(method));
        let results = [
            by("a", Method::Mask),
            by("b", Method::File),
            by("c", Method::Mask),
            (ScanId::new("d"), Rescue::Lost),
        ];
        let found = by_method(&results);
        let (level, text) = outcome(6, 4, &found);
        assert_eq!(
            text,
            "3 of 6 scans have a believable centerline now (1 by file, 2 by mask), 1 without one: C compares, 2 not tried"
        );
        assert_eq!(level, Level::Warning);
    }
}
