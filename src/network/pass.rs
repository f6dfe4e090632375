//! The way of a batch through a network, tensor by tensor in the order of [`super::architecture::Architecture::slots`].
//!
//! It knows what is computed and in which order, not how: the operations are those of `kernels`, or burn's own.

use burn::tensor::activation::{leaky_relu, relu};
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, FloatDType, Tensor};

use super::kinds::{Activation, Down, NormKind, Precision, Up};
use super::unet::UNet;
use crate::kernels::{
    Convolved, Filter, Input, Kernels, Measure, Moments, Norm, Stride, max_pool2, unwrap, upsample2, wrap,
};

/// Batch moments of one block, and the slot where its running mean lies.
pub(super) struct Measured<B: Kernels> {
    pub(super) mean_slot: usize,
    pub(super) moments: Moments<B>,
}

/// One pass: where it stands, and what it found on the way.
pub(super) struct Pass<'a, B: Kernels> {
    net: &'a UNet<B>,
    /// The tensor that is taken next.
    next: usize,
    training: bool,
    /// Moments of the batch, for the running ones (training only).
    pub(super) measured: Vec<Measured<B>>,
    /// Logits of the heads of deep supervision, coarsest first (training only).
    pub(super) auxiliary: Vec<Tensor<B, 5>>,
}

impl<'a, B: Kernels> Pass<'a, B> {
    /// A prediction: running moments, one head.
    pub(super) fn new(net: &'a UNet<B>) -> Self {
        Self { net, next: 0, training: false, measured: Vec::new(), auxiliary: Vec::new() }
    }

    /// A training pass: the batch's moments, every head.
    pub(super) fn training(net: &'a UNet<B>) -> Self {
        Self { training: true, ..Self::new(net) }
    }

    /// Logits `[n, 1, x, y, z]` of images of that shape.
    pub(super) fn run(&mut self, mut x: Tensor<B, 5>) -> Tensor<B, 5> {
        let coarsest = self.net.architecture.depth - 1;
        let mut skips = Vec::new();
        for _ in 0..coarsest {
            x = self.level(plain(x));
            skips.push(x.clone());
            x = self.down(x);
        }
        x = self.level(plain(x));
        for (level, skip) in skips.into_iter().enumerate().rev() {
            let joined = self.join(x, skip);
            x = self.level(joined);
            if self.net.architecture.has_auxiliary_head(level) {
                self.auxiliary_head(&x);
            }
        }
        self.convolve(plain(x), Stride::One)
    }

    /// What a level on the way up begins with. Nearest upsampling is left to the convolution, unless a shortcut reads its
    /// result too.
    fn join(&mut self, x: Tensor<B, 5>, skip: Tensor<B, 5>) -> Input<B> {
        let upsampled = match self.net.architecture.up {
            Up::Nearest if !self.net.architecture.residual => {
                return Input { coarse: Some(unwrap(x)), fine: unwrap(skip) };
            }
            Up::Nearest => upsample2(x),
            Up::Transposed => self.transposed(x),
        };
        plain(Tensor::cat(vec![upsampled, skip], 1))
    }

    /// Two blocks, around which the data may take a shortcut.
    fn level(&mut self, x: Input<B>) -> Tensor<B, 5> {
        let activation = self.net.architecture.activation;
        if !self.net.architecture.residual {
            let inner = self.block(x, activation.slope());
            return self.block(plain(inner), activation.slope());
        }
        let inner = self.block(x.clone(), activation.slope());
        let linear = self.block(plain(inner), 1.0);
        let sum = linear + self.convolve(x, Stride::One);
        match activation {
            Activation::Relu => relu(sum),
            Activation::LeakyRelu => leaky_relu(sum, f64::from(activation.slope())),
        }
    }

    /// Convolution, normalisation, activation of this slope below 0.
    fn block(&mut self, x: Input<B>, slope: f32) -> Tensor<B, 5> {
        let filter = self.filter(Stride::One);
        let [scale, shift] = [self.take(), self.take()];
        match self.net.architecture.norm {
            NormKind::Batch if self.has_fixed_moments() => {
                let x = wrap(self.convolved(x, filter, Measure::Nothing).values);
                self.fixed(x, scale, shift, slope)
            }
            NormKind::Batch => {
                let (x, moments) = self.with_batch_moments(x, filter);
                self.normalise(x, moments, [scale, shift], slope)
            }
            // A sample's channel is to instance normalisation what a channel is to batch normalisation.
            NormKind::Instance => {
                let Convolved { values, moments } = self.convolved(x, filter, Measure::Sample);
                let x = wrap::<B, 5>(values);
                let [n, c, d0, d1, d2] = x.dims();
                let x = x.reshape([1, n * c, d0, d1, d2]);
                let moments = moments.unwrap_or_else(|| B::channel_moments(unwrap(x.clone())));
                // Along an axis of its own: burn 0.21 mixes up the gradient of a vector repeated along its only axis.
                let each = [scale, shift].map(|row| row.reshape([1, c]).repeat_dim(0, n).reshape([n * c]));
                self.normalise(x, moments, each, slope).reshape([n, c, d0, d1, d2])
            }
        }
    }

    /// A convolution and what normalises it: the batch's moments in training, unless they are held; else the running ones.
    fn with_batch_moments(&mut self, x: Input<B>, filter: Filter<B>) -> (Tensor<B, 5>, Moments<B>) {
        let mean_slot = self.next;
        let [mean, variance] = [self.take(), self.take()].map(unwrap);
        if !self.training || self.net.held[mean_slot] {
            let values = self.convolved(x, filter, Measure::Nothing).values;
            return (wrap(values), Moments { mean, variance });
        }
        let Convolved { values, moments } = self.convolved(x, filter, Measure::Batch);
        let moments = moments.unwrap_or_else(|| B::channel_moments(values.clone()));
        self.measured.push(Measured { mean_slot, moments: moments.clone() });
        (wrap(values), moments)
    }

    /// Whether the next moments are held while a gradient passes: they are then constants to it, for which the kernels, who
    /// take moments for those of their batch, have no gradient.
    fn has_fixed_moments(&self) -> bool {
        self.training && self.net.held[self.next] && self.net.is_reached(self.next)
    }

    fn fixed(
        &mut self,
        x: Tensor<B, 5>,
        scale: Tensor<B, 1>,
        shift: Tensor<B, 1>,
        slope: f32,
    ) -> Tensor<B, 5> {
        let [mean, variance] = [self.take(), self.take()];
        let gain = scale / (variance + self.net.architecture.norm.epsilon()).sqrt();
        let channels = gain.dims()[0];
        let spread = |row: Tensor<B, 1>| row.reshape([1, channels, 1, 1, 1]);
        let x = (x - spread(mean)) * spread(gain) + spread(shift);
        leaky_relu(x, f64::from(slope))
    }

    fn normalise(
        &self,
        x: Tensor<B, 5>,
        moments: Moments<B>,
        scale_and_shift: [Tensor<B, 1>; 2],
        slope: f32,
    ) -> Tensor<B, 5> {
        let [scale, shift] = scale_and_shift.map(unwrap);
        let epsilon = self.net.architecture.norm.epsilon();
        // What a shortcut adds to stays exact.
        let stored = match self.net.precision {
            Precision::Bf16 if !self.net.architecture.residual => FloatDType::BF16,
            _ => FloatDType::F32,
        };
        let norm = Norm { moments, scale, shift, epsilon, slope, stored };
        wrap(B::norm_activate(unwrap(x), norm))
    }

    fn down(&mut self, x: Tensor<B, 5>) -> Tensor<B, 5> {
        if self.net.architecture.down == Down::MaxPool {
            return max_pool2(x);
        }
        self.convolve(plain(x), Stride::Two)
    }

    /// Each voxel becomes a 2x2x2 cell of its own: a 1x1x1 convolution to eight times the channels, then laid out in space.
    fn transposed(&mut self, x: Tensor<B, 5>) -> Tensor<B, 5> {
        let (weight, bias) = (self.kernel(), self.take());
        let [from, to, ..] = weight.dims();
        let [n, _, d0, d1, d2] = x.dims();
        let weight = weight.reshape([from, to * 8]).swap_dims(0, 1).reshape([to * 8, from, 1, 1, 1]);
        let bias = bias.reshape([to, 1]).repeat_dim(1, 8).reshape([to * 8]);
        let filter = Filter { weight: unwrap(weight), bias: unwrap(bias), stride: Stride::One };
        let cells = wrap::<B, 5>(self.convolved(plain(x), filter, Measure::Nothing).values);
        let cells = cells.reshape([n * to, 2, 2, 2, d0, d1, d2]);
        cells.permute([0, 4, 1, 5, 2, 6, 3]).reshape([n, to, d0 * 2, d1 * 2, d2 * 2])
    }

    fn auxiliary_head(&mut self, x: &Tensor<B, 5>) {
        if self.training {
            let logits = self.convolve(plain(x.clone()), Stride::One);
            self.auxiliary.push(logits);
        } else {
            self.next += 2;
        }
    }

    /// A convolution with the next kernel and bias.
    fn convolve(&mut self, x: Input<B>, stride: Stride) -> Tensor<B, 5> {
        let filter = self.filter(stride);
        wrap(self.convolved(x, filter, Measure::Nothing).values)
    }

    /// A convolution in the network's precision.
    fn convolved(&self, x: Input<B>, filter: Filter<B>, measure: Measure) -> Convolved<B> {
        let lowered = |values| match self.net.precision {
            Precision::F32 => values,
            Precision::Bf16 => lowered::<B>(values),
        };
        let input = Input { coarse: x.coarse.map(lowered), fine: lowered(x.fine) };
        B::convolve(input, Filter { weight: lowered(filter.weight), ..filter }, measure)
    }

    fn filter(&mut self, stride: Stride) -> Filter<B> {
        let (weight, bias) = (self.kernel(), self.take());
        Filter { weight: unwrap(weight), bias: unwrap(bias), stride }
    }

    fn kernel(&mut self) -> Tensor<B, 5> {
        let shape = &self.net.slots[self.next].shape;
        let shape = [shape[0], shape[1], shape[2], shape[3], shape[4]];
        self.take().reshape(shape)
    }

    fn take(&mut self) -> Tensor<B, 1> {
        self.next += 1;
        self.net.tensors[self.next - 1].clone()
    }
}

fn plain<B: Kernels>(x: Tensor<B, 5>) -> Input<B> {
    Input { coarse: None, fine: unwrap(x) }
}

fn lowered<B: Kernels>(values: FloatTensor<B>) -> FloatTensor<B> {
    let values = wrap::<B, 5>(values);
    unwrap(if values.dtype() == DType::BF16 { values } else { values.cast(FloatDType::BF16) })
}
