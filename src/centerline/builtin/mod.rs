//! The built-in detector: finds the cord in any contrast with weights that ship with the program, trained on synthetic scenes
//! only. It needs no other software and no model files.
//!
//! A small 3-D U-Net gives the probability of cord on a grid of 2 mm; the curve is the best way through it (as OptiC's, see
//! [`super::dpdt`]), kept only where there is a cord.

mod heat;
mod model;
mod normalise;
mod synth;
mod trace;
mod working;

pub use heat::Heat;
pub use model::network;
pub use synth::{Example, example};

use super::{CenterlineError, Curve, Found, Search};
use trace::Trace;

/// Voxel size of the working grid, mm: a cord is 3 to 6 voxels wide.
pub const SPACING: f64 = 2.0;

/// The method's name.
const NAME: &str = "builtin";

/// The cord's centre on the slices that show one, whatever the contrast; `heat` is what the network says of the image.
///
/// Fails when no slice shows one.
pub(super) fn find_in(heat: &Heat, search: &Search<'_>) -> Result<Found, CenterlineError> {
    let image = search.image;
    let trace = Trace::of(&heat.probability, heat.spacing(image), || search.go_on())?;
    let (Some(trace), [x, y, z]) = (trace, heat.scales) else { return Err(nothing()) };
    let centers: Vec<_> = (0..image.grid.shape[2]).map(|slice| trace.at(z.inward(slice as f64))).collect();
    let first_z = centers.iter().position(Option::is_some).ok_or_else(nothing)?;
    let xy = centers.into_iter().flatten().map(|[i, j]| [x.outward(i), y.outward(j)]).collect();
    let curve = Curve { grid: image.grid, first_z, xy, method: NAME.into(), confidence: None };
    Ok(Found { doubts: doubts(&trace), ..Found::plain(curve) })
}

fn nothing() -> CenterlineError {
    CenterlineError::NotFound(
        "nothing in the image looks like a spinal cord to the built-in detector: take another method, or place points".into(),
    )
}

fn doubts(trace: &Trace) -> Vec<(f32, String)> {
    let (bridged, all) = (trace.bridged(), trace.seen.len());
    if bridged == 0 {
        return Vec::new();
    }
    let share = 1.0 - bridged as f32 / all as f32;
    vec![(
        share,
        format!(
            "the detector does not see the cord on {:.0} % of its length and bridges these gaps",
            100.0 * (1.0 - share)
        ),
    )]
}

#[cfg(test)]
mod tests;
