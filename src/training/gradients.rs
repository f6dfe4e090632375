//! The gradients of a group of batches, summed until the update that takes their mean, clipped to a global norm.

use burn::tensor::Tensor;

use super::flat::{Flat, Slots, fetch, place};
use crate::kernels::Kernels;
use crate::network::NetworkError;

/// Keeps a clipped norm finite, as in PyTorch's `clip_grad_norm_`.
const NORM_EPSILON: f64 = 1e-6;

/// Sums by slot, `None` before the first batch of a group.
#[derive(Clone, Debug)]
pub(crate) struct Gradients<B: Kernels> {
    sums: Slots<B>,
    batches: u32,
}

/// [`Gradients`] on the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct GradientState {
    pub(crate) sums: Flat,
    pub(crate) batches: u32,
}

impl GradientState {
    /// Between two groups.
    pub(crate) fn none(slots: usize) -> Self {
        Self { sums: vec![None; slots], batches: 0 }
    }
}

impl<B: Kernels> Gradients<B> {
    pub(crate) fn restored(state: &GradientState, device: &B::Device) -> Self {
        Self { sums: place(&state.sums, device), batches: state.batches }
    }

    pub(crate) fn state(&self) -> Result<GradientState, NetworkError> {
        Ok(GradientState { sums: fetch(&self.sums)?, batches: self.batches })
    }

    /// Counts a batch; call once per batch, before its tensors.
    pub(crate) fn begin_batch(&mut self) {
        self.batches += 1;
    }

    pub(crate) fn add(&mut self, slot: usize, gradient: Tensor<B, 1>) {
        let sum = match self.sums[slot].take() {
            Some(sum) => sum + gradient,
            None => gradient,
        };
        self.sums[slot] = Some(sum);
    }

    /// The sum over all tensors of the squared summed gradients; a tensor of
    /// one value, so that it is read from the device together with the loss.
    pub(crate) fn square_sum(&self) -> Option<Tensor<B, 1>> {
        let squares = self.sums.iter().flatten().map(|sum| (sum.clone() * sum.clone()).sum());
        squares.reduce(|a, b| a + b)
    }

    /// The norm of the group's mean gradient, for the value of [`Self::square_sum`].
    pub(crate) fn norm(&self, square_sum: f64) -> f64 {
        square_sum.sqrt() / f64::from(self.batches.max(1))
    }

    /// Ends the group: mean gradients, shortened where `norm` is above `clip` (0: never).
    pub(crate) fn take(&mut self, norm: f64, clip: f64) -> Slots<B> {
        let mut factor = 1.0 / f64::from(self.batches.max(1));
        if clip > 0.0 && norm > clip {
            factor *= clip / (norm + NORM_EPSILON);
        }
        self.batches = 0;
        let scale = |sum: Tensor<B, 1>| if factor == 1.0 { sum } else { sum * factor };
        self.sums.iter_mut().map(|sum| sum.take().map(scale)).collect()
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::tensor::TensorData;

    use super::*;
    use crate::network::host_values;

    fn after(batches: &[[f32; 2]], clip: f64) -> (f64, Vec<f32>) {
        let mut gradients = Gradients::<Flex>::restored(&GradientState::none(2), &Default::default());
        for batch in batches {
            gradients.begin_batch();
            for (slot, value) in batch.iter().enumerate() {
                let data = TensorData::new(vec![*value], [1]);
                gradients.add(slot, Tensor::from_data(data, &Default::default()));
            }
        }
        let square_sum = f64::from(host_values(gradients.square_sum().unwrap()).unwrap()[0]);
        let norm = gradients.norm(square_sum);
        let taken = gradients.take(norm, clip);
        let values = taken.into_iter().flatten().map(|t| host_values(t).unwrap()[0]).collect();
        (norm, values)
    }

    #[test]
    fn a_group_gives_its_mean_and_long_gradients_are_shortened_to_the_clip() {
        let (norm, mean) = after(&[[1.0, 6.0], [5.0, 2.0]], 0.0);
        assert_eq!((norm, mean), (5.0, vec![3.0, 4.0]));
        let (norm, short) = after(&[[1.0, 6.0], [5.0, 2.0]], 1.0);
        assert_eq!(norm, 5.0);
        assert!((short[0] - 0.6).abs() < 1e-6 && (short[1] - 0.8).abs() < 1e-6, "{short:?}");
        assert_eq!(after(&[[3.0, 4.0]], 5.0).1, [3.0, 4.0]);
    }
}
