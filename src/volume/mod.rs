//! Volumes: arrays of voxels with an affine, how to read and write them, and how to look between voxels.
//!
//! This room knows NIfTI and geometry; it knows nothing of datasets, subjects, curves or networks.

mod affine;

pub use affine::{Affine, Millimetres, VoxelIndex};

use ndarray::Array3;
use serde::{Deserialize, Serialize};

/// The grid an array lives on: shape (voxels per axis) and affine (voxel index to RAS+ mm).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Voxels along axes 0, 1, 2.
    pub shape: [usize; 3],
    /// Voxel index to RAS+ world millimetres.
    pub affine: Affine,
}

/// Voxels and the grid they live on. `data` is indexed `[axis 0, axis 1, axis 2]` in the grid's own axis order.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume<T> {
    /// Shape and affine; `grid.shape` always equals the shape of `data`.
    pub grid: Grid,
    /// The voxels, axis 0 fastest in memory (Fortran order), as NIfTI stores them.
    pub data: Array3<T>,
}
