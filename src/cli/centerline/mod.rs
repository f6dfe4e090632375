//! `deepseg centerline IMAGE` draws one curve; `deepseg centerline P` finds, compares and chooses the curves of a project.

mod answer;
mod image;
mod project;

use std::path::PathBuf;

use crate::centerline::{Fit, Method, Summary};
use crate::dataset::Contrast;

use super::output::{CommandResult, Failure};

/// Draw the cord's centerline on an image, or find, compare and choose the centerlines of a project.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An image (NIfTI), or a project directory
    #[arg(value_name = "IMAGE_OR_PROJECT")]
    place: PathBuf,
    /// Image: how to find the cord; auto takes what is given below, else the first believable answer of the native methods.
    /// points, file and mask follow what is given; builtin, optic, cnn and propseg look for the cord; sct:get_centerline,
    /// sct:deepseg_sc, sct:deepseg and sct:propseg let the Spinal Cord Toolbox do it
    #[arg(long, default_value = Method::AUTO, value_name = "METHOD")]
    method: String,
    /// Image: its contrast, which decides the models: t1, t2, t2_ax, t2s, dwi (not said: as the file's name suggests)
    #[arg(long)]
    contrast: Option<Contrast>,
    /// Image: a folder with models (OptiC's .yml, the network's .h5 or .onnx), beside those of $SCT_DIR
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Image: cord mask to follow (method mask)
    #[arg(long)]
    mask: Option<PathBuf>,
    /// Image: points to draw through, CSV: x,y,z in RPI voxels or x_mm,y_mm,z_mm (method points)
    #[arg(long)]
    points: Option<PathBuf>,
    /// Image: centerline file, CSV or one-voxel mask (method file)
    #[arg(long)]
    centerline: Option<PathBuf>,
    /// Image: curve through the centres or points: bspline, linear, polyfit, nurbs, or natural (through every point)
    #[arg(long, default_value = "bspline")]
    fit: Fit,
    /// Image: strength of smoothing (bspline, linear) or degree (polyfit)
    #[arg(long)]
    smooth: Option<f64>,
    /// Image: where to write the curve (CSV: z,x,y in RPI voxels, then x_mm,y_mm,z_mm)
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Image: write it as one voxel a slice on the image's grid, too
    #[arg(long)]
    voxels: Option<PathBuf>,
    /// Image: write the cord mask, too, where the method draws one
    #[arg(long)]
    cord: Option<PathBuf>,
    /// Project: only this subject (sub-01 or 01), or the scan with this id
    #[arg(long)]
    subject: Option<String>,
    /// Try every method there is here, and show what each says
    #[arg(long)]
    compare: bool,
    /// Project: choose this method (or auto) for the scans; for all of them unless --subject names one
    #[arg(long, value_name = "METHOD")]
    set: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Runs on an image or on a project, whichever `place` is.
    pub fn run(self) -> CommandResult {
        match (self.place.is_dir(), &self.set) {
            (true, Some(method)) => self.choose(method),
            (true, None) if self.compare => self.compare_scans(),
            (true, None) => self.look(),
            (false, Some(_)) => Err(Failure::usage("--set goes with a project directory, not with an image")),
            (false, None) if self.compare => self.compare_on_image(),
            (false, None) => self.draw(),
        }
    }
}

/// A curve in a line: method, confidence and why.
fn described(summary: &Summary) -> String {
    let confidence = summary.confidence.map(|c| format!(", confidence {c:.2}")).unwrap_or_default();
    format!("{}{confidence}: {}", summary.method, summary.reasons.join("; "))
}
