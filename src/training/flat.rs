//! One flat tensor for each slot of a network, where it has one: how optimiser and gradients travel between device and host.
//! Knows nothing of what the values mean.

use burn::tensor::{Tensor, TensorData};

use crate::kernels::Kernels;
use crate::network::{NetworkError, host_values};

/// By slot, on a device.
pub(crate) type Slots<B> = Vec<Option<Tensor<B, 1>>>;

/// By slot, on the host.
pub(crate) type Flat = Vec<Option<Vec<f32>>>;

/// Copies to the device.
pub(crate) fn place<B: Kernels>(values: &Flat, device: &B::Device) -> Slots<B> {
    let one = |values: &Vec<f32>| Tensor::from_data(TensorData::new(values.clone(), [values.len()]), device);
    values.iter().map(|values| values.as_ref().map(one)).collect()
}

/// Copies to the host.
pub(crate) fn fetch<B: Kernels>(slots: &Slots<B>) -> Result<Flat, NetworkError> {
    slots.iter().map(|tensor| tensor.clone().map(host_values).transpose()).collect()
}
