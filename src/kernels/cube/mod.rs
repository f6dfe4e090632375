//! The networks' operations as CubeCL kernels, for burn's GPU backends without fusion.
//!
//! Kernels take contiguous tensors `[n, c, x, y, z]` and compute in f32 whatever the operands are stored as. Nothing here
//! waits for the device. What a kernel does not cover, and everything once [`choose`] says so, is left to [`stock`].

#![allow(unsafe_code, reason = "kernels are launched without bounds checks; each launch says why it may be")]
#![allow(clippy::too_many_arguments, reason = "a kernel's arguments are its bindings")]

mod adam;
mod add;
mod cell;
mod check;
mod conv;
mod correlate;
mod finish;
mod fold;
mod launch;
mod moments;
mod norm;
mod overlap;
mod plan;
mod share;
mod stage;
mod sum;
mod taps;
#[cfg(test)]
mod tests;
mod tune;
mod weigh;

use std::sync::atomic::{AtomicU8, Ordering};

use burn::tensor::ops::FloatTensor;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeRuntime};

pub(crate) use check::self_check;

use super::{
    AdamState, AdamStep, ConvGrads, Convolved, Filter, Input, Kernels, Measure, Moments, Norm, NormGrads,
    Stride, Wanted, stock,
};
use conv::{Pass, Source};
use plan::{Grouped, Taps};

/// Which operations the GPU backends run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// The kernels, each with the layout that was fastest when it was timed.
    Tuned,
    /// The kernels, with layouts that follow from the sizes alone.
    Untuned,
    /// burn's own operations.
    Stock,
}

static CHOICE: AtomicU8 = AtomicU8::new(Use::Tuned as u8);

/// Sets what all GPU backends of this process run from now on.
pub(crate) fn choose(choice: Use) {
    CHOICE.store(choice as u8, Ordering::Relaxed);
}

/// What [`choose`] was told last; tuned kernels at first.
pub(crate) fn choice() -> Use {
    match CHOICE.load(Ordering::Relaxed) {
        0 => Use::Tuned,
        1 => Use::Untuned,
        _ => Use::Stock,
    }
}

fn stock_only() -> bool {
    stock::is_wanted() || choice() == Use::Stock
}

/// The networks' backend on a runtime.
type On<R> = CubeBackend<R, f32, i32, u8>;

fn bend<R: CubeRuntime>(norm: Norm<On<R>>) -> norm::Bend<R> {
    norm::Bend {
        mean: norm.moments.mean,
        variance: norm.moments.variance,
        scale: norm.scale,
        shift: norm.shift,
        epsilon: norm.epsilon as f32,
        slope: norm.slope,
    }
}

fn passed<R: CubeRuntime>(pass: Pass<R>) -> Convolved<On<R>> {
    let passed = if choice() == Use::Tuned { tune::pass(pass) } else { pass.run_untuned() };
    let moments = passed.parts.map(|parts| {
        let (mean, variance) = parts.merged();
        Moments { mean, variance }
    });
    Convolved { values: passed.values, moments }
}

/// The gradient of inputs from channel `first` on, in this shape: from the gradient itself, or for coarse inputs with a step
/// of 2 from its box sums.
fn input_grad<R: CubeRuntime>(
    grad: &CubeTensor<R>,
    weight: &CubeTensor<R>,
    step: usize,
    first: usize,
    shape: [usize; 5],
) -> CubeTensor<R> {
    let pass = Pass {
        source: Source::new(None, grad.clone()),
        weight: weight.clone(),
        bias: None,
        folds: None,
        shape,
        taps: Taps::Mirrored,
        step,
        first,
        grouped: Grouped::Nothing,
    };
    passed(pass).values
}

fn sizes<R: CubeRuntime>(tensor: &CubeTensor<R>) -> [usize; 5] {
    let shape = tensor.meta.shape();
    [shape[0], shape[1], shape[2], shape[3], shape[4]]
}

fn kernels_take<R: CubeRuntime>(source: &Source<R>, filter: &Filter<On<R>>) -> bool {
    !stock_only() && filter.stride == Stride::One && conv::fits(source, &filter.weight)
}

impl<R: CubeRuntime> Kernels for CubeBackend<R, f32, i32, u8> {
    fn convolve(input: Input<Self>, filter: Filter<Self>, measure: Measure) -> Convolved<Self> {
        let source = Source::new(input.coarse, input.fine);
        if !kernels_take(&source, &filter) {
            return stock::conv3d::<Self>(
                Input { coarse: source.coarse, fine: source.fine },
                filter,
                measure,
            );
        }
        let [n, _, x, y, z] = sizes(&source.fine);
        let shape = [n, filter.weight.meta.shape()[0], x, y, z];
        let weight = into_contiguous(filter.weight);
        let folds = source.coarse.as_ref().map(|coarse| fold::folded(&weight, sizes(coarse)[1]));
        passed(Pass {
            source,
            weight,
            folds,
            bias: Some(launch::plain(filter.bias)),
            shape,
            taps: Taps::Forward,
            step: 1,
            first: 0,
            grouped: match measure {
                Measure::Nothing => Grouped::Nothing,
                Measure::Batch => Grouped::Batch,
                Measure::Sample => Grouped::Sample,
            },
        })
    }

    fn convolve_grads(
        input: Input<Self>,
        filter: Filter<Self>,
        grad: FloatTensor<Self>,
        wanted: Wanted,
    ) -> ConvGrads<Self> {
        let source = Source::new(input.coarse, input.fine);
        if !kernels_take(&source, &filter) {
            let input = Input { coarse: source.coarse, fine: source.fine };
            return stock::conv3d_grads::<Self>(input, filter, grad, wanted);
        }
        let (weight, grad) = (into_contiguous(filter.weight), launch::plain(grad));
        let below = source.below();
        let boxes = source.coarse.as_ref().map(|_| cell::box_sums(&grad));
        let wanted_coarse = source.coarse.as_ref().zip(boxes.as_ref()).filter(|_| wanted.coarse);
        let coarse = wanted_coarse.map(|(coarse, boxes)| input_grad(boxes, &weight, 2, 0, sizes(coarse)));
        let fine = wanted.fine.then(|| input_grad(&grad, &weight, 1, below, sizes(&source.fine)));
        let side = weight.meta.shape()[2];
        let (weight, bias) = share::weight_grads(&source, &grad, boxes.as_ref(), side, |sharing| {
            if choice() == Use::Tuned { tune::shares(sharing) } else { sharing.run_untuned() }
        });
        ConvGrads { coarse, fine, weight, bias }
    }

    fn channel_moments(x: FloatTensor<Self>) -> Moments<Self> {
        if stock_only() {
            return stock::moments::<Self>(x);
        }
        let (mean, variance) = moments::of_channels(x);
        Moments { mean, variance }
    }

    fn norm_activate(x: FloatTensor<Self>, norm: Norm<Self>) -> FloatTensor<Self> {
        if stock_only() {
            return stock::norm_activate::<Self>(x, norm);
        }
        let stored = norm.stored.into();
        norm::activate(x, bend(norm), stored)
    }

    fn norm_activate_grads(
        x: FloatTensor<Self>,
        norm: Norm<Self>,
        grad: FloatTensor<Self>,
    ) -> NormGrads<Self> {
        if stock_only() {
            return stock::norm_activate_grads::<Self>(x, norm, grad);
        }
        let [x, scale, shift] = norm::grads(x, bend(norm), grad);
        NormGrads { x, scale, shift }
    }

    fn max_pool2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        if stock_only() { stock::max_pool2::<Self>(x) } else { cell::max_pool(x) }
    }

    fn max_pool2_grad(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        if stock_only() { stock::max_pool2_grad::<Self>(x, grad) } else { cell::max_pool_grad(x, grad) }
    }

    fn upsample2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        if stock_only() { stock::upsample2::<Self>(x) } else { cell::upsample(x) }
    }

    fn upsample2_grad(grad: FloatTensor<Self>) -> FloatTensor<Self> {
        if stock_only() { stock::upsample2_grad::<Self>(grad) } else { cell::upsample_grad(grad) }
    }

    fn overlap_sums(logits: FloatTensor<Self>, target: FloatTensor<Self>) -> FloatTensor<Self> {
        if stock_only() { stock::overlap_sums::<Self>(logits, target) } else { overlap::sums(logits, target) }
    }

    fn overlap_sums_grad(
        logits: FloatTensor<Self>,
        target: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        if stock_only() {
            return stock::overlap_sums_grad::<Self>(logits, target, grad);
        }
        overlap::sums_grad(logits, target, grad)
    }

    fn adam(state: AdamState<Self>, grad: FloatTensor<Self>, step: AdamStep) -> AdamState<Self> {
        if stock_only() {
            return stock::adam::<Self>(state, grad, step);
        }
        let [value, first, second] = adam::step([state.value, state.first, state.second], grad, step);
        AdamState { value, first, second }
    }
}
