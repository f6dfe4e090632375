//! Masks of the tube: the lesion mask so that no lesion is lost on the way, the cord mask by nearest neighbour.

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::volume::{Grid, Volume, resample_mask, sample_nearest};

use super::tube::sample_each;
use super::{Frame, PreprocessError};

/// What happened to a lesion mask on its way into the tube.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskReport {
    /// Voxels of the mask in its file.
    pub voxels: usize,
    /// Of these, the ones outside the tube: lesion the network will never see.
    pub outside: usize,
    /// Components too thin for the tube's voxels that kept their nearest-neighbour voxels.
    pub rescued: usize,
}

/// The lesion mask in the tube: linear on 0/1 and halved, components that would vanish kept (see [`resample_mask`]).
pub(super) fn sample_mask(
    mask: &Volume<u8>,
    frame: &Frame,
) -> Result<(Array3<u8>, MaskReport), PreprocessError> {
    let (origin, grid) = box_around(frame);
    let (boxed, rescued) = resample_mask(mask, &grid);
    let crop = sample_each(frame, |tube| {
        boxed.data[std::array::from_fn::<usize, 3, _>(|axis| tube[axis] - origin[axis])]
    });
    let (voxels, outside) = count(mask, frame)?;
    Ok((crop, MaskReport { voxels, outside, rescued: rescued.len() }))
}

/// A mask in the tube by nearest neighbour.
pub(super) fn sample_cord(cord: &Volume<u8>, frame: &Frame) -> Result<Array3<u8>, PreprocessError> {
    let map = frame.tube.voxel_to(&cord.grid).ok_or(PreprocessError::Degenerate)?;
    let voxels = cord.data.view();
    Ok(sample_each(frame, |tube| sample_nearest(&voxels, map.apply(tube.map(|i| i as f64)))))
}

/// First tube voxel and grid of the smallest box that holds all slices of the crop.
fn box_around(frame: &Frame) -> ([usize; 3], Grid) {
    let span = |axis: usize| {
        let starts = frame.starts.iter().map(|start| start[axis]);
        let first = starts.clone().min().unwrap_or(0);
        (first, starts.max().unwrap_or(0) - first + frame.filled()[axis])
    };
    let ((x, nx), (y, ny)) = (span(0), span(1));
    let origin = [x, y, frame.first_z];
    (origin, sub_grid(&frame.tube, origin, [nx, ny, frame.depth()]))
}

/// Part of a grid.
pub(super) fn sub_grid(grid: &Grid, origin: [usize; 3], shape: [usize; 3]) -> Grid {
    let mut affine = grid.affine;
    let world = grid.affine.apply(origin.map(|i| i as f64));
    for (row, at) in affine.0.iter_mut().zip(world) {
        row[3] = at;
    }
    Grid { shape, affine }
}

/// How many voxels a mask has, and how many of them have their centre outside the tube.
fn count(mask: &Volume<u8>, frame: &Frame) -> Result<(usize, usize), PreprocessError> {
    let to_tube = mask.grid.voxel_to(&frame.tube).ok_or(PreprocessError::Degenerate)?;
    let (mut voxels, mut outside) = (0, 0);
    for ((i, j, k), _) in mask.data.indexed_iter().filter(|(_, value)| **value > 0) {
        let tube = to_tube.apply([i, j, k].map(|index| index as f64)).map(|x| (x + 0.5).floor() as i64);
        voxels += 1;
        outside += usize::from(frame.crop_index(tube).is_none());
    }
    Ok((voxels, outside))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::CropSettings;
    use crate::preprocess::testing::{thick_grid, wavy_curve};
    use crate::volume::resample_linear;

    fn setting() -> (Frame, Volume<u8>) {
        let settings = CropSettings::default();
        let tube = settings.tube_grid(&thick_grid());
        let frame = Frame::new(&thick_grid(), tube, &wavy_curve(&tube), &settings).unwrap();
        (frame, Volume { grid: thick_grid(), data: Array3::zeros(thick_grid().shape) })
    }

    #[test]
    fn equals_linear_resampling_of_the_whole_mask_then_a_half() {
        let (frame, mut mask) = setting();
        mask.data.slice_mut(ndarray::s![45..52, 40..48, 6..9]).fill(1);
        let (crop, report) = sample_mask(&mask, &frame).unwrap();
        let floats = Volume { grid: mask.grid, data: mask.data.mapv(f32::from) };
        let whole = resample_linear(&floats, &frame.tube);
        for ((x, y, k), value) in crop.indexed_iter() {
            let fraction = whole.data[frame.tube_index([x, y, k])];
            // Exactly a half may fall either way by the last digit of a position.
            assert!(
                (*value == 1) == (fraction >= 0.5) || (fraction - 0.5).abs() < 1e-6,
                "{x} {y} {k}: {fraction}"
            );
        }
        assert!(crop.iter().any(|v| *v == 1));
        assert_eq!(report, MaskReport { voxels: 7 * 8 * 3, outside: 0, rescued: 0 });
    }

    #[test]
    fn lesion_outside_the_tube_is_counted() {
        let (frame, mut mask) = setting();
        mask.data[[2, 2, 8]] = 1;
        mask.data[[50, 45, 8]] = 1;
        let (_, report) = sample_mask(&mask, &frame).unwrap();
        assert_eq!((report.voxels, report.outside), (2, 1));
    }

    #[test]
    fn the_cord_lies_where_it_lies_in_the_image() {
        let (frame, mut cord) = setting();
        cord.data[[50, 45, 8]] = 1;
        let crop = sample_cord(&cord, &frame).unwrap();
        let tube =
            cord.grid.voxel_to(&frame.tube).unwrap().apply([50.0, 45.0, 8.0]).map(|x| x.round() as i64);
        assert_eq!(crop[frame.crop_index(tube).unwrap()], 1);
        assert_eq!(crop[[0, 0, 0]], 0);
    }
}
