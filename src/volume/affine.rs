//! Affine algebra: voxel indices to world millimetres and back. Knows nothing of files or arrays.

use serde::{Deserialize, Serialize};

/// A position in RAS+ world space, millimetres.
pub type Millimetres = [f64; 3];

/// A continuous voxel index; whole numbers are voxel centres.
pub type VoxelIndex = [f64; 3];

/// A 3x4 affine from voxel index to RAS+ world millimetres, stored by rows: `world = m[.., 0..3] * voxel + m[.., 3]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Affine(pub [[f64; 4]; 3]);

impl Affine {
    /// Voxel index equals millimetres.
    pub const IDENTITY: Affine = Affine([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);

    /// Axis-aligned affine with the given spacing (mm) and world position of voxel (0, 0, 0).
    pub fn scaling(spacing: [f64; 3], origin: Millimetres) -> Self {
        let mut m = Self::IDENTITY.0;
        for axis in 0..3 {
            m[axis][axis] = spacing[axis];
            m[axis][3] = origin[axis];
        }
        Self(m)
    }

    /// World position (mm) of a continuous voxel index.
    pub fn apply(&self, voxel: VoxelIndex) -> Millimetres {
        std::array::from_fn(|row| {
            let r = &self.0[row];
            r[0] * voxel[0] + r[1] * voxel[1] + r[2] * voxel[2] + r[3]
        })
    }

    /// `self` after `first`: voxel -> `first` -> `self`.
    pub fn compose(&self, first: &Affine) -> Affine {
        let mut m = [[0.0; 4]; 3];
        for (row, out) in m.iter_mut().enumerate() {
            for (col, cell) in out.iter_mut().enumerate() {
                *cell = (0..3).map(|k| self.0[row][k] * first.0[k][col]).sum();
            }
            out[3] += self.0[row][3];
        }
        Affine(m)
    }

    /// Length (mm) of one step along each voxel axis.
    pub fn spacing(&self) -> [f64; 3] {
        std::array::from_fn(|axis| self.column(axis).iter().map(|v| v * v).sum::<f64>().sqrt())
    }

    /// World direction (mm per voxel) of a voxel axis.
    pub fn column(&self, axis: usize) -> [f64; 3] {
        [self.0[0][axis], self.0[1][axis], self.0[2][axis]]
    }

    /// Determinant of the 3x3 part (mm3 per voxel, signed).
    pub fn determinant(&self) -> f64 {
        let m = &self.0;
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    }

    /// World to voxel, or `None` when the axes are degenerate or not finite.
    pub fn inverse(&self) -> Option<Affine> {
        let det = self.determinant();
        let scale: f64 = self.spacing().iter().product();
        if !det.is_finite() || det.abs() <= 1e-9 * scale || scale == 0.0 {
            return None;
        }
        let m = &self.0;
        let cofactor = |r: usize, c: usize| {
            let (r1, r2) = ((r + 1) % 3, (r + 2) % 3);
            let (c1, c2) = ((c + 1) % 3, (c + 2) % 3);
            m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
        };
        let mut inv = [[0.0; 4]; 3];
        for (row, out) in inv.iter_mut().enumerate() {
            for (col, cell) in out.iter_mut().take(3).enumerate() {
                *cell = cofactor(col, row) / det;
            }
            out[3] = -(0..3).map(|k| out[k] * m[k][3]).sum::<f64>();
        }
        Some(Affine(inv))
    }
}
