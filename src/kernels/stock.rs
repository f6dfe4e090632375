//! The interface in burn's own operations: runs on every backend, and is what our kernels are compared with.
//!
//! burn 0.21 has no 3D pooling and no 3D upsampling, so both are done one axis at a time on `[outer, 2, inner]` views.

use std::cell::Cell;

use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{ConvOptions, FloatTensor};
use burn::tensor::{DType, FloatDType, Shape, Tensor, TensorMetadata};

use super::{
    AdamState, AdamStep, ConvGrads, Convolved, Filter, Input, Measure, Moments, Norm, NormGrads, Stride,
    Wanted, unwrap, wrap,
};

thread_local!(static WANTED: Cell<bool> = const { Cell::new(false) });

/// Whether this thread is to compute with these operations although there are faster ones.
pub(super) fn is_wanted() -> bool {
    WANTED.get()
}

/// Does `work` on this thread with burn's own operations, to compare with.
pub(crate) fn with_stock<T>(work: impl FnOnce() -> T) -> T {
    let before = WANTED.replace(true);
    let result = work();
    WANTED.set(before);
    result
}

fn options<B: Backend>(filter: &Filter<B>) -> ConvOptions<3> {
    let shape = filter.weight.shape();
    let step = if filter.stride == Stride::One { 1 } else { 2 };
    ConvOptions::new([step; 3], [shape[2] / 2, shape[3] / 2, shape[4] / 2], [1; 3], 1)
}

/// Both resolutions as one tensor.
fn joined<B: Backend>(input: Input<B>) -> FloatTensor<B> {
    match input.coarse {
        Some(coarse) => B::float_cat(vec![upsample2::<B>(coarse), input.fine], 1),
        None => input.fine,
    }
}

pub(super) fn conv3d<B: Backend>(input: Input<B>, filter: Filter<B>, measure: Measure) -> Convolved<B> {
    let options = options(&filter);
    let x = joined(input);
    let values = if x.dtype() == DType::F32 {
        B::conv3d(x, filter.weight, Some(filter.bias), options)
    } else {
        let products = B::float_cast(B::conv3d(x, filter.weight, None, options), FloatDType::F32);
        unwrap(wrap::<B, 5>(products) + spread::<B>(filter.bias))
    };
    let moments = match measure {
        Measure::Nothing => None,
        Measure::Batch => Some(moments::<B>(values.clone())),
        Measure::Sample => Some(moments::<B>(as_one_entry::<B>(values.clone()))),
    };
    Convolved { values, moments }
}

/// `[n, c, ...]` as `[1, n * c, ...]`: a sample's channel is to instance normalisation what a channel is to that of batches.
fn as_one_entry<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let shape = x.shape();
    let folded = [1, shape[0] * shape[1], shape[2], shape[3], shape[4]];
    B::float_reshape(x, Shape::from(folded))
}

pub(super) fn conv3d_grads<B: Backend>(
    input: Input<B>,
    filter: Filter<B>,
    grad: FloatTensor<B>,
    wanted: Wanted,
) -> ConvGrads<B> {
    let options = options(&filter);
    let weight = filter.weight;
    let below = input.coarse.as_ref().map_or(0, |coarse| coarse.shape()[1]);
    let x = joined(input);
    let channels = grad.shape()[1];
    let bias = wrap::<B, 5>(grad.clone()).swap_dims(0, 1).reshape([channels as i32, -1]).sum_dim(1);
    let (full, products) = (FloatDType::F32, FloatDType::from(x.dtype()));
    let grad = if products == full { grad } else { B::float_cast(grad, products) };
    let restored = |grad| if products == full { grad } else { B::float_cast(grad, full) };
    let whole = (wanted.coarse || wanted.fine).then(|| {
        let whole = restored(B::conv3d_x_backward(x.clone(), weight.clone(), grad.clone(), options.clone()));
        wrap::<B, 5>(whole)
    });
    let inputs = x.shape()[1];
    let part = |whole: &Tensor<B, 5>, first: usize, last: usize| whole.clone().slice_dim(1, first..last);
    let coarse = whole.as_ref().filter(|_| wanted.coarse && below > 0);
    let fine = whole.as_ref().filter(|_| wanted.fine);
    ConvGrads {
        coarse: coarse.map(|whole| upsample2_grad::<B>(unwrap(part(whole, 0, below)))),
        fine: fine.map(|whole| unwrap(part(whole, below, inputs))),
        weight: restored(B::conv3d_weight_backward(x, weight, grad, options)),
        bias: unwrap(bias.reshape([channels])),
    }
}

/// `[c]` -> `[1, c, 1, 1, 1]`, to broadcast over an activation.
fn spread<B: Backend>(vector: FloatTensor<B>) -> Tensor<B, 5> {
    let channels = vector.shape()[0];
    wrap::<B, 1>(vector).reshape([1, channels, 1, 1, 1])
}

/// Sum over batch and space, keeping `[1, c, 1, 1, 1]`.
fn channel_sum<B: Backend>(x: Tensor<B, 5>) -> Tensor<B, 5> {
    let [n, c, d0, d1, d2] = x.dims();
    x.reshape([n, c, d0 * d1 * d2]).sum_dim(2).sum_dim(0).reshape([1, c, 1, 1, 1])
}

fn per_channel(shape: &Shape) -> f64 {
    (shape[0] * shape[2] * shape[3] * shape[4]) as f64
}

pub(super) fn moments<B: Backend>(x: FloatTensor<B>) -> Moments<B> {
    let count = per_channel(&x.shape());
    let channels = x.shape()[1];
    let x = wrap::<B, 5>(x);
    let mean = channel_sum(x.clone()) / count;
    let centred = x - mean.clone();
    let variance = channel_sum(centred.clone() * centred) / count;
    Moments { mean: unwrap(mean.reshape([channels])), variance: unwrap(variance.reshape([channels])) }
}

/// `(x - mean) / sqrt(variance + epsilon)` and the reciprocal of that root.
fn standardised<B: Backend>(
    x: FloatTensor<B>,
    moments: Moments<B>,
    epsilon: f64,
) -> (Tensor<B, 5>, Tensor<B, 5>) {
    let inverse = (spread::<B>(moments.variance) + epsilon).sqrt().recip();
    ((wrap::<B, 5>(x) - spread::<B>(moments.mean)) * inverse.clone(), inverse)
}

pub(super) fn norm_activate<B: Backend>(x: FloatTensor<B>, norm: Norm<B>) -> FloatTensor<B> {
    let (x, _) = standardised::<B>(x, norm.moments, norm.epsilon);
    let linear = x * spread::<B>(norm.scale) + spread::<B>(norm.shift);
    let steepness = steepness(&linear, norm.slope);
    let result = unwrap(linear * steepness);
    if norm.stored == FloatDType::F32 { result } else { B::float_cast(result, norm.stored) }
}

/// 1 where positive, `slope` elsewhere. A factor rather than a maximum, which would take a NaN for 0.
fn steepness<B: Backend>(linear: &Tensor<B, 5>, slope: f32) -> Tensor<B, 5> {
    linear.clone().greater_elem(0.0).float() * (1.0 - slope) + slope
}

/// Ioffe & Szegedy 2015, section 3, behind an activation.
pub(super) fn norm_activate_grads<B: Backend>(
    x: FloatTensor<B>,
    norm: Norm<B>,
    grad: FloatTensor<B>,
) -> NormGrads<B> {
    let count = per_channel(&x.shape());
    let channels = x.shape()[1];
    let (x, inverse) = standardised::<B>(x, norm.moments, norm.epsilon);
    let scale = spread::<B>(norm.scale);
    let linear = x.clone() * scale.clone() + spread::<B>(norm.shift);
    let grad = wrap::<B, 5>(grad) * steepness(&linear, norm.slope);
    let shift_grad = channel_sum(grad.clone());
    let scale_grad = channel_sum(grad.clone() * x.clone());
    let centred = grad - shift_grad.clone() / count - x * (scale_grad.clone() / count);
    NormGrads {
        x: unwrap(centred * scale * inverse),
        scale: unwrap(scale_grad.reshape([channels])),
        shift: unwrap(shift_grad.reshape([channels])),
    }
}

/// Views `axis` of `shape` as pairs: `[everything before, 2, everything after]`, pairs counted with "before".
fn pairs(shape: [usize; 5], axis: usize) -> [usize; 3] {
    let outer: usize = shape[..=axis].iter().product();
    [outer / 2, 2, shape[axis + 1..].iter().product()]
}

fn halved(mut shape: [usize; 5], axis: usize) -> [usize; 5] {
    shape[axis] /= 2;
    shape
}

fn pool_axis<B: Backend>(x: Tensor<B, 5>, axis: usize) -> Tensor<B, 5> {
    let shape = x.dims();
    x.reshape(pairs(shape, axis)).max_dim(1).reshape(halved(shape, axis))
}

/// The gradient goes to the first of two equal values.
fn pool_axis_grad<B: Backend>(x: Tensor<B, 5>, grad: Tensor<B, 5>, axis: usize) -> Tensor<B, 5> {
    let shape = x.dims();
    let [outer, _, inner] = pairs(shape, axis);
    let x = x.reshape([outer, 2, inner]);
    let grad = grad.reshape([outer, 1, inner]);
    let first = x.clone().narrow(1, 0, 1).greater_equal(x.narrow(1, 1, 1)).float();
    let to_first = grad.clone() * first;
    Tensor::cat(vec![to_first.clone(), grad - to_first], 1).reshape(shape)
}

pub(super) fn max_pool2<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let pooled = (2..5).fold(wrap::<B, 5>(x), pool_axis);
    unwrap(pooled)
}

pub(super) fn max_pool2_grad<B: Backend>(x: FloatTensor<B>, grad: FloatTensor<B>) -> FloatTensor<B> {
    let x = wrap::<B, 5>(x);
    let along_x = pool_axis(x.clone(), 2);
    let along_xy = pool_axis(along_x.clone(), 3);
    let grad = pool_axis_grad(along_xy, wrap::<B, 5>(grad), 4);
    let grad = pool_axis_grad(along_x, grad, 3);
    unwrap(pool_axis_grad(x, grad, 2))
}

pub(super) fn upsample2<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let upsampled = (2..5).fold(wrap::<B, 5>(x), |x, axis| {
        let mut shape = x.dims();
        shape[axis] *= 2;
        let [outer, two, inner] = pairs(shape, axis);
        x.reshape([outer, 1, inner]).repeat_dim(1, two).reshape(shape)
    });
    unwrap(upsampled)
}

pub(super) fn upsample2_grad<B: Backend>(grad: FloatTensor<B>) -> FloatTensor<B> {
    let summed = (2..5).fold(wrap::<B, 5>(grad), |grad, axis| {
        let shape = grad.dims();
        grad.reshape(pairs(shape, axis)).sum_dim(1).reshape(halved(shape, axis))
    });
    unwrap(summed)
}

pub(super) fn overlap_sums<B: Backend>(logits: FloatTensor<B>, target: FloatTensor<B>) -> FloatTensor<B> {
    let p = sigmoid(wrap::<B, 5>(logits));
    let y = wrap::<B, 5>(target);
    unwrap(Tensor::cat(vec![(p.clone() * y.clone()).sum(), p.sum(), y.sum()], 0))
}

pub(super) fn overlap_sums_grad<B: Backend>(
    logits: FloatTensor<B>,
    target: FloatTensor<B>,
    grad: FloatTensor<B>,
) -> FloatTensor<B> {
    let p = sigmoid(wrap::<B, 5>(logits));
    let grad = wrap::<B, 1>(grad);
    let [both, predicted] = [0, 1].map(|index| grad.clone().narrow(0, index, 1).reshape([1; 5]));
    let to_p = wrap::<B, 5>(target) * both + predicted;
    unwrap(to_p * p.clone() * (p.neg() + 1.0))
}

pub(super) fn adam<B: Backend>(state: AdamState<B>, grad: FloatTensor<B>, step: AdamStep) -> AdamState<B> {
    let AdamState { value, first, second } = state;
    let [value, first, second, grad] = [value, first, second, grad].map(wrap::<B, 1>);
    let squared = grad.clone() * grad.clone();
    let first = first * step.beta1 + grad * (1.0 - step.beta1);
    let second = second * step.beta2 + squared * (1.0 - step.beta2);
    let change = first.clone() / (second.clone().sqrt() / step.root + step.epsilon) * step.rate;
    let value = if step.kept == 1.0 { value } else { value * step.kept };
    AdamState { value: unwrap(value - change), first: unwrap(first), second: unwrap(second) }
}
