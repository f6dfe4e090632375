//! Volumes: arrays of voxels with an affine, how to read and write them, and how to look between voxels.
//!
//! This room knows NIfTI and geometry; it knows nothing of datasets, subjects, curves or networks.

mod affine;
mod components;
mod format;
mod grid;
mod mask;
mod orientation;
mod overlap;
mod reorient;
mod resample;
mod sampling;

pub use affine::{Affine, Millimetres, VoxelIndex};
pub use components::{Components, Connectivity};
pub use format::{
    AffineSource, Datatype, Header, VolumeError, read_header, read_image, read_mask, write_image, write_mask,
};
pub use grid::{Grid, GridDifference};
pub use mask::{Rescued, resample_mask};
pub use orientation::Orientation;
pub use overlap::dice;
pub use resample::{resample_linear, resample_nearest};
pub use sampling::{sample_linear, sample_nearest};

use ndarray::{Array3, ShapeBuilder};

/// Voxels and the grid they live on. `data` is indexed `[axis 0, axis 1, axis 2]` in the grid's own axis order.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume<T> {
    /// Shape and affine; `grid.shape` always equals the shape of `data`.
    pub grid: Grid,
    /// The voxels, axis 0 fastest in memory (Fortran order), as NIfTI stores them.
    pub data: Array3<T>,
}

impl Volume<f32> {
    /// Sets NaN and infinite voxels to 0.
    pub fn zero_non_finite(&mut self) {
        self.data.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
    }
}

impl<T: Clone> Volume<T> {
    /// A volume with the same value everywhere.
    pub fn filled(grid: Grid, value: T) -> Self {
        Self { grid, data: Array3::from_elem(grid.shape.f(), value) }
    }
}
