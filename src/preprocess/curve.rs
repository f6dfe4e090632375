//! The curve a scan is cropped around, on the tube's grid.

use crate::centerline::{self, Curve, Fit, Method, Trial};
use crate::dataset::{Project, Scan};
use crate::volume::{Grid, Volume, resample_nearest};

use super::PreprocessError;
use super::mask::sub_grid;

/// The curve that a method gave, on `tube`. A cord mask is followed once more at the tube's spacing, as the reference does.
pub(super) fn curve_for(
    project: &Project,
    scan: &Scan,
    found: Trial,
    fit: Fit,
    tube: &Grid,
) -> Result<Curve, PreprocessError> {
    let none = || PreprocessError::NoCenterline { scan: scan.id.clone() };
    match found.method {
        Method::Mask => curve_from_cord(&project.read_cord(scan)?.ok_or_else(none)?, fit, tube),
        _ => Ok(found.outcome.map_err(|_| none())?.on_grid(tube)),
    }
}

/// The curve through a cord mask's centres of mass, taken after nearest-neighbour resampling to the tube's spacing as the
/// Spinal Cord Toolbox does it: reoriented first, for halfway positions go up in the array's own order. Only the part of the
/// grid that the mask can reach is sampled.
///
/// `tube` is [`CropSettings::tube_grid`](super::CropSettings::tube_grid) of the image; errors when the mask is empty or elsewhere.
pub fn curve_from_cord(cord: &Volume<u8>, fit: Fit, tube: &Grid) -> Result<Curve, PreprocessError> {
    let cord = cord.to_rpi();
    let (origin, shape) = reach(&cord, tube)?;
    let part = resample_nearest(&cord, &sub_grid(tube, origin, shape));
    Ok(centerline::from_mask_within(&part, tube, origin, fit)?)
}

/// First voxel and shape of the box of `tube` voxels around a mask, with a margin of one mask voxel. All of the grid when
/// the mask is empty: fitting then says so.
fn reach(mask: &Volume<u8>, tube: &Grid) -> Result<([usize; 3], [usize; 3]), PreprocessError> {
    let map = mask.grid.voxel_to(tube).ok_or(PreprocessError::Degenerate)?;
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for ((i, j, k), _) in mask.data.indexed_iter().filter(|(_, value)| **value > 0) {
        let at = map.apply([i as f64, j as f64, k as f64]);
        for axis in 0..3 {
            low[axis] = low[axis].min(at[axis]);
            high[axis] = high[axis].max(at[axis]);
        }
    }
    let mut found = ([0; 3], tube.shape);
    for axis in 0..3 {
        let margin = (0..3).map(|from| map.0[axis][from].abs()).sum::<f64>() + 1.0;
        let last = tube.shape[axis] as f64 - 1.0;
        let (from, to) = ((low[axis] - margin).clamp(0.0, last), (high[axis] + margin).clamp(0.0, last));
        if low[0] <= high[0] {
            found.0[axis] = from.floor() as usize;
            found.1[axis] = to.ceil() as usize - found.0[axis] + 1;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::CropSettings;
    use crate::preprocess::testing::thick_grid;
    use ndarray::Array3;

    #[test]
    fn a_part_of_the_grid_gives_the_same_curve_as_all_of_it() {
        let data = Array3::from_shape_fn(thick_grid().shape, |(i, j, k)| {
            let (x, y) = (i as f64 - 40.0 - 0.4 * k as f64, j as f64 - 50.0 + 0.3 * k as f64);
            u8::from(x * x + y * y < 30.0 && (2..18).contains(&k))
        });
        let cord = Volume { grid: thick_grid(), data };
        for code in ["RPI", "ASL"] {
            let cord = cord.reoriented(code.parse().unwrap());
            let tube = CropSettings::default().tube_grid(&cord.grid);
            let whole =
                centerline::from_mask(&resample_nearest(&cord.to_rpi(), &tube), Fit::default()).unwrap();
            let part = curve_from_cord(&cord, Fit::default(), &tube).unwrap();
            assert_eq!(part.z_range(), whole.z_range());
            for (a, b) in part.xy.iter().zip(&whole.xy) {
                assert!((a[0] - b[0]).abs() < 1e-6 && (a[1] - b[1]).abs() < 1e-6, "{a:?} {b:?}");
            }
        }
    }
}
