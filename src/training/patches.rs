//! Cubes cut from crops along z, and predictions of cubes put together again. Pure index arithmetic on arrays in memory.

use ndarray::{Array3, ArrayView3, Axis, Slice, s};

/// A crop ready for the network: intensities standardised and z-scored, mask 0/1, both size x size x depth in RPI order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) scan: String,
    pub(crate) image: Array3<f32>,
    pub(crate) mask: Array3<u8>,
    /// What continues the image past its last slice.
    pub(crate) padding: f32,
}

/// One patch: which sample, and its first slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatchRef {
    pub(crate) sample: usize,
    pub(crate) start: usize,
}

/// First slices of patches of `size` every `stride` slices, until the last slice is covered.
pub(crate) fn starts(depth: usize, size: usize, stride: usize) -> Vec<usize> {
    let steps = depth.saturating_sub(size).div_ceil(stride);
    (0..=steps).map(|step| step * stride).collect()
}

/// Every patch of every sample.
pub(crate) fn patch_list(samples: &[Sample], size: usize, stride: usize) -> Vec<PatchRef> {
    let of = |(sample, s): (usize, &Sample)| {
        let starts = starts(s.image.dim().2, size, stride);
        starts.into_iter().map(move |start| PatchRef { sample, start })
    };
    samples.iter().enumerate().flat_map(of).collect()
}

impl Sample {
    /// Image and mask of one patch; beyond the end the image is `padding` and the mask empty.
    pub(crate) fn patch(&self, start: usize, size: usize) -> (Array3<f32>, Array3<u8>) {
        (cut(&self.image.view(), start, size, self.padding), cut(&self.mask.view(), start, size, 0))
    }

    /// The slices that have some lesion, in order.
    pub(crate) fn lesion_slices(&self) -> Vec<usize> {
        let slices = self.mask.axis_iter(Axis(2)).enumerate();
        slices.filter(|(_, slice)| slice.iter().any(|&value| value > 0)).map(|(index, _)| index).collect()
    }

    /// False for a subject without a lesion in the tube.
    pub(crate) fn has_lesion(&self) -> bool {
        self.mask.iter().any(|&value| value > 0)
    }
}

fn cut<T: Copy>(array: &ArrayView3<'_, T>, start: usize, size: usize, padding: T) -> Array3<T> {
    let (x, y, depth) = array.dim();
    let end = (start + size).min(depth);
    let mut patch = Array3::from_elem((x, y, size), padding);
    if start < end {
        let from = array.slice_axis(Axis(2), Slice::from(start..end));
        patch.slice_mut(s![.., .., ..end - start]).assign(&from);
    }
    patch
}

/// Puts the patch that starts at slice `start` back; what lies beyond the end is dropped.
pub(crate) fn paste(whole: &mut Array3<f32>, start: usize, patch: &ArrayView3<'_, f32>) {
    let depth = whole.dim().2;
    let end = (start + patch.dim().2).min(depth);
    if start < end {
        whole.slice_mut(s![.., .., start..end]).assign(&patch.slice(s![.., .., ..end - start]));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn training_patches_overlap_and_validation_patches_do_not() {
        assert_eq!(starts(120, 48, 24), [0, 24, 48, 72]);
        assert_eq!(starts(121, 48, 24), [0, 24, 48, 72, 96]);
        assert_eq!(starts(120, 48, 48), [0, 48, 96]);
        assert_eq!(starts(48, 48, 24), [0]);
        assert_eq!(starts(3, 48, 24), [0]);
    }

    #[test]
    fn past_the_end_there_is_padding_and_no_lesion() {
        let sample = Sample {
            scan: "a".into(),
            image: Array3::from_elem((2, 2, 5), 7.0),
            mask: Array3::ones((2, 2, 5)),
            padding: -1.5,
        };
        let (image, mask) = sample.patch(4, 4);
        assert_eq!(image.slice(s![1, 1, ..]).to_vec(), [7.0, -1.5, -1.5, -1.5]);
        assert_eq!(mask.slice(s![0, 1, ..]).to_vec(), [1, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn cutting_and_pasting_gives_the_whole_back(depth in 1..120usize, stride in 1..=8usize) {
            let image = Array3::from_shape_fn((2, 3, depth), |(x, y, z)| (x + 10 * y + 100 * z) as f32);
            let sample = Sample { scan: String::new(), mask: Array3::zeros((2, 3, depth)), image, padding: 0.0 };
            let mut whole = Array3::zeros((2, 3, depth));
            for start in starts(depth, 8, stride) {
                paste(&mut whole, start, &sample.patch(start, 8).0.view());
            }
            prop_assert_eq!(whole, sample.image);
        }
    }
}
