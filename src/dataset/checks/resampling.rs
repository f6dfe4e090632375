//! Lesions that the 0.5 mm grid would lose: smaller than a voxel of it, so that they fall between its points.

use super::case::Case;
use crate::dataset::{Code, Problem};
use crate::volume::{Components, Connectivity, Volume, resample_mask};

/// The spacing (mm) of the pipeline's grid.
const SPACING_MM: f64 = 0.5;

/// Reports lesion components that linear resampling loses; preprocessing keeps their nearest voxels.
pub(super) fn problem(case: &Case<'_>, mask: &Volume<f32>) -> Option<Problem> {
    let binary = Volume { grid: mask.grid, data: mask.data.mapv(|v| u8::from(v > 0.0)) }.to_rpi();
    let (_, rescued) = resample_mask(&binary, &binary.grid.resampled(SPACING_MM));
    let smallest = rescued.iter().min_by(|a, b| a.volume_mm3.total_cmp(&b.volume_mm3))?;
    let all = Components::of(&binary.data.view(), Connectivity::Faces).count();
    let [x, y, z] = smallest.at;
    Some(case.problem(
        Code::LesionLost,
        format!(
            "{} of {all} lesions in {} vanish at {SPACING_MM} mm; the smallest has {} voxels ({:.2} mm3) at ({x:.1}, {y:.1}, {z:.1}) mm",
            rescued.len(),
            case.name(case.scan.mask.as_deref().unwrap_or(&case.scan.image)),
            smallest.voxels,
            smallest.volume_mm3
        ),
        "preprocessing keeps their nearest voxels; if they are specks of the pen, erase them",
    ))
}
