//! One training step on a device: forward, loss, gradients, update. The loop sees it as a trait object, so that the
//! generic code is instantiated here and nowhere else.

#[cfg(any(feature = "cuda", test))]
use burn::Dispatch;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Tensor, TensorData};
use ndarray::Array3;

use super::adam::{Adam, AdamState};
use super::loss::loss;
use super::{LossConfig, OptimiserConfig};
use crate::kernels::Kernels;
use crate::network::{
    Architecture, Device, DeviceKind, NetworkError, RunningMoments, UNet, Weights, host_values,
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
    pub(crate) adam: AdamState,
}

/// What stays the same over a run.
#[derive(Clone, Debug)]
pub(crate) struct EngineSetup {
    pub(crate) architecture: Architecture,
    pub(crate) optimiser: OptimiserConfig,
    pub(crate) loss: LossConfig,
    /// Whether the run began with fresh weights rather than a model's.
    pub(crate) fresh: bool,
}

/// A network in training.
pub(crate) trait Engine {
    /// Fits one batch at rate `lr`; returns its loss before the update.
    fn step(&mut self, batch: Batch, lr: f64) -> Result<f64, NetworkError>;

    /// Probabilities of a batch's images, with the running moments.
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
            Box::new(Placed::<Dispatch>::new(setup, state, crate::network::cuda_device(index)))
        }
    }
}

impl EngineState {
    /// Before the first step.
    pub(crate) fn fresh(weights: Weights) -> Self {
        let adam = AdamState { moments: vec![None; weights.tensors().len()], updates: 0 };
        Self { weights, adam }
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
    adam: Adam<B>,
    device: B::Device,
}

impl<B: Kernels> Placed<B> {
    fn new(setup: EngineSetup, state: &EngineState, device: B::Device) -> Self {
        let net = UNet::new(&setup.architecture, &state.weights, &device).tracked();
        let adam = Adam::restored(&setup.optimiser, &state.adam, &device);
        Self { setup, net, adam, device }
    }

    fn running_moments(&self) -> RunningMoments {
        if self.setup.fresh { RunningMoments::FreshSince(self.adam.updates()) } else { RunningMoments::Known }
    }
}

impl<B: Kernels> Engine for Placed<B> {
    fn step(&mut self, batch: Batch, lr: f64) -> Result<f64, NetworkError> {
        let [images, targets] = batch.tensors::<Autodiff<B>>(&self.device);
        let probabilities = self.net.forward_training(images, self.running_moments());
        let loss = loss(&self.setup.loss, probabilities, targets);
        let mut grads = loss.backward();
        self.adam.begin_update();
        for (slot, tensor) in self.net.learnt() {
            if let Some(grad) = tensor.grad_remove(&mut grads) {
                let value = self.adam.updated(slot, tensor.clone().inner(), grad, lr);
                *tensor = Tensor::from_inner(value).require_grad();
            }
        }
        let loss = host_values(loss.inner())?;
        Ok(loss.first().map_or(f64::NAN, |&value| f64::from(value)))
    }

    fn predict(&self, batch: Batch) -> Result<Vec<f32>, NetworkError> {
        let [images, _] = batch.tensors::<B>(&self.device);
        host_values(self.net.untracked().forward(images))
    }

    fn state(&self) -> Result<EngineState, NetworkError> {
        let fetch = |pair: &Option<[Tensor<B, 1>; 2]>| {
            pair.clone().map(|[first, second]| Ok([host_values(first)?, host_values(second)?])).transpose()
        };
        let moments = self.adam.moments().iter().map(fetch).collect::<Result<_, NetworkError>>()?;
        let adam = AdamState { moments, updates: self.adam.updates() };
        Ok(EngineState { weights: self.net.weights()?, adam })
    }
}

#[cfg(test)]
mod tests;
