//! Runs a network on whichever device was chosen, behind one type without generics.

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};

use super::architecture::Architecture;
use super::device::{Device, DeviceKind};
use super::error::NetworkError;
use super::unet::{UNet, host_values};
use super::weights::Weights;
#[cfg(feature = "cuda")]
use crate::kernels::cuda;
use crate::kernels::{Kernels, Tidy};

/// A network ready to predict.
#[derive(Clone, Debug)]
pub struct Predictor {
    net: Placed,
    _tidy: Tidy,
}

#[derive(Clone, Debug)]
enum Placed {
    Cpu(UNet<Flex>),
    #[cfg(feature = "cuda")]
    Cuda(UNet<cuda::Gpu>, burn::backend::cuda::CudaDevice),
}

impl Predictor {
    /// Places `weights` on `device`.
    pub fn new(
        architecture: &Architecture,
        weights: &Weights,
        device: &Device,
    ) -> Result<Self, NetworkError> {
        architecture.validate()?;
        let net = match device.0 {
            DeviceKind::Cpu => Placed::Cpu(UNet::new(architecture, weights, &Default::default())),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda(index) => {
                let (device, note) = cuda::device(index);
                note.into_iter().for_each(|note| tracing::warn!("{note}"));
                Placed::Cuda(UNet::new(architecture, weights, &device), device)
            }
        };
        Ok(Self { net, _tidy: Tidy })
    }

    /// Lesion probability of each voxel of `count` patches.
    ///
    /// `patches` holds standardised and z-scored intensities `[count, x, y, z]`, z fastest, each side a multiple of
    /// [`Architecture::patch_multiple`]; the result has the same layout, values 0..1.
    pub fn probabilities(
        &self,
        patches: Vec<f32>,
        count: usize,
        shape: [usize; 3],
    ) -> Result<Vec<f32>, NetworkError> {
        let [x, y, z] = shape;
        if patches.len() != count * x * y * z {
            let message = format!("{} values do not make {count} patches of {x}x{y}x{z}", patches.len());
            return Err(NetworkError::Weights(message));
        }
        let patches = TensorData::new(patches, [count, 1, x, y, z]);
        match &self.net {
            Placed::Cpu(net) => forward(net, patches, &Default::default()),
            #[cfg(feature = "cuda")]
            Placed::Cuda(net, device) => forward(net, patches, device),
        }
    }
}

fn forward<B: Kernels>(
    net: &UNet<B>,
    patches: TensorData,
    device: &B::Device,
) -> Result<Vec<f32>, NetworkError> {
    host_values(net.forward(Tensor::<B, 5>::from_data(patches, device)))
}
