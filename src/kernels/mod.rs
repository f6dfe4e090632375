//! The hot tensor operations of the networks, as one interface that backends implement.
//!
//! [`Kernels`] extends a burn backend with the operations the U-Nets spend their time in, each with its gradient. Every method has a default made of stock burn operations ([`stock`]), so that any backend works at
//! once; [`cpu`] replaces them on burn's CPU backend and [`cube`] on its GPU backends. [`autodiff`] lifts the whole interface through burn's
//! automatic differentiation by calling the hand-written gradients, so that networks are written once, forward only.
//!
//! Shapes: activations `[n, c, x, y, z]` with z fastest, weights `[out, in, k, k, k]` (cross-correlation),
//! per-channel vectors `[c]`. This room knows nothing of architectures, files or training.

mod autodiff;
mod cpu;
#[cfg(feature = "cuda")]
mod cube;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod stock;

#[cfg(test)]
pub(crate) use cpu::MADE;
pub(crate) use cpu::Tidy;
pub(crate) use stock::with_stock;

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{FloatDType, Tensor, TensorPrimitive};

/// Mean and biased variance of each channel over batch and space, both `[c]`.
#[derive(Clone, Debug)]
pub(crate) struct Moments<B: Backend> {
    pub(crate) mean: FloatTensor<B>,
    pub(crate) variance: FloatTensor<B>,
}

/// A normalisation and what bends it: per channel moments, scale and shift, all `[c]`.
#[derive(Clone, Debug)]
pub(crate) struct Norm<B: Backend> {
    pub(crate) moments: Moments<B>,
    pub(crate) scale: FloatTensor<B>,
    pub(crate) shift: FloatTensor<B>,
    /// Added to the variance before the square root.
    pub(crate) epsilon: f64,
    /// Slope below 0: 0 is a ReLU, 1 no activation at all.
    pub(crate) slope: f32,
    /// What the result is stored as: bf16 where only convolutions in bf16 read it, else f32.
    pub(crate) stored: FloatDType,
}

/// What a convolution reads: voxels of its own resolution and, before them in the order of channels, those of a grid half as
/// fine, each of which stands for a 2x2x2 cell ("nearest" upsampling).
#[derive(Clone, Debug)]
pub(crate) struct Input<B: Backend> {
    pub(crate) coarse: Option<FloatTensor<B>>,
    pub(crate) fine: FloatTensor<B>,
}

/// What a convolution multiplies with and how far it moves on.
#[derive(Clone, Debug)]
pub(crate) struct Filter<B: Backend> {
    /// `[out, in, k, k, k]`, k odd; `in` counts the channels of both resolutions.
    pub(crate) weight: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
    pub(crate) stride: Stride,
}

/// Which values of a convolution's result share a mean and a variance, when these are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Nothing,
    /// Those of a channel: moments `[c]`.
    Batch,
    /// Those of a channel of one batch entry: moments `[n * c]`.
    Sample,
}

/// A convolution's result `[n, out, x, y, z]`, always f32, and its moments where they were asked for.
pub(crate) struct Convolved<B: Backend> {
    pub(crate) values: FloatTensor<B>,
    pub(crate) moments: Option<Moments<B>>,
}

/// Which gradients of a convolution's input are needed (that of the image itself never is).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) coarse: bool,
    pub(crate) fine: bool,
}

/// Gradients of a convolution, all f32.
pub(crate) struct ConvGrads<B: Backend> {
    pub(crate) coarse: Option<FloatTensor<B>>,
    pub(crate) fine: Option<FloatTensor<B>>,
    pub(crate) weight: FloatTensor<B>,
    pub(crate) bias: FloatTensor<B>,
}

/// Gradients of normalisation + activation, the dependence of the moments on `x` included.
pub(crate) struct NormGrads<B: Backend> {
    pub(crate) x: FloatTensor<B>,
    pub(crate) scale: FloatTensor<B>,
    pub(crate) shift: FloatTensor<B>,
}

/// How many voxels a convolution moves on from one output to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stride {
    One,
    /// The sizes must be even.
    Two,
}

/// A burn backend that offers the networks' operations.
pub(crate) trait Kernels: Backend {
    /// Convolution with zero padding that keeps the shape ("same"), or of stride 2: then every second voxel of that along each
    /// axis, the first included. An input with a coarse part has stride 1.
    ///
    /// Input and weight may be bf16, both or neither: then products are, while bias, result and gradients stay f32.
    fn convolve(input: Input<Self>, filter: Filter<Self>, measure: Measure) -> Convolved<Self> {
        stock::conv3d::<Self>(input, filter, measure)
    }

    /// Gradients of [`Kernels::convolve`] for the gradient `grad` of its values.
    fn convolve_grads(
        input: Input<Self>,
        filter: Filter<Self>,
        grad: FloatTensor<Self>,
        wanted: Wanted,
    ) -> ConvGrads<Self> {
        stock::conv3d_grads::<Self>(input, filter, grad, wanted)
    }

    /// Mean and biased variance of every channel.
    fn channel_moments(x: FloatTensor<Self>) -> Moments<Self> {
        stock::moments::<Self>(x)
    }

    /// `y = scale * (x - mean) / sqrt(variance + epsilon) + shift` where positive, `slope * y` elsewhere.
    fn norm_activate(x: FloatTensor<Self>, norm: Norm<Self>) -> FloatTensor<Self> {
        stock::norm_activate::<Self>(x, norm)
    }

    /// Gradients of [`Kernels::norm_activate`] when `norm.moments` are the moments of `x` itself.
    fn norm_activate_grads(
        x: FloatTensor<Self>,
        norm: Norm<Self>,
        grad: FloatTensor<Self>,
    ) -> NormGrads<Self> {
        stock::norm_activate_grads::<Self>(x, norm, grad)
    }

    /// Maximum of each 2x2x2 cell; the three sizes must be even.
    fn max_pool2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        stock::max_pool2::<Self>(x)
    }

    /// Gradient of [`Kernels::max_pool2`]: each cell's gradient goes to one voxel that holds its maximum.
    fn max_pool2_grad(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        stock::max_pool2_grad::<Self>(x, grad)
    }

    /// Every voxel repeated twice along each axis.
    fn upsample2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        stock::upsample2::<Self>(x)
    }

    /// Gradient of [`Kernels::upsample2`]: the sum over each 2x2x2 cell.
    fn upsample2_grad(grad: FloatTensor<Self>) -> FloatTensor<Self> {
        stock::upsample2_grad::<Self>(grad)
    }

    /// `[sum of p y, sum of p, sum of y]` for `p = sigmoid(logits)`, over everything: what overlap losses are made of.
    fn overlap_sums(logits: FloatTensor<Self>, target: FloatTensor<Self>) -> FloatTensor<Self> {
        stock::overlap_sums::<Self>(logits, target)
    }

    /// Gradient of [`Kernels::overlap_sums`] with respect to the logits, for the gradient `[3]` of the sums.
    fn overlap_sums_grad(
        logits: FloatTensor<Self>,
        target: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        stock::overlap_sums_grad::<Self>(logits, target, grad)
    }

    /// One update of Adam (Kingma & Ba 2015) on vectors of one length.
    fn adam(state: AdamState<Self>, grad: FloatTensor<Self>, step: AdamStep) -> AdamState<Self> {
        stock::adam::<Self>(state, grad, step)
    }
}

/// A vector of weights with Adam's two moments of it.
#[derive(Clone, Debug)]
pub(crate) struct AdamState<B: Backend> {
    pub(crate) value: FloatTensor<B>,
    pub(crate) first: FloatTensor<B>,
    pub(crate) second: FloatTensor<B>,
}

/// The numbers of one update: `first = beta1 first + (1 - beta1) g`, `second = beta2 second + (1 - beta2) g g`,
/// `value = kept value - rate first / (sqrt(second) / root + epsilon)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AdamStep {
    pub(crate) beta1: f64,
    pub(crate) beta2: f64,
    pub(crate) epsilon: f64,
    /// Learning rate, corrected for the first moment's start at zero.
    pub(crate) rate: f64,
    /// Corrects the second moment's root for its start at zero.
    pub(crate) root: f64,
    /// Share of the value that weight decay leaves; 1 without.
    pub(crate) kept: f64,
}

/// See [`Kernels::max_pool2`].
pub(crate) fn max_pool2<B: Kernels>(x: Tensor<B, 5>) -> Tensor<B, 5> {
    wrap(B::max_pool2(unwrap(x)))
}

/// See [`Kernels::upsample2`].
pub(crate) fn upsample2<B: Kernels>(x: Tensor<B, 5>) -> Tensor<B, 5> {
    wrap(B::upsample2(unwrap(x)))
}

/// See [`Kernels::overlap_sums`].
pub(crate) fn overlap_sums<B: Kernels>(logits: Tensor<B, 5>, target: Tensor<B, 5>) -> Tensor<B, 1> {
    wrap(B::overlap_sums(unwrap(logits), unwrap(target)))
}

pub(crate) fn wrap<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

pub(crate) fn unwrap<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}
