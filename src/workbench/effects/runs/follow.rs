//! The runs of the project, followed through their directories: rows for the list, curves, samples and console of those looked at.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rayon::prelude::*;
use tokio::sync::mpsc::UnboundedSender;

use super::console;
use super::film::Reel;
use crate::dataset::Project;
use crate::runs::{self, EpochPoint, History, LOOK_BUDGET, Live, RunCard};
use crate::training::{RunDir, SystemLoad};
use crate::workbench::effects::cluster::Cluster;
use crate::workbench::message::{Look, Msg, RunNews};
use crate::workbench::model::{Curves, RunRow};
use crate::workbench::state::Pane;

const GIB: f64 = (1u64 << 30) as f64;

/// The followed runs. One poll is under way at a time, so the lock is never waited for.
#[derive(Clone, Default)]
pub(in super::super) struct Lane(Arc<Mutex<Followed>>);

#[derive(Default)]
struct Followed {
    runs: HashMap<PathBuf, Run>,
    reel: Reel,
}

struct Run {
    live: Live,
    settings: Arc<BTreeMap<String, String>>,
    /// When the settings that are known were written.
    frozen: Option<SystemTime>,
}

impl Lane {
    /// Looks at every run, and more closely at those the screen shows.
    pub(in super::super) fn poll(
        &self,
        project: &Arc<Project>,
        cluster: &Cluster,
        look: Look,
        sender: UnboundedSender<Msg>,
    ) {
        let (lane, runs) = (self.clone(), project.runs_dir());
        let (cluster, project) = (cluster.clone(), project.dir().to_owned());
        tokio::task::spawn_blocking(move || {
            let mut followed = lane.0.lock().unwrap_or_else(PoisonError::into_inner);
            let mut news = followed.news(&runs, look);
            cluster.complete(&project, &mut news.runs);
            sender.send(Msg::Runs(Box::new(news))).ok();
        });
    }
}

impl Followed {
    fn news(&mut self, runs: &Path, look: Look) -> RunNews {
        let dirs = super::directories(runs);
        self.runs.retain(|dir, _| dirs.contains(dir));
        for dir in &dirs {
            self.runs.entry(dir.clone()).or_insert_with(|| Run::new(dir));
        }
        self.runs.par_iter_mut().for_each(|(_, run)| run.look());
        let rows = dirs.iter().filter_map(|dir| self.runs.get(dir)).map(Run::row).collect();
        let selected = look.selected.or_else(|| dirs.first().cloned());
        let curves = |dir: PathBuf| {
            let history = self.runs.get(&dir)?.live.history();
            Some((dir, Arc::new(curves(history))))
        };
        let drawn = look.marked.into_iter().chain(selected.clone());
        let curves = drawn.filter_map(curves).collect();
        let shown = |pane| selected.clone().filter(|_| look.pane == pane);
        let film = shown(Pane::Film).map(|dir| (dir.clone(), self.reel.look(&RunDir::new(dir))));
        let console = shown(Pane::Console).map(|dir| (dir.clone(), console::tail(&RunDir::new(dir))));
        RunNews { runs: rows, curves, film, console }
    }
}

impl Run {
    fn new(dir: &Path) -> Self {
        Self { live: Live::new(RunDir::new(dir)), settings: Arc::default(), frozen: None }
    }

    fn look(&mut self) {
        self.live.look(LOOK_BUDGET);
        let config = self.live.dir().config();
        let frozen = std::fs::metadata(config).and_then(|m| m.modified()).ok();
        if frozen != self.frozen {
            self.settings = Arc::new(runs::read_settings(self.live.dir()).unwrap_or_default());
            self.frozen = frozen;
        }
    }

    fn row(&self) -> RunRow {
        let history = self.live.history();
        let card = RunCard::of(self.live.status(), history, self.settings.clone());
        let status = &card.status;
        RunRow {
            dir: status.dir.path().to_owned(),
            name: status.name.clone(),
            state: status.state.clone(),
            epoch: status.epoch,
            epochs: status.epochs,
            best: status.best.and_then(|b| Some((b.epoch, b.val_dice?))),
            loss: card.loss(),
            seconds: card.seconds,
            eta: status.eta.map(|d| d.as_secs_f64()),
            gaps: history.gaps + history.epochs.iter().filter(|e| e.train_loss.is_none()).count(),
            facts: facts(history, &status.device),
            network: card.network(),
            sweep: None,
            settings: card.settings,
        }
    }
}

/// Pace, load and device: what is known of them.
fn facts(history: &History, device: &str) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some((done, total, what)) = &history.preparing {
        facts.push(("preparing", format!("{what} {done}/{total}")));
    }
    let last = history.epochs.last();
    if let Some(pace) = last.map(|e| e.patches_per_second).filter(|p| p.is_finite()) {
        facts.push(("pace", format!("{pace:.1} patches/s")));
    }
    if let Some(busy) = last.and_then(EpochPoint::busy) {
        facts.push(("busy", format!("{:.0} %, else waiting for patches", busy * 100.0)));
    }
    if let Some(point) = history.loads.last() {
        facts.extend(machine(&point.load));
    }
    if !device.is_empty() {
        facts.push(("", device.to_owned()));
    }
    facts
}

/// The load in words, each with a bar of one character.
fn machine(load: &SystemLoad) -> Vec<(&'static str, String)> {
    let percent = |part: f64| format!("{} {:.0} %", bar(part), part * 100.0);
    let gib = |bytes: u64| format!("{:.1} GiB", bytes as f64 / GIB);
    let of_total = |used: u64| match load.gpu_memory_total {
        Some(total) => format!("{:.1} of {}", used as f64 / GIB, gib(total)),
        None => gib(used),
    };
    let gpu = [
        load.gpu_load.map(percent),
        load.gpu_process_memory.or(load.gpu_memory).map(of_total),
        load.gpu_temperature.map(|t| format!("{t:.0} °C")),
    ];
    let cpu = [load.cpu_load.map(percent), load.memory.map(gib)];
    let joined = |parts: &[Option<String>]| parts.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
    [("GPU", joined(&gpu)), ("CPU", joined(&cpu))].into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// A part as a bar of eight steps.
fn bar(part: f64) -> char {
    let step = (part.clamp(0.0, 1.0) * 8.0).ceil().clamp(1.0, 8.0) as u32;
    char::from_u32(0x2580 + step).unwrap_or('█')
}

fn curves(history: &History) -> Curves {
    let by_epoch = |value: &dyn Fn(&EpochPoint) -> Option<f64>| {
        history.epochs.iter().map(|e| (f64::from(e.epoch), value(e).unwrap_or(f64::NAN))).collect()
    };
    let per_epoch = history.steps_per_epoch;
    let along = |value: &dyn Fn(&SystemLoad) -> Option<f64>| {
        let x = |step: u64| step as f64 / per_epoch.max(1) as f64;
        history.loads.iter().filter_map(|p| Some((x(p.step), value(&p.load)?))).collect()
    };
    let memory = |l: &SystemLoad| l.gpu_process_memory.or(l.gpu_memory).or(l.memory);
    Curves {
        train: by_epoch(&|e| e.train_loss),
        val: by_epoch(&|e| e.val_loss),
        dice: by_epoch(&|e| e.val_dice),
        rate: by_epoch(&|e| Some(e.lr)),
        pace: by_epoch(&|e| Some(e.patches_per_second)),
        memory: along(&|l| memory(l).map(|bytes| bytes as f64 / GIB)),
        gpu: along(&|l| l.gpu_load.map(|part| 100.0 * part)),
        cpu: along(&|l| l.cpu_load.map(|part| 100.0 * part)),
        warnings: history.warnings.iter().map(|(_, text)| text.clone()).collect(),
        within_epoch: history.step.checked_rem(per_epoch).map_or(0.0, |step| step as f64 / per_epoch as f64),
    }
}

#[cfg(test)]
mod tests;
