//! Adam's update of one vector in one pass: four reads and three writes, where burn's own operations take a dozen kernels.

use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::launch::{self, UNITS};
use crate::kernels::AdamStep;

#[cube(launch_unchecked)]
fn update(
    value: &Tensor<f32>,
    first: &Tensor<f32>,
    second: &Tensor<f32>,
    grad: &Tensor<f32>,
    new_value: &mut Tensor<f32>,
    new_first: &mut Tensor<f32>,
    new_second: &mut Tensor<f32>,
    beta1: f32,
    added1: f32,
    beta2: f32,
    added2: f32,
    epsilon: f32,
    rate: f32,
    root: f32,
    kept: f32,
) {
    let i = ABSOLUTE_POS;
    if i >= value.len() {
        terminate!();
    }
    let g = grad[i];
    let m = beta1 * first[i] + added1 * g;
    let v = beta2 * second[i] + added2 * g * g;
    new_first[i] = m;
    new_second[i] = v;
    new_value[i] = kept * value[i] - rate * m / (v.sqrt() / root + epsilon);
}

/// `[value, first, second]` after one step. The results never share memory with the arguments, which others may still hold.
pub(super) fn step<R: CubeRuntime>(
    state: [CubeTensor<R>; 3],
    grad: CubeTensor<R>,
    step: AdamStep,
) -> [CubeTensor<R>; 3] {
    let [value, first, second] = state.map(launch::plain);
    let grad = launch::plain(grad);
    let results = [&value, &first, &second].map(|old| launch::empty_like(old, old.meta.shape().clone()));
    let [new_value, new_first, new_second] = results.clone();
    let (count, client) = (value.meta.num_elements(), value.client.clone());
    // SAFETY: all seven vectors are contiguous and of one length, and the kernel stops at that length.
    unsafe {
        update::launch_unchecked(
            &client,
            launch::cubes(count, UNITS),
            CubeDim::new_1d(UNITS as u32),
            value.into_tensor_arg(),
            first.into_tensor_arg(),
            second.into_tensor_arg(),
            grad.into_tensor_arg(),
            new_value.into_tensor_arg(),
            new_first.into_tensor_arg(),
            new_second.into_tensor_arg(),
            step.beta1 as f32,
            (1.0 - step.beta1) as f32,
            step.beta2 as f32,
            (1.0 - step.beta2) as f32,
            step.epsilon as f32,
            step.rate as f32,
            step.root as f32,
            step.kept as f32,
        );
    }
    results
}
