//! What a tube minimises when image and shape pull at it: once every triangle has its target and the shape its rotation, a
//! quadratic form, solved by conjugate gradients without ever writing its matrix down. Knows no image.
//!
//! De Leener et al., "Robust, accurate and fast automatic segmentation of the spinal cord" (NeuroImage 2014): the sum over triangles
//! of `weight * (direction · (target - middle))²`, plus `stiffness` times, over vertices and their neighbours, the squared
//! difference of each edge from its rotated original, plus `tension` times the squared length of each edge of a ring.
//! Edges along the tube have no such tension: nothing in the image holds the tube's ends, and it would shrink to its middle.

use super::rigid::Rotation;
use super::tube::Tube;
use super::vector::{Vector, dot, minus, plus, times};

const MOST_STEPS: usize = 500;
/// The residual that counts as solved, as a share of the first one.
const SOLVED: f64 = 1e-6;

/// A triangle drawn towards the plane through `target` that is square to `direction`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pull {
    pub triangle: [usize; 3],
    pub direction: Vector,
    pub target: Vector,
    pub weight: f64,
}

/// The quadratic form of one tube.
pub(super) struct Energy<'a> {
    pub pulls: &'a [Pull],
    /// Whose edges the tube keeps, once turned by `rotation`.
    pub original: &'a Tube,
    pub rotation: Rotation,
    pub stiffness: f64,
    pub tension: f64,
    /// Weight of every vertex's place at the start.
    pub anchor: f64,
    /// As many vertices from the start stay where they are.
    pub held: usize,
}

impl Energy<'_> {
    /// The points with the least energy, sought from `start`.
    pub fn minimum(&self, start: &[Vector]) -> Vec<Vector> {
        let edges: Vec<[usize; 2]> = self.original.edges().collect();
        let mut points = start.to_vec();
        let pushed = self.force(&edges, start);
        let mut residual: Vec<Vector> =
            pushed.iter().zip(self.apply(&edges, &points)).map(|(f, a)| minus(*f, a)).collect();
        residual[..self.held].fill([0.0; 3]);
        let mut direction = residual.clone();
        let mut size = inner(&residual, &residual);
        let enough = size * SOLVED * SOLVED;
        for _ in 0..MOST_STEPS {
            let image = self.apply(&edges, &direction);
            let curvature = inner(&direction, &image);
            if size <= enough || curvature <= 0.0 {
                break;
            }
            let step = size / curvature;
            advance(&mut points, step, &direction);
            advance(&mut residual, -step, &image);
            residual[..self.held].fill([0.0; 3]);
            let before = std::mem::replace(&mut size, inner(&residual, &residual));
            direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = plus(*r, times(*d, size / before)));
        }
        points
    }

    /// Half the gradient of the energy's quadratic part at `points`.
    fn apply(&self, edges: &[[usize; 2]], points: &[Vector]) -> Vec<Vector> {
        let mut image: Vec<Vector> = points.iter().map(|p| times(*p, self.anchor)).collect();
        for pull in self.pulls {
            let middle =
                times(pull.triangle.iter().fold([0.0; 3], |sum, v| plus(sum, points[*v])), 1.0 / 3.0);
            share(&mut image, pull, dot(pull.direction, middle));
        }
        let around = self.original.around();
        for [a, b] in edges {
            let tension = if a / around == b / around { self.tension } else { 0.0 };
            // Every edge is met from both of its ends.
            let spring = times(minus(points[*a], points[*b]), 2.0 * (self.stiffness + tension));
            image[*a] = plus(image[*a], spring);
            image[*b] = minus(image[*b], spring);
        }
        image
    }

    /// Minus half the gradient of the energy's linear part.
    fn force(&self, edges: &[[usize; 2]], start: &[Vector]) -> Vec<Vector> {
        let original = self.original.points();
        let mut force: Vec<Vector> = start.iter().map(|p| times(*p, self.anchor)).collect();
        for pull in self.pulls {
            share(&mut force, pull, dot(pull.direction, pull.target));
        }
        for [a, b] in edges {
            let edge = self.rotation.apply(minus(original[*a], original[*b]));
            let spring = times(edge, 2.0 * self.stiffness);
            force[*a] = plus(force[*a], spring);
            force[*b] = minus(force[*b], spring);
        }
        force
    }
}

/// Adds a triangle's pull along its direction to its three vertices.
fn share(forces: &mut [Vector], pull: &Pull, along: f64) {
    let each = times(pull.direction, pull.weight * along / 3.0);
    for vertex in pull.triangle {
        forces[vertex] = plus(forces[vertex], each);
    }
}

fn inner(a: &[Vector], b: &[Vector]) -> f64 {
    a.iter().zip(b).map(|(a, b)| dot(*a, *b)).sum()
}

fn advance(points: &mut [Vector], step: f64, direction: &[Vector]) {
    points.iter_mut().zip(direction).for_each(|(p, d)| *p = plus(*p, times(*d, step)));
}

#[cfg(test)]
mod tests {
    use super::super::vector::{distance, unit};
    use super::*;

    fn tube() -> Tube {
        Tube::straight([1.0, 2.0, 3.0], [0.2, 0.1, 1.0], [4.0; 2], 3, 2.0, 5)
    }

    fn pulls(tube: &Tube) -> Vec<Pull> {
        let pull = |(n, triangle): (usize, [usize; 3])| {
            let (middle, normal) = tube.facet(triangle);
            // Not quite square to the axis, or nothing would hold the tube along it and there were no single solution.
            let direction = unit(plus(normal, [0.0, 0.0, 0.3]));
            let by = (n as f64 * 1.7).sin();
            Pull { triangle, direction, target: plus(middle, times(direction, by)), weight: 100.0 * by.abs() }
        };
        tube.triangles().enumerate().map(pull).collect()
    }

    /// Gaussian elimination with pivots: slow, and sure.
    fn solved(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
        let n = rows.len();
        for i in 0..n {
            let pivot = (i..n).max_by(|a, b| rows[*a][i].abs().total_cmp(&rows[*b][i].abs())).unwrap();
            rows.swap(i, pivot);
            for r in (0..n).filter(|r| *r != i) {
                let (factor, pivot) = (rows[r][i] / rows[i][i], rows[i].clone());
                rows[r].iter_mut().zip(pivot).for_each(|(cell, p)| *cell -= factor * p);
            }
        }
        (0..n).map(|i| rows[i][n] / rows[i][i]).collect()
    }

    #[test]
    fn conjugate_gradients_agree_with_a_dense_solution() {
        let original = tube();
        let pulls = pulls(&original);
        let rotation = Rotation::about([0.1, -0.2, 0.3]);
        let energy = Energy {
            pulls: &pulls,
            original: &original,
            rotation,
            stiffness: 25.0,
            tension: 5.0,
            anchor: 2.0,
            held: 0,
        };
        let edges: Vec<[usize; 2]> = original.edges().collect();
        let n = original.points().len();
        let column = |k: usize| {
            let mut unit = vec![[0.0; 3]; n];
            unit[k / 3][k % 3] = 1.0;
            energy.apply(&edges, &unit).into_flattened()
        };
        let columns: Vec<Vec<f64>> = (0..3 * n).map(column).collect();
        let force = energy.force(&edges, original.points()).into_flattened();
        let rows = (0..3 * n).map(|r| columns.iter().map(|c| c[r]).chain([force[r]]).collect());
        let dense = solved(rows.collect());
        for (point, expected) in energy.minimum(original.points()).iter().zip(dense.chunks(3)) {
            assert!(
                distance(*point, [expected[0], expected[1], expected[2]]) < 1e-3,
                "{point:?} {expected:?}"
            );
        }
    }

    #[test]
    fn held_vertices_stay_and_a_tube_nobody_pulls_keeps_its_shape() {
        let original = tube();
        let pulls = pulls(&original);
        let rotation = Rotation::about([0.0; 3]);
        let held = Energy {
            pulls: &pulls,
            original: &original,
            rotation,
            stiffness: 25.0,
            tension: 0.0,
            anchor: 2.0,
            held: 5,
        };
        let found = held.minimum(original.points());
        assert_eq!(found[..5], original.points()[..5]);
        assert!(distance(found[7], original.points()[7]) > 0.01);
        let alone = Energy { pulls: &[], held: 0, ..held };
        let moved: Vec<Vector> = original.points().iter().map(|p| plus(*p, [5.0, 1.0, 0.0])).collect();
        let found = alone.minimum(&moved);
        assert!(found.iter().zip(&moved).all(|(a, b)| distance(*a, *b) < 1e-6));
    }
}
