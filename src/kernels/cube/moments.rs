//! Means and variances that stay right where the mean is much larger than the spread: each part of a channel is measured
//! around its own mean, and the parts are merged as in Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance".

use burn::tensor::Shape;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{self, UNITS};
use super::sum::cube_sum_of_one;

/// Voxels a unit measures before parts become worth merging.
const PER_UNIT: usize = 16;

/// Count, mean and sum of squares around it, of each part of `groups` channels: three planes `[3, groups, parts]`.
pub(super) struct Parts<R: CubeRuntime> {
    pub(super) scratch: CubeTensor<R>,
    /// Channels, or channels of a batch entry.
    pub(super) groups: usize,
    /// Parts of a group that lie side by side.
    pub(super) parts: usize,
}

#[cube(launch_unchecked)]
fn measure(x: &Tensor<f32>, scratch: &mut Tensor<f32>, per_part: usize, #[comptime] units: usize) {
    let mut room = SharedMemory::<f32>::new(units);
    let (channel, part, n) = (CUBE_POS_Y as usize, CUBE_POS_X as usize, CUBE_POS_Z as usize);
    let space = x.shape(2) * x.shape(3) * x.shape(4);
    let base = (n * x.shape(1) + channel) * space;
    let first = part * per_part;
    let last = clamp_max(first + per_part, space);
    let mut sum = 0.0f32;
    let mut i = first + UNIT_POS as usize;
    while i < last {
        sum += x[base + i];
        i += units;
    }
    let count = (last - first) as f32;
    let mean = cube_sum_of_one(sum, &mut room, units) / count;
    let mut squares = 0.0f32;
    let mut i = first + UNIT_POS as usize;
    while i < last {
        let off = x[base + i] - mean;
        squares += off * off;
        i += units;
    }
    let squares = cube_sum_of_one(squares, &mut room, units);
    if UNIT_POS == 0 {
        let plane = scratch.shape(1) * scratch.shape(2);
        let at = (channel * x.shape(0) + n) * (plane / (x.shape(0) * x.shape(1))) + part;
        scratch[at] = count;
        scratch[plane + at] = mean;
        scratch[2 * plane + at] = squares;
    }
}

#[cube]
fn clamp_max(value: usize, limit: usize) -> usize {
    select(value < limit, value, limit)
}

/// One cube merges the parts of one group. Sums of means are taken around the first part's, which costs no digits.
#[cube(launch_unchecked)]
fn merge(
    scratch: &Tensor<f32>,
    mean_out: &mut Tensor<f32>,
    variance_out: &mut Tensor<f32>,
    #[comptime] units: usize,
) {
    let mut room = SharedMemory::<f32>::new(units);
    let group = CUBE_POS_X as usize;
    let (groups, parts) = (scratch.shape(1), scratch.shape(2));
    let plane = groups * parts;
    let base = group * parts;
    let shift = scratch[plane + base];
    let mut count = 0.0f32;
    let mut sum = 0.0f32;
    let mut i = UNIT_POS as usize;
    while i < parts {
        let weight = scratch[base + i];
        count += weight;
        sum += weight * (scratch[plane + base + i] - shift);
        i += units;
    }
    let count = cube_sum_of_one(count, &mut room, units);
    let mean = cube_sum_of_one(sum, &mut room, units) / count;
    let mut squares = 0.0f32;
    let mut i = UNIT_POS as usize;
    while i < parts {
        let off = scratch[plane + base + i] - shift - mean;
        squares += scratch[2 * plane + base + i] + scratch[base + i] * off * off;
        i += units;
    }
    let squares = cube_sum_of_one(squares, &mut room, units);
    if UNIT_POS == 0 {
        mean_out[group] = shift + mean;
        variance_out[group] = squares / count;
    }
}

impl<R: CubeRuntime> Parts<R> {
    /// Room for the parts of `groups` groups.
    pub(super) fn new(like: &CubeTensor<R>, groups: usize, parts: usize) -> Self {
        let scratch = launch::empty_like(like, Shape::from([3, groups, parts]));
        Self { scratch, groups, parts }
    }

    /// Mean and biased variance `[groups]`.
    pub(super) fn merged(self) -> (CubeTensor<R>, CubeTensor<R>) {
        let [mean, variance] =
            [(); 2].map(|()| launch::empty_like(&self.scratch, Shape::from([self.groups])));
        let units = self.parts.next_power_of_two().clamp(32, UNITS);
        let client = self.scratch.client.clone();
        // SAFETY: one cube per group, which reads only its own row of the scratch and writes its own result.
        unsafe {
            merge::launch_unchecked(
                &client,
                CubeCount::Static(self.groups as u32, 1, 1),
                CubeDim::new_1d(units as u32),
                self.scratch.into_tensor_arg(),
                mean.clone().into_tensor_arg(),
                variance.clone().into_tensor_arg(),
                units,
            );
        }
        (mean, variance)
    }
}

/// Mean and biased variance of each channel of `[n, c, x, y, z]`.
pub(super) fn of_channels<R: CubeRuntime>(x: CubeTensor<R>) -> (CubeTensor<R>, CubeTensor<R>) {
    let x = launch::plain(x);
    let shape = x.meta.shape().clone();
    let space = shape[2] * shape[3] * shape[4];
    let parts = space.div_ceil(UNITS * PER_UNIT);
    let measured = Parts::new(&x, shape[1], shape[0] * parts);
    let client = x.client.clone();
    // SAFETY: a cube reads its part of one channel of one entry, which ends at the channel's last voxel.
    unsafe {
        measure::launch_unchecked(
            &client,
            CubeCount::Static(parts as u32, shape[1] as u32, shape[0] as u32),
            CubeDim::new_1d(UNITS as u32),
            x.into_tensor_arg(),
            measured.scratch.clone().into_tensor_arg(),
            UNITS * PER_UNIT,
            UNITS,
        );
    }
    measured.merged()
}
