//! What takes time, away from the state: every effect runs on a worker and answers with a message.
//!
//! Lanes that can fall behind (pictures) keep one request only, the newest. Knows the rooms; knows nothing of screens.

mod choose;
mod cluster;
mod crew;
mod jobs;
mod marks;
mod open;
mod patches;
mod pictures;
mod points;
mod rescue;
mod results;
mod runs;
pub(crate) mod scene;
mod survey;
mod trials;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::message::{Effect, Msg};
use super::state::Level;
use crate::dataset::Project;

/// The open project, shared with the lanes.
type Shared = watch::Sender<Option<Arc<Project>>>;

/// Does what the state asks for.
pub(crate) struct Effects {
    sender: UnboundedSender<Msg>,
    /// Where choices are remembered.
    memory: Option<PathBuf>,
    project: Shared,
    pictures: watch::Sender<Option<pictures::Request>>,
    sides: watch::Sender<Option<points::Request>>,
    patches: watch::Sender<Option<patches::Request>>,
    runs: runs::Lane,
    cluster: cluster::Cluster,
    trials: trials::Lane,
    findings: survey::Findings,
    cancel: Arc<AtomicBool>,
}

impl Effects {
    /// Starts the lanes; must be called inside the runtime.
    pub(crate) fn new(sender: UnboundedSender<Msg>, memory: Option<PathBuf>) -> Self {
        let project = watch::Sender::new(None);
        Self {
            pictures: pictures::start(project.subscribe(), sender.clone()),
            sides: points::start(sender.clone()),
            patches: patches::start(sender.clone()),
            runs: runs::Lane::default(),
            cluster: cluster::Cluster::default(),
            trials: trials::Lane::default(),
            findings: survey::Findings::default(),
            cancel: Arc::default(),
            sender,
            memory,
            project,
        }
    }

    /// Begins an effect and returns at once.
    pub(crate) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Open(path) => open::open(path, self),
            Effect::LoadScene { key, generation, neighbours, fresh } => {
                self.pictures.send_replace(Some(pictures::Request { key, generation, neighbours, fresh }));
            }
            Effect::LookFromSide { scene, generation, line, wanted } => {
                self.sides.send_replace(Some(points::Request { scene, generation, line, wanted }));
            }
            Effect::CancelJob => self.cancel.store(true, Ordering::Relaxed),
            Effect::DropTrials => self.trials.end(),
            Effect::DropPatches => drop(self.patches.send_replace(None)),
            Effect::MakeDemo => jobs::demo(self),
            other => {
                if let Some(project) = self.project.borrow().clone() {
                    self.perform_in(&project, other);
                }
            }
        }
    }

    /// Effects that need an open project.
    fn perform_in(&self, project: &Arc<Project>, effect: Effect) {
        match effect {
            Effect::Survey => survey::survey(project, self),
            Effect::CheckHeaders => survey::check_headers(project, self),
            Effect::TryMethods { key, generation, again } => {
                trials::compare(project, key, generation, again, self);
            }
            Effect::LookAtPatches { request, generation } => {
                let request = patches::Request { project: project.clone(), wanted: request, generation };
                self.patches.send_replace(Some(request));
            }
            Effect::Mark { id, change } => marks::mark(project, id, change, self),
            Effect::Rescue { ids } => rescue::rescue(project, ids, self),
            Effect::OpenPoints { key, generation } => points::open(project, key, generation, self),
            Effect::SavePoints { id, points } => points::save(project, id, points, self),
            Effect::ChooseCenterline { id, method } => choose::choose(project, id, method, self),
            Effect::Preprocess { ids, force } => jobs::preprocess(project, ids, force, self),
            Effect::Check => jobs::check(project, self),
            Effect::Evaluate { run } => jobs::evaluate(project, run, self),
            Effect::PollRuns(look) => self.runs.poll(project, &self.cluster, look, self.sender.clone()),
            Effect::Launch { arguments } => runs::launch(project, arguments, self),
            Effect::Resume { run, epochs } => runs::resume(project, run, epochs, self),
            Effect::Order { command, options } => cluster::order(project, command, options, self),
            Effect::Preview { command, options } => cluster::preview(project, command, options, self),
            Effect::StopSweep(sweep) => cluster::stop(sweep, self),
            Effect::ResumeSweep(sweep) => cluster::resume(sweep, self),
            Effect::Stop { run, now } => runs::stop(run, now, self),
            Effect::LoadEvaluations { prefer } => results::load(project, prefer, self),
            _ => {}
        }
    }

    /// Runs blocking work on a worker and sends its answer, if it has one.
    fn work(&self, work: impl FnOnce() -> Option<Msg> + Send + 'static) {
        let sender = self.sender.clone();
        tokio::spawn(async move {
            let answer = tokio::task::spawn_blocking(work).await;
            let message =
                answer.unwrap_or_else(|e| Some(said(Level::Error, format!("a worker failed: {e}"))));
            if let Some(message) = message {
                sender.send(message).ok();
            }
        });
    }

    /// A fresh flag that cancels the job about to start.
    fn fresh_cancel(&self) -> Arc<AtomicBool> {
        self.cancel.store(false, Ordering::Relaxed);
        self.cancel.clone()
    }
}

/// An entry for the log.
fn said(level: Level, text: impl ToString) -> Msg {
    Msg::Job(super::message::JobNews::Said(level, text.to_string()))
}

/// An error and its causes in one line, each said once.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}
