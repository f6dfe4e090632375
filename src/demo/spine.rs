//! Where the cord runs: the exact centerline in world millimetres, and the coordinates that bend with it.
//! Every other part of the anatomy is drawn straight, in these coordinates.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::volume::Millimetres;

/// Half a wave of lordosis, mm along z.
const LORDOSIS_HALF_WAVE: f64 = 150.0;
/// A full wave of scoliosis, mm along z.
const SCOLIOSIS_WAVE: f64 = 170.0;

/// The cord's centerline x(z), y(z), RAS world mm: lordosis (convex to the front), a slight scoliosis, and a tilt because
/// nobody lies straight. z = 0 is the middle of C5.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spine {
    lordosis: f64,
    scoliosis: f64,
    phase: f64,
    tilt: f64,
    offset: [f64; 2],
}

/// A point in the bent coordinates, and the half-width (mm) of the sample around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// To the right of the centerline, mm.
    pub(super) u: f64,
    /// In front of the centerline, mm.
    pub(super) v: f64,
    /// World z, mm.
    pub(super) z: f64,
    /// Which z of the centerline lies on the plane through this point across the centerline; vertebrae stack along it.
    pub(super) along: f64,
    /// How far the centerline is bent forward here, relative to z = 0, mm: the skin bends less than the spine.
    pub(super) forward: f64,
    /// Half-width of the sample, mm: edges are this soft.
    pub(super) blur: f64,
}

impl Place {
    /// Fraction (0..1) of the sample inside an outline at signed distance `distance` mm.
    pub(super) fn cover(&self, distance: f64) -> f64 {
        super::shapes::cover(distance, self.blur)
    }
}

impl Spine {
    /// A curvature within the healthy range.
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        Self {
            lordosis: rng.random_range(3.0..11.0),
            scoliosis: rng.random_range(0.5..2.5),
            phase: rng.random_range(0.0..std::f64::consts::TAU),
            tilt: rng.random_range(-0.06..0.06),
            offset: [rng.random_range(-6.0..6.0), rng.random_range(-15.0..15.0)],
        }
    }

    /// World x, y (mm) of the centerline at world `z`.
    pub(super) fn center(&self, z: f64) -> [f64; 2] {
        let lordosis = self.lordosis * (std::f64::consts::PI * z / LORDOSIS_HALF_WAVE).cos();
        let scoliosis = self.scoliosis * (std::f64::consts::TAU * z / SCOLIOSIS_WAVE + self.phase).sin();
        [self.offset[0] + scoliosis, self.offset[1] + lordosis + self.tilt * z]
    }

    /// dx/dz, dy/dz of the centerline.
    pub(super) fn slope(&self, z: f64) -> [f64; 2] {
        let bend = std::f64::consts::PI / LORDOSIS_HALF_WAVE;
        let sway = std::f64::consts::TAU / SCOLIOSIS_WAVE;
        let lordosis = -self.lordosis * bend * (bend * z).sin();
        [self.scoliosis * sway * (sway * z + self.phase).cos(), lordosis + self.tilt]
    }

    /// The world point in bent coordinates, for a sample of half-width `blur` mm.
    pub(super) fn place(&self, at: Millimetres, blur: f64) -> Place {
        let z = at[2];
        let (center, slope) = (self.center(z), self.slope(z));
        let (u, v) = (at[0] - center[0], at[1] - center[1]);
        let forward = center[1] - self.center(0.0)[1];
        Place { u, v, z, along: z + slope[0] * u + slope[1] * v, forward, blur }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn slope_is_the_derivative_of_the_center() {
        let spine = Spine::random(&mut ChaCha8Rng::seed_from_u64(3));
        for z in [-70.0, -12.5, 0.0, 33.0, 80.0] {
            let (below, above) = (spine.center(z - 1e-4), spine.center(z + 1e-4));
            for axis in 0..2 {
                let numeric = (above[axis] - below[axis]) / 2e-4;
                assert!((numeric - spine.slope(z)[axis]).abs() < 1e-6);
            }
        }
    }
}
