//! The kernels against their definition in f64, on a CUDA GPU where there is one and on Vulkan in software where there is
//! that (Debian's `mesa-vulkan-drivers`); a device that is missing is named and skipped.

mod convolution;
mod definition;
mod elementwise;
mod soft;

use std::panic::catch_unwind;

use burn::tensor::{DType, FloatDType, Shape, Tensor, TensorData};
use burn_cubecl::ops::numeric::full_device_dtype;
use burn_cubecl::tensor::CubeTensor;
use cubecl::Runtime;
use cubecl::cuda::{CudaDevice, CudaRuntime};
use cubecl::prelude::InputScalar;

use super::*;
use crate::kernels::{cuda, unwrap, wrap};

/// Numbers between -1 and 1 that repeat with the seed.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mix = |index: usize| {
        let mut bits =
            (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed.wrapping_mul(0xD134_2543_DE82_EF95);
        bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        f64::from((bits >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    };
    (0..count).map(mix).collect()
}

/// A device under test.
struct Target<R: CubeRuntime> {
    device: R::Device,
    /// What stands for the narrow type of convolutions: bf16 where the device has it, else f16, else f32.
    narrow: FloatDType,
}

impl<R: CubeRuntime> Target<R> {
    fn new(device: R::Device) -> Self {
        let has = |dtype| <On<R> as burn::tensor::backend::Backend>::supports_dtype(&device, dtype);
        let narrow = match (has(DType::BF16), has(DType::F16)) {
            (true, _) => FloatDType::BF16,
            (false, true) => FloatDType::F16,
            (false, false) => FloatDType::F32,
        };
        Self { device, narrow }
    }

    fn tensor<const D: usize>(&self, values: &[f64], shape: [usize; D]) -> CubeTensor<R> {
        let values: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        unwrap(Tensor::<On<R>, D>::from_data(TensorData::new(values, shape), &self.device))
    }

    /// Random values as the device holds them in this type, and what they are.
    fn random<const D: usize>(
        &self,
        shape: [usize; D],
        seed: u64,
        dtype: FloatDType,
    ) -> (CubeTensor<R>, Vec<f64>) {
        let tensor = self.tensor(&numbers(shape.iter().product(), seed), shape);
        let tensor = burn_cubecl::kernel::cast(tensor, dtype.into());
        let values = values(&tensor);
        (tensor, values)
    }
}

fn values<R: CubeRuntime>(tensor: &CubeTensor<R>) -> Vec<f64> {
    let tensor = burn_cubecl::kernel::cast(tensor.clone(), DType::F32);
    let flat = tensor.meta.num_elements();
    let reshaped = wrap::<On<R>, 1>(<On<R> as burn::tensor::ops::FloatTensorOps<On<R>>>::float_reshape(
        tensor,
        Shape::from([flat]),
    ));
    reshaped.into_data().to_vec::<f32>().unwrap().into_iter().map(f64::from).collect()
}

/// Memory full of NaN.
pub(super) fn poisoned<R: CubeRuntime>(like: &CubeTensor<R>, shape: Shape, dtype: DType) -> CubeTensor<R> {
    let (client, device) = (like.client.clone(), like.device.clone());
    let flat = Shape::from([shape.num_elements()]);
    let full =
        full_device_dtype(client.clone(), flat, device.clone(), InputScalar::new(f32::NAN, dtype), dtype);
    CubeTensor::new_contiguous(client, device, shape, full.handle, dtype)
}

#[track_caller]
fn near(what: &str, got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().fold(1e-3f64, |scale, value| scale.max(value.abs()));
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance * scale, "{what}[{index}]: {got} instead of {want}");
    }
}

/// The software Vulkan device, if there is one.
fn software() -> Option<Target<soft::Soft>> {
    let device = soft::Device::default();
    let there = catch_unwind(|| drop(soft::Soft::client(&soft::Device::default()))).is_ok();
    there.then(|| Target::new(device))
}

fn gpu() -> Option<Target<CudaRuntime>> {
    cuda::device_count().ok().map(|_| Target::new(CudaDevice::default()))
}

/// Runs a check, generic over the runtime, on every device there is.
macro_rules! everywhere {
    ($check:ident($($argument:expr),*)) => {{
        $crate::kernels::cube::choose($crate::kernels::cube::Use::Untuned);
        match $crate::kernels::cube::tests::software() {
            Some(on) => $check(&on, $($argument),*),
            None => println!("skipped: no software Vulkan device (install mesa-vulkan-drivers, set XDG_RUNTIME_DIR)"),
        }
        match $crate::kernels::cube::tests::gpu() {
            Some(on) => $check(&on, $($argument),*),
            None => println!("skipped: no CUDA device"),
        }
    }};
}
use everywhere;

#[test]
fn self_check_finds_nothing() {
    fn check<R: CubeRuntime>(on: &Target<R>) {
        assert_eq!(self_check::<R>(&on.device), Ok(()));
    }
    everywhere!(check());
}
