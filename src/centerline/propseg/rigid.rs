//! The rotation that brings one set of points closest to another when their pairs are known. Knows no tube.

use super::vector::{Vector, cross, dot, length, mean, minus, plus, times};

/// Steps of the search; a handful do, more for long thin bodies that turn about their length.
const STEPS: usize = 200;

/// A rotation, as the images of the three axes (the columns of its matrix).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rotation([Vector; 3]);

impl Rotation {
    const NONE: Rotation = Rotation([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);

    /// About the direction of `axis` by its length, radians.
    pub fn about(axis: Vector) -> Rotation {
        let angle = length(axis);
        if angle == 0.0 {
            return Rotation::NONE;
        }
        let (axis, (sin, cos)) = (times(axis, 1.0 / angle), angle.sin_cos());
        let turned = |v: Vector| {
            let along = times(axis, dot(axis, v) * (1.0 - cos));
            plus(plus(times(v, cos), times(cross(axis, v), sin)), along)
        };
        Rotation(Rotation::NONE.0.map(turned))
    }

    /// The smallest one that turns the unit vector `from` into `to`.
    pub fn between(from: Vector, to: Vector) -> Rotation {
        let axis = cross(from, to);
        let angle = length(axis).atan2(dot(from, to));
        let sin = length(axis);
        if sin > 0.0 { Rotation::about(times(axis, angle / sin)) } else { Rotation::NONE }
    }

    /// The one that turns `from`, about its middle, closest to `to` in the least-squares sense, both in the same order
    /// (Müller et al., "A robust method to extract the rotational part of deformations", 2016).
    pub fn matching(from: &[Vector], to: &[Vector]) -> Rotation {
        let (from_middle, to_middle) = (mean(from), mean(to));
        // Columns of the covariance: what each axis of `from` should become.
        let mut wanted = [[0.0; 3]; 3];
        for (a, b) in from.iter().zip(to) {
            let (a, b) = (minus(*a, from_middle), minus(*b, to_middle));
            (0..3).for_each(|i| wanted[i] = plus(wanted[i], times(b, a[i])));
        }
        let mut found = Rotation::NONE;
        for _ in 0..STEPS {
            let torque = (0..3).fold([0.0; 3], |sum, i| plus(sum, cross(found.0[i], wanted[i])));
            let agreement: f64 = (0..3).map(|i| dot(found.0[i], wanted[i])).sum();
            let turn = times(torque, 1.0 / (agreement.abs() + 1e-9));
            found = found.then(&Rotation::about(turn));
            if length(turn) < 1e-10 {
                break;
            }
        }
        found
    }

    pub fn apply(&self, v: Vector) -> Vector {
        (0..3).fold([0.0; 3], |sum, i| plus(sum, times(self.0[i], v[i])))
    }

    /// This one, then another.
    pub fn then(&self, next: &Rotation) -> Rotation {
        Rotation(self.0.map(|column| next.apply(column)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::vector::distance;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_known_rotation_is_found_again(axis in prop::array::uniform3(-1.0..1.0f64), shift in prop::array::uniform3(-9.0..9.0f64)) {
            let known = Rotation::about(axis);
            let from: Vec<Vector> = (0..12).map(f64::from).map(|i| [4.0 * i.cos(), 4.0 * i.sin(), i]).collect();
            let to: Vec<Vector> = from.iter().map(|p| plus(known.apply(*p), shift)).collect();
            let found = Rotation::matching(&from, &to);
            prop_assert!((0..3).all(|i| distance(found.0[i], known.0[i]) < 1e-6), "{:?} {:?}", found, known);
        }

        #[test]
        fn the_smallest_turn_brings_one_direction_onto_another(a in prop::array::uniform3(-1.0..1.0f64), b in prop::array::uniform3(-1.0..1.0f64)) {
            prop_assume!(length(a) > 0.1 && length(b) > 0.1);
            let (a, b) = (times(a, 1.0 / length(a)), times(b, 1.0 / length(b)));
            prop_assume!(dot(a, b) > -0.999);
            prop_assert!(distance(Rotation::between(a, b).apply(a), b) < 1e-9);
        }
    }
}
