//! Fused sampling: the voxels of the tube, read straight from the native array.
//!
//! Reorienting to RPI, resampling to 0.5 mm and cropping are one map from tube voxel to native voxel; nothing of the volume's
//! size is made. Equal to doing the three steps one after the other, because reorienting moves no value and the linear
//! interpolation of a value does not depend on what else is sampled.

use ndarray::{Array3, ShapeBuilder};

use crate::volume::Volume;

use super::{Frame, PreprocessError};

/// Intensities of the tube (linear, edges repeat), shape size x size x depth; padding, if any, is 0.
///
/// The frame must be one of this image: its tube's axes are the native ones, turned and divided anew, so that each tube axis runs
/// along one native axis, and where to look and with what weight is the same for a whole row.
pub(super) fn sample_image(image: &Volume<f32>, frame: &Frame) -> Result<Array3<f32>, PreprocessError> {
    let [along_x, along_y, along_z] = lines(frame)?;
    // Axis 0 fastest, which is how volumes are kept: nothing is copied.
    let reversed = image.data.t();
    let in_order = reversed.as_standard_layout();
    let voxels = in_order.as_slice().unwrap_or_default();
    Ok(sample_each(frame, |[x, y, z]| {
        let (x, y, z) = (along_x[x], along_y[y], along_z[z]);
        let row = |at: usize| mix(voxels[at + x.low], voxels[at + x.high], x.part);
        let plane = |at: usize| mix(row(at + y.low), row(at + y.high), y.part);
        mix(plane(z.low), plane(z.high), z.part)
    }))
}

/// A crop-shaped array of `value(tube voxel)`, zero in the padding.
pub(super) fn sample_each<T: Clone + Default>(
    frame: &Frame,
    mut value: impl FnMut([usize; 3]) -> T,
) -> Array3<T> {
    let [nx, ny, depth] = frame.shape();
    let [filled_x, filled_y] = frame.filled();
    let mut out = Array3::default((nx, ny, depth).f());
    for k in 0..depth {
        for y in 0..filled_y {
            for x in 0..filled_x {
                out[[x, y, k]] = value(frame.tube_index([x, y, k]));
            }
        }
    }
    out
}

/// The two native voxels around a tube voxel along one axis, as distances in memory, and the weight of the second.
#[derive(Clone, Copy)]
struct Between {
    low: usize,
    high: usize,
    part: f32,
}

/// For each tube axis and each voxel along it: between which native voxels it lies.
fn lines(frame: &Frame) -> Result<[Vec<Between>; 3], PreprocessError> {
    let map = frame.tube_to_native()?.0;
    let [nx, ny, _] = frame.native.shape;
    let strides = [1, nx, nx * ny];
    Ok(std::array::from_fn(|axis| {
        let native = (0..3).fold(0, |a, b| if map[b][axis].abs() > map[a][axis].abs() { b } else { a });
        let last = frame.native.shape[native] - 1;
        let place = |index: usize| {
            let at = (map[native][axis] * index as f64 + map[native][3]).clamp(0.0, last as f64);
            let low = at.floor() as usize;
            let high = (low + 1).min(last);
            Between { low: low * strides[native], high: high * strides[native], part: at.fract() as f32 }
        };
        (0..frame.tube.shape[axis]).map(place).collect()
    }))
}

fn mix(low: f32, high: f32, part: f32) -> f32 {
    low + part * (high - low)
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
