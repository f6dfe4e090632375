//! The deformable tube: rings of equally many vertices one after the other along the cord, joined by triangles. Knows geometry
//! only, no image.
//!
//! The rings' order makes every edge and triangle, so that a tube is nothing but its points. Seen along the tube, vertices run
//! counter-clockwise about it, which turns all triangles outwards; the reversed list of points is the same tube the other way.

use super::vector::{Vector, cross, distance, length, mean, minus, plus, times, unit};

/// Share of the way to the mean of its neighbours that a vertex goes in one step of smoothing (VTK's default).
const RELAXATION: f64 = 0.01;

/// An open tube.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tube {
    /// Vertices per ring, 3 or more.
    around: usize,
    /// Ring after ring, mm.
    points: Vec<Vector>,
}

impl Tube {
    /// `rings` ellipses around a straight axis from `start`, `step` mm apart; their first radius (mm) lies as near to the first
    /// axis as it can.
    pub fn straight(
        start: Vector,
        axis: Vector,
        radii: [f64; 2],
        rings: usize,
        step: f64,
        around: usize,
    ) -> Tube {
        let axis = unit(axis);
        let (u, v) = across(axis);
        let rim = |k: usize| {
            let (sin, cos) = (std::f64::consts::TAU * k as f64 / around as f64).sin_cos();
            plus(times(u, radii[0] * cos), times(v, radii[1] * sin))
        };
        let vertex = |n: usize| plus(plus(start, times(axis, step * (n / around) as f64)), rim(n % around));
        Tube { around, points: (0..rings * around).map(vertex).collect() }
    }

    /// The same rings at other points: as many as [`Self::points`].
    pub fn moved(&self, points: Vec<Vector>) -> Tube {
        debug_assert_eq!(points.len(), self.points.len());
        Tube { around: self.around, points }
    }

    pub fn points(&self) -> &[Vector] {
        &self.points
    }

    pub fn around(&self) -> usize {
        self.around
    }

    /// How many rings there are.
    pub fn rings(&self) -> usize {
        self.points.len() / self.around
    }

    /// The vertices of a ring.
    pub fn ring(&self, ring: usize) -> &[Vector] {
        &self.points[ring * self.around..(ring + 1) * self.around]
    }

    /// The middle of a ring.
    pub fn centre(&self, ring: usize) -> Vector {
        mean(self.ring(ring))
    }

    /// Where the tube goes at its end: from the middle of its first ring to that of its last.
    pub fn axis(&self) -> Vector {
        unit(minus(self.centre(self.rings() - 1), self.centre(0)))
    }

    /// Area (mm2) that a ring encloses, in the plane it lies in best.
    pub fn area(&self, ring: usize) -> f64 {
        let (middle, ring) = (self.centre(ring), self.ring(ring));
        let spoke = |k: usize| minus(ring[k % self.around], middle);
        length((0..self.around).fold([0.0; 3], |sum, k| plus(sum, cross(spoke(k), spoke(k + 1))))) / 2.0
    }

    /// Half the length (mm) round a ring over pi: the radius of a circle as long.
    pub fn radius(&self, ring: usize) -> f64 {
        let ring = self.ring(ring);
        let side = |k: usize| distance(ring[k], ring[(k + 1) % self.around]);
        (0..self.around).map(side).sum::<f64>() / std::f64::consts::TAU
    }

    /// Vertex indices of every triangle, turned outwards, ring after ring, `2 * around` between two rings.
    pub fn triangles(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        let around = self.around;
        (0..self.rings().saturating_sub(1) * around).flat_map(move |low| {
            let low_next = low / around * around + (low + 1) % around;
            [[low, low_next, low + around], [low_next, low_next + around, low + around]]
        })
    }

    /// Vertex indices of every edge: along rings, between rings, and the triangles' diagonals.
    pub fn edges(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let (around, count) = (self.around, self.points.len());
        (0..count).flat_map(move |low| {
            let next = low / around * around + (low + 1) % around;
            let up = low + around;
            [[low, next], [low, up], [next, up]].into_iter().filter(move |edge| edge[1] < count)
        })
    }

    /// The middle of a triangle and its normal (unit, outwards).
    pub fn facet(&self, triangle: [usize; 3]) -> (Vector, Vector) {
        let [a, b, c] = triangle.map(|vertex| self.points[vertex]);
        (mean(&[a, b, c]), unit(cross(minus(b, a), minus(c, a))))
    }

    /// The same tube from its other end.
    pub fn reversed(mut self) -> Tube {
        self.points.reverse();
        self
    }

    /// Some of the rings, as a tube.
    pub fn part(&self, rings: std::ops::Range<usize>) -> Tube {
        Tube {
            around: self.around,
            points: self.points[rings.start * self.around..rings.end * self.around].to_vec(),
        }
    }

    /// This tube and the rings of another behind it.
    pub fn followed_by(mut self, next: &Tube) -> Tube {
        self.points.extend_from_slice(&next.points);
        self
    }

    /// Twice as many vertices around and (less one) rings, the new ones half way between the old.
    pub fn subdivided(&self) -> Tube {
        let halfway = |a: Vector, b: Vector| times(plus(a, b), 0.5);
        let rounder = |ring: &[Vector]| -> Vec<Vector> {
            (0..self.around).flat_map(|k| [ring[k], halfway(ring[k], ring[(k + 1) % self.around])]).collect()
        };
        let mut points = Vec::with_capacity(4 * self.points.len());
        for ring in 0..self.rings() {
            let this = rounder(self.ring(ring));
            if let Some(before) = points.len().checked_sub(2 * self.around).map(|at| points[at..].to_vec()) {
                points.extend(before.iter().zip(&this).map(|(a, b)| halfway(*a, *b)));
            }
            points.extend(this);
        }
        Tube { around: 2 * self.around, points }
    }

    /// Laplacian smoothing: every vertex goes a hundredth of the way to the mean of its neighbours, `steps` times.
    pub fn smoothed(mut self, steps: usize) -> Tube {
        let edges: Vec<[usize; 2]> = self.edges().collect();
        for _ in 0..steps {
            let mut sums = vec![([0.0; 3], 0.0); self.points.len()];
            for [a, b] in &edges {
                for (at, other) in [(*a, *b), (*b, *a)] {
                    sums[at] = (plus(sums[at].0, self.points[other]), sums[at].1 + 1.0);
                }
            }
            for (point, (sum, count)) in self.points.iter_mut().zip(sums) {
                *point = plus(*point, times(minus(times(sum, 1.0 / count), *point), RELAXATION));
            }
        }
        self
    }
}

/// Two directions that are square to a unit vector and to each other, the first across the second and third axes where it can
/// be; the three are right-handed.
fn across(axis: Vector) -> (Vector, Vector) {
    let helper = if axis[1].abs() < 0.9 { [0.0, 1.0, 0.0] } else { [0.0, 0.0, 1.0] };
    let u = unit(cross(helper, axis));
    (u, cross(axis, u))
}

#[cfg(test)]
mod tests {
    use super::super::vector::dot;
    use super::*;

    fn oblique() -> Tube {
        Tube::straight([3.0, -2.0, 5.0], [0.3, -0.5, 1.0], [4.0; 2], 6, 2.0, 15)
    }

    #[test]
    fn rings_are_polygons_of_known_area() {
        let tube = oblique();
        let expected = 15.0 / 2.0 * 16.0 * (std::f64::consts::TAU / 15.0).sin();
        assert!((tube.area(3) - expected).abs() < 1e-9);
        assert!(
            (tube.radius(3) - 15.0 / std::f64::consts::PI * 4.0 * (std::f64::consts::PI / 15.0).sin()).abs()
                < 1e-9
        );
        assert!((distance(tube.centre(0), tube.centre(5)) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn all_triangles_look_outwards_from_either_end() {
        for tube in [oblique(), oblique().reversed(), oblique().subdivided()] {
            let axis = tube.axis();
            assert_eq!(tube.triangles().count(), 2 * tube.around() * (tube.rings() - 1));
            for triangle in tube.triangles() {
                let (middle, normal) = tube.facet(triangle);
                let out = minus(middle, tube.centre(0));
                let out = unit(minus(out, times(axis, dot(out, axis))));
                assert!(dot(out, normal) > 0.97, "{triangle:?}: {}", dot(out, normal));
            }
        }
    }

    #[test]
    fn every_edge_is_listed_once() {
        let tube = oblique();
        let mut edges: Vec<[usize; 2]> = tube.edges().map(|[a, b]| [a.min(b), a.max(b)]).collect();
        // Euler: vertices - edges + faces of an open tube is 0.
        assert_eq!(edges.len(), tube.points().len() + tube.triangles().count());
        edges.sort_unstable();
        edges.dedup();
        assert_eq!(edges.len(), tube.points().len() + tube.triangles().count());
    }

    #[test]
    fn halving_keeps_the_old_vertices_and_smoothing_the_place() {
        let (tube, fine) = (oblique(), oblique().subdivided());
        assert_eq!((fine.around(), fine.rings()), (30, 11));
        assert_eq!(fine.ring(4)[6], tube.ring(2)[3]);
        let smooth = oblique().smoothed(70);
        assert!(distance(smooth.centre(2), tube.centre(2)) < 0.1);
        assert!(smooth.area(2) < tube.area(2) && smooth.area(2) > 0.85 * tube.area(2));
    }
}
