//! Looking between voxels: one value at a continuous index. Beyond the edges the nearest voxel repeats (scipy's mode
//! `nearest`). Knows no affine: positions are voxel indices.

use ndarray::ArrayView3;

use super::VoxelIndex;

/// Trilinear interpolation at a continuous voxel index; edges repeat. Computed in f64, as scipy's order 1 does.
///
/// A neighbour that has no weight is not looked at: it may be anything, or not there.
pub fn sample_linear<T: Copy + Into<f64>>(data: &ArrayView3<'_, T>, at: VoxelIndex) -> f32 {
    let (nx, ny, nz) = data.dim();
    let (x, y, z) = (Between::new(at[0], nx), Between::new(at[1], ny), Between::new(at[2], nz));
    let along_x = |j: usize, k: usize| x.mix(data[[x.low, j, k]].into(), data[[x.high, j, k]].into());
    let along_y = |k: usize| y.mix(along_x(y.low, k), along_x(y.high, k));
    z.mix(along_y(z.low), along_y(z.high)) as f32
}

/// The value of the nearest voxel; edges repeat. Halves go up (`floor(x + 0.5)`), as scipy's order 0 does.
pub fn sample_nearest<T: Copy>(data: &ArrayView3<'_, T>, at: VoxelIndex) -> T {
    data[nearest_voxel(data.dim().into(), at)]
}

/// Index of the voxel that [`sample_nearest`] reads.
pub(super) fn nearest_voxel(shape: [usize; 3], at: VoxelIndex) -> [usize; 3] {
    std::array::from_fn(|axis| (clamped(at[axis], shape[axis]) + 0.5) as usize)
}

/// A position along one axis between two voxels, which are the same where it is one's centre.
#[derive(Clone, Copy)]
struct Between {
    low: usize,
    high: usize,
    fraction: f64,
}

impl Between {
    fn new(x: f64, n: usize) -> Self {
        let x = clamped(x, n);
        // The cast cuts off the fraction, which of a number that is not negative is the floor.
        let low = x as usize;
        let fraction = x - low as f64;
        Self { low, high: low + usize::from(fraction > 0.0), fraction }
    }

    fn mix(&self, low: f64, high: f64) -> f64 {
        low + self.fraction * (high - low)
    }
}

/// Index and trilinear weight of the up to eight voxels around a position; those of weight 0 are left out.
pub(super) fn corners(shape: [usize; 3], at: VoxelIndex) -> impl Iterator<Item = ([usize; 3], f64)> {
    let between: [Between; 3] = std::array::from_fn(|axis| Between::new(at[axis], shape[axis]));
    (0..8usize).filter_map(move |corner| {
        let mut weight = 1.0;
        let index = std::array::from_fn(|axis| {
            let Between { low, high, fraction } = between[axis];
            let upper = corner >> axis & 1 == 1;
            weight *= if upper { fraction } else { 1.0 - fraction };
            if upper { high } else { low }
        });
        (weight > 0.0).then_some((index, weight))
    })
}

/// The coordinate pulled into `0 ..= n - 1`; NaN becomes 0.
fn clamped(x: f64, n: usize) -> f64 {
    x.max(0.0).min(n.saturating_sub(1) as f64)
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;
    use proptest::prelude::*;

    use super::*;

    fn ramp() -> Array3<f32> {
        Array3::from_shape_fn((4, 5, 6), |(i, j, k)| i as f32 + 10.0 * j as f32 - 3.0 * k as f32)
    }

    proptest! {
        #[test]
        fn a_plane_is_interpolated_exactly_and_continued_flat(at in prop::array::uniform3(-3.0..9.0f64)) {
            let inside = [at[0].clamp(0.0, 3.0), at[1].clamp(0.0, 4.0), at[2].clamp(0.0, 5.0)];
            let expected = inside[0] + 10.0 * inside[1] - 3.0 * inside[2];
            prop_assert!((f64::from(sample_linear(&ramp().view(), at)) - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn nearest_rounds_halves_up_and_stays_inside() {
        let data = ramp();
        assert_eq!(sample_nearest(&data.view(), [0.5, 1.5, 2.49]), data[[1, 2, 2]]);
        assert_eq!(sample_nearest(&data.view(), [-0.6, 99.0, f64::NAN]), data[[0, 4, 0]]);
    }

    #[test]
    fn masks_are_sampled_as_fractions() {
        let mask = Array3::from_shape_fn((2, 1, 1), |(i, _, _)| i as u8);
        assert_eq!(sample_linear(&mask.view(), [0.25, 0.0, 0.0]), 0.25);
    }
}
