//! The way of a batch through a network, tensor by tensor in the order of [`super::architecture::Architecture::slots`].
//!
//! It knows what is computed and in which order, not how: the operations are those of `kernels`, or burn's own.

use burn::tensor::activation::{leaky_relu, relu, sigmoid};
use burn::tensor::{FloatDType, Tensor};

use super::kinds::{Activation, Down, NormKind, Precision, Up};
use super::unet::UNet;
use crate::kernels::{Kernels, Moments, Norm, Stride, conv3d_padded, max_pool2, unwrap, upsample2, wrap};

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
    /// Probabilities of the heads of deep supervision, coarsest first (training only).
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

    /// Probabilities `[n, 1, x, y, z]` of images of that shape.
    pub(super) fn run(&mut self, mut x: Tensor<B, 5>) -> Tensor<B, 5> {
        let coarsest = self.net.architecture.depth - 1;
        let mut skips = Vec::new();
        for _ in 0..coarsest {
            x = self.level(x);
            skips.push(x.clone());
            x = self.down(x);
        }
        x = self.level(x);
        for (level, skip) in skips.into_iter().enumerate().rev() {
            x = Tensor::cat(vec![self.up(x), skip], 1);
            x = self.level(x);
            if self.net.architecture.has_auxiliary_head(level) {
                self.auxiliary_head(&x);
            }
        }
        sigmoid(self.convolve(x, Stride::One))
    }

    /// Two blocks, around which the data may take a shortcut.
    fn level(&mut self, x: Tensor<B, 5>) -> Tensor<B, 5> {
        let activation = self.net.architecture.activation;
        let inner = self.block(x.clone(), activation.slope());
        if !self.net.architecture.residual {
            return self.block(inner, activation.slope());
        }
        let linear = self.block(inner, 1.0);
        let sum = linear + self.convolve(x, Stride::One);
        match activation {
            Activation::Relu => relu(sum),
            Activation::LeakyRelu => leaky_relu(sum, f64::from(activation.slope())),
        }
    }

    /// Convolution, normalisation, activation of this slope below 0.
    fn block(&mut self, x: Tensor<B, 5>, slope: f32) -> Tensor<B, 5> {
        let x = self.convolve(x, Stride::One);
        let [scale, shift] = [self.take(), self.take()];
        match self.net.architecture.norm {
            NormKind::Batch if self.has_fixed_moments() => self.fixed(x, scale, shift, slope),
            NormKind::Batch => {
                let moments = self.batch_moments(&x);
                self.normalise(x, moments, [scale, shift], slope)
            }
            // A sample's channel is to instance normalisation what a channel is to batch normalisation.
            NormKind::Instance => {
                let [n, c, d0, d1, d2] = x.dims();
                let x = x.reshape([1, n * c, d0, d1, d2]);
                let moments = B::channel_moments(unwrap(x.clone()));
                // Along an axis of its own: burn 0.21 mixes up the gradient of a vector repeated along its only axis.
                let each = [scale, shift].map(|row| row.reshape([1, c]).repeat_dim(0, n).reshape([n * c]));
                self.normalise(x, moments, each, slope).reshape([n, c, d0, d1, d2])
            }
        }
    }

    /// The batch's moments in training, unless they are held; else the running ones.
    fn batch_moments(&mut self, x: &Tensor<B, 5>) -> Moments<B> {
        let mean_slot = self.next;
        let [mean, variance] = [self.take(), self.take()].map(unwrap);
        if !self.training || self.net.held[mean_slot] {
            return Moments { mean, variance };
        }
        let moments = B::channel_moments(unwrap(x.clone()));
        self.measured.push(Measured { mean_slot, moments: moments.clone() });
        moments
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
        let norm = Norm { moments, scale, shift, epsilon: self.net.architecture.norm.epsilon(), slope };
        wrap(B::norm_activate(unwrap(x), norm))
    }

    fn down(&mut self, x: Tensor<B, 5>) -> Tensor<B, 5> {
        if self.net.architecture.down == Down::MaxPool {
            return max_pool2(x);
        }
        self.convolve(x, Stride::Two)
    }

    fn up(&mut self, x: Tensor<B, 5>) -> Tensor<B, 5> {
        if self.net.architecture.up == Up::Nearest {
            return upsample2(x);
        }
        let (weight, bias) = (self.kernel(), self.take());
        self.transposed(x, weight, bias)
    }

    /// Each voxel becomes a 2x2x2 cell of its own: a 1x1x1 convolution to eight times the channels, then laid out in space.
    fn transposed(&self, x: Tensor<B, 5>, weight: Tensor<B, 5>, bias: Tensor<B, 1>) -> Tensor<B, 5> {
        let [from, to, ..] = weight.dims();
        let [n, _, d0, d1, d2] = x.dims();
        let weight = weight.reshape([from, to * 8]).swap_dims(0, 1).reshape([to * 8, from, 1, 1, 1]);
        let bias = bias.reshape([to, 1]).repeat_dim(1, 8).reshape([to * 8]);
        let [x, weight] = self.lowered([x, weight]);
        let cells = conv3d_padded(x, weight, bias, Stride::One).reshape([n * to, 2, 2, 2, d0, d1, d2]);
        cells.permute([0, 4, 1, 5, 2, 6, 3]).reshape([n, to, d0 * 2, d1 * 2, d2 * 2])
    }

    fn auxiliary_head(&mut self, x: &Tensor<B, 5>) {
        if self.training {
            let probabilities = sigmoid(self.convolve(x.clone(), Stride::One));
            self.auxiliary.push(probabilities);
        } else {
            self.next += 2;
        }
    }

    /// A convolution with the next kernel and bias.
    fn convolve(&mut self, x: Tensor<B, 5>, stride: Stride) -> Tensor<B, 5> {
        let (weight, bias) = (self.kernel(), self.take());
        let [x, weight] = self.lowered([x, weight]);
        conv3d_padded(x, weight, bias, stride)
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

    fn lowered(&self, operands: [Tensor<B, 5>; 2]) -> [Tensor<B, 5>; 2] {
        match self.net.precision {
            Precision::F32 => operands,
            Precision::Bf16 => operands.map(|operand| operand.cast(FloatDType::BF16)),
        }
    }
}
