//! What a detecting method is given and what it hands back: the one interface behind which all of them stand.

use super::{CenterlineError, Curve, Tools};
use crate::dataset::Contrast;
use crate::volume::Volume;
use std::sync::atomic::{AtomicBool, Ordering};

/// An image in which the cord is to be found.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// RPI, intensities as in the file, every voxel finite, any spacing.
    pub image: &'a Volume<f32>,
    /// Which models apply; a method without one for this contrast says so.
    pub contrast: &'a Contrast,
    /// Where models and programs are.
    pub tools: &'a Tools,
    /// Set by somebody who no longer waits for the answer.
    pub cancel: &'a AtomicBool,
}

impl Search<'_> {
    /// Fails when nobody waits any more: called between slices, so that a method ends within a fraction of a second.
    pub fn go_on(&self) -> Result<(), CenterlineError> {
        if self.cancel.load(Ordering::Relaxed) { Err(CenterlineError::Cancelled) } else { Ok(()) }
    }
}

/// What a method found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The curve, on the image's grid, named after the method, not judged yet.
    pub curve: Curve,
    /// What the method itself doubts: a factor 0..1 for the confidence, and a sentence.
    pub doubts: Vec<(f32, String)>,
    /// The cord, on the image's grid, where the method draws it.
    pub cord: Option<Volume<u8>>,
}

impl Found {
    /// A curve without doubts and without a cord mask.
    pub fn plain(curve: Curve) -> Self {
        Self { curve, doubts: Vec::new(), cord: None }
    }
}
