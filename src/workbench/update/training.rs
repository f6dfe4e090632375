//! What keys and mouse do on the training screen: panes, marks, the way curves are looked at.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::super::actions::Action;
use super::super::message::{Effect, Msg, RunNews};
use super::super::model::RunRow;
use super::super::screens::training::{charts, film_room};
use super::super::state::form::Order;
use super::super::state::training::MOST_MARKED;
use super::super::state::{Form, Level, Modal, Pane, Screen, State};
use super::act::go;
use super::{poll_now, say};
use crate::runs::RunState;

/// Lines of the console a page has, and epochs a leap.
const PAGE: isize = 10;

/// Takes in what is said of runs, sweeps and the cluster.
pub(super) fn answer(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Runs(news) => polled(state, *news),
        Msg::Launched(Ok(run)) => {
            say(state, Level::Done, "training started; it goes on when you leave");
            state.training.awaited = Some(run);
            go(state, Screen::Training)
        }
        Msg::Cluster(there) => {
            state.training.cluster = there;
            Vec::new()
        }
        Msg::Preview(Ok(text)) => {
            state.modal = Some(Modal::Script { text, scroll: 0 });
            Vec::new()
        }
        Msg::Swept(Ok(words)) => {
            say(state, Level::Info, words);
            poll_now(state)
        }
        Msg::StopAsked(Ok(run)) => {
            say(state, Level::Info, "asked to stop; it writes a checkpoint first");
            state.training.stopping.push(run);
            poll_now(state)
        }
        Msg::Launched(Err(message))
        | Msg::StopAsked(Err(message))
        | Msg::Swept(Err(message))
        | Msg::Preview(Err(message)) => {
            say(state, Level::Error, message);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Does an action of the training screen; `None` when it is not one.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    if state.screen != Screen::Training || state.modal.is_some() {
        return None;
    }
    let done = match action {
        Action::ShowTable => pane(state, Pane::Table),
        Action::ShowFilm => pane(state, Pane::Film),
        Action::ShowConsole => pane(state, Pane::Console),
        Action::LeavePane => pane(state, Pane::Curves),
        Action::MarkRun => mark(state),
        Action::CloneRun => clone(state),
        Action::ResumeRun => resume(state),
        Action::NextRanking => {
            state.training.ranking = state.training.ranking.next();
            Vec::new()
        }
        Action::ToggleBell => {
            state.bell = !state.bell;
            let words = if state.bell { "the end of a training rings" } else { "trainings end silently" };
            say(state, Level::Info, words);
            Vec::new()
        }
        other => return look(state, other),
    };
    Some(done)
}

/// Actions that change how the shown pane is looked at.
fn look(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    match state.training.pane {
        Pane::Curves => plot(state, action)?,
        Pane::Table => match action {
            Action::Up => state.training.step_ranked(-1),
            Action::Down => state.training.step_ranked(1),
            _ => return None,
        },
        Pane::Film => film(state, action)?,
        Pane::Console => {
            let by = match action {
                Action::Up => 1,
                Action::Down => -1,
                Action::PageUp => PAGE,
                Action::PageDown => -PAGE,
                Action::Last => isize::MIN / 2,
                _ => return None,
            };
            scroll_console(state, by);
        }
    }
    Some(if state.training.pane == Pane::Table { poll_now(state) } else { Vec::new() })
}

fn plot(state: &mut State, action: Action) -> Option<()> {
    let (whole, reached) = state.training.extent();
    let plots = &mut state.training.plots;
    match action {
        Action::NextMetric => plots.metric = plots.metric.next(),
        Action::Smooth => plots.smooth_more(),
        Action::LogAxis => plots.next_scale(),
        Action::ZoomIn => plots.zoom(true, whole, None, reached),
        Action::ZoomOut => plots.zoom(false, whole, None, reached),
        Action::ResetView => plots.reset(),
        Action::EpochBack => plots.step(-1.0, whole, reached),
        Action::EpochOn => plots.step(1.0, whole, reached),
        Action::PanBack => plots.pan(-0.25, whole),
        Action::PanOn => plots.pan(0.25, whole),
        Action::ClearPlots => {
            if !plots.clear() {
                state.training.marked.clear();
            }
        }
        _ => return None,
    }
    Some(())
}

fn film(state: &mut State, action: Action) -> Option<()> {
    let room = film_room(state) as isize;
    let film = &mut state.training.film;
    match action {
        Action::EpochBack => film.step(-1),
        Action::EpochOn => film.step(1),
        Action::PageUp => film.step(-room),
        Action::PageDown => film.step(room),
        Action::First => film.step(isize::MIN / 2),
        Action::Last => film.step(isize::MAX / 2),
        // The head is above: up is a higher slice.
        Action::Up => film.turn(1),
        Action::Down => film.turn(-1),
        _ => return None,
    }
    Some(())
}

fn pane(state: &mut State, pane: Pane) -> Vec<Effect> {
    let again = state.training.pane == pane;
    state.training.pane = if again { Pane::Curves } else { pane };
    poll_now(state)
}

fn mark(state: &mut State) -> Vec<Effect> {
    if !state.training.toggle_mark() {
        say(state, Level::Warning, format!("{MOST_MARKED} runs at most are compared in one chart"));
    }
    poll_now(state)
}

/// Opens the form filled in as the chosen run was.
fn clone(state: &mut State) -> Vec<Effect> {
    if let Some(form) = state.training.current().map(Form::like) {
        state.training.form = form;
        state.modal = Some(Modal::Form);
    }
    Vec::new()
}

/// Goes on with the chosen run; a finished one first needs a new number of epochs.
fn resume(state: &mut State) -> Vec<Effect> {
    let Some(run) = state.training.current() else { return Vec::new() };
    if run.state == RunState::Done {
        state.modal = Some(Modal::Epochs { text: String::new() });
        return Vec::new();
    }
    vec![Effect::Resume { run: run.dir.clone(), epochs: None }]
}

/// Goes on with the chosen run to the number of epochs that was typed.
pub(super) fn extend(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(run) = state.training.current() else { return Vec::new() };
    match text.trim().parse::<u32>() {
        Ok(epochs) if epochs > run.epoch => {
            vec![Effect::Resume { run: run.dir.clone(), epochs: Some(epochs) }]
        }
        _ => {
            let least = run.epoch + 1;
            say(state, Level::Error, format!("epochs: a whole number from {least}"));
            state.modal = Some(Modal::Epochs { text: String::new() });
            Vec::new()
        }
    }
}

/// What the form asks for; a new form afterwards.
pub(super) fn order(state: &mut State) -> Order {
    let order = state.training.form.order();
    if state.training.form.like.is_some() {
        state.training.form = Form::default();
    }
    order
}

fn scroll_console(state: &mut State, by: isize) {
    let console = &mut state.training.console;
    console.back = console.back.saturating_add_signed(by).min(console.lines.len().saturating_sub(1));
}

/// What the run folders say now; a run that has ended meanwhile is announced.
fn polled(state: &mut State, news: RunNews) -> Vec<Effect> {
    state.training.polling = false;
    let watched = state.training.current().map(|r| r.dir.clone());
    for run in state.training.hear(news) {
        announce(state, &run);
    }
    let moved = state.training.current().map(|r| r.dir.clone()) != watched;
    if moved { poll_now(state) } else { Vec::new() }
}

fn announce(state: &mut State, run: &RunRow) {
    let best = run.best.map(|(epoch, dice)| format!("; best Dice {dice:.3} at epoch {epoch}"));
    let (level, how) = match &run.state {
        RunState::Done => (Level::Done, "has finished".to_owned()),
        RunState::Failed(message) => (Level::Error, format!("failed: {message}")),
        RunState::Crashed => (Level::Error, "crashed; u resumes it".to_owned()),
        _ => (Level::Info, "has stopped".to_owned()),
    };
    let text = format!("{} {how}{}", run.name, best.unwrap_or_default());
    if state.bell {
        state.ring = Some(format!("deepseg: {text}"));
    }
    say(state, level, text);
}

/// The mouse beside the list: the wheel zooms, walks epochs or scrolls, a click reads the values under it or chooses a frame.
pub(super) fn mouse(state: &mut State, event: MouseEvent) -> Option<Vec<Effect>> {
    let at = Position::new(event.column, event.row);
    let by = match event.kind {
        MouseEventKind::ScrollUp => 1,
        MouseEventKind::ScrollDown => -1,
        MouseEventKind::Down(MouseButton::Left) | MouseEventKind::Drag(MouseButton::Left) => 0,
        _ => return None,
    };
    match state.training.pane {
        Pane::Curves => {
            let epoch = epoch_under(state, at)?;
            let (whole, reached) = state.training.extent();
            match by {
                0 => state.training.plots.point(epoch.min(reached)),
                by => state.training.plots.zoom(by > 0, whole, Some(epoch), reached),
            }
        }
        Pane::Film if by != 0 => state.training.film.step(-by),
        Pane::Console if by != 0 => scroll_console(state, 3 * by),
        Pane::Table if by != 0 => state.training.step_ranked(-by),
        _ => return None,
    }
    Some(Vec::new())
}

/// The epoch under a cell of any of the charts.
fn epoch_under(state: &State, at: Position) -> Option<f64> {
    charts(state).into_iter().find_map(|(area, chart)| {
        let frame = chart.frame(area)?;
        frame.plot.contains(at).then(|| frame.x_at(at.x))
    })
}
