//! The first tube: the best of several, because one that starts beside the middle of a wide cord settles on half of it.

use super::deform::{Effort, deformed};
use super::scene::Scene;
use super::surface::{contrast, firmness};
use super::tube::Tube;
use super::vector::{Vector, minus, plus, times};
use super::{Kind, LEAST_CONTRAST, STEP_MM};
use rayon::prelude::*;

/// Rings of a first tube, both of its ends to be dropped.
const RINGS: usize = 9;
/// Tried: PropSeg's own radius, and the cord's enlargements, wider from side to side than from front to back, mm.
const RADII: [[f64; 2]; 2] = [[4.0, 4.0], [6.5, 4.0]];
/// Tried: the place given and four beside it, mm along x and y.
const BESIDE: [[f64; 2]; 5] = [[0.0, 0.0], [2.5, 0.0], [-2.5, 0.0], [0.0, 2.5], [0.0, -2.5]];

/// The tube around `middle`, along `up`, whose surface is most of an edge all over; without the rings at its ends, which
/// nothing holds. `None` when none is on an edge.
pub(super) fn first_tube(scene: &Scene, kind: Kind, middle: Vector, up: Vector) -> Option<Tube> {
    let starts =
        RADII.iter().flat_map(|radii| BESIDE.iter().map(|[x, y]| (*radii, plus(middle, [*x, *y, 0.0]))));
    let starts: Vec<([f64; 2], Vector)> = starts.collect();
    let tubes = starts.into_par_iter().map(|(radii, at)| settled(scene, kind, at, up, radii));
    let rated: Vec<(f64, Tube)> = tubes.map(|tube| (firmness(scene, &tube), tube)).collect();
    let (firmness, best) = rated.into_iter().max_by(|a, b| a.0.total_cmp(&b.0))?;
    (firmness > 0.0 && contrast(scene, &best, best.rings() / 2) > LEAST_CONTRAST).then_some(best)
}

fn settled(scene: &Scene, kind: Kind, middle: Vector, up: Vector, radii: [f64; 2]) -> Tube {
    let half = STEP_MM * (RINGS - 1) as f64 / 2.0;
    let start = minus(middle, times(up, half));
    let straight = Tube::straight(start, up, radii, RINGS, STEP_MM, kind.around);
    let tube = deformed(scene, straight.clone(), &straight, 0, kind.contrast, Effort::FIRST);
    tube.part(1..RINGS - 1)
}
