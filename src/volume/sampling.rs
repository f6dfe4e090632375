//! Looking between voxels: one value at a continuous index. Beyond the edges the nearest voxel repeats (scipy's mode
//! `nearest`). Knows no affine: positions are voxel indices.

use ndarray::ArrayView3;

use super::VoxelIndex;

/// Trilinear interpolation at a continuous voxel index; edges repeat. Computed in f64, as scipy's order 1 does.
pub fn sample_linear<T: Copy + Into<f64>>(data: &ArrayView3<'_, T>, at: VoxelIndex) -> f32 {
    let corners = Corners::new(data.dim().into(), at);
    corners.iter().map(|(index, weight)| data[index].into() * weight).sum::<f64>() as f32
}

/// The value of the nearest voxel; edges repeat. Halves go up (`floor(x + 0.5)`), as scipy's order 0 does.
pub fn sample_nearest<T: Copy>(data: &ArrayView3<'_, T>, at: VoxelIndex) -> T {
    data[nearest_voxel(data.dim().into(), at)]
}

/// Index of the voxel that [`sample_nearest`] reads.
pub(super) fn nearest_voxel(shape: [usize; 3], at: VoxelIndex) -> [usize; 3] {
    std::array::from_fn(|axis| (clamped(at[axis], shape[axis]) + 0.5).floor() as usize)
}

/// The up to eight voxels around a position, with their trilinear weights.
pub(super) struct Corners {
    low: [usize; 3],
    fraction: [f64; 3],
}

impl Corners {
    pub(super) fn new(shape: [usize; 3], at: VoxelIndex) -> Self {
        let at: VoxelIndex = std::array::from_fn(|axis| clamped(at[axis], shape[axis]));
        let low = at.map(|x| x.floor());
        Self { low: low.map(|x| x as usize), fraction: std::array::from_fn(|axis| at[axis] - low[axis]) }
    }

    /// Index and weight of each corner; corners of weight 0 are left out, so that none lies outside the array.
    pub(super) fn iter(&self) -> impl Iterator<Item = ([usize; 3], f64)> + '_ {
        (0..8usize).filter_map(|corner| {
            let mut index = self.low;
            let mut weight = 1.0;
            for (axis, fraction) in self.fraction.iter().enumerate() {
                let high = corner >> axis & 1;
                index[axis] += high;
                weight *= if high == 1 { *fraction } else { 1.0 - fraction };
            }
            (weight > 0.0).then_some((index, weight))
        })
    }
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
