//! Curves that were there before: in a centerline file, under a cord mask, through placed points.

use super::{CenterlineError, CenterlineSettings, Curve, Method, from_mask, from_voxels, placed};
use crate::dataset::{Project, Scan};
use crate::volume::{read_header, read_mask};
use std::path::Path;

/// The scan's curve by a given method, on the RPI grid of its image (file, points) or cord mask (mask); `None` when the
/// method has to look for the cord itself. Fails when its input is missing.
pub(super) fn given(
    project: &Project,
    scan: &Scan,
    method: Method,
    settings: &CenterlineSettings,
) -> Result<Option<Curve>, CenterlineError> {
    let missing = || method.missing(scan);
    match method {
        Method::File => from_file(scan.centerline.as_ref().ok_or_else(missing)?, &scan.image).map(Some),
        Method::Mask => {
            let path = scan.cord.as_ref().ok_or_else(missing)?;
            let cord = project.read_cord(scan)?.ok_or_else(missing)?;
            from_mask(&cord, settings.fit).map(Some).map_err(|e| e.about(path))
        }
        Method::Points => {
            let points = placed::read_points(project, scan)?.ok_or_else(missing)?;
            points.curve(&read_header(&scan.image)?.grid).map(Some)
        }
        _ => Ok(None),
    }
}

/// The curve in a centerline file: a table (`.csv`, `.tsv`, `.txt`), placed on the image's grid, or else a voxel mask, on its own.
pub fn from_file(path: &Path, image: &Path) -> Result<Curve, CenterlineError> {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    if extension.is_some_and(|e| e == "csv" || e == "tsv" || e == "txt") {
        Curve::read_csv(path, &read_header(image)?.grid)
    } else {
        from_voxels(&read_mask(path)?).map_err(|e| e.about(path))
    }
}
