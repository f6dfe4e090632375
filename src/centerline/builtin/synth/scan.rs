//! What a scanner makes of a scene: field of view, slices, coil, artefacts, noise. Knows arrays, nothing of anatomy.
//!
//! Whatever acts along one axis (blur, thick slices, interpolation between them, ghosts) is a matrix applied to that axis.

use ndarray::{Array2, Array3, Axis, s};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::SPACING;

/// How a scene is scanned.
#[derive(Clone, Debug)]
pub(super) struct Protocol {
    /// Voxels of the field of view, at most those of the patch.
    pub(super) shape: [usize; 3],
    slices: Option<Slices>,
}

/// Slices thicker than the working grid's, in its voxels.
#[derive(Clone, Copy, Debug)]
struct Slices {
    axis: usize,
    spacing: f32,
    thickness: f32,
    first: f32,
}

impl Protocol {
    /// An axial, sagittal or isotropic acquisition that fits into a patch of `most` voxels.
    pub(super) fn random(most: [usize; 3], rng: &mut ChaCha8Rng) -> Self {
        let mut wide = |low: f32, high: f32| rng.random_range(low.ln()..high.ln()).exp();
        let plane = wide(24.0, 160.0);
        let axial = [plane, plane * wide(0.8, 1.25), wide(20.0, 160.0)];
        let sagittal = [wide(26.0, 80.0), wide(50.0, 160.0), wide(50.0, 160.0)];
        let block = [wide(34.0, 160.0), wide(34.0, 160.0), wide(40.0, 160.0)];
        let (fine, thick) = (wide(1.5, 5.0), wide(2.5, 9.0));
        let very_thick = wide(9.0, 18.0);
        let (extent, slices) = match rng.random_range(0..20) {
            0..8 => (axial, Some((2, thick))),
            8..10 => (axial, Some((2, very_thick))),
            10..16 => (sagittal, Some((0, fine))),
            _ => (block, None),
        };
        let shape = std::array::from_fn(|k| {
            ((extent[k] / SPACING as f32).round() as usize).clamp(2 * most[k] / 5, most[k])
        });
        Self { shape, slices: slices.and_then(|(axis, mm)| Slices::random(axis, mm, rng)) }
    }

    /// The scene's clean signal as the scanner would show it.
    pub(super) fn acquire(&self, mut image: Array3<f32>, rng: &mut ChaCha8Rng) -> Array3<f32> {
        image *= &gain(self.shape, rng);
        for (axis, &n) in self.shape.iter().enumerate() {
            let width = rng.random_range(-0.4..0.9f32);
            if width > 0.2 {
                image = along(&image, axis, &blur(n, width));
            }
        }
        if rng.random_bool(0.12) {
            image = along(&image, 1, &ghost(self.shape[1], rng.random_range(0.02..0.15)));
        }
        let noise = 10.0 * rng.random_range(0.0..0.09f32).powi(2);
        match self.slices {
            None => noisy(image, noise, rng),
            Some(slices) => {
                let n = self.shape[slices.axis];
                let mut stack = along(&image, slices.axis, &slices.averaging(n));
                if rng.random_bool(0.2) {
                    let uneven = rng.random_range(0.0..0.2f32);
                    stack.axis_iter_mut(Axis(slices.axis)).for_each(|mut slice| {
                        slice *= 1.0 + uneven * rng.random_range(-1.0..1.0f32);
                    });
                }
                along(&noisy(stack, noise, rng), slices.axis, &slices.interpolation(n))
            }
        }
    }
}

impl Slices {
    /// None where the slices are as thin as the grid's.
    fn random(axis: usize, mm: f32, rng: &mut ChaCha8Rng) -> Option<Self> {
        let spacing = mm / SPACING as f32;
        let thickness = spacing * rng.random_range(0.5..1.0f32);
        let first = rng.random_range(0.0..spacing);
        (spacing > 1.1).then_some(Self { axis, spacing, thickness, first })
    }

    fn count(&self, n: usize) -> usize {
        1 + ((n as f32 - 1.0 - self.first).max(0.0) / self.spacing) as usize
    }

    fn center(&self, slice: usize) -> f32 {
        self.first + slice as f32 * self.spacing
    }

    /// Each slice is the mean over its thickness.
    fn averaging(&self, n: usize) -> Array2<f32> {
        let half = (self.thickness / 2.0).max(0.5);
        rows(self.count(n), n, |slice, voxel| {
            (half + 0.5 - (voxel as f32 - self.center(slice)).abs()).clamp(0.0, 1.0)
        })
    }

    /// Linear between slices; the outermost are held.
    fn interpolation(&self, n: usize) -> Array2<f32> {
        let last = self.count(n) - 1;
        rows(n, last + 1, |voxel, slice| {
            let position = ((voxel as f32 - self.first) / self.spacing).clamp(0.0, last as f32);
            (1.0 - (position - slice as f32).abs()).max(0.0)
        })
    }
}

/// A matrix of weights whose rows sum to 1; a row without weight takes its nearest column.
fn rows(to: usize, from: usize, weight: impl Fn(usize, usize) -> f32) -> Array2<f32> {
    let mut matrix = Array2::from_shape_fn((to, from), |(row, column)| weight(row, column));
    for (index, mut row) in matrix.outer_iter_mut().enumerate() {
        let sum = row.sum();
        if sum > 0.0 {
            row /= sum;
        } else {
            row[index.min(from - 1)] = 1.0;
        }
    }
    matrix
}

fn blur(n: usize, width: f32) -> Array2<f32> {
    rows(n, n, |row, column| (-0.5 * ((row as f32 - column as f32) / width).powi(2)).exp())
}

/// A faint copy half a field of view away.
fn ghost(n: usize, strength: f32) -> Array2<f32> {
    rows(n, n, |row, column| {
        f32::from(u8::from(row == column)) + strength * f32::from(u8::from((row + n / 2) % n == column))
    })
}

/// Applies a matrix to one axis.
fn along(image: &Array3<f32>, axis: usize, matrix: &Array2<f32>) -> Array3<f32> {
    let mut shape = image.raw_dim();
    shape[axis] = matrix.nrows();
    let mut result = Array3::zeros(shape);
    for (row, mut to) in matrix.outer_iter().zip(result.axis_iter_mut(Axis(axis))) {
        for (weight, from) in row.iter().zip(image.axis_iter(Axis(axis))) {
            if *weight > 1e-4 {
                to.scaled_add(*weight, &from);
            }
        }
    }
    result
}

/// The coil's sensitivity, and sometimes a saturated band.
fn gain(shape: [usize; 3], rng: &mut ChaCha8Rng) -> Array3<f32> {
    let strength = rng.random_range(0.0..0.7f32);
    let bend: [f32; 7] = std::array::from_fn(|_| strength * rng.random_range(-1.0..1.0f32));
    let back = rng.random_range(0.0..1.0f32) * strength;
    let band = rng.random_bool(0.15).then(|| {
        let axis = rng.random_range(0..3usize);
        (
            axis,
            rng.random_range(-0.9..0.9f32),
            rng.random_range(4.0..20.0f32) * if rng.random_bool(0.5) { 1.0 } else { -1.0 },
        )
    });
    Array3::from_shape_fn(shape, |(i, j, k)| {
        let [x, y, z]: [f32; 3] = std::array::from_fn(|axis| {
            2.0 * [i, j, k][axis] as f32 / (shape[axis] as f32 - 1.0).max(1.0) - 1.0
        });
        let terms = [x, y, z, x * x, y * y, z * z, x * z];
        let field: f32 = bend.iter().zip(terms).map(|(b, t)| b * t).sum();
        let kept =
            band.map_or(1.0, |(axis, place, steep)| 1.0 / (1.0 + (steep * ([x, y, z][axis] - place)).exp()));
        (field - back * y).exp() * (0.1 + 0.9 * kept)
    })
}

/// The magnitude of the signal with complex Gaussian noise, then any display curve.
fn noisy(image: Array3<f32>, sigma: f32, rng: &mut ChaCha8Rng) -> Array3<f32> {
    let gamma = rng.random_range(-0.5..0.5f32).exp();
    image.mapv_into(|signal| {
        let [re, im] = normal_pair(rng).map(|value| sigma * value);
        ((signal + re) * (signal + re) + im * im).sqrt().powf(gamma)
    })
}

/// Two independent standard normal values (Box and Muller 1958).
fn normal_pair(rng: &mut ChaCha8Rng) -> [f32; 2] {
    let radius = (-2.0 * (1.0 - rng.random::<f32>()).ln()).sqrt();
    let (sin, cos) = (std::f32::consts::TAU * rng.random::<f32>()).sin_cos();
    [radius * cos, radius * sin]
}

/// Puts a field of view somewhere into a patch of zeros.
pub(super) fn placed(view: &Array3<f32>, at: [usize; 3], patch: [usize; 3]) -> Array3<f32> {
    let (n, [x, y, z]) = (view.dim(), at);
    let mut whole = Array3::zeros(patch);
    whole.slice_mut(s![x..x + n.0, y..y + n.1, z..z + n.2]).assign(view);
    whole
}
