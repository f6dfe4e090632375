//! A long tube through a network of fixed depth: slabs along z, and how their answers become one array.

use ndarray::{Array3, Axis, Slice, s};

use super::flips::mean_over_flips;
use super::model::ask;
use super::{InferenceError, PatchModel};

/// Slices of a slab, the depth of the training patches.
pub const SLAB: usize = 48;

/// Patches in the network at once: enough to fill a device, few enough for any memory.
const BATCH: usize = 4;

/// SCT's threshold on each slab's probabilities.
const SCT_THRESHOLD: f32 = 0.1;

/// How slabs lie and are joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tiling {
    /// Half-overlapping slabs, blended with weights that fade towards both ends; nothing is padded unless the tube is shorter
    /// than a slab.
    Blended,
    /// As SCT does it: one slab after the other, the last one padded at its end, slabs of `pad` alone (no image there) skipped,
    /// each slab made 0 or 1 by p > 0.1.
    Adjacent,
}

impl Tiling {
    /// Probability of each voxel of a normalised tube (x, y, z). Padding has the value `pad`.
    pub fn run(
        self,
        net: &dyn PatchModel,
        tube: &Array3<f32>,
        pad: f32,
        flips: bool,
    ) -> Result<Array3<f32>, InferenceError> {
        let starts: Vec<usize> = self.starts(tube.len_of(Axis(2)));
        let patches = starts.iter().map(|start| (*start, slab(tube, *start, pad)));
        let wanted: Vec<_> = match self {
            Tiling::Blended => patches.collect(),
            Tiling::Adjacent => patches.filter(|(_, patch)| patch.iter().any(|v| *v != pad)).collect(),
        };
        let mut joined = Joined::new(tube);
        for batch in wanted.chunks(BATCH) {
            let (starts, patches): (Vec<usize>, Vec<Array3<f32>>) = batch.iter().cloned().unzip();
            let answers = if flips { mean_over_flips(net, &patches)? } else { ask(net, &patches)? };
            for (start, answer) in starts.into_iter().zip(answers) {
                match self {
                    Tiling::Blended => joined.add(start, &answer, fade),
                    Tiling::Adjacent => {
                        joined.add(start, &answer.mapv(|p| f32::from(u8::from(p > SCT_THRESHOLD))), |_| 1.0);
                    }
                }
            }
        }
        Ok(joined.finish())
    }

    /// First slice of each slab; together they cover all `depth` slices.
    fn starts(self, depth: usize) -> Vec<usize> {
        match self {
            Tiling::Adjacent => (0..depth).step_by(SLAB).collect(),
            Tiling::Blended => {
                let last = depth.saturating_sub(SLAB);
                let mut starts: Vec<usize> = (0..last).step_by(SLAB / 2).collect();
                starts.push(last);
                starts
            }
        }
    }
}

/// The slices from `start` on, with `pad` beyond the end of the tube.
fn slab(tube: &Array3<f32>, start: usize, pad: f32) -> Array3<f32> {
    let (nx, ny, depth) = tube.dim();
    let mut patch = Array3::from_elem((nx, ny, SLAB), pad);
    let there = SLAB.min(depth - start);
    patch.slice_mut(s![.., .., ..there]).assign(&tube.slice(s![.., .., start..start + there]));
    patch
}

/// Weight of slice `k` of a slab: a squared sine, so that half-overlapping slabs add up to 1 and none ends abruptly.
fn fade(k: usize) -> f32 {
    (std::f32::consts::PI * (k as f32 + 0.5) / SLAB as f32).sin().powi(2)
}

/// The weighted mean of the slabs that cover each slice; 0 where none does.
struct Joined {
    sum: Array3<f32>,
    weights: Vec<f32>,
}

impl Joined {
    fn new(tube: &Array3<f32>) -> Self {
        Self { sum: Array3::zeros(tube.dim()), weights: vec![0.0; tube.len_of(Axis(2))] }
    }

    fn add(&mut self, start: usize, answer: &Array3<f32>, weight: impl Fn(usize) -> f32) {
        let there = SLAB.min(self.weights.len() - start);
        let answer = answer.slice_axis(Axis(2), Slice::from(..there));
        for (k, slice) in answer.axis_iter(Axis(2)).enumerate() {
            self.sum.index_axis_mut(Axis(2), start + k).scaled_add(weight(k), &slice);
            self.weights[start + k] += weight(k);
        }
    }

    fn finish(mut self) -> Array3<f32> {
        for (mut slice, weight) in self.sum.axis_iter_mut(Axis(2)).zip(&self.weights) {
            if *weight > 0.0 {
                slice /= *weight;
            }
        }
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use proptest::prelude::*;

    use super::*;

    /// Answers each voxel with its own value, and remembers the first slice's value of each patch it saw.
    #[derive(Default)]
    struct Echo(RefCell<Vec<f32>>);

    impl PatchModel for Echo {
        fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
            self.0.borrow_mut().extend(patches.iter().map(|p| p[[0, 0, 0]]));
            assert!(patches.iter().all(|p| p.dim() == (2, 3, SLAB)));
            Ok(patches.to_vec())
        }
    }

    fn tube(depth: usize) -> Array3<f32> {
        Array3::from_shape_fn((2, 3, depth), |(i, j, k)| 0.001 * (k as f32 + 1.0) + 0.1 * (i + j) as f32)
    }

    proptest! {
        #[test]
        fn blending_gives_every_voxel_its_own_answer_back(depth in 1usize..200, flips: bool) {
            let tube = tube(depth);
            let found = Tiling::Blended.run(&Echo::default(), &tube, 9.0, flips).unwrap();
            prop_assert!(found.iter().zip(&tube).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn slabs_overlap_by_half_and_end_with_the_tube() {
        assert_eq!(Tiling::Blended.starts(102), [0, 24, 48, 54]);
        assert_eq!(Tiling::Blended.starts(96), [0, 24, 48]);
        assert_eq!(Tiling::Blended.starts(48), [0]);
        assert_eq!(Tiling::Blended.starts(10), [0]);
        assert_eq!(Tiling::Adjacent.starts(102), [0, 48, 96]);
        assert_eq!(Tiling::Adjacent.starts(96), [0, 48]);
    }

    #[test]
    fn adjacent_slabs_are_binary_and_empty_ones_are_never_asked_about() {
        let mut tube = tube(102);
        tube.slice_mut(s![.., .., 48..96]).fill(-1.5);
        let echo = Echo::default();
        let found = Tiling::Adjacent.run(&echo, &tube, -1.5, false).unwrap();
        assert_eq!(echo.0.into_inner(), [tube[[0, 0, 0]], tube[[0, 0, 96]]]);
        for (at, value) in found.indexed_iter() {
            assert_eq!(*value, f32::from(u8::from(tube[at] > 0.1)), "{at:?}");
        }
    }

    #[test]
    fn the_seam_between_two_opinions_is_smooth() {
        /// Says the number of the slab.
        struct Counter(RefCell<f32>);
        impl PatchModel for Counter {
            fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
                let next = |p: &Array3<f32>| {
                    *self.0.borrow_mut() += 1.0;
                    Array3::from_elem(p.dim(), *self.0.borrow())
                };
                Ok(patches.iter().map(next).collect())
            }
        }
        let found = Tiling::Blended.run(&Counter(RefCell::new(0.0)), &tube(72), 0.0, false).unwrap();
        let along: Vec<f32> = found.slice(s![0, 0, ..]).to_vec();
        assert_eq!((along[0], along[71]), (1.0, 2.0));
        assert!(along.windows(2).all(|w| w[1] >= w[0] - 1e-6 && w[1] - w[0] < 0.1), "{along:?}");
    }

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        struct Wrong;
        impl PatchModel for Wrong {
            fn probabilities(&self, _: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
                Ok(vec![Array3::zeros((2, 3, 8))])
            }
        }
        let error = Tiling::Blended.run(&Wrong, &tube(60), 0.0, false).unwrap_err().to_string();
        assert!(error.contains("[2, 3, 48]") && error.contains("crop size"), "{error}");
    }
}
