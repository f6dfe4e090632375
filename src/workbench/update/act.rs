//! What each action does to the state.

use super::super::actions::{self, Action, Context};
use super::super::message::Effect;
use super::super::model::MarkChange;
use super::super::state::form::Order;
use super::super::state::modal::Question;
use super::super::state::start::Entry;
use super::super::state::{Job, JobKind, Leave, Level, Modal, Screen, State};
use super::{compare, leave, marks, measure, patches, points, poll_now, say, show_chosen, training, viewer};

/// Does an action.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let special = points::act(state, action)
        .or_else(|| compare::act(state, action))
        .or_else(|| patches::act(state, action))
        .or_else(|| marks::act(state, action))
        .or_else(|| training::act(state, action));
    if let Some(effects) = special.or_else(|| viewer::act(state, action)) {
        return effects;
    }
    match action {
        Action::Up => step(state, -1),
        Action::Down => step(state, 1),
        Action::PageUp => step(state, -(page(state) as isize)),
        Action::PageDown => step(state, page(state) as isize),
        Action::First => step(state, isize::MIN / 2),
        Action::Last => step(state, isize::MAX / 2),
        Action::Choose => choose(state),
        Action::Close | Action::No => close(state),
        Action::Yes => confirmed(state),
        Action::Help => open(state, Modal::Help { scroll: 0 }),
        Action::Palette => open(state, Modal::Palette { query: String::new(), selected: 0 }),
        Action::ShowLog => open(state, Modal::Log { back: 0 }),
        Action::Filter => open(state, Modal::Filter),
        Action::NewRun => {
            state.training.form.forget_like();
            open(state, Modal::Form)
        }
        Action::Preview => preview(state),
        Action::StopSweep => match state.training.current().and_then(|run| run.sweep.clone()) {
            Some(sweep) => open(state, Modal::Confirm(Question::StopSweep(sweep))),
            None => Vec::new(),
        },
        Action::ResumeSweep => sweep_effect(state, Effect::ResumeSweep),
        Action::OpenPath => open(state, Modal::Path { text: String::new() }),
        Action::GoSubjects => go(state, Screen::Subjects),
        Action::GoTraining => go(state, Screen::Training),
        Action::GoResults => go(state, Screen::Results),
        Action::ValueUp | Action::ValueDown => {
            state.training.nudge(action == Action::ValueUp);
            Vec::new()
        }
        Action::NextEvaluation | Action::PreviousEvaluation => {
            state.results.turn(if action == Action::NextEvaluation { 1 } else { -1 });
            show_scored(state)
        }
        other => work(state, other),
    }
}

/// Actions that start, stop or leave something.
fn work(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Quit => quit(state),
        Action::Suspend => leave(state, Leave::Suspend),
        Action::Redraw => leave(state, Leave::Redraw),
        Action::NextTheme => {
            state.ink.theme = state.ink.theme.next();
            say(state, Level::Info, format!("theme: {}", state.ink.theme.name.label()));
            Vec::new()
        }
        Action::NextMode => {
            state.ink.mode = state.ink.mode.next(state.truecolour, state.octants);
            say(state, Level::Info, format!("pictures: {}", state.ink.mode.label()));
            Vec::new()
        }
        Action::ClearFilter => {
            let wide = std::mem::take(&mut state.viewer.wide);
            if !wide {
                state.subjects.set_filter(String::new());
            }
            show_chosen(state, false)
        }
        Action::NextOrder => {
            state.subjects.reorder();
            say(state, Level::Info, format!("order: {}", state.subjects.order.label()));
            Vec::new()
        }
        Action::NextFailing | Action::PreviousFailing => {
            state.subjects.next_failing(action == Action::NextFailing);
            let mut effects = show_chosen(state, false);
            if state.screen == Screen::Compare {
                effects.extend(compare::open(state));
            }
            effects
        }
        Action::Compare => compare::open(state),
        Action::Points => points::open(state),
        Action::Rescue => {
            let failing = state.subjects.rows().iter().filter(|r| r.needs_centerline());
            let ids = failing.map(|r| r.id.clone()).collect();
            open(state, Modal::Confirm(Question::Rescue(ids)))
        }
        Action::PreprocessOne => preprocess_one(state),
        Action::PreprocessAll => preprocess_all(state),
        Action::Check => start(state, JobKind::Check, 0, Effect::Check),
        Action::MakeDemo => start(state, JobKind::Demo, 0, Effect::MakeDemo),
        Action::CancelJob => cancel(state),
        Action::StopRun => ask_stop(state),
        Action::Evaluate => evaluate(state),
        _ => Vec::new(),
    }
}

fn open(state: &mut State, modal: Modal) -> Vec<Effect> {
    state.modal = Some(modal);
    Vec::new()
}

/// Goes to a screen and asks for what it shows.
pub(super) fn go(state: &mut State, screen: Screen) -> Vec<Effect> {
    let mut effects = compare::close(state);
    effects.extend(patches::close(state));
    state.screen = screen;
    state.viewer.wide = false;
    measure(state);
    match screen {
        Screen::Subjects => effects.extend([vec![Effect::Survey], show_chosen(state, false)].concat()),
        Screen::Training => effects.extend([vec![Effect::Survey], poll_now(state)].concat()),
        Screen::Results => {
            effects.push(Effect::LoadEvaluations { prefer: None });
            effects.extend(show_scored(state));
        }
        Screen::Start | Screen::Image | Screen::Compare | Screen::Points | Screen::Patches => {}
    }
    effects
}

fn page(state: &State) -> usize {
    if state.screen == Screen::Compare && state.modal.is_none() {
        return 5;
    }
    state.subjects.height.saturating_sub(1).max(1)
}

fn step(state: &mut State, by: isize) -> Vec<Effect> {
    let count = state.log.entries().len();
    match &mut state.modal {
        Some(Modal::Help { scroll }) => *scroll = scroll.saturating_add_signed(by).min(200),
        Some(Modal::Log { back }) => {
            *back = back.saturating_add_signed(by.saturating_neg()).min(count.saturating_sub(1));
        }
        Some(Modal::Palette { query, selected }) => {
            let (query, to) = (query.clone(), selected.saturating_add_signed(by));
            let last = actions::matching(state, &query).len().saturating_sub(1);
            if let Some(Modal::Palette { selected, .. }) = &mut state.modal {
                *selected = to.min(last);
            }
        }
        Some(Modal::Form) => state.training.form.step(by.signum()),
        Some(Modal::Script { text, scroll }) => {
            *scroll = scroll.saturating_add_signed(by).min(text.lines().count().saturating_sub(1));
        }
        Some(
            Modal::Confirm(_)
            | Modal::Path { .. }
            | Modal::Epochs { .. }
            | Modal::Comment { .. }
            | Modal::Rank,
        ) => {}
        Some(Modal::Filter) | None => return step_screen(state, by),
    }
    Vec::new()
}

fn step_screen(state: &mut State, by: isize) -> Vec<Effect> {
    match state.screen {
        Screen::Start => state.start.step(by.signum()),
        Screen::Subjects => {
            state.subjects.step(by);
            return show_chosen(state, false);
        }
        Screen::Training => {
            let to = state.training.scroll.selected.saturating_add_signed(by);
            state.training.select(to);
            return poll_now(state);
        }
        Screen::Results => {
            state.results.step(by);
            return show_scored(state);
        }
        // The head is above: up is a higher slice.
        Screen::Compare => state.viewer.shift(2, by.saturating_neg()),
        Screen::Image | Screen::Points | Screen::Patches => {}
    }
    Vec::new()
}

/// Brings the scan chosen on the results screen into the viewer.
pub(super) fn show_scored(state: &mut State) -> Vec<Effect> {
    let Some(id) = state.results.current().map(|s| s.id.clone()) else { return Vec::new() };
    if state.subjects.select_id(&id) { show_chosen(state, false) } else { Vec::new() }
}

fn choose(state: &mut State) -> Vec<Effect> {
    match state.modal.take() {
        Some(Modal::Palette { query, selected }) => {
            let chosen = actions::matching(state, &query).get(selected).map(|b| b.action);
            chosen.map_or_else(Vec::new, |action| act(state, action))
        }
        Some(Modal::Form) => start_training(state),
        Some(Modal::Path { text }) => open_path(state, text.trim()),
        Some(Modal::Epochs { text }) => training::extend(state, &text),
        Some(Modal::Comment { text }) => marks::change(state, MarkChange::Comment(text)),
        Some(Modal::Rank) => marks::rank(state, None),
        Some(_) => Vec::new(),
        None if state.screen == Screen::Start => match state.start.chosen() {
            Entry::Open => open(state, Modal::Path { text: String::new() }),
            Entry::Demo => start(state, JobKind::Demo, 0, Effect::MakeDemo),
            Entry::Recent(path) => open_project(state, path),
        },
        None if state.screen == Screen::Results => {
            let effects = show_scored(state);
            state.viewer.overlays.prediction = true;
            state.screen = Screen::Subjects;
            state.viewer.wide = true;
            measure(state);
            effects
        }
        None => Vec::new(),
    }
}

fn open_path(state: &mut State, text: &str) -> Vec<Effect> {
    if text.is_empty() { Vec::new() } else { open_project(state, text.into()) }
}

/// Opens a project or a dataset.
pub(super) fn open_project(state: &mut State, path: std::path::PathBuf) -> Vec<Effect> {
    state.opening = true;
    vec![Effect::Open(path)]
}

fn close(state: &mut State) -> Vec<Effect> {
    match state.modal.take() {
        Some(Modal::Filter) => {
            state.subjects.set_filter(String::new());
            show_chosen(state, false)
        }
        Some(Modal::Script { .. }) => open(state, Modal::Form),
        _ => Vec::new(),
    }
}

fn confirmed(state: &mut State) -> Vec<Effect> {
    let Some(Modal::Confirm(question)) = state.modal.take() else { return Vec::new() };
    match question {
        Question::Stop(run) => vec![Effect::Stop { run, now: false }],
        Question::StopSweep(sweep) => vec![Effect::StopSweep(sweep)],
        Question::Kill(run) => vec![Effect::Stop { run, now: true }],
        Question::QuitWithJob => {
            state.leave = Some(Leave::Quit);
            vec![Effect::CancelJob]
        }
        Question::Rescue(ids) => start(state, JobKind::Rescue, ids.len(), Effect::Rescue { ids }),
        Question::DropPoints(after) => points::left(state, after),
        Question::Redo => {
            let scans = state.subjects.tally().scans;
            start(state, JobKind::Preprocess, scans, Effect::Preprocess { ids: None, force: true })
        }
    }
}

pub(super) fn quit(state: &mut State) -> Vec<Effect> {
    if state.job.is_some() {
        return open(state, Modal::Confirm(Question::QuitWithJob));
    }
    leave(state, Leave::Quit)
}

fn start(state: &mut State, kind: JobKind, total: usize, effect: Effect) -> Vec<Effect> {
    state.job = Some(Job::new(kind, state.clock, total));
    vec![effect]
}

/// Makes one scan's crop anew, at once or when the job at hand has ended.
pub(super) fn redo(state: &mut State, id: String) -> Vec<Effect> {
    if !state.redo.contains(&id) {
        state.redo.push(id);
    }
    redo_waiting(state)
}

/// Makes the crops anew that wait for it, when nothing else is being done.
pub(super) fn redo_waiting(state: &mut State) -> Vec<Effect> {
    if state.job.is_some() || state.redo.is_empty() {
        return Vec::new();
    }
    let ids = std::mem::take(&mut state.redo);
    start(state, JobKind::Preprocess, ids.len(), Effect::Preprocess { ids: Some(ids), force: false })
}

fn preprocess_one(state: &mut State) -> Vec<Effect> {
    let Some(row) = state.subjects.current() else { return Vec::new() };
    let ids = Some(vec![row.id.clone()]);
    let force = row.crop == super::super::model::Stage::Ready;
    start(state, JobKind::Preprocess, 1, Effect::Preprocess { ids, force })
}

fn preprocess_all(state: &mut State) -> Vec<Effect> {
    let tally = state.subjects.tally();
    if tally.crops == tally.scans {
        return open(state, Modal::Confirm(Question::Redo));
    }
    start(state, JobKind::Preprocess, tally.scans, Effect::Preprocess { ids: None, force: false })
}

fn cancel(state: &mut State) -> Vec<Effect> {
    if let Some(job) = &mut state.job {
        job.cancelling = true;
    }
    vec![Effect::CancelJob]
}

fn ask_stop(state: &mut State) -> Vec<Effect> {
    let Some(run) = state.training.current().map(|r| r.dir.clone()) else { return Vec::new() };
    let again = state.training.stopping.contains(&run);
    open(state, Modal::Confirm(if again { Question::Kill(run) } else { Question::Stop(run) }))
}

/// Evaluates the run the results screen shows, else the one chosen on the training screen.
fn evaluate(state: &mut State) -> Vec<Effect> {
    let shown = state.results.evaluation().filter(|_| state.screen == Screen::Results).map(|e| e.run.clone());
    let Some(run) = shown.or_else(|| state.training.current().map(|r| r.dir.clone())) else {
        return Vec::new();
    };
    start(state, JobKind::Evaluate, 0, Effect::Evaluate { run })
}

fn start_training(state: &mut State) -> Vec<Effect> {
    if let Some((field, problem)) = state.training.first_problem() {
        state.training.form.selected = field;
        let label = state.training.form.fields[field].label;
        say(state, Level::Error, format!("{label}: {problem}"));
        return open(state, Modal::Form);
    }
    vec![match training::order(state) {
        Order::Here(arguments) => Effect::Launch { arguments },
        Order::Elsewhere(command, options) => Effect::Order { command, options },
    }]
}

/// What the form would make, where it is more than one training here.
fn preview(state: &mut State) -> Vec<Effect> {
    match state.training.form.order() {
        Order::Here(_) => {
            say(state, Level::Info, "one training on this machine; lists make a sweep, Where makes it a job");
            Vec::new()
        }
        Order::Elsewhere(command, options) => vec![Effect::Preview { command, options }],
    }
}

fn sweep_effect(state: &State, effect: fn(std::path::PathBuf) -> Effect) -> Vec<Effect> {
    state.training.current().and_then(|run| run.sweep.clone()).map(effect).into_iter().collect()
}

/// True when the palette's list may change the state of a text line.
pub(super) fn takes_text(state: &State) -> bool {
    let inner = actions::contexts(state);
    let typed = [
        Context::Palette,
        Context::Filter,
        Context::Comment,
        Context::Rank,
        Context::Form,
        Context::Path,
        Context::Epochs,
    ];
    inner.iter().any(|c| typed.contains(c))
}
