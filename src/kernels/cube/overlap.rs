//! Sigmoid and the sums an overlap loss is made of, without writing the probabilities.

use burn::tensor::Shape;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{self, UNITS};
use super::sum::cube_sum_of_one;

/// Voxels a unit adds up before another cube is worth starting.
const PER_UNIT: usize = 8;
/// Cubes at most, as one cube adds up their sums.
const PARTS: usize = 1024;

#[cube]
fn sigmoid(logit: f32) -> f32 {
    1.0f32 / (1.0f32 + (-logit).exp())
}

/// Sums of p y, p and y over every `parts`-th stretch: `[3, parts]`.
#[cube(launch_unchecked)]
fn part_sums(
    logits: &Tensor<f32>,
    target: &Tensor<f32>,
    scratch: &mut Tensor<f32>,
    #[comptime] units: usize,
) {
    let mut room = SharedMemory::<f32>::new(units);
    let parts = scratch.shape(1);
    let mut both = 0.0f32;
    let mut predicted = 0.0f32;
    let mut true_ones = 0.0f32;
    let mut i = CUBE_POS_X as usize * units + UNIT_POS as usize;
    while i < logits.len() {
        let p = sigmoid(logits[i]);
        let y = target[i];
        both += p * y;
        predicted += p;
        true_ones += y;
        i += units * parts;
    }
    let both = cube_sum_of_one(both, &mut room, units);
    let predicted = cube_sum_of_one(predicted, &mut room, units);
    let true_ones = cube_sum_of_one(true_ones, &mut room, units);
    if UNIT_POS == 0 {
        let part = CUBE_POS_X as usize;
        scratch[part] = both;
        scratch[parts + part] = predicted;
        scratch[2 * parts + part] = true_ones;
    }
}

#[cube(launch_unchecked)]
fn total(scratch: &Tensor<f32>, sums: &mut Tensor<f32>, #[comptime] units: usize) {
    let mut room = SharedMemory::<f32>::new(units);
    let parts = scratch.shape(1);
    let which = CUBE_POS_X as usize;
    let mut sum = 0.0f32;
    let mut i = UNIT_POS as usize;
    while i < parts {
        sum += scratch[which * parts + i];
        i += units;
    }
    let sum = cube_sum_of_one(sum, &mut room, units);
    if UNIT_POS == 0 {
        sums[which] = sum;
    }
}

/// `[sum of p y, sum of p, sum of y]`.
pub(super) fn sums<R: CubeRuntime>(logits: CubeTensor<R>, target: CubeTensor<R>) -> CubeTensor<R> {
    let (logits, target) = (launch::plain(logits), launch::plain(target));
    let parts = logits.meta.num_elements().div_ceil(UNITS * PER_UNIT).clamp(1, PARTS);
    let scratch = launch::empty_like(&logits, Shape::from([3, parts]));
    let sums = launch::empty_like(&logits, Shape::from([3]));
    let (client, dim) = (logits.client.clone(), CubeDim::new_1d(UNITS as u32));
    // SAFETY: logits and target are contiguous and of one shape; units stop at its end, each cube writes its own part.
    unsafe {
        part_sums::launch_unchecked(
            &client,
            CubeCount::Static(parts as u32, 1, 1),
            dim,
            logits.into_tensor_arg(),
            target.into_tensor_arg(),
            scratch.clone().into_tensor_arg(),
            UNITS,
        );
        total::launch_unchecked(
            &client,
            CubeCount::Static(3, 1, 1),
            dim,
            scratch.into_tensor_arg(),
            sums.clone().into_tensor_arg(),
            UNITS,
        );
    }
    sums
}

#[cube(launch_unchecked)]
fn logit_grads(logits: &Tensor<f32>, target: &Tensor<f32>, grad: &Tensor<f32>, result: &mut Tensor<f32>) {
    let i = ABSOLUTE_POS;
    if i >= logits.len() {
        terminate!();
    }
    let p = sigmoid(logits[i]);
    result[i] = (target[i] * grad[0] + grad[1]) * p * (1.0f32 - p);
}

/// Gradient of [`sums`] for the logits.
pub(super) fn sums_grad<R: CubeRuntime>(
    logits: CubeTensor<R>,
    target: CubeTensor<R>,
    grad: CubeTensor<R>,
) -> CubeTensor<R> {
    let [logits, target, grad] = [logits, target, grad].map(launch::plain);
    let result = launch::empty_like(&logits, logits.meta.shape().clone());
    let client = logits.client.clone();
    let count = launch::cubes(logits.meta.num_elements(), UNITS);
    // SAFETY: logits, target and result are contiguous and of one shape, at whose end units stop.
    unsafe {
        logit_grads::launch_unchecked(
            &client,
            count,
            CubeDim::new_1d(UNITS as u32),
            logits.into_tensor_arg(),
            target.into_tensor_arg(),
            grad.into_tensor_arg(),
            result.clone().into_tensor_arg(),
        );
    }
    result
}
