//! `deepseg forward MODEL PATCH -o OUT`: the bare network, for comparing weights with other programs.

use std::path::PathBuf;

use super::output::{self, CommandResult, Failure, Outcome};
use crate::inference::{PatchModel, read_network};
use crate::network::{Demand, Device, DeviceChoice, Precision};
use crate::volume::{Volume, read_image, write_image};

/// Run the bare network on one patch that is already standardised and z-scored.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model file, a network from elsewhere (.h5, .onnx), or a run directory (its best model)
    #[arg(value_name = "MODEL_OR_RUN")]
    model: PathBuf,
    /// The patch (NIfTI), axes x, y, z; any size that the network divides
    patch: PathBuf,
    /// Where to write the probabilities
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// auto, cpu, cuda or cuda:1
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
}

impl Args {
    /// Writes the probability of each voxel on the patch's own grid.
    pub fn run(self) -> CommandResult {
        let (device, note) = Device::choose(self.device)?;
        output::note(note);
        let (architecture, net) = read_network(&self.model, &device)?;
        let patch = read_image(&self.patch)?;
        let multiple = architecture.patch_multiple();
        if patch.grid.shape.iter().any(|n| n % multiple != 0) {
            return Err(Failure::work(format!(
                "{}: {:?} voxels do not fit this network; each side must be a multiple of {multiple}",
                self.patch.display(),
                patch.grid.shape
            )));
        }
        let shape = patch.grid.shape;
        let demand = Demand { batch: 1, patch: shape, training: false, precision: Precision::F32 };
        architecture.fits(&device, &demand)?;
        let answers = PatchModel::probabilities(&net, std::slice::from_ref(&patch.data))?;
        let data = answers.into_iter().next().ok_or_else(|| Failure::work("the network gave no answer"))?;
        write_image(&self.output, &Volume { grid: patch.grid, data })?;
        Ok(Outcome::Done)
    }
}
