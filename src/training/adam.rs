//! Adam (Kingma & Ba 2015) and AdamW (Loshchilov & Hutter 2019) as PyTorch computes them.
//!
//! Our own rather than burn's so that its state is plain named tensors: it goes into the checkpoint bit for bit, in the
//! order and under the names of the weights, and survives a change of burn.

use burn::tensor::{Tensor, TensorData};

use super::{OptimiserConfig, OptimiserKind};
use crate::kernels::Kernels;

/// First and second moment of each learnt tensor (by slot; `None` before its first update), and the number of updates.
#[derive(Clone, Debug)]
pub(crate) struct Adam<B: Kernels> {
    config: OptimiserConfig,
    moments: Vec<Option<[Tensor<B, 1>; 2]>>,
    updates: u64,
}

/// [`Adam`]'s state on the host; moments are flat.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct AdamState {
    pub(crate) moments: Vec<Option<[Vec<f32>; 2]>>,
    pub(crate) updates: u64,
}

impl<B: Kernels> Adam<B> {
    pub(crate) fn restored(config: &OptimiserConfig, state: &AdamState, device: &B::Device) -> Self {
        let load =
            |values: &Vec<f32>| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device);
        let moments =
            state.moments.iter().map(|pair| pair.as_ref().map(|pair| [load(&pair[0]), load(&pair[1])]));
        Self { config: config.clone(), moments: moments.collect(), updates: state.updates }
    }

    pub(crate) fn moments(&self) -> &[Option<[Tensor<B, 1>; 2]>] {
        &self.moments
    }

    pub(crate) fn updates(&self) -> u64 {
        self.updates
    }

    /// Counts an update; call once per step, before the tensors.
    pub(crate) fn begin_update(&mut self) {
        self.updates += 1;
    }

    /// The value after this update.
    pub(crate) fn updated(
        &mut self,
        slot: usize,
        value: Tensor<B, 1>,
        grad: Tensor<B, 1>,
        lr: f64,
    ) -> Tensor<B, 1> {
        let OptimiserConfig { kind, beta1, beta2, epsilon, weight_decay } = self.config;
        let squared = grad.clone() * grad.clone();
        let [first, second] = match self.moments[slot].take() {
            Some([first, second]) => {
                [first * beta1 + grad * (1.0 - beta1), second * beta2 + squared * (1.0 - beta2)]
            }
            None => [grad * (1.0 - beta1), squared * (1.0 - beta2)],
        };
        self.moments[slot] = Some([first.clone(), second.clone()]);
        let (step, root) = self.corrections(lr);
        let decayed = match kind {
            OptimiserKind::Adam => value,
            OptimiserKind::AdamW => value * (1.0 - lr * weight_decay),
        };
        decayed - first / (second.sqrt() / root + epsilon) * step
    }

    /// Step size and second-moment root, both corrected for the start at zero.
    fn corrections(&self, lr: f64) -> (f64, f64) {
        let power = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        (lr / power(self.config.beta1), power(self.config.beta2).sqrt())
    }
}
