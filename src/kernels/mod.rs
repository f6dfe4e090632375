//! The hot tensor operations of the networks, as one interface that backends implement.
//!
//! [`Kernels`] extends a burn backend with the five operations the U-Nets spend their time in, each with its
//! gradient. Every method has a default made of stock burn operations ([`stock`]), so that any backend works at
//! once; [`cpu`] replaces the slow ones on burn's CPU backend. [`autodiff`] lifts the whole interface through burn's
//! automatic differentiation by calling the hand-written gradients, so that networks are written once, forward only.
//!
//! Shapes: activations `[n, c, x, y, z]` with z fastest, weights `[out, in, k, k, k]` (cross-correlation),
//! per-channel vectors `[c]`. This room knows nothing of architectures, files or training.

mod autodiff;
mod cpu;
#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod stock;

use burn::Dispatch;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorPrimitive};

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
}

/// Gradients of a convolution; `x` only where it was asked for (the image itself needs none).
pub(crate) struct ConvGrads<B: Backend> {
    pub(crate) x: Option<FloatTensor<B>>,
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
    /// Convolution of odd kernel size with zero padding that keeps the shape ("same"), or of stride 2: then every second voxel
    /// of that along each axis, the first included.
    ///
    /// `x` and `weight` may both be bf16: then products are, while bias, result and gradients stay f32.
    fn conv3d_padded(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: Stride,
    ) -> FloatTensor<Self> {
        stock::conv3d::<Self>(x, weight, bias, stride)
    }

    /// Gradients of [`Kernels::conv3d_padded`] for the output gradient `grad`.
    fn conv3d_padded_grads(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        stride: Stride,
        want_x: bool,
    ) -> ConvGrads<Self> {
        stock::conv3d_grads::<Self>(x, weight, grad, stride, want_x)
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
}

/// Stock burn on whichever device a `Dispatch` device names: the CUDA path, and the reference for [`cpu`].
impl Kernels for Dispatch {}

/// See [`Kernels::conv3d_padded`].
pub(crate) fn conv3d_padded<B: Kernels>(
    x: Tensor<B, 5>,
    weight: Tensor<B, 5>,
    bias: Tensor<B, 1>,
    stride: Stride,
) -> Tensor<B, 5> {
    wrap(B::conv3d_padded(unwrap(x), unwrap(weight), unwrap(bias), stride))
}

/// See [`Kernels::max_pool2`].
pub(crate) fn max_pool2<B: Kernels>(x: Tensor<B, 5>) -> Tensor<B, 5> {
    wrap(B::max_pool2(unwrap(x)))
}

/// See [`Kernels::upsample2`].
pub(crate) fn upsample2<B: Kernels>(x: Tensor<B, 5>) -> Tensor<B, 5> {
    wrap(B::upsample2(unwrap(x)))
}

pub(crate) fn wrap<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}

pub(crate) fn unwrap<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}
