//! The toolbox's small network that tells cord from everything else on one axial slice, and the best curve through what it marks.
//!
//! Gros et al., "Automatic segmentation of the spinal cord and intramedullary multiple sclerosis lesions with convolutional neural
//! networks", NeuroImage 184 (2019), the first of its two networks. The curve is found on the marks themselves, as in the
//! toolbox's releases of that time. Where it departs from them: slices below the cord do not make it give up, no slice
//! beyond the last mark is answered, and a block is never normalised twice.

mod canvas;
mod marks;
mod published;

use super::distance::distance_to_unset;
use super::dpdt::best_path;
use super::{CenterlineError, Curve, Found, Search};
use crate::volume::{Grid, resample_linear};
use canvas::Canvas;
use marks::Marks;
use ndarray::Array3;
use published::Detector;
pub(super) use published::model_path;

/// The method's name.
const NAME: &str = "cnn";
/// In-plane spacing the networks were trained at, mm.
const SPACING: f64 = 0.5;
/// Weight of the squared slope against the distances, as the toolbox had it.
const LAMBDA: f64 = 1.0;
/// No slice is larger than this at [`SPACING`] (pixels): nobody is two metres wide.
const WIDEST: usize = 4096;

/// The best curve through the cord as the network marks it, from the first slice with a mark to the last.
///
/// Needs `<contrast>_ctr.h5` or `.onnx`. Fails where it is absent or unfit, and when the network marks nothing.
pub fn find(search: &Search<'_>) -> Result<Found, CenterlineError> {
    let detector = Detector::published(search)?;
    let grid = fine_grid(&search.image.grid)?;
    let canvas = Canvas::of(&resample_linear(search.image, &grid))?;
    let marks = marks::marks(&canvas, &detector, search)?;
    let score = distances(&marks);
    let path = best_path(score.view(), grid.spacing(), LAMBDA, || search.go_on())?;
    let curve = on_image(&path, &marks, &grid, &search.image.grid)?;
    Ok(Found { doubts: doubts(&marks, grid.shape[2]), ..Found::plain(curve) })
}

/// The image's grid at [`SPACING`] in the slices.
fn fine_grid(image: &Grid) -> Result<Grid, CenterlineError> {
    let [x, y, z] = image.spacing();
    let sound = |n: usize, mm: f64| mm > 0.0 && n as f64 * mm / SPACING <= WIDEST as f64;
    if sound(image.shape[0], x) && sound(image.shape[1], y) && image.shape.iter().all(|n| *n > 0) {
        return Ok(image.resampled_along([SPACING, SPACING, z]));
    }
    Err(CenterlineError::NotFound(format!(
        "the header says that a voxel is {x} x {y} mm, with which no slice makes sense: repair it (`deepseg check`)"
    )))
}

/// How deep inside a mark every pixel of the slices with marks is (pixels): `[x, y, z]`, from the first such slice on.
fn distances(marks: &Marks) -> Array3<f32> {
    let (nx, ny) = marks.shape;
    let mut distances = Array3::zeros((marks.slices.len(), nx, ny));
    for (mut distance, slice) in distances.outer_iter_mut().zip(&marks.slices) {
        if let Some(set) = slice {
            distance.assign(&distance_to_unset(set.view()));
        }
    }
    distances.permuted_axes([1, 2, 0])
}

fn on_image(path: &[[usize; 2]], marks: &Marks, fine: &Grid, image: &Grid) -> Result<Curve, CenterlineError> {
    let map = fine.voxel_to(image).ok_or(CenterlineError::DegenerateGrid)?;
    let place = |(i, [x, y]): (usize, &[usize; 2])| {
        let [x, y, _] = map.apply([*x as f64, *y as f64, (marks.first_z + i) as f64]);
        [x, y]
    };
    let xy = path.iter().enumerate().map(place).collect();
    Ok(Curve { grid: *image, first_z: marks.first_z, xy, method: NAME.into(), confidence: None })
}

/// What the marks say against the curve.
fn doubts(marks: &Marks, slices: usize) -> Vec<(f32, String)> {
    let (all, seen) = (marks.slices.len(), marks.slices.iter().flatten().count());
    let mut doubts = Vec::new();
    if seen < all {
        let (first, last) = (marks.first_z, marks.first_z + all - 1);
        let missing = all - seen;
        doubts.push((
            seen as f32 / all as f32,
            format!("the network sees no cord on {missing} of the {all} slices from {first} to {last}"),
        ));
    }
    if 2 * all < slices {
        doubts.push((
            2.0 * all as f32 / slices as f32,
            format!("the network sees the cord on {seen} of {slices} slices only"),
        ));
    }
    doubts
}

#[cfg(test)]
mod tests;
