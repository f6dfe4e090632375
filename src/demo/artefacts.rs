//! What the physics of reception adds to a clean signal: the coil's uneven sensitivity and Rician noise.
//! Knows arrays and grids, nothing of anatomy.

use ndarray::{Array3, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::volume::Grid;

/// Distance (mm) from the back over which a spine coil's sensitivity falls by 1/e.
const DEPTH: f64 = 120.0;

/// A receive coil: strongest at the back, where the spine array lies, with a smooth unevenness of its own.
#[derive(Clone, Debug)]
pub(super) struct Coil {
    /// Of x, y, z, x2, y2, z2, xz over the field of view, each from -1 to 1.
    bend: [f64; 7],
}

impl Coil {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        Self { bend: std::array::from_fn(|_| rng.random_range(-0.13..0.13)) }
    }

    /// Relative sensitivity (about 1) at a voxel `forward` mm in front of the field's centre.
    pub(super) fn sensitivity(&self, grid: &Grid, voxel: [f64; 3], forward: f64) -> f64 {
        let [x, y, z]: [f64; 3] =
            std::array::from_fn(|k| 2.0 * voxel[k] / (grid.shape[k] as f64 - 1.0).max(1.0) - 1.0);
        let terms = [x, y, z, x * x, y * y, z * z, x * z];
        let uneven: f64 = self.bend.iter().zip(terms).map(|(b, t)| b * t).sum();
        (uneven - forward / DEPTH).exp()
    }
}

/// Makes each value the magnitude of itself plus complex Gaussian noise of standard deviation `sigma` (Rician noise).
///
/// Each slice draws from its own stream of the generator, so threads cannot change the result.
pub(super) fn add_noise(image: &mut Array3<f32>, sigma: f32, seed: u64) {
    let slices: Vec<_> = image.axis_iter_mut(Axis(2)).collect();
    slices.into_par_iter().enumerate().for_each(|(k, mut slice)| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(k as u64);
        for value in slice.iter_mut() {
            let [re, im] = normal_pair(&mut rng);
            *value = (*value + sigma * re).hypot(sigma * im);
        }
    });
}

/// Two independent standard normal values (Box and Muller 1958).
fn normal_pair(rng: &mut ChaCha8Rng) -> [f32; 2] {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    let (sin, cos) = (std::f32::consts::TAU * rng.random::<f32>()).sin_cos();
    [radius * cos, radius * sin]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_alone_is_rayleigh_and_over_signal_nearly_normal() {
        let mut dark = Array3::zeros((40, 40, 20));
        add_noise(&mut dark, 10.0, 1);
        let mean = dark.mean().unwrap();
        assert!((mean - 10.0 * (std::f32::consts::PI / 2.0).sqrt()).abs() < 0.2, "{mean}");
        let mut bright = Array3::from_elem((40, 40, 20), 300.0f32);
        add_noise(&mut bright, 10.0, 2);
        assert!((bright.mean().unwrap() - 300.2).abs() < 0.3);
        assert!((bright.std(0.0) - 10.0).abs() < 0.3);
    }
}
