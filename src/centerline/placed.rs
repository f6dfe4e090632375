//! The points somebody placed on a scan by hand, kept with their author and the time.

use super::{CenterlineError, Curve, Fit, Frame, Points, from_points};
use crate::dataset::{Project, Scan};
use crate::files;
use crate::volume::Grid;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Points of one scan, as kept in `<scan>_desc-points_centerline.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlacedPoints {
    /// Who placed them.
    pub author: String,
    /// When, RFC 3339.
    pub time: String,
    /// `[x, y, z]` each, continuous RPI voxels of the image.
    pub voxels: Vec<[f64; 3]>,
    /// The same in RAS+ millimetres, for other programs.
    pub millimetres: Vec<[f64; 3]>,
}

impl PlacedPoints {
    /// The curve through the points, on `grid` taken to RPI: a cubic that meets every one of them.
    pub(super) fn curve(&self, grid: &Grid) -> Result<Curve, CenterlineError> {
        let points = Points { frame: Frame::Rpi, at: self.voxels.clone() };
        from_points(&points, grid, Fit::Bspline { smooth: 0.0 })
    }
}

/// Where the points of a scan are kept.
pub(super) fn file(project: &Project, scan: &Scan) -> PathBuf {
    project.derivative(scan, "points_centerline.json")
}

/// The points placed on a scan; `None` when there are none.
pub fn read_points(project: &Project, scan: &Scan) -> Result<Option<PlacedPoints>, CenterlineError> {
    let path = file(project, scan);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|e| CenterlineError::from(e).about(&path))?,
    };
    let read = serde_json::from_slice(&text);
    read.map(Some).map_err(|e| CenterlineError::from(std::io::Error::from(e)).about(&path))
}

/// Keeps points (RPI voxels of `grid`, the image's) with author and the present time, and returns the curve through them.
pub fn save_points(
    project: &Project,
    scan: &Scan,
    grid: &Grid,
    points: &[[f64; 3]],
    author: &str,
) -> Result<Curve, CenterlineError> {
    let affine = grid.to_rpi().affine;
    let placed = PlacedPoints {
        author: author.to_owned(),
        time: jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        voxels: points.to_vec(),
        millimetres: points.iter().map(|point| affine.apply(*point)).collect(),
    };
    let curve = placed.curve(grid)?;
    let path = file(project, scan);
    let text = serde_json::to_vec_pretty(&placed).map_err(std::io::Error::from)?;
    files::write_bytes(&path, &text).map_err(|e| CenterlineError::from(e).about(&path))?;
    Ok(curve)
}
