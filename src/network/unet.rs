//! A network's values on a device. The forward pass ([`Pass`]) is written once for every backend; gradients come from burn's
//! automatic differentiation.
//!
//! All values live in flat tensors in the order of [`Architecture::slots`], so that optimiser, checkpoint and model
//! file share one order and one naming.

use burn::backend::Autodiff;
use burn::tensor::activation::sigmoid;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, TensorData};

use super::architecture::Architecture;
use super::error::NetworkError;
use super::kinds::Precision;
use super::pass::{Measured, Pass};
use super::weights::{NamedTensor, Slot, Weights};
use crate::kernels::{Kernels, wrap};

/// Share of the old running moment kept at each step, as in the published networks.
const MOMENTUM: f64 = 0.99;

/// How many of the latest steps weigh in the running moments of fresh weights while they are few.
const EARLY_SPAN: f64 = 10.0;

/// What share of the old running moment is kept at a step, so that validation sees moments that fit the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunningMoments {
    /// The moments describe the weights: always [`MOMENTUM`].
    Known,
    /// The weights started from nothing this many steps ago: the moments started from nothing too, and 0.99 would keep half
    /// of that for 70 steps. About the last tenth of the steps counts until that is [`MOMENTUM`].
    FreshSince(u64),
}

impl RunningMoments {
    fn kept(self) -> f64 {
        match self {
            Self::Known => MOMENTUM,
            Self::FreshSince(steps) => (1.0 - EARLY_SPAN / (steps as f64 + EARLY_SPAN)).min(MOMENTUM),
        }
    }
}

/// A network on a device.
#[derive(Clone, Debug)]
pub(crate) struct UNet<B: Kernels> {
    pub(super) architecture: Architecture,
    pub(super) slots: Vec<Slot>,
    pub(super) tensors: Vec<Tensor<B, 1>>,
    /// By slot: stays as it is in training.
    pub(super) held: Vec<bool>,
    /// Numbers that convolutions multiply; everything else is f32 whatever this says.
    pub(super) precision: Precision,
}

/// What a network in training says of a batch: logits `[n, 1, x, y, z]`, of which the sigmoid is the probability.
#[derive(Clone, Debug)]
pub(crate) struct Outputs<B: Kernels> {
    /// At full resolution.
    pub(crate) finest: Tensor<B, 5>,
    /// Of the heads of deep supervision, each half as fine as the one before; empty without.
    pub(crate) coarser: Vec<Tensor<B, 5>>,
}

impl<B: Kernels> UNet<B> {
    pub(crate) fn new(architecture: &Architecture, weights: &Weights, device: &B::Device) -> Self {
        let load = |tensor: &NamedTensor| {
            Tensor::from_data(TensorData::new(tensor.data.clone(), [tensor.data.len()]), device)
        };
        let tensors = weights.tensors().iter().map(load).collect();
        let slots = architecture.slots();
        let held = vec![false; slots.len()];
        Self { architecture: architecture.clone(), slots, tensors, held, precision: Precision::F32 }
    }

    /// From now on convolutions multiply in `precision`.
    pub(crate) fn set_precision(&mut self, precision: Precision) {
        self.precision = precision;
    }

    /// Copies every value to the host.
    pub(crate) fn weights(&self) -> Result<Weights, NetworkError> {
        let fetch = |(slot, tensor): (&Slot, &Tensor<B, 1>)| {
            let data = host_values(tensor.clone())?;
            Ok(NamedTensor { name: slot.name.clone(), shape: slot.shape.clone(), data })
        };
        let tensors = self.slots.iter().zip(&self.tensors).map(fetch).collect::<Result<Vec<_>, _>>()?;
        Weights::for_architecture(&self.architecture, tensors)
    }

    /// Probabilities `[n, 1, x, y, z]` with the running moments, where there are any.
    pub(crate) fn forward(&self, x: Tensor<B, 5>) -> Tensor<B, 5> {
        sigmoid(Pass::new(self).run(x))
    }

    /// Whether a gradient comes as far back as this slot: it learns, or one before it does.
    pub(super) fn is_reached(&self, slot: usize) -> bool {
        self.slots.iter().zip(&self.held).take(slot + 1).any(|(slot, held)| slot.is_learnt() && !held)
    }

    /// Moves every value towards another network's, keeping this share of its own.
    pub(crate) fn follow(&mut self, other: &Self, kept: f64) {
        for (own, other) in self.tensors.iter_mut().zip(&other.tensors) {
            *own = own.clone() * kept + other.clone() * (1.0 - kept);
        }
    }
}

impl<B: Kernels> UNet<Autodiff<B>> {
    /// Marks every learnt value as a leaf that keeps its gradient, except those that are `held`, by slot: they stay as they are,
    /// and a normalisation whose moments are held goes on normalising by them.
    pub(crate) fn tracked(mut self, held: Vec<bool>) -> Self {
        self.held = held;
        for (_, tensor) in self.learnt() {
            *tensor = tensor.clone().detach().require_grad();
        }
        self
    }

    /// Logits with the batch's own moments, which also move the running ones.
    pub(crate) fn forward_training(
        &mut self,
        x: Tensor<Autodiff<B>, 5>,
        running: RunningMoments,
    ) -> Outputs<Autodiff<B>> {
        let mut pass = Pass::training(self);
        let finest = pass.run(x);
        let Pass { measured, mut auxiliary, .. } = pass;
        for Measured { mean_slot, moments } in measured {
            self.move_running(mean_slot, moments.mean, running.kept());
            self.move_running(mean_slot + 1, moments.variance, running.kept());
        }
        auxiliary.reverse();
        Outputs { finest, coarser: auxiliary }
    }

    fn move_running(&mut self, slot: usize, batch: FloatTensor<Autodiff<B>>, kept: f64) {
        let batch = wrap::<Autodiff<B>, 1>(batch).inner();
        let old = self.tensors[slot].clone().inner();
        self.tensors[slot] = Tensor::from_inner(old * kept + batch * (1.0 - kept));
    }

    /// The learnt tensors with the index of their slot.
    pub(crate) fn learnt(&mut self) -> impl Iterator<Item = (usize, &mut Tensor<Autodiff<B>, 1>)> {
        let (slots, held) = (&self.slots, &self.held);
        let learns = |index: usize| slots[index].is_learnt() && !held[index];
        self.tensors.iter_mut().enumerate().filter(move |(index, _)| learns(*index))
    }

    /// The same values without gradients, for prediction.
    pub(crate) fn untracked(&self) -> UNet<B> {
        let tensors = self.tensors.iter().map(|tensor| tensor.clone().inner()).collect();
        let (architecture, slots, held) = (self.architecture.clone(), self.slots.clone(), self.held.clone());
        UNet { architecture, slots, tensors, held, precision: self.precision }
    }
}

/// Waits for the device and copies a tensor's values to the host.
pub(crate) fn host_values<B: Kernels, const D: usize>(
    tensor: Tensor<B, D>,
) -> Result<Vec<f32>, NetworkError> {
    let failed =
        |error: String| NetworkError::Device(format!("reading a result from the device failed: {error}"));
    let data = tensor.try_into_data().map_err(|error| failed(format!("{error:?}")))?;
    data.into_vec::<f32>().map_err(|error| failed(format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_of_fresh_weights_forget_their_start_and_end_at_the_published_share() {
        let kept = |steps| RunningMoments::FreshSince(steps).kept();
        assert_eq!((kept(0), kept(10), kept(1_000_000)), (0.0, 0.5, MOMENTUM));
        let start: f64 = (0..40).map(kept).product();
        assert_eq!(start, 0.0);
        assert_eq!(RunningMoments::Known.kept(), MOMENTUM);
    }
}
