//! Where the tube may go and which way: along a first centerline when there is one, otherwise wherever the edges are strongest.

use super::STEP_MM;
use super::rigid::Rotation;
use super::scene::Scene;
use super::surface::total_gradient;
use super::tube::Tube;
use super::vector::{Vector, cross, distance, minus, plus, times, unit};
use crate::centerline::{Curve, Fit};
use std::ops::RangeInclusive;

/// A tube may go on for so many slices past a centerline's ends.
const PAST_ENDS: f64 = 2.0;
/// Without a centerline, one step turns by at most this (2.7 standard deviations of what cords do; radians).
const MOST_TURN: f64 = 0.3;
/// The finest turn that is tried, radians.
const LEAST_TURN: f64 = 0.01;

/// The way.
pub(super) struct Guide {
    /// Points of the centerline from below, mm; empty without one.
    spine: Vec<Vector>,
    /// z (mm) at which the tube has arrived.
    pub range: RangeInclusive<f64>,
}

impl Guide {
    /// Along a centerline on the scene's grid, smoothed, as far as it goes and a little farther.
    pub fn along(curve: &Curve, scene: &Scene) -> Guide {
        let spacing = scene.spacing();
        let centres: Vec<[f64; 3]> = curve.voxels().collect();
        let smooth = Fit::default().through(&centres, curve.z_range(), spacing[2]);
        let mm = |(z, [x, y]): (usize, [f64; 2])| [x * spacing[0], y * spacing[1], z as f64 * spacing[2]];
        let spine = curve.z_range().zip(smooth).map(mm).collect();
        let whole = Guide::free(scene).range;
        let (low, high) = (curve.first_z as f64 - PAST_ENDS, (curve.z_range().end as f64 - 1.0) + PAST_ENDS);
        Guide { spine, range: (low * spacing[2]).max(*whole.start())..=(high * spacing[2]).min(*whole.end()) }
    }

    /// Anywhere in the image, and so far past it that smoothing does not take the end back from the last slice.
    pub fn free(scene: &Scene) -> Guide {
        Guide { spine: Vec::new(), range: -STEP_MM..=scene.far_corner()[2] + STEP_MM }
    }

    /// A point of the centerline at a share (0..1) of its length, and its direction there, upwards. `None` without one.
    pub fn at(&self, share: f64) -> Option<(Vector, Vector)> {
        let n = (share * self.spine.len().checked_sub(1)? as f64).round() as usize;
        Some((*self.spine.get(n)?, self.upwards(n)))
    }

    /// Where a tube that ends in `piece`, heading on along the axis of it, should go.
    pub fn direction(&self, scene: &Scene, piece: &Tube) -> Vector {
        let heading = piece.axis();
        let end = piece.centre(0);
        let nearest = (0..self.spine.len())
            .min_by(|a, b| distance(self.spine[*a], end).total_cmp(&distance(self.spine[*b], end)));
        match nearest {
            Some(n) => {
                let up = self.upwards(n);
                if heading[2] < 0.0 { times(up, -1.0) } else { up }
            }
            None => strongest(scene, piece),
        }
    }

    fn upwards(&self, n: usize) -> Vector {
        let (low, high) = (n.saturating_sub(1), (n + 1).min(self.spine.len() - 1));
        let along = minus(self.spine[high], self.spine[low]);
        if high > low { unit(along) } else { [0.0, 0.0, 1.0] }
    }
}

/// The direction in which the piece, turned about the middle of its first ring, meets the strongest edges: a search by halved
/// turns about two axes across its own.
fn strongest(scene: &Scene, piece: &Tube) -> Vector {
    let axis = piece.axis();
    let u = unit(cross(axis, if axis[0].abs() < 0.7 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] }));
    let v = cross(axis, u);
    let turned = |turn: [f64; 2]| unit(plus(axis, plus(times(u, turn[0].tan()), times(v, turn[1].tan()))));
    let value = |turn: [f64; 2]| total_gradient(scene, &placed(piece, piece.centre(0), turned(turn)));
    let (mut best, mut step) = (([0.0; 2], value([0.0; 2])), MOST_TURN / 4.0);
    while step > LEAST_TURN {
        let around = [[step, 0.0], [-step, 0.0], [0.0, step], [0.0, -step]]
            .map(|d| [best.0[0] + d[0], best.0[1] + d[1]]);
        let allowed = around.into_iter().filter(|t| t[0].hypot(t[1]) <= MOST_TURN);
        let next = allowed.map(|t| (t, value(t))).fold(best, |a, b| if b.1 > a.1 { b } else { a });
        if next.1 > best.1 { best = next } else { step /= 2.0 }
    }
    turned(best.0)
}

/// A tube, its first ring's middle moved to `start` and its axis turned to `direction`.
pub(super) fn placed(tube: &Tube, start: Vector, direction: Vector) -> Tube {
    let (from, turn) = (tube.centre(0), Rotation::between(tube.axis(), direction));
    tube.moved(tube.points().iter().map(|p| plus(start, turn.apply(minus(*p, from)))).collect())
}
