//! The loop: one thread owns the state, takes messages in, hands effects out, and draws when something has changed.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::sleep_until;

use super::effects::Effects;
use super::frame::Gather;
use super::memory::Memory;
use super::message::{Effect, Msg};
use super::probe;
use super::state::{Leave, Screen, State};
use super::terminal::{self, Borrowed};
use super::theme::{Depth, Theme};
use super::update::{self, update};
use super::widgets::picture::Ink;
use super::{Options, Start, WorkbenchError, effects, events, screens};

/// Ticks while something moves by itself, and otherwise.
const TICK: Duration = Duration::from_millis(250);
const SLOW_TICK: Duration = Duration::from_secs(2);

/// Borrows the terminal, runs the loop, gives the terminal back.
pub(super) fn run(start: Start, options: Options) -> Result<(), WorkbenchError> {
    terminal::check()?;
    let scene = match &start {
        Start::Image(files) => Some(effects::scene::of_image(files)?),
        _ => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let borrowed = Borrowed::take()?;
    let result = runtime.block_on(async {
        let mut runner = Runner::new(&start, options)?;
        if let Some(scene) = scene {
            runner.state.viewer.show_alone(scene, options.cut, options.slice);
        }
        let result = runner.run(&borrowed).await;
        runner.remember();
        result
    });
    drop(borrowed);
    // Work that is still running is not waited for; what it has finished is on disk, and trainings are not ours.
    runtime.shutdown_background();
    result
}

struct Runner {
    state: State,
    effects: Effects,
    inbox: UnboundedReceiver<Msg>,
    screen: Terminal<CrosstermBackend<Gather>>,
    gather: Gather,
    signals: [Signal; 3],
    /// What was remembered at the start, where, and how pictures were drawn then.
    memory: (Memory, Option<PathBuf>, Ink),
}

impl Runner {
    fn new(start: &Start, options: Options) -> io::Result<Self> {
        let path = Memory::path();
        let memory = path.as_deref().map(Memory::read).unwrap_or_default();
        let (sender, inbox) = unbounded_channel();
        let depth = probe::depth();
        let ink = Ink {
            theme: Theme::new(memory.theme, depth),
            mode: probe::first_mode(depth, options.mode.or(memory.mode)),
            cell: probe::cell_shape(),
        };
        let gather = Gather::default();
        let screen = Terminal::new(CrosstermBackend::new(gather.clone()))?;
        let size = screen.size()?;
        let mut state = State::new(first_screen(start), ink, depth == Depth::True, size, unix_now());
        state.start.recent.clone_from(&memory.recent);
        state.viewer.overlays = memory.overlays;
        state.octants = probe::octants();
        state.bell = memory.bell;
        events::listen(sender.clone());
        let effects = Effects::new(sender, path.clone());
        let hears = |kind| signal(kind);
        let signals = [
            hears(SignalKind::terminate())?,
            hears(SignalKind::hangup())?,
            hears(SignalKind::from_raw(TSTP))?,
        ];
        let memory = (memory, path, ink);
        let mut runner = Self { state, effects, inbox, screen, gather, signals, memory };
        runner.take(Msg::Resize(size));
        if let Start::Path(path) = start {
            runner.state.opening = true;
            runner.effects.perform(Effect::Open(path.clone()));
        }
        Ok(runner)
    }

    async fn run(&mut self, borrowed: &Borrowed) -> Result<(), WorkbenchError> {
        let pause = probe::frame_pause();
        let mut next_frame = Instant::now();
        let mut next_tick = Instant::now() + TICK;
        loop {
            if self.state.dirty && Instant::now() >= next_frame {
                self.draw()?;
                next_frame = Instant::now() + pause;
            }
            let wake = if self.state.dirty { next_frame.min(next_tick) } else { next_tick };
            let message = self.next(wake).await;
            self.state.clock = unix_now();
            self.take_all(message);
            if Instant::now() >= next_tick {
                self.take(Msg::Tick(unix_now()));
                next_tick = Instant::now() + if self.state.moves() { TICK } else { self.slow_tick() };
            }
            if let Some(text) = self.state.ring.take() {
                self.gather.ring(&text, probe::notifies())?;
            }
            match self.state.leave.take() {
                Some(Leave::Quit) => return Ok(()),
                Some(Leave::Suspend) => {
                    borrowed.suspend()?;
                    self.redraw()?;
                }
                Some(Leave::Redraw) => self.redraw()?,
                None => {}
            }
        }
    }

    /// The next message, or none at the time to wake up.
    async fn next(&mut self, wake: Instant) -> Option<Msg> {
        let [terminate, hangup, stop] = &mut self.signals;
        tokio::select! {
            message = self.inbox.recv() => message,
            _ = terminate.recv() => Some(Msg::Terminate),
            _ = hangup.recv() => Some(Msg::Terminate),
            _ = stop.recv() => Some(Msg::Suspend),
            () = sleep_until(wake.into()) => None,
        }
    }

    /// Takes a message and all that wait behind it, so that a burst costs one frame.
    fn take_all(&mut self, first: Option<Msg>) {
        let mut next = first;
        while let Some(message) = next {
            self.take(message);
            next = if self.state.leave.is_none() { self.inbox.try_recv().ok() } else { None };
        }
    }

    fn take(&mut self, message: Msg) {
        crash_if_asked(&message);
        let moved = self.state.moves();
        for effect in update(&mut self.state, message) {
            self.effects.perform(effect);
        }
        // Something began to move: the next tick must not be seconds away.
        if self.state.moves() && !moved {
            self.state.dirty = true;
        }
    }

    fn slow_tick(&self) -> Duration {
        if self.state.screen == Screen::Training { TICK } else { SLOW_TICK }
    }

    fn draw(&mut self) -> io::Result<()> {
        self.state.dirty = false;
        let size = self.screen.size().unwrap_or(self.state.size);
        if size != self.state.size {
            self.state.size = size;
            update::measure(&mut self.state);
        }
        self.screen.draw(|frame| screens::draw(&self.state, frame.buffer_mut()))?;
        self.gather.send(&mut io::stdout().lock())
    }

    /// Remembers the choices of this session. Not for a single image: nothing was chosen about projects there.
    fn remember(&self) {
        let (memory, path, first) = self.memory.clone();
        if let Some(path) = path.filter(|_| self.state.screen != Screen::Image) {
            memory.after(first, &self.state).write(&path).ok();
        }
    }

    fn redraw(&mut self) -> io::Result<()> {
        // Not `clear`, which asks the terminal where its cursor is while the listening thread would take the answer.
        self.screen.resize(self.state.area())?;
        self.state.dirty = true;
        Ok(())
    }
}

/// Crashes on ctrl-\ when DEEPSEG_CRASH is set: the only way to test that a panic gives the terminal back.
#[allow(clippy::panic)]
fn crash_if_asked(message: &Msg) {
    let asked = matches!(message, Msg::Key(key) if key.ctrl && matches!(key.code, KeyCode::Char('4' | '\\')));
    if asked && std::env::var_os("DEEPSEG_CRASH").is_some() {
        panic!("asked to crash");
    }
}

/// The number of SIGTSTP, which tokio has no name for.
const TSTP: i32 = rustix::process::Signal::TSTP.as_raw();

fn first_screen(start: &Start) -> Screen {
    match start {
        Start::Home => Screen::Start,
        Start::Path(_) => Screen::Subjects,
        Start::Image(_) => Screen::Image,
    }
}

/// Unix time, seconds.
pub(super) fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}
