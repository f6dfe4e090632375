//! The operations on burn's CPU backend: direct loops over the tensors' own memory, all cores, the widest vectors the
//! processor has (chosen at run time by `pulp`).
//!
//! Results do not depend on the number of threads: each output value is computed by one task, in one order.

mod conv;
mod norm;
mod pad;
mod pool;
mod wide;

use burn::backend::Flex;
use burn::tensor::{TensorData, TensorMetadata};
use burn_flex::FlexTensor;

use super::{ConvGrads, Kernels, Moments, Norm, NormGrads, Stride};

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

    fn len(&self) -> usize {
        self.n * self.c * self.space()
    }

    fn with_channels(self, c: usize) -> Self {
        Self { c, ..self }
    }

    fn tensor(&self, values: Vec<f32>) -> FlexTensor {
        FlexTensor::from_data(TensorData::new(values, [self.n, self.c, self.x, self.y, self.z]))
    }
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

impl Kernels for Flex {
    /// Stride 2 takes every second voxel of the whole: more arithmetic than needed, but by the fast loops.
    fn conv3d_padded(x: FlexTensor, weight: FlexTensor, bias: FlexTensor, stride: Stride) -> FlexTensor {
        let dims = Dims::of(&x);
        let kernel = conv::Kernel::of(&weight);
        let (x, weight, bias) = (Values::of(&x), Values::of(&weight), Values::of(&bias));
        let output = conv::forward(x.get(), dims, kernel, weight.get(), Some(bias.get()));
        let whole = dims.with_channels(kernel.out);
        match stride {
            Stride::One => whole.tensor(output),
            Stride::Two => pool::halved(whole).tensor(pool::every_second(&output, whole)),
        }
    }

    fn conv3d_padded_grads(
        x: FlexTensor,
        weight: FlexTensor,
        grad: FlexTensor,
        stride: Stride,
        want_x: bool,
    ) -> ConvGrads<Self> {
        let dims = Dims::of(&x);
        let grad = match stride {
            Stride::One => grad,
            Stride::Two => {
                let whole = dims.with_channels(grad.shape()[1]);
                whole.tensor(pool::every_second_grad(Values::of(&grad).get(), whole))
            }
        };
        let kernel = conv::Kernel::of(&weight);
        let shape = weight.shape();
        let (x, weight, grad) = (Values::of(&x), Values::of(&weight), Values::of(&grad));
        let x_grad = want_x.then(|| {
            let turned = kernel.turned(weight.get());
            let out_dims = dims.with_channels(kernel.out);
            dims.tensor(conv::forward(grad.get(), out_dims, kernel.transposed(), &turned, None))
        });
        let weight_grad = conv::weight_grad(x.get(), dims, kernel, grad.get());
        ConvGrads {
            x: x_grad,
            weight: FlexTensor::from_data(TensorData::new(weight_grad, shape)),
            bias: vector(norm::channel_sums(grad.get(), dims.with_channels(kernel.out))),
        }
    }

    fn channel_moments(x: FlexTensor) -> Moments<Self> {
        let (mean, variance) = norm::moments(Values::of(&x).get(), Dims::of(&x));
        Moments { mean: vector(mean), variance: vector(variance) }
    }

    fn norm_activate(x: FlexTensor, norm: Norm<Self>) -> FlexTensor {
        let dims = Dims::of(&x);
        dims.tensor(norm::forward(Values::of(&x).get(), dims, &norm::Channels::of(norm)))
    }

    fn norm_activate_grads(x: FlexTensor, norm: Norm<Self>, grad: FlexTensor) -> NormGrads<Self> {
        let dims = Dims::of(&x);
        let channels = norm::Channels::of(norm);
        let (x, grad) = (Values::of(&x), Values::of(&grad));
        let (x_grad, scale, shift) = norm::backward(x.get(), dims, &channels, grad.get());
        NormGrads { x: dims.tensor(x_grad), scale: vector(scale), shift: vector(shift) }
    }

    fn max_pool2(x: FlexTensor) -> FlexTensor {
        let dims = Dims::of(&x);
        pool::halved(dims).tensor(pool::max(Values::of(&x).get(), dims))
    }

    fn max_pool2_grad(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        let dims = Dims::of(&x);
        dims.tensor(pool::max_grad(Values::of(&x).get(), Values::of(&grad).get(), dims))
    }

    fn upsample2(x: FlexTensor) -> FlexTensor {
        let dims = Dims::of(&x);
        pool::doubled(dims).tensor(pool::repeat(Values::of(&x).get(), dims))
    }

    fn upsample2_grad(grad: FlexTensor) -> FlexTensor {
        let dims = pool::halved(Dims::of(&grad));
        dims.tensor(pool::repeat_grad(Values::of(&grad).get(), dims))
    }
}

#[cfg(test)]
mod tests;
