//! The Spinal Cord Toolbox's own commands, where they are installed: an image is handed to one of them in a temporary folder,
//! and what it draws becomes a curve.
//!
//! Knows the folder and what lies in it; the commands' names and words are in `program`, how one is run and stopped in `group`,
//! why it failed in `blame`.

mod blame;
mod group;
mod program;

pub use program::SctProgram;

use super::{CenterlineError, Curve, Fit, Found, Search, from_mask, from_voxels};
use crate::volume::{Volume, read_image, write_image};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Names inside the temporary folder. The toolbox takes an output name without an ending for one with `.nii.gz`.
const IMAGE: &str = "image.nii.gz";
const FOUND: &str = "found";
const FOUND_FILE: &str = "found.nii.gz";
/// No command needs this long on one image, not even a network on one core that fetches its weights first.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// The status with which the toolbox's commands refuse arguments they do not know.
const WRONG_ARGUMENTS: i32 = 2;

/// Lets a command of the toolbox find the cord.
///
/// The curve of a mask goes through its centres of mass with our own fit: the toolbox's `sct_process_segmentation` follows a mask
/// by the same mean of each slice's voxels and the same spline, but writes that line to no file (its `-p centerline` went with
/// version 4), so nothing is won by running it. A centerline is taken at its word.
///
/// Fails when the command is not there, fails, is cancelled, takes half an hour, or draws nothing usable.
pub fn find(search: &Search<'_>, program: SctProgram) -> Result<Found, CenterlineError> {
    let executable = program.executable(search.tools)?;
    let forms = program.arguments(search.contrast)?;
    let folder = tempfile::Builder::new().prefix("deepseg-").tempdir()?;
    write_image(&folder.path().join(IMAGE), search.image)?;
    run(search, program, &executable, forms, folder.path())?;
    let drawn = drawn(search, program, &folder.path().join(FOUND_FILE))?;
    let mut curve = match program {
        SctProgram::GetCenterline => from_voxels(&drawn)?,
        _ => from_mask(&drawn, Fit::default())?,
    };
    curve.method = program.name().to_owned();
    curve.confidence = None;
    let doubts = bridged(&curve, &drawn).into_iter().collect();
    let cord = (program != SctProgram::GetCenterline).then_some(drawn);
    Ok(Found { curve, doubts, cord })
}

/// Runs the command with the first arguments that it understands.
fn run(
    search: &Search<'_>,
    program: SctProgram,
    executable: &Path,
    forms: Vec<Vec<&str>>,
    folder: &Path,
) -> Result<(), CenterlineError> {
    let mut older = forms.len();
    for arguments in forms {
        let mut command = Command::new(executable);
        // The toolbox makes temporary folders of its own: below ours, they go with it, however it ends.
        command.args(arguments).current_dir(folder).env("TMPDIR", folder);
        let ended = group::run(command, LIMIT, &|| search.go_on()).map_err(|stop| match stop {
            group::Stop::NotStarted(error) => program.failed(format!("could not be started: {error}")),
            group::Stop::TooLong => program
                .failed(format!("was stopped after {} minutes without an answer", LIMIT.as_secs() / 60)),
            group::Stop::Unwanted(reason) => reason,
        })?;
        older -= 1;
        if ended.status.success() {
            return Ok(());
        }
        if older == 0 || ended.status.code() != Some(WRONG_ARGUMENTS) {
            return Err(program.failed(blame::sentence(ended.status, &ended.said)));
        }
    }
    Ok(())
}

/// What the command drew, as a mask on the image's grid.
fn drawn(search: &Search<'_>, program: SctProgram, path: &Path) -> Result<Volume<u8>, CenterlineError> {
    if !path.is_file() {
        return Err(program.failed("ended without an error, but wrote no result: run it by hand to see why"));
    }
    let found = read_image(path)
        .map_err(|e| program.failed(format!("wrote a result that cannot be read: {e}")))?
        .to_rpi();
    if let Some(difference) = found.grid.difference(&search.image.grid) {
        return Err(program.failed(format!("drew on another grid than the image's: {difference}")));
    }
    // Some networks answer with a probability for each voxel.
    let mask = found.data.mapv(|value| u8::from(value >= 0.5));
    if mask.iter().all(|voxel| *voxel == 0) {
        return Err(CenterlineError::NotFound(format!("{} drew nothing", program.command())));
    }
    Ok(Volume { grid: search.image.grid, data: mask })
}

/// A doubt where the command skipped slices between those it drew on.
fn bridged(curve: &Curve, drawn: &Volume<u8>) -> Option<(f32, String)> {
    let empty = |z: &usize| drawn.data.index_axis(ndarray::Axis(2), *z).iter().all(|voxel| *voxel == 0);
    let (skipped, slices) = (curve.z_range().filter(empty).count(), curve.xy.len());
    let share = skipped as f32 / slices.max(1) as f32;
    (skipped > 0)
        .then(|| (1.0 - share, format!("{skipped} of its {slices} slices had no cord and were bridged")))
}

#[cfg(test)]
mod tests;
