//! Fused sampling: the voxels of the tube, read straight from the native array.
//!
//! Reorienting to RPI, resampling to 0.5 mm and cropping are one affine from tube voxel to native voxel; nothing of the
//! volume's size is made. Equal to doing the three steps one after the other, because reorienting moves no value and the
//! linear interpolation of a value does not depend on what else is sampled.

use ndarray::{Array3, ShapeBuilder};

use crate::volume::{Volume, VoxelIndex, sample_linear};

use super::{Frame, PreprocessError};

/// Intensities of the tube (linear, edges repeat), shape size x size x depth; padding, if any, is 0.
pub(super) fn sample_image(image: &Volume<f32>, frame: &Frame) -> Result<Array3<f32>, PreprocessError> {
    let to_native = frame.tube_to_native()?;
    let voxels = image.data.view();
    Ok(sample_each(frame, |tube| sample_linear(&voxels, to_native.apply(tube))))
}

/// A crop-shaped array of `value(tube voxel)`, zero in the padding.
pub(super) fn sample_each<T: Clone + Default>(
    frame: &Frame,
    mut value: impl FnMut(VoxelIndex) -> T,
) -> Array3<T> {
    let [nx, ny, depth] = frame.shape();
    let [filled_x, filled_y] = frame.filled();
    let mut out = Array3::default((nx, ny, depth).f());
    for k in 0..depth {
        for y in 0..filled_y {
            for x in 0..filled_x {
                out[[x, y, k]] = value(frame.tube_index([x, y, k]).map(|i| i as f64));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::testing::{smooth_volume, thick_grid, wavy_curve};
    use crate::preprocess::{CropSettings, Preset};
    use crate::volume::{Orientation, resample_linear};

    #[test]
    fn equals_reorienting_resampling_and_cropping_one_by_one() {
        for preset in [Preset::Recipe, Preset::Sct] {
            for code in ["RPI", "AIL", "SLP", "LAS"] {
                let orientation: Orientation = code.parse().unwrap();
                let image = smooth_volume(&thick_grid()).reoriented(orientation);
                let settings = CropSettings { preset, ..Default::default() };
                let tube = settings.tube_grid(&image.grid);
                let frame = Frame::new(&image.grid, tube, &wavy_curve(&tube), &settings).unwrap();
                let fused = sample_image(&image, &frame).unwrap();
                let stepwise = resample_linear(&image.to_rpi(), &tube);
                for ((x, y, k), value) in fused.indexed_iter() {
                    let expected = stepwise.data[frame.tube_index([x, y, k])];
                    assert!((value - expected).abs() < 1e-2, "{code} {x} {y} {k}: {value} {expected}");
                }
            }
        }
    }

    #[test]
    fn an_image_narrower_than_the_crop_is_padded_at_the_high_side() {
        let mut grid = thick_grid();
        grid.shape[0] = 30; // 36 voxels at 0.5 mm
        let image = smooth_volume(&grid);
        let settings = CropSettings::default();
        let tube = settings.tube_grid(&grid);
        let frame = Frame::new(&grid, tube, &wavy_curve(&tube), &settings).unwrap();
        assert_eq!(frame.filled(), [36, 48]);
        let crop = sample_image(&image, &frame).unwrap();
        assert!(crop.indexed_iter().all(|((x, _, _), v)| (x >= 36) == (*v == 0.0)));
    }
}
