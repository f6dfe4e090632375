//! `deepseg export MODEL_OR_RUN --onnx FILE.onnx`: a model as a file that other programs run.

use std::path::PathBuf;

use serde::Serialize;

use super::output::{self, CommandResult, Outcome};
use crate::inference::read_model;

/// Write a model's network as ONNX, for onnxruntime and with it the Spinal Cord Toolbox.
///
/// Its input is `input_1`, its output `predictions`, each 32-bit floats [n, 1, x, y, z]: standardised, centred and scaled
/// intensities of a crop at the model's spacing, axes R-L, P-A, I-S, in; probabilities out. How to prepare an image, and the
/// threshold, stand in the file's metadata (`deepseg`, a JSON text), with which `deepseg import` makes the same model again.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model file, or a run directory (its best model)
    #[arg(value_name = "MODEL_OR_RUN")]
    model: PathBuf,
    /// Where to write the network
    #[arg(long, value_name = "FILE")]
    onnx: PathBuf,
    /// Let it take patches of NxNxN voxels only, as the toolbox's own files do (N = 48) (default: any size it divides)
    #[arg(long, value_name = "N")]
    patch: Option<usize>,
    /// Print one JSON object: onnx, network, patch, contrast, threshold
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Exported {
    onnx: PathBuf,
    network: String,
    patch: Option<usize>,
    contrast: String,
    threshold: f32,
}

impl Args {
    /// Writes the file, and says what it takes.
    pub fn run(self) -> CommandResult {
        let (card, weights) = read_model(&self.model)?;
        card.write_onnx(&self.onnx, &weights, self.patch)?;
        let done = Exported {
            onnx: self.onnx,
            network: card.architecture.to_string(),
            patch: self.patch,
            contrast: card.contrast.to_string(),
            threshold: card.threshold,
        };
        if self.json {
            output::json(&done)?;
        } else {
            let multiple = card.architecture.patch_multiple();
            let takes = self.patch.map_or_else(
                || format!("patches with sides that are multiples of {multiple}"),
                |side| format!("patches of {side}x{side}x{side}"),
            );
            output::line(format_args!("{}  U-Net of {}, takes {takes}", done.onnx.display(), done.network));
        }
        Ok(Outcome::Done)
    }
}
