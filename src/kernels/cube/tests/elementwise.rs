//! Everything but convolutions.

use super::definition::{Dims, cell_of, doubled, len, moments};
use super::*;

const F32: FloatDType = FloatDType::F32;

fn normalisation<R: CubeRuntime>(on: &Target<R>, dims: Dims, slope: f32) {
    let (x, xs) = on.random(dims, 1, F32);
    let (grad, gs) = on.random(dims, 2, F32);
    let ((scale, scales), (shift, shifts)) = (on.random([dims[1]], 3, F32), on.random([dims[1]], 4, F32));
    let (space, epsilon) = (dims[2] * dims[3] * dims[4], 1e-3);
    let channel = |index: usize| index / space % dims[1];
    let (mean, variance) = moments(&xs, dims[1], channel);
    let count = (dims[0] * space) as f64;
    let root: Vec<f64> = variance.iter().map(|v| (v + epsilon).sqrt()).collect();
    let normal = |i: usize| (xs[i] - mean[channel(i)]) / root[channel(i)];
    let linear = |i: usize| normal(i) * scales[channel(i)] + shifts[channel(i)];
    let bent = |i: usize| if linear(i) > 0.0 { 1.0 } else { f64::from(slope) };
    let sums = |term: &dyn Fn(usize) -> f64| {
        let mut sums = vec![0.0; dims[1]];
        (0..xs.len()).for_each(|index| sums[channel(index)] += term(index));
        sums
    };
    let want_shift = sums(&|i| gs[i] * bent(i));
    let want_scale = sums(&|i| gs[i] * bent(i) * normal(i));
    let want_x = (0..xs.len()).map(|i| {
        let c = channel(i);
        (gs[i] * bent(i) - want_shift[c] / count - normal(i) * want_scale[c] / count) * scales[c] / root[c]
    });
    let want: Vec<f64> = (0..xs.len()).map(|i| linear(i) * bent(i)).collect();

    let got = <On<R> as Kernels>::channel_moments(x.clone());
    near("mean", &values(&got.mean), &mean, 2e-5);
    near("variance", &values(&got.variance), &variance, 2e-5);
    let norm = Norm { moments: got, scale, shift, epsilon, slope, stored: F32 };
    near("result", &values(&<On<R> as Kernels>::norm_activate(x.clone(), norm.clone())), &want, 2e-5);
    let narrow = Norm { stored: on.narrow, ..norm.clone() };
    let stored = <On<R> as Kernels>::norm_activate(x.clone(), narrow);
    assert_eq!(stored.dtype, DType::from(on.narrow));
    near("narrow result", &values(&stored), &want, 4e-3);
    let grads = <On<R> as Kernels>::norm_activate_grads(x, norm, grad);
    near("gradient", &values(&grads.x), &want_x.collect::<Vec<_>>(), 5e-5);
    near("scale gradient", &values(&grads.scale), &want_scale, 2e-5);
    near("shift gradient", &values(&grads.shift), &want_shift, 2e-5);
}

#[test]
fn normalisation_and_its_gradients_are_their_definition() {
    for (dims, slope) in
        [([1, 1, 1, 1, 2], 1.0), ([5, 3, 3, 5, 7], 0.0), ([2, 2, 16, 16, 20], 0.01), ([1, 96, 2, 3, 1], 0.0)]
    {
        everywhere!(normalisation(dims, slope));
    }
}

fn cells<R: CubeRuntime>(on: &Target<R>, coarse: Dims, stored: FloatDType) {
    let fine = doubled(coarse);
    let (x, xs) = on.random(fine, 1, stored);
    let (grad, gs) = on.random(coarse, 2, F32);
    let mut largest = vec![f64::NEG_INFINITY; len(coarse)];
    let mut sums = vec![0.0; len(coarse)];
    for (index, value) in xs.iter().enumerate() {
        let cell = cell_of(fine, index);
        largest[cell] = largest[cell].max(*value);
        sums[cell] += value;
    }
    let repeated: Vec<f64> = (0..len(fine)).map(|index| gs[cell_of(fine, index)]).collect();
    let pooled = <On<R> as Kernels>::max_pool2(x.clone());
    assert_eq!(pooled.dtype, x.dtype);
    near("maximum", &values(&pooled), &largest, 0.0);
    near("upsampled", &values(&<On<R> as Kernels>::upsample2(grad.clone())), &repeated, 0.0);
    near("upsampled gradient", &values(&<On<R> as Kernels>::upsample2_grad(x.clone())), &sums, 1e-6);
    let pool_grad = values(&<On<R> as Kernels>::max_pool2_grad(x, grad));
    let mut winners = vec![0; len(coarse)];
    for (index, value) in pool_grad.iter().enumerate().filter(|(_, value)| **value != 0.0) {
        let cell = cell_of(fine, index);
        assert_eq!((*value, xs[index]), (gs[cell], largest[cell]));
        winners[cell] += 1;
    }
    let expected: Vec<i32> = gs.iter().map(|grad| i32::from(*grad != 0.0)).collect();
    assert_eq!(winners, expected);
}

#[test]
fn cells_are_pooled_and_repeated() {
    fn narrow<R: CubeRuntime>(on: &Target<R>) {
        cells(on, [2, 3, 2, 4, 3], on.narrow);
    }
    for coarse in [[1, 1, 1, 1, 1], [5, 2, 3, 1, 7], [1, 96, 1, 2, 3]] {
        everywhere!(cells(coarse, F32));
    }
    everywhere!(narrow());
}

/// Cells of equal values, as a ReLU leaves them: one voxel still takes the whole gradient.
#[test]
fn ties_send_the_gradient_to_one_voxel() {
    fn check<R: CubeRuntime>(on: &Target<R>) {
        let (x, grad) = (on.tensor(&[0.0; 64], [1, 1, 4, 4, 4]), on.tensor(&[2.0; 8], [1, 1, 2, 2, 2]));
        let got = values(&<On<R> as Kernels>::max_pool2_grad(x, grad));
        assert_eq!(got.iter().filter(|value| **value == 2.0).count(), 8);
        assert_eq!(got.iter().sum::<f64>(), 16.0);
    }
    everywhere!(check());
}

fn overlap<R: CubeRuntime>(on: &Target<R>, dims: Dims) {
    let (logits, ls) = on.random(dims, 1, F32);
    let (target, ts) = on.random(dims, 2, F32);
    let (grad, gs) = on.random([3], 3, F32);
    let p: Vec<f64> = ls.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
    let both = p.iter().zip(&ts).map(|(p, y)| p * y).sum();
    let want = [both, p.iter().sum(), ts.iter().sum()];
    let want_grad: Vec<f64> = p.iter().zip(&ts).map(|(p, y)| (y * gs[0] + gs[1]) * p * (1.0 - p)).collect();
    near("sums", &values(&<On<R> as Kernels>::overlap_sums(logits.clone(), target.clone())), &want, 1e-5);
    let got = <On<R> as Kernels>::overlap_sums_grad(logits, target, grad);
    near("gradient", &values(&got), &want_grad, 1e-5);
}

#[test]
fn overlap_and_its_gradient_are_their_definition() {
    everywhere!(overlap([1, 1, 1, 1, 1]));
    everywhere!(overlap([5, 1, 9, 7, 31]));
}

fn adam_step<R: CubeRuntime>(on: &Target<R>, count: usize) {
    let step = AdamStep { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, rate: 0.1, root: 0.5, kept: 0.9 };
    let [(value, vs), (first, ms), (grad, gs)] = [1, 2, 3].map(|seed| on.random([count], seed, F32));
    let squares: Vec<f64> = numbers(count, 4).iter().map(|value| value.abs()).collect();
    let second = on.tensor(&squares, [count]);
    let [beta1, beta2] = [step.beta1, step.beta2].map(f64::from);
    let want_first: Vec<f64> = ms.iter().zip(&gs).map(|(m, g)| beta1 * m + (1.0 - beta1) * g).collect();
    let want_second: Vec<f64> =
        squares.iter().zip(&gs).map(|(v, g)| beta2 * v + (1.0 - beta2) * g * g).collect();
    let moved = want_first.iter().zip(&want_second).map(|(m, v)| 0.1 * m / (v.sqrt() / 0.5 + 1e-3));
    let want: Vec<f64> = vs.iter().zip(moved).map(|(value, moved)| 0.9 * value - moved).collect();
    let got = <On<R> as Kernels>::adam(AdamState { value: value.clone(), first, second }, grad, step);
    near("value", &values(&got.value), &want, 1e-5);
    near("first moment", &values(&got.first), &want_first, 1e-5);
    near("second moment", &values(&got.second), &want_second, 1e-5);
    near("old value", &values(&value), &vs, 0.0);
}

#[test]
fn adam_is_its_definition() {
    everywhere!(adam_step(1));
    everywhere!(adam_step(1027));
}
