//! Small volumes and curves with known content, for this room's tests.

use ndarray::Array3;

use super::{Crop, CropSettings, Frame, Percentiles};
use crate::centerline::Curve;
use crate::volume::{Affine, Grid, Volume};

/// 0.6 x 0.6 x 3 mm in RPI order, 100 x 90 x 20 voxels.
pub(super) fn thick_grid() -> Grid {
    let mut affine = Affine::scaling([0.6, 0.6, 3.0], [10.0, -20.0, 30.0]);
    affine.0[0][0] = -0.6;
    Grid { shape: [100, 90, 20], affine }
}

/// A curve along the middle of a tube grid that wanders, over all but the first and last fifth of the slices.
pub(super) fn wavy_curve(tube: &Grid) -> Curve {
    let [nx, ny, nz] = tube.shape.map(|n| n as f64);
    let slices = nz as usize / 5..nz as usize * 4 / 5;
    let xy = slices
        .clone()
        .map(|z| [nx / 2.0 + 6.0 * (z as f64 / 9.0).sin(), ny / 2.0 - 4.0 * (z as f64 / 7.0).cos()]);
    Curve { grid: *tube, first_z: slices.start, xy: xy.collect(), method: "test".into(), confidence: None }
}

/// Values that differ everywhere, vary smoothly and are nowhere 0.
pub(super) fn smooth_volume(grid: &Grid) -> Volume<f32> {
    let data = Array3::from_shape_fn(grid.shape, |(i, j, k)| {
        500.0 + 300.0 * (i as f32 * 0.31).sin() * (j as f32 * 0.23).cos() + 7.0 * k as f32
    });
    Volume { grid: *grid, data }
}

/// A crop of a smooth image whose intensities are scaled by `gain`.
pub(super) fn small_crop(gain: f32) -> Crop {
    let settings = CropSettings::default();
    let tube = settings.tube_grid(&thick_grid());
    let frame = Frame::new(&thick_grid(), tube, &wavy_curve(&tube), &settings).unwrap();
    let image = super::tube::sample_image(&smooth_volume(&thick_grid()), &frame).unwrap() * gain;
    Crop {
        percentiles: Percentiles::of(&image).unwrap(),
        image,
        mask: None,
        cord: None,
        frame,
        mask_report: None,
    }
}
