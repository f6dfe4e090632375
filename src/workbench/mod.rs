//! The workbench: every screen of the terminal interface.
//!
//! `update` turns messages into state and effects, `screens` draw the state, `effects` do what takes time and answer with messages,
//! `runner` is the loop between them. Rooms above know nothing of this one; this one knows nothing of tensors.

mod actions;
mod effects;
mod events;
mod frame;
mod keys;
mod layout;
mod memory;
mod message;
mod model;
mod print;
mod probe;
mod runner;
mod scene;
mod screens;
mod side;
mod slice;
mod state;
mod terminal;
mod theme;
mod trial;
mod update;
mod widgets;

use std::io;
use std::path::PathBuf;

pub use print::{Printed, print_slice};
pub use slice::Cut;
pub use widgets::picture::Mode;

use crate::volume::VolumeError;

/// What to show first.
#[derive(Clone, Debug)]
pub enum Start {
    /// A project's or a dataset's folder.
    Path(PathBuf),
    /// The start screen.
    Home,
    /// One image alone.
    Image(ImageFiles),
}

/// The files of one image to look at.
#[derive(Clone, Debug, Default)]
pub struct ImageFiles {
    /// NIfTI image.
    pub image: PathBuf,
    /// NIfTI mask on the same grid.
    pub mask: Option<PathBuf>,
    /// Centerline CSV or voxel mask.
    pub centerline: Option<PathBuf>,
}

/// Choices of the command line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The cut to begin with.
    pub cut: Option<Cut>,
    /// The slice to begin with, from 0.
    pub slice: Option<usize>,
    /// The picture mode, instead of the remembered one.
    pub mode: Option<Mode>,
}

/// Why the workbench could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum WorkbenchError {
    /// Input or output is no terminal.
    #[error(
        "the workbench needs a terminal for input and output; without one use the commands, e.g. `deepseg preprocess --help`"
    )]
    NoTerminal,
    /// The terminal cannot move its cursor.
    #[error(
        "the workbench cannot draw on this terminal (TERM is \"dumb\" or not set); use another one, or the commands, e.g. `deepseg preprocess --help`"
    )]
    DumbTerminal,
    /// The terminal failed.
    #[error("the terminal failed ({0}); nothing is lost, start the workbench again")]
    Terminal(#[from] io::Error),
    /// An image could not be read.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// A centerline could not be read.
    #[error(transparent)]
    Centerline(#[from] crate::centerline::CenterlineError),
    /// The slice asked for does not exist.
    #[error("{path}: there is no {cut} slice {slice}; the slices are 0 to {last}")]
    NoSlice {
        /// The image.
        path: PathBuf,
        /// The cut.
        cut: &'static str,
        /// The slice asked for.
        slice: usize,
        /// The last there is.
        last: usize,
    },
}

/// Shows the workbench until the user leaves it. The terminal is as it was before, whatever happens.
pub fn run(start: Start, options: Options) -> Result<(), WorkbenchError> {
    runner::run(start, options)
}
