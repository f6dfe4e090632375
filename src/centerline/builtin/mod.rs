//! The built-in detector: finds the cord in any contrast with weights that ship with the program, trained on synthetic scenes
//! only. It needs no other software and no model files.

mod normalise;
mod synth;

pub use synth::{Example, example};

/// Voxel size of the working grid, mm: a cord is 3 to 6 voxels wide.
pub const SPACING: f64 = 2.0;
