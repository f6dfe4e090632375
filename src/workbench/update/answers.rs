//! What the effects answer.

use super::super::message::{Effect, JobNews, Msg};
use super::super::model::{ProjectCard, SubjectRow};
use super::super::state::{JobKind, Level, Screen, State};
use super::act::{go, open_project, redo_waiting, show_scored};
use super::{compare, marks, measure, patches, points, poll_now, say, show_chosen, training};

/// Takes an answer in.
pub(super) fn answer(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Opened(Ok((card, rows))) => opened(state, card, rows),
        Msg::Opened(Err(message)) => {
            state.opening = false;
            if state.project.is_none() {
                state.screen = Screen::Start;
            }
            say(state, Level::Error, message);
            Vec::new()
        }
        Msg::Rows(rows) => {
            state.subjects.update(rows);
            // What has just become known may have brought another scan to the top.
            if state.screen == Screen::Subjects { show_chosen(state, false) } else { Vec::new() }
        }
        Msg::Scene { generation, answer } => {
            state.viewer.accept(generation, answer);
            Vec::new()
        }
        Msg::Trials { generation, news } => {
            let clock = state.clock;
            state.compare.hear(generation, news, clock);
            measure(state);
            Vec::new()
        }
        Msg::PointsOpened { generation, answer } => points::opened(state, generation, answer),
        Msg::Sided { generation, side } => points::sided(state, generation, side),
        Msg::Patches { generation, answer } => {
            patches::answered(state, generation, answer);
            Vec::new()
        }
        Msg::CenterlineChosen { id, result } => compare::chosen(state, id, result),
        Msg::Marked { id, result } => {
            marks::marked(state, &id, result);
            Vec::new()
        }
        Msg::CenterlinesChanged(ids) => {
            state.redo.extend(ids);
            redo_waiting(state)
        }
        Msg::Job(news) => job(state, news),
        Msg::Evaluations { evaluations, prefer } => {
            state.results.replace(evaluations, prefer);
            if state.screen == Screen::Results { show_scored(state) } else { Vec::new() }
        }
        other => training::answer(state, other),
    }
}

fn opened(state: &mut State, card: ProjectCard, rows: Vec<SubjectRow>) -> Vec<Effect> {
    state.opening = false;
    let same = state.project.as_ref().is_some_and(|p| p.dir == card.dir);
    if !same {
        state.viewer.clear();
        // The machine stays the same.
        let cluster = std::mem::take(&mut state.training).cluster;
        state.training.cluster = cluster;
        state.results = Default::default();
    }
    state.start.visit(card.dir.clone());
    state.project = Some(card);
    state.subjects.replace(rows);
    let mut effects = go(state, Screen::Subjects);
    effects.extend(poll_now(state));
    effects.push(Effect::CheckHeaders);
    effects.push(Effect::LoadEvaluations { prefer: None });
    effects
}

fn job(state: &mut State, news: JobNews) -> Vec<Effect> {
    match news {
        JobNews::Progress { done, total, current } => {
            if let Some(job) = &mut state.job {
                (job.done, job.total, job.current) = (done, total, current);
            }
            Vec::new()
        }
        JobNews::Said(level, text) => {
            say(state, level, text);
            Vec::new()
        }
        JobNews::Ended { kind, level, text, made } => {
            state.job = None;
            say(state, level, text);
            let mut effects = ended(state, kind, made);
            effects.extend(redo_waiting(state));
            effects
        }
    }
}

/// What follows when a job has ended: what it made is shown.
fn ended(state: &mut State, kind: JobKind, made: Option<std::path::PathBuf>) -> Vec<Effect> {
    match kind {
        JobKind::Demo => made.map_or_else(Vec::new, |path| open_project(state, path)),
        JobKind::Check => vec![Effect::Survey],
        JobKind::Rescue => {
            state.subjects.stir();
            vec![Effect::Survey]
        }
        JobKind::Preprocess => {
            let mut effects = vec![Effect::Survey];
            effects.extend(show_chosen(state, true));
            effects
        }
        JobKind::Evaluate => {
            let mut effects = vec![Effect::Survey, Effect::LoadEvaluations { prefer: made }];
            effects.extend(show_chosen(state, true));
            if state.screen == Screen::Training {
                effects.extend(go(state, Screen::Results));
            }
            effects
        }
    }
}
