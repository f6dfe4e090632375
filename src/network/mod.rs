//! What a network is, how its weights are kept and how it is run on a device.
//!
//! [`Architecture`] describes, [`Weights`] holds named values on the host, [`ModelFile`] is the file the two travel in, and
//! [`Predictor`] runs them on a [`Device`]. burn's types stay inside this room, `kernels`, `training` and `inference`. This
//! room knows nothing of projects, runs or screens.

mod architecture;
mod device;
mod error;
mod exchange;
mod kinds;
mod memory;
mod model_file;
mod pass;
mod predictor;
mod safetensors;
mod slots;
mod unet;
mod weights;

pub use architecture::Architecture;
pub use device::{Device, DeviceChoice};
pub use error::NetworkError;
pub use exchange::{graph_of, load_network, recognise};
pub use kinds::{Activation, Down, NormKind, Precision, Up};
pub use memory::Demand;
pub use model_file::{ModelFile, Provenance, TrainingNote};
pub use predictor::Predictor;
pub use weights::{NamedTensor, Weights};

pub(crate) use device::DeviceKind;
pub(crate) use safetensors::{read_tensors, write_tensors};
pub(crate) use unet::{Outputs, RunningMoments, UNet, host_values};
