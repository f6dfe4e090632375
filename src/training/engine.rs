//! One training step on a device: forward, loss, gradients, update. The loop sees it as a trait object, so that the
//! generic code is instantiated here and nowhere else.

use burn::backend::{Autodiff, Flex};
use burn::tensor::{Tensor, TensorData};
use ndarray::Array3;

use super::deep_supervision::supervised;
use super::gradients::{GradientState, Gradients};
use super::loss::loss;
use super::mixed::Mixed;
use super::optimiser::{Optimiser, OptimiserState};
use super::{LossConfig, OptimiserConfig};
use crate::kernels::{Kernels, Tidy};
use crate::network::{
    Architecture, Device, DeviceKind, NetworkError, Precision, RunningMoments, UNet, Weights, host_values,
};

/// Patches `[count, 1, x, y, z]`, z fastest, with their 0/1 targets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Batch {
    pub(crate) images: Vec<f32>,
    pub(crate) targets: Vec<f32>,
    pub(crate) count: usize,
    pub(crate) shape: [usize; 3],
}

/// Everything a step changes, on the host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EngineState {
    pub(crate) weights: Weights,
    /// The moving average of the weights, where there is one.
    pub(crate) average: Option<Weights>,
    pub(crate) optimiser: OptimiserState,
    pub(crate) gradients: GradientState,
    /// Batches the network has seen.
    pub(crate) batches: u64,
}

/// What stays the same over a run.
#[derive(Clone, Debug)]
pub(crate) struct EngineSetup {
    pub(crate) architecture: Architecture,
    pub(crate) optimiser: OptimiserConfig,
    pub(crate) loss: LossConfig,
    /// By slot: how many times the rate it learns at; 0 freezes it.
    pub(crate) paces: Vec<f64>,
    /// Whether the run began with fresh weights rather than a model's.
    pub(crate) fresh: bool,
    /// What convolutions multiply, until that fails too often.
    pub(crate) precision: Precision,
}

/// What a step was like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stepped {
    /// Loss of the batch before any update.
    pub(crate) loss: f64,
    /// Norm of the group's mean gradient before clipping, when the step ended a group. Nothing is updated where it is not finite.
    pub(crate) gradient: Option<f64>,
}

/// A network in training.
pub(crate) trait Engine {
    /// Takes the gradients of one batch; with a rate, it is the last batch of its group, and the weights are updated.
    fn step(&mut self, batch: Batch, rate: Option<f64>) -> Result<Stepped, NetworkError>;

    /// What happened since it was last asked that a user should know, as sentences.
    fn take_notes(&mut self) -> Vec<String>;

    /// Probabilities of a batch's images, with the running moments; of the averaged weights, where there are any.
    fn predict(&self, batch: Batch) -> Result<Vec<f32>, NetworkError>;

    /// Copies everything to the host.
    fn state(&self) -> Result<EngineState, NetworkError>;
}

/// Puts `state` on `device`.
pub(crate) fn engine(setup: EngineSetup, state: &EngineState, device: &Device) -> Box<dyn Engine> {
    match device.0 {
        DeviceKind::Cpu => Box::new(Placed::<Flex>::new(setup, state, Default::default())),
        #[cfg(feature = "cuda")]
        DeviceKind::Cuda(index) => {
            let (device, note) = crate::kernels::cuda::device(index);
            let mut placed = Placed::<crate::kernels::cuda::Gpu>::new(setup, state, device);
            placed.mixed.note(note);
            Box::new(placed)
        }
    }
}

impl EngineSetup {
    /// Every weight learns at the full rate.
    pub(crate) fn scratch(architecture: Architecture, optimiser: OptimiserConfig, loss: LossConfig) -> Self {
        let paces = vec![1.0; architecture.slots().len()];
        Self { architecture, optimiser, loss, paces, fresh: true, precision: Precision::F32 }
    }
}

impl EngineState {
    /// Before the first step.
    pub(crate) fn fresh(weights: Weights) -> Self {
        let slots = weights.tensors().len();
        Self {
            weights,
            average: None,
            optimiser: OptimiserState::fresh(slots),
            gradients: GradientState::none(slots),
            batches: 0,
        }
    }

    /// The weights that validate and become the model.
    pub(crate) fn model(&self) -> &Weights {
        self.average.as_ref().unwrap_or(&self.weights)
    }

    /// False as soon as one value is NaN or infinite.
    pub(crate) fn is_finite(&self) -> bool {
        let moments = self.optimiser.first.iter().chain(&self.optimiser.second);
        let mut values = moments.chain(&self.gradients.sums).flatten().flatten();
        self.weights.is_finite() && self.model().is_finite() && values.all(|value| value.is_finite())
    }
}

impl Batch {
    /// Patches of one shape, with their masks, in memory order of the axes x, y, z.
    pub(crate) fn gather(patches: impl Iterator<Item = (Array3<f32>, Array3<u8>)>) -> Self {
        let mut batch = Self { images: Vec::new(), targets: Vec::new(), count: 0, shape: [0; 3] };
        for (image, mask) in patches {
            batch.shape = image.dim().into();
            batch.images.extend(image.iter());
            batch.targets.extend(mask.iter().map(|&value| f32::from(value)));
            batch.count += 1;
        }
        batch
    }

    fn tensors<B: Kernels>(self, device: &B::Device) -> [Tensor<B, 5>; 2] {
        let [x, y, z] = self.shape;
        [self.images, self.targets]
            .map(|values| Tensor::from_data(TensorData::new(values, [self.count, 1, x, y, z]), device))
    }
}

struct Placed<B: Kernels> {
    setup: EngineSetup,
    net: UNet<Autodiff<B>>,
    average: Option<UNet<B>>,
    optimiser: Optimiser<B>,
    gradients: Gradients<B>,
    batches: u64,
    device: B::Device,
    mixed: Mixed,
    _tidy: Tidy,
}

impl<B: Kernels> Placed<B> {
    fn new(setup: EngineSetup, state: &EngineState, device: B::Device) -> Self {
        let mixed = Mixed::new(setup.precision);
        let held = setup.paces.iter().map(|pace| *pace == 0.0).collect();
        let net = UNet::new(&setup.architecture, &state.weights, &device).tracked(held);
        let average =
            (setup.optimiser.ema > 0.0).then(|| UNet::new(&setup.architecture, state.model(), &device));
        let optimiser = Optimiser::restored(&setup.optimiser, &state.optimiser, &device);
        let gradients = Gradients::restored(&state.gradients, &device);
        Self { setup, net, average, optimiser, gradients, batches: state.batches, device, mixed, _tidy: Tidy }
    }

    fn running_moments(&self) -> RunningMoments {
        if self.setup.fresh { RunningMoments::FreshSince(self.batches) } else { RunningMoments::Known }
    }

    /// Adds the batch's gradients to those of its group; the loss, still on the device.
    fn gather(&mut self, batch: Batch) -> Tensor<B, 1> {
        let [images, targets] = batch.tensors::<Autodiff<B>>(&self.device);
        let outputs = self.net.forward_training(images, self.running_moments());
        let loss = supervised(outputs, targets, |x, y| loss(&self.setup.loss, x, y));
        let mut grads = loss.backward();
        self.batches += 1;
        self.gradients.begin_batch();
        for (slot, tensor) in self.net.learnt() {
            if let Some(grad) = tensor.grad_remove(&mut grads) {
                self.gradients.add(slot, grad);
            }
        }
        loss.inner()
    }

    /// [`Self::gather`], then loss and, where wanted, the norm of the group's mean gradient on the host.
    fn measure(&mut self, batch: Batch, want_norm: bool) -> Result<Stepped, NetworkError> {
        let loss = self.gather(batch);
        let square_sum = self.gradients.square_sum().filter(|_| want_norm);
        // One wait for the device reads both.
        let read = host_values(Tensor::cat(std::iter::once(loss).chain(square_sum).collect(), 0))?;
        let number = |index: usize| read.get(index).map(|&value| f64::from(value));
        let gradient = number(1).map(|square_sum| self.gradients.norm(square_sum));
        Ok(Stepped { loss: number(0).unwrap_or(f64::NAN), gradient })
    }

    /// [`Self::measure`] in the run's precision; where bf16 gives no numbers, once more in f32.
    fn careful(&mut self, batch: Batch, want_norm: bool) -> Result<Stepped, NetworkError> {
        self.net.set_precision(self.mixed.precision());
        if self.mixed.precision() == Precision::F32 {
            return self.measure(batch, want_norm);
        }
        // Handles, not copies.
        let before = (self.net.clone(), self.gradients.clone(), self.batches);
        let Stepped { loss, gradient } = self.measure(batch.clone(), true)?;
        if loss.is_finite() && gradient.is_none_or(f64::is_finite) {
            return Ok(Stepped { loss, gradient: gradient.filter(|_| want_norm) });
        }
        (self.net, self.gradients, self.batches) = before;
        self.net.set_precision(Precision::F32);
        let again = self.measure(batch, want_norm)?;
        if again.loss.is_finite() {
            self.mixed.failed();
        }
        Ok(again)
    }

    /// Ends the group with a gradient of norm `norm`.
    fn update(&mut self, norm: f64, rate: f64) {
        let mut gradients = self.gradients.take(norm, self.setup.optimiser.clip);
        self.optimiser.begin_update();
        for (slot, tensor) in self.net.learnt() {
            if let Some(gradient) = gradients[slot].take() {
                let rate = rate * self.setup.paces[slot];
                let value = self.optimiser.updated(slot, tensor.clone().inner(), gradient, rate);
                *tensor = Tensor::from_inner(value).require_grad();
            }
        }
        if let Some(average) = &mut self.average {
            average.follow(&self.net.untracked(), decay(self.setup.optimiser.ema, self.optimiser.updates()));
        }
    }
}

/// What an average keeps of itself at its `updates`th update: less at first, so that it soon forgets the start (as TensorFlow's
/// `ExponentialMovingAverage` does when told the number of updates).
fn decay(ema: f64, updates: u64) -> f64 {
    ema.min((1.0 + updates as f64) / (10.0 + updates as f64))
}

impl<B: Kernels> Engine for Placed<B> {
    fn step(&mut self, batch: Batch, rate: Option<f64>) -> Result<Stepped, NetworkError> {
        let Stepped { loss, gradient } = self.careful(batch, rate.is_some())?;
        if let (Some(norm), Some(rate)) = (gradient.filter(|norm| norm.is_finite()), rate) {
            self.update(norm, rate);
        }
        Ok(Stepped { loss, gradient })
    }

    fn take_notes(&mut self) -> Vec<String> {
        self.mixed.take_notes()
    }

    fn predict(&self, batch: Batch) -> Result<Vec<f32>, NetworkError> {
        let [images, _] = batch.tensors::<B>(&self.device);
        host_values(match &self.average {
            Some(average) => average.forward(images),
            None => self.net.untracked().forward(images),
        })
    }

    fn state(&self) -> Result<EngineState, NetworkError> {
        Ok(EngineState {
            weights: self.net.weights()?,
            average: self.average.as_ref().map(UNet::weights).transpose()?,
            optimiser: self.optimiser.state()?,
            gradients: self.gradients.state()?,
            batches: self.batches,
        })
    }
}

#[cfg(test)]
mod convergence;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod peak;
#[cfg(test)]
mod precision;
#[cfg(test)]
mod tests;
