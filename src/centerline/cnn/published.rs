//! The published networks: which file belongs to a contrast, and the intensities each was trained on.

use super::NAME;
use crate::centerline::{CenterlineError, Search, Tools};
use crate::dataset::Contrast;
use crate::weights::{Graph, read_keras, read_onnx};
use ndarray::{Array2, Array4, ArrayView2, Axis};
use std::path::{Path, PathBuf};

/// Pixels along a side of the block that the networks were trained on.
pub(super) const BLOCK: usize = 80;

/// What is known of a published network besides its file.
struct Training {
    /// The contrast, as in the file's name.
    contrast: &'static str,
    /// Mean and standard deviation of the blocks it was trained on.
    mean: f32,
    deviation: f32,
    /// Whether images of the contrast reach the brain, in which the network would see cords: the search ends there.
    stops_at_brain: bool,
}

const TRAINED: [Training; 4] = [
    Training { contrast: "t1", mean: 55.7359, deviation: 64.3149, stops_at_brain: true },
    Training { contrast: "t2", mean: 51.1417, deviation: 57.4408, stops_at_brain: true },
    Training { contrast: "t2s", mean: 68.8591, deviation: 71.4659, stops_at_brain: false },
    Training { contrast: "dwi", mean: 55.744, deviation: 45.003, stops_at_brain: false },
];

fn training(contrast: &Contrast) -> Result<&'static Training, CenterlineError> {
    let name = if *contrast == Contrast::T2Ax { "t2" } else { contrast.name() };
    TRAINED.iter().find(|training| training.contrast == name).ok_or_else(|| CenterlineError::NoContrast {
        method: NAME,
        contrast: name.to_owned(),
        known: "t1, t2, t2s and dwi",
    })
}

/// Where the network for a contrast is. Opens nothing.
pub(in crate::centerline) fn model_path(
    tools: &Tools,
    contrast: &Contrast,
) -> Result<PathBuf, CenterlineError> {
    let contrast = training(contrast)?.contrast;
    let found = ["h5", "onnx"].iter().find_map(|format| tools.model(&format!("{contrast}_ctr.{format}")));
    found.ok_or_else(|| CenterlineError::NoModel {
        method: NAME,
        name: format!("{contrast}_ctr.h5 (or .onnx)"),
        places: tools.places(),
    })
}

/// A network and what its input must look like.
pub(super) struct Detector {
    network: Graph,
    training: &'static Training,
}

impl Detector {
    /// The one for the contrast of the search.
    pub fn published(search: &Search<'_>) -> Result<Self, CenterlineError> {
        let network = read(&model_path(search.tools, search.contrast)?)?;
        Ok(Self { network, training: training(search.contrast)? })
    }

    /// Whether the slices after the cord are brain, in which the network would see cords.
    pub fn stops_at_brain(&self) -> bool {
        self.training.stops_at_brain
    }

    /// How sure the network is of cord at every pixel of a block of [`BLOCK`] x [`BLOCK`] pixels of 0.5 mm, intensities 0..255.
    pub fn map(&self, block: ArrayView2<'_, f32>) -> Result<Array2<f32>, CenterlineError> {
        let input = block.mapv(|value| (value - self.training.mean) / self.training.deviation);
        let input: Array4<f32> = input.insert_axis(Axis(0)).insert_axis(Axis(0));
        let output = self.network.run(input).map_err(|e| CenterlineError::NotFound(e.to_string()))?;
        Ok(output.index_axis_move(Axis(0), 0).index_axis_move(Axis(0), 0))
    }
}

/// The network of a file, tried once, so that nothing can go wrong with it later.
fn read(path: &Path) -> Result<Graph, CenterlineError> {
    let model = |problem: String| CenterlineError::Model { path: path.to_path_buf(), problem };
    let is_onnx = path.extension().is_some_and(|extension| extension == "onnx");
    let read = if is_onnx { read_onnx } else { read_keras };
    let network = read(path)?.folded();
    let answer = network.run(Array4::zeros((1, 1, BLOCK, BLOCK))).map_err(|e| model(e.to_string()))?;
    if answer.dim() != (1, 1, BLOCK, BLOCK) {
        let shape = answer.shape();
        return Err(model(format!(
            "its answer has the shape {shape:?} instead of one value per pixel: is it a centerline network?"
        )));
    }
    Ok(network)
}
