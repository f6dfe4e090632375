//! From the tube back to the image: every native voxel near the tube looks up its probability there, in one interpolation.

use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{ArrayView3, Axis};

use crate::preprocess::Frame;
use crate::volume::Volume;

use super::InferenceError;

/// Puts a tube of probabilities (shape of the frame: size x size x slices) onto the image's own grid; 0 outside the tube.
///
/// Each slice of the tube has its own window, which the interpolation follows. Only voxels in the box around the tube are
/// visited, slice by slice in parallel.
pub fn uncrop(tube: &ArrayView3<'_, f32>, frame: &Frame) -> Result<Volume<f32>, InferenceError> {
    let to_tube = frame.native_to_tube()?;
    let mut native = Volume::filled(frame.native, 0.0f32);
    let (low, high) = bounds(frame);
    let [x, y, z] = frame.tube_to_native()?.cover(low, high, frame.native.shape);
    let mut near = native.data.slice_mut(ndarray::s![x.clone(), y.clone(), z.clone()]);
    near.axis_iter_mut(Axis(2)).into_par_iter().enumerate().for_each(|(k, slice)| {
        for ((j, i), voxel) in slice.reversed_axes().indexed_iter_mut() {
            let index = [x.start + i, y.start + j, z.start + k].map(|n| n as f64);
            *voxel = frame.sample(tube, to_tube.apply(index)).unwrap_or(0.0);
        }
    });
    Ok(native)
}

/// Corners of the box around all windows, half a voxel beyond the outer centres, in voxels of the frame's fine grid.
fn bounds(frame: &Frame) -> ([f64; 3], [f64; 3]) {
    let side = |axis: usize| {
        let along = frame.starts.iter().map(|start| start[axis]);
        let (first, last) = (along.clone().min().unwrap_or(0), along.max().unwrap_or(0));
        (first as f64 - 0.5, (last + frame.size) as f64 - 0.5)
    };
    let ((x0, x1), (y0, y1)) = (side(0), side(1));
    ([x0, y0, frame.first_z as f64 - 0.5], [x1, y1, (frame.first_z + frame.depth()) as f64 - 0.5])
}
