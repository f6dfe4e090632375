//! Between an image's voxels and the detector's, which are 2 mm wide in every direction. Knows arrays, no world.

use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{Array3, ArrayView3, Axis, ShapeBuilder};

use super::SPACING;

/// One axis: `from` voxels of the image cover exactly what `to` voxels of the working grid do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    from: usize,
    pub(super) to: usize,
    /// Voxels of the image per voxel of the working grid.
    ratio: f64,
}

impl Scale {
    /// For `from` voxels of `mm` each; `None` when their extent is no length at all.
    pub(super) fn new(from: usize, mm: f64) -> Option<Self> {
        let to = (from as f64 * mm / SPACING).round().max(1.0);
        (from > 0 && mm > 0.0 && to < 1e6).then(|| Self { from, to: to as usize, ratio: from as f64 / to })
    }

    /// A position on the image's axis (0 is the first voxel's centre) on the working one.
    pub(super) fn inward(&self, position: f64) -> f64 {
        (position + 0.5) / self.ratio - 0.5
    }

    /// The way back.
    pub(super) fn outward(&self, position: f64) -> f64 {
        (position + 0.5) * self.ratio - 0.5
    }

    /// Which voxels of the image make voxel `k` of the working grid, and their shares: the mean of those it covers, or the two
    /// nearest where the image is coarser.
    fn sources(&self, k: usize) -> Vec<(usize, f32)> {
        let (low, high) = (k as f64 * self.ratio, (k + 1) as f64 * self.ratio);
        let share = |i: usize| {
            if self.ratio > 1.0 {
                ((i + 1) as f64).min(high) - (i as f64).max(low)
            } else {
                let center = self.outward(k as f64).clamp(0.0, (self.from - 1) as f64);
                1.0 - (center - i as f64).abs()
            }
        };
        let first = (low - 1.0).max(0.0) as usize;
        let last = (high.ceil() as usize + 1).min(self.from);
        let shares: Vec<_> =
            (first..last).map(|i| (i, share(i))).filter(|(_, share)| *share > 1e-9).collect();
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        shares.into_iter().map(|(i, share)| (i, (share / sum) as f32)).collect()
    }
}

/// The image on the working grid.
pub(super) fn resampled(image: ArrayView3<'_, f32>, scales: &[Scale; 3]) -> Array3<f32> {
    // Slices lie in one piece along the last axis: it comes first.
    let mut image = along(image, 2, &scales[2]);
    for axis in [1, 0] {
        image = along(image.view(), axis, &scales[axis]);
    }
    image.as_standard_layout().into_owned()
}

fn along(image: ArrayView3<'_, f32>, axis: usize, scale: &Scale) -> Array3<f32> {
    let mut shape = image.raw_dim();
    shape[axis] = scale.to;
    let mut result = Array3::zeros(shape.f());
    result.axis_iter_mut(Axis(axis)).into_par_iter().enumerate().for_each(|(k, mut slice)| {
        for (i, share) in scale.sources(k) {
            slice.scaled_add(share, &image.index_axis(Axis(axis), i));
        }
    });
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_ramp_stays_a_ramp_and_positions_lead_back(n in 2..60usize, mm in 0.2..9.0f64) {
            let scale = Scale::new(n, mm).unwrap();
            let image = Array3::from_shape_fn((n, 2, 2), |(i, ..)| i as f32);
            let unit = Scale::new(2, SPACING).unwrap();
            let small = resampled(image.view(), &[scale, unit, unit]);
            for (k, value) in small.index_axis(Axis(2), 1).index_axis(Axis(1), 0).iter().enumerate() {
                let expected = scale.outward(k as f64).clamp(0.0, (n - 1) as f64);
                let least = if scale.ratio > 1.0 { 0.51 } else { 1e-3 };
                prop_assert!((f64::from(*value) - expected).abs() < least, "{value} is not {expected}");
                prop_assert!((scale.inward(scale.outward(k as f64)) - k as f64).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn four_voxels_of_half_a_millimetre_are_averaged() {
        let scales = [(8, 0.5), (4, 0.5), (1, 5.0)].map(|(n, mm)| Scale::new(n, mm).unwrap());
        let image = Array3::from_shape_fn((8, 4, 1), |(i, j, _)| (i + 10 * j) as f32);
        let small = resampled(image.view(), &scales);
        assert_eq!(small.dim(), (2, 1, 3));
        assert_eq!(small[[0, 0, 0]], 16.5);
        assert_eq!(small[[1, 0, 2]], 20.5);
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        for mm in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(Scale::new(5, mm), None);
        }
    }
}
