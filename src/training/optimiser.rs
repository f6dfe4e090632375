//! Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019) and SGD with momentum (Nesterov's as in Sutskever et al. 2013),
//! each as PyTorch computes it.
//!
//! Our own rather than burn's so that the state is plain named tensors: it goes into the checkpoint bit for bit, in the
//! order and under the names of the weights, and survives a change of burn.

use burn::tensor::Tensor;

use super::flat::{Flat, Slots, fetch, place};
use super::{OptimiserConfig, OptimiserKind};
use crate::kernels::{AdamState, AdamStep, Kernels, unwrap, wrap};
use crate::network::NetworkError;

/// An optimiser at work. By slot, `None` before its first update: the first moment (SGD's momentum), the second moment.
#[derive(Clone, Debug)]
pub(crate) struct Optimiser<B: Kernels> {
    config: OptimiserConfig,
    first: Slots<B>,
    second: Slots<B>,
    updates: u64,
}

/// [`Optimiser`]'s state on the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OptimiserState {
    pub(crate) first: Flat,
    pub(crate) second: Flat,
    pub(crate) updates: u64,
}

impl OptimiserState {
    /// Before the first update of `slots` tensors.
    pub(crate) fn fresh(slots: usize) -> Self {
        Self { first: vec![None; slots], second: vec![None; slots], updates: 0 }
    }
}

impl<B: Kernels> Optimiser<B> {
    pub(crate) fn restored(config: &OptimiserConfig, state: &OptimiserState, device: &B::Device) -> Self {
        let (first, second) = (place(&state.first, device), place(&state.second, device));
        Self { config: config.clone(), first, second, updates: state.updates }
    }

    pub(crate) fn state(&self) -> Result<OptimiserState, NetworkError> {
        let (first, second) = (fetch(&self.first)?, fetch(&self.second)?);
        Ok(OptimiserState { first, second, updates: self.updates })
    }

    /// Updates so far.
    pub(crate) fn updates(&self) -> u64 {
        self.updates
    }

    /// Counts an update; call once per update, before the tensors.
    pub(crate) fn begin_update(&mut self) {
        self.updates += 1;
    }

    /// The value of one tensor after this update at `rate`.
    pub(crate) fn updated(
        &mut self,
        slot: usize,
        value: Tensor<B, 1>,
        grad: Tensor<B, 1>,
        rate: f64,
    ) -> Tensor<B, 1> {
        let decay = self.config.weight_decay;
        match self.config.kind {
            OptimiserKind::Adam => self.adam(slot, value, grad, rate, 1.0),
            OptimiserKind::AdamW => self.adam(slot, value, grad, rate, 1.0 - rate * decay),
            OptimiserKind::Sgd if decay > 0.0 => {
                let grad = grad + value.clone() * decay;
                self.sgd(slot, value, grad, rate)
            }
            OptimiserKind::Sgd => self.sgd(slot, value, grad, rate),
        }
    }

    fn adam(
        &mut self,
        slot: usize,
        value: Tensor<B, 1>,
        grad: Tensor<B, 1>,
        rate: f64,
        kept: f64,
    ) -> Tensor<B, 1> {
        let [first, second] = [self.first[slot].take(), self.second[slot].take()]
            .map(|moment| unwrap(moment.unwrap_or_else(|| value.zeros_like())));
        let state = AdamState { value: unwrap(value), first, second };
        let state = B::adam(state, unwrap(grad), self.step(rate, kept));
        self.first[slot] = Some(wrap(state.first));
        self.second[slot] = Some(wrap(state.second));
        wrap(state.value)
    }

    /// Both moments are corrected for their start at zero.
    fn step(&self, rate: f64, kept: f64) -> AdamStep {
        let OptimiserConfig { beta1, beta2, epsilon, .. } = self.config;
        let reached = |beta: f64| 1.0 - beta.powf(self.updates as f64);
        AdamStep { beta1, beta2, epsilon, rate: rate / reached(beta1), root: reached(beta2).sqrt(), kept }
    }

    fn sgd(&mut self, slot: usize, value: Tensor<B, 1>, grad: Tensor<B, 1>, rate: f64) -> Tensor<B, 1> {
        let OptimiserConfig { momentum, nesterov, .. } = self.config;
        if momentum == 0.0 {
            return value - grad * rate;
        }
        let velocity = follow(self.first[slot].take(), grad.clone(), momentum);
        self.first[slot] = Some(velocity.clone());
        let direction = if nesterov { grad + velocity * momentum } else { velocity };
        value - direction * rate
    }
}

/// `kept` of the old value, where there is one, and all of `more`.
fn follow<B: Kernels>(old: Option<Tensor<B, 1>>, more: Tensor<B, 1>, kept: f64) -> Tensor<B, 1> {
    match old {
        Some(old) => old * kept + more,
        None => more,
    }
}

#[cfg(test)]
mod tests;
