//! Deforming a tube onto the edge around it: in turns, look where the edge is, and move to the least energy. Knows neither
//! where the tube came from nor when it is good enough.

use super::energy::Energy;
use super::rigid::Rotation;
use super::scene::Scene;
use super::surface;
use super::tube::Tube;
use super::vector::{Vector, distance};

/// PropSeg's weight of the tube's shape against the image.
const STIFFNESS: f64 = 25.0;
/// Weight of a vertex's present place: next to nothing against an edge, but nothing else keeps a tube from sliding along a cord
/// that looks the same everywhere.
const ANCHOR: f64 = 2.0;

/// How long and how freely to deform.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// At most so many turns.
    pub turns: usize,
    /// Enough when a turn moves the vertices by less than this in the mean, mm.
    pub still_mm: f64,
    /// Weight of short edges.
    pub tension: f64,
}

impl Effort {
    /// For the first tube, which knows its place only.
    pub const FIRST: Effort = Effort { turns: 8, still_mm: 0.05, tension: 0.0 };
    /// For a piece that follows another.
    pub const PIECE: Effort = Effort { turns: 3, still_mm: 0.4, tension: 0.0 };
    /// For the whole tube at last.
    pub const LAST: Effort = Effort { turns: 3, still_mm: 0.4, tension: 50.0 };
}

/// The tube once it has moved onto the edge. It keeps the shape of `original`, which has the same vertices, and its first
/// `held` rings where they are; `contrast` says how far to look for a better edge.
pub(super) fn deformed(
    scene: &Scene,
    tube: Tube,
    original: &Tube,
    held: usize,
    contrast: f64,
    effort: Effort,
) -> Tube {
    let trade_off = surface::trade_off(contrast);
    let mut tube = tube;
    for _ in 0..effort.turns {
        let energy = Energy {
            pulls: &surface::pulls(scene, &tube, trade_off),
            original,
            rotation: Rotation::matching(original.points(), tube.points()),
            stiffness: STIFFNESS,
            tension: effort.tension,
            anchor: ANCHOR,
            held: held * tube.around(),
        };
        let points = energy.minimum(tube.points());
        let moved = mean_distance(&points, tube.points());
        tube = tube.moved(points);
        if moved <= effort.still_mm {
            break;
        }
    }
    tube
}

/// The mean distance (mm) between points in the same order.
pub(super) fn mean_distance(a: &[Vector], b: &[Vector]) -> f64 {
    a.iter().zip(b).map(|(a, b)| distance(*a, *b)).sum::<f64>() / a.len().max(1) as f64
}
