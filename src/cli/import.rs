//! `deepseg import FILE.h5|FILE.onnx -o MODEL`: a network that another program trained becomes a model file.

use std::path::PathBuf;

use serde::Serialize;

use super::output::{self, CommandResult, Failure, Outcome};
use crate::dataset::Contrast;
use crate::network::ModelFile;

/// Make a model of a network that Keras saved (.h5) or any program wrote as ONNX.
///
/// Read are the Spinal Cord Toolbox's lesion networks and others of that kind, of any depth and width, and what
/// `deepseg export` wrote. The model gets what the published networks of its contrast were made with: order of steps,
/// intensity constants, and the threshold 0.1.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The network
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write the model
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,
    /// Contrast it was trained on: t2, t2_ax or t2s (default: what the file says or its name suggests)
    #[arg(long, value_name = "C")]
    contrast: Option<Contrast>,
    /// Print one JSON object: model, network, values, contrast, threshold
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Imported {
    model: PathBuf,
    network: String,
    values: usize,
    contrast: String,
    threshold: f32,
}

impl Args {
    /// Writes the model, and says what it is.
    pub fn run(self) -> CommandResult {
        let (card, weights) = ModelFile::import(&self.file, self.contrast.clone())?;
        if let Some(wanted) = self.contrast.filter(|wanted| *wanted != card.contrast) {
            return Err(Failure::usage(format!(
                "{} says itself that it is for {}, not {wanted}; leave --contrast out",
                self.file.display(),
                card.contrast
            )));
        }
        card.save(&self.output, &weights)?;
        if !card.knows_contrast() {
            output::note(format_args!(
                "nothing says which contrast {} was trained on: the model serves forward, export and train --init, but predict \
                 needs it imported with --contrast t2, t2_ax or t2s",
                self.file.display()
            ));
        }
        let done = Imported {
            network: card.architecture.to_string(),
            values: card.architecture.value_count(),
            contrast: card.contrast.to_string(),
            threshold: card.threshold,
            model: self.output,
        };
        if self.json {
            output::json(&done)?;
        } else {
            output::line(format_args!(
                "{}  U-Net of {} ({} values) for {}, threshold {}",
                done.model.display(),
                done.network,
                done.values,
                done.contrast,
                done.threshold
            ));
        }
        Ok(Outcome::Done)
    }
}
