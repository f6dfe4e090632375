//! A network's values on the host: named, shaped, in a fixed order, the same whatever device computed them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::architecture::Architecture;
use super::error::NetworkError;

/// What a stored tensor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Kernel,
    Scale,
    Shift,
    Mean,
    Variance,
}

/// The place of one tensor in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) role: Role,
}

impl Slot {
    pub(crate) fn new(name: String, shape: Vec<usize>, role: Role) -> Self {
        Self { name, shape, role }
    }

    pub(crate) fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// [`Slot::len`] where that may be beyond any computer.
    pub(crate) fn len_f64(&self) -> f64 {
        self.shape.iter().map(|&size| size as f64).product()
    }

    /// Running moments are measured; everything else is learnt.
    pub(crate) fn is_learnt(&self) -> bool {
        !matches!(self.role, Role::Mean | Role::Variance)
    }

    /// Glorot-uniform kernels (Glorot & Bengio 2010); scales and variances 1; everything else 0.
    fn initial(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        match self.role {
            Role::Kernel => {
                let field: usize = self.shape[2..].iter().product();
                let fans = (field * (self.shape[0] + self.shape[1])) as f32;
                let limit = (6.0 / fans).sqrt();
                (0..self.len()).map(|_| rng.random_range(-limit..limit)).collect()
            }
            Role::Scale | Role::Variance => vec![1.0; self.len()],
            Role::Shift | Role::Mean => vec![0.0; self.len()],
        }
    }
}

/// A named array of values, last axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Such as `enc.0.1.conv.weight`.
    pub name: String,
    /// Sizes per axis; convolution kernels are `[out, in, k, k, k]`.
    pub shape: Vec<usize>,
    /// The values.
    pub data: Vec<f32>,
}

/// All values of one network, in the order of its description.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights(Vec<NamedTensor>);

impl Weights {
    /// Fresh values from `seed`: the same on every machine and device.
    pub fn initial(architecture: &Architecture, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let fill =
            |slot: Slot| NamedTensor { data: slot.initial(&mut rng), name: slot.name, shape: slot.shape };
        Self(architecture.slots().into_iter().map(fill).collect())
    }

    /// Puts `tensors`, in any order, into the places of `architecture`; names and shapes must match one to one.
    pub fn for_architecture(
        architecture: &Architecture,
        tensors: Vec<NamedTensor>,
    ) -> Result<Self, NetworkError> {
        let slots = architecture.slots();
        if tensors.len() != slots.len() {
            let message = format!("expected {} tensors, found {}", slots.len(), tensors.len());
            return Err(NetworkError::Weights(message));
        }
        let mut by_name: std::collections::HashMap<String, NamedTensor> =
            tensors.into_iter().map(|tensor| (tensor.name.clone(), tensor)).collect();
        let place = |slot: Slot| {
            let tensor = by_name
                .remove(&slot.name)
                .ok_or_else(|| NetworkError::Weights(format!("`{}` is missing", slot.name)))?;
            check(&slot, tensor)
        };
        Ok(Self(slots.into_iter().map(place).collect::<Result<_, _>>()?))
    }

    /// The tensors in order.
    pub fn tensors(&self) -> &[NamedTensor] {
        &self.0
    }

    /// Takes from `other`, of the same network, the tensors whose name `chosen` picks.
    pub(crate) fn replace(&mut self, other: &Self, chosen: impl Fn(&str) -> bool) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            if chosen(&own.name) {
                own.clone_from(other);
            }
        }
    }

    /// False as soon as one value is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        self.0.iter().all(|tensor| tensor.data.iter().all(|value| value.is_finite()))
    }
}

fn check(slot: &Slot, tensor: NamedTensor) -> Result<NamedTensor, NetworkError> {
    if tensor.shape == slot.shape && tensor.data.len() == slot.len() {
        return Ok(tensor);
    }
    let message = format!("`{}` has shape {:?}, the network needs {:?}", slot.name, tensor.shape, slot.shape);
    Err(NetworkError::Weights(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initial_values_repeat_with_the_seed_and_stay_within_glorots_limit() {
        let architecture = Architecture::small();
        let weights = Weights::initial(&architecture, 7);
        assert_eq!(weights, Weights::initial(&architecture, 7));
        assert_ne!(weights, Weights::initial(&architecture, 8));
        let first = &weights.tensors()[0];
        let limit = (6.0f32 / (27.0 * 5.0)).sqrt();
        assert!(first.data.iter().all(|value| value.abs() <= limit));
        assert!(first.data.iter().any(|value| value.abs() > limit / 2.0));
    }

    #[test]
    fn a_missing_or_misshapen_tensor_is_named() {
        let architecture = Architecture::small();
        let good = Weights::initial(&architecture, 1).tensors().to_vec();
        let mut renamed = good.clone();
        renamed[3].name = "stranger".to_owned();
        let mut misshapen = good.clone();
        misshapen[0].shape = vec![1, 2, 3];
        for (tensors, name) in [(renamed, &good[3].name), (misshapen, &good[0].name)] {
            let message = Weights::for_architecture(&architecture, tensors).unwrap_err().to_string();
            assert!(message.contains(name.as_str()), "{message}");
        }
        let mut reversed = good.clone();
        reversed.reverse();
        assert_eq!(Weights::for_architecture(&architecture, reversed).unwrap().tensors(), good);
    }
}
