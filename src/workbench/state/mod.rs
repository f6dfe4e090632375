//! All the workbench knows, owned by one thread. Plain values: no handles, no locks, no terminal.

pub(crate) mod compare;
pub(crate) mod film;
pub(crate) mod form;
pub(crate) mod job;
pub(crate) mod log;
pub(crate) mod modal;
pub(crate) mod order;
pub(crate) mod patches;
pub(crate) mod plots;
pub(crate) mod points;
pub(crate) mod results;
pub(crate) mod start;
pub(crate) mod subjects;
pub(crate) mod training;
pub(crate) mod viewer;

use ratatui::layout::{Rect, Size};

pub(crate) use compare::Compare;
pub(crate) use form::Form;
pub(crate) use job::{Job, JobKind};
pub(crate) use log::{Level, Log};
pub(crate) use modal::Modal;
pub(crate) use patches::Patches;
pub(crate) use points::Placing;
pub(crate) use results::Results;
pub(crate) use start::StartMenu;
pub(crate) use subjects::Subjects;
pub(crate) use training::{Pane, Training};
pub(crate) use viewer::Viewer;

use super::model::ProjectCard;
use super::widgets::picture::Ink;

/// The screens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Screen {
    Start,
    Subjects,
    Training,
    Results,
    /// All centerline methods on one scan, reached from the list.
    Compare,
    /// Placing points on one scan.
    Points,
    /// Augmented patches, reached from the training form.
    Patches,
    /// One image alone (`deepseg view`).
    Image,
}

/// What the event loop is to do after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    Quit,
    /// Give the terminal back to the shell until it calls again (ctrl-z).
    Suspend,
    /// Draw everything anew: something else has written on the terminal.
    Redraw,
}

/// The state.
pub(crate) struct State {
    /// Unix time of the last tick, seconds.
    pub(crate) clock: f64,
    pub(crate) size: Size,
    pub(crate) ink: Ink,
    /// Whether truecolour is proven.
    pub(crate) truecolour: bool,
    /// Whether the terminal is known to have glyphs for octants; no query tells.
    pub(crate) octants: bool,
    pub(crate) screen: Screen,
    pub(crate) modal: Option<Modal>,
    pub(crate) project: Option<ProjectCard>,
    /// The project is being opened.
    pub(crate) opening: bool,
    pub(crate) start: StartMenu,
    pub(crate) subjects: Subjects,
    pub(crate) viewer: Viewer,
    pub(crate) compare: Compare,
    pub(crate) points: Placing,
    pub(crate) patches: Patches,
    pub(crate) training: Training,
    pub(crate) results: Results,
    pub(crate) job: Option<Job>,
    /// Scans whose crop is to be made anew when the job at hand has ended.
    pub(crate) redo: Vec<String>,
    pub(crate) log: Log,
    /// Whether a run that ends is announced beyond the screen, and the announcement to make.
    pub(crate) bell: bool,
    pub(crate) ring: Option<String>,
    pub(crate) leave: Option<Leave>,
    /// Something to draw has changed.
    pub(crate) dirty: bool,
}

impl State {
    /// An empty workbench on a terminal that draws with `ink`.
    pub(crate) fn new(screen: Screen, ink: Ink, truecolour: bool, size: Size, clock: f64) -> Self {
        Self {
            clock,
            size,
            ink,
            truecolour,
            octants: false,
            screen,
            modal: None,
            project: None,
            opening: false,
            start: StartMenu::default(),
            subjects: Subjects::default(),
            viewer: Viewer::default(),
            compare: Compare::default(),
            points: Placing::default(),
            patches: Patches::default(),
            training: Training::default(),
            results: Results::default(),
            job: None,
            redo: Vec::new(),
            log: Log::default(),
            bell: true,
            ring: None,
            leave: None,
            dirty: true,
        }
    }

    /// The whole screen.
    pub(crate) fn area(&self) -> Rect {
        Rect::new(0, 0, self.size.width, self.size.height)
    }

    /// True when time alone changes what is shown, so that ticks are worth their wake-ups.
    pub(crate) fn moves(&self) -> bool {
        self.job.is_some()
            || self.opening
            || self.viewer.waiting()
            || self.compare.waiting()
            || self.points.waiting()
            || self.patches.waiting
            || self.log.notice(self.clock).is_some()
    }
}
