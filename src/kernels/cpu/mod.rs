//! The operations on burn's CPU backend: direct loops over the tensors' own memory, all cores, the widest vectors the
//! processor has (chosen at run time by `pulp`).
//!
//! Results do not depend on the number of threads: each output value is computed by one task, in one order.

mod adam;
mod conv;
mod norm;
mod overlap;
mod pointwise;
mod pool;
mod shelf;
mod wide;
mod winograd;

use burn::backend::Flex;
use burn::tensor::ops::FloatTensorOps;
use burn::tensor::{DType, FloatDType, TensorData, TensorMetadata};
use burn_flex::FlexTensor;
#[cfg(test)]
pub(crate) use shelf::MADE;
use shelf::Sheet;
pub(crate) use shelf::Tidy;

use super::{
    AdamState, AdamStep, ConvGrads, Convolved, Filter, Input, Kernels, Measure, Moments, Norm, NormGrads,
    Wanted, stock,
};

/// Sizes of an activation: batch, channels, x, y, z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dims {
    n: usize,
    c: usize,
    x: usize,
    y: usize,
    z: usize,
}

impl Dims {
    fn of(tensor: &FlexTensor) -> Self {
        let shape = tensor.shape();
        Self { n: shape[0], c: shape[1], x: shape[2], y: shape[3], z: shape[4] }
    }

    /// Voxels of one channel of one batch entry.
    fn space(&self) -> usize {
        self.x * self.y * self.z
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.n * self.c * self.space()
    }

    fn with_channels(self, c: usize) -> Self {
        Self { c, ..self }
    }

    /// A tensor of this shape whose values `write` has all written.
    fn tensor(&self, write: impl FnOnce(&mut [f32])) -> FlexTensor {
        written([self.n, self.c, self.x, self.y, self.z], write)
    }
}

fn written<const D: usize>(shape: [usize; D], write: impl FnOnce(&mut [f32])) -> FlexTensor {
    let mut sheet = Sheet::new(shape.iter().product());
    write(sheet.values());
    sheet.tensor(shape)
}

/// A tensor whose values lie in one piece, in order.
struct Values(FlexTensor);

impl Values {
    fn of(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    fn get(&self) -> &[f32] {
        let start = self.0.layout().start_offset();
        &self.0.storage::<f32>()[start..start + self.0.layout().num_elements()]
    }
}

fn vector(values: Vec<f32>) -> FlexTensor {
    let length = values.len();
    FlexTensor::from_data(TensorData::new(values, [length]))
}

/// Whether burn's own operations are wanted, or the only ones that can: ours compute in f32.
fn left_to_stock(x: &FlexTensor) -> bool {
    stock::is_wanted() || x.dtype() != DType::F32
}

impl Kernels for Flex {
    fn convolve(input: Input<Self>, filter: Filter<Self>, measure: Measure) -> Convolved<Self> {
        conv::forward(input, filter, measure)
    }

    fn convolve_grads(
        input: Input<Self>,
        filter: Filter<Self>,
        grad: FlexTensor,
        wanted: Wanted,
    ) -> ConvGrads<Self> {
        conv::gradients(input, filter, grad, wanted)
    }

    fn channel_moments(x: FlexTensor) -> Moments<Self> {
        if stock::is_wanted() {
            return stock::moments::<Self>(x);
        }
        norm::moments(Values::of(&x).get(), Dims::of(&x))
    }

    fn norm_activate(x: FlexTensor, norm: Norm<Self>) -> FlexTensor {
        if stock::is_wanted() {
            return stock::norm_activate::<Self>(x, norm);
        }
        let dims = Dims::of(&x);
        let stored = norm.stored;
        let channels = norm::Channels::of(norm);
        let values = dims.tensor(|to| norm::forward(Values::of(&x).get(), dims, &channels, to));
        if stored == FloatDType::F32 { values } else { Flex::float_cast(values, stored) }
    }

    fn norm_activate_grads(x: FlexTensor, norm: Norm<Self>, grad: FlexTensor) -> NormGrads<Self> {
        if stock::is_wanted() {
            return stock::norm_activate_grads::<Self>(x, norm, grad);
        }
        let dims = Dims::of(&x);
        let channels = norm::Channels::of(norm);
        let (x, grad) = (Values::of(&x), Values::of(&grad));
        let sums = norm::gradient_sums(x.get(), dims, &channels, grad.get());
        NormGrads {
            x: dims.tensor(|to| norm::backward(x.get(), dims, &channels, grad.get(), &sums, to)),
            scale: vector(sums.iter().map(|sums| sums.scale as f32).collect()),
            shift: vector(sums.iter().map(|sums| sums.shift as f32).collect()),
        }
    }

    fn max_pool2(x: FlexTensor) -> FlexTensor {
        if left_to_stock(&x) {
            return stock::max_pool2::<Self>(x);
        }
        let dims = Dims::of(&x);
        pool::halved(dims).tensor(|to| pool::max(Values::of(&x).get(), dims, to))
    }

    fn max_pool2_grad(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        if left_to_stock(&x) {
            return stock::max_pool2_grad::<Self>(x, grad);
        }
        let dims = Dims::of(&x);
        dims.tensor(|to| pool::max_grad(Values::of(&x).get(), Values::of(&grad).get(), dims, to))
    }

    fn upsample2(x: FlexTensor) -> FlexTensor {
        if left_to_stock(&x) {
            return stock::upsample2::<Self>(x);
        }
        let dims = Dims::of(&x);
        pool::doubled(dims).tensor(|to| pool::repeat(Values::of(&x).get(), dims, to))
    }

    fn upsample2_grad(grad: FlexTensor) -> FlexTensor {
        if left_to_stock(&grad) {
            return stock::upsample2_grad::<Self>(grad);
        }
        let dims = pool::halved(Dims::of(&grad));
        dims.tensor(|to| pool::repeat_grad(Values::of(&grad).get(), dims, to))
    }

    fn overlap_sums(logits: FlexTensor, target: FlexTensor) -> FlexTensor {
        if stock::is_wanted() {
            return stock::overlap_sums::<Self>(logits, target);
        }
        vector(overlap::sums(Values::of(&logits).get(), Values::of(&target).get()).to_vec())
    }

    fn overlap_sums_grad(logits: FlexTensor, target: FlexTensor, grad: FlexTensor) -> FlexTensor {
        if stock::is_wanted() {
            return stock::overlap_sums_grad::<Self>(logits, target, grad);
        }
        let factors = Values::of(&grad);
        let (x, y) = (Values::of(&logits), Values::of(&target));
        Dims::of(&logits).tensor(|to| overlap::gradient(x.get(), y.get(), factors.get(), to))
    }

    fn adam(state: AdamState<Self>, grad: FlexTensor, step: AdamStep) -> AdamState<Self> {
        if stock::is_wanted() {
            return stock::adam::<Self>(state, grad, step);
        }
        adam::update(state, Values::of(&grad).get(), step)
    }
}

#[cfg(test)]
mod tests;
