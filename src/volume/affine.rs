//! Affine algebra: voxel indices to world millimetres and back. Knows nothing of files or arrays.

use std::ops::Range;

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

    /// The smallest upright box around the box from `low` to `high` once mapped by this affine: its low and high corners.
    pub fn box_around(&self, low: VoxelIndex, high: VoxelIndex) -> (VoxelIndex, VoxelIndex) {
        let corner =
            |n: usize| std::array::from_fn(|axis| if n >> axis & 1 == 0 { low[axis] } else { high[axis] });
        let mapped: [VoxelIndex; 8] = std::array::from_fn(|n| self.apply(corner(n)));
        let along = |axis: usize, pick: fn(f64, f64) -> f64| {
            mapped.iter().skip(1).map(|c| c[axis]).fold(mapped[0][axis], pick)
        };
        (std::array::from_fn(|axis| along(axis, f64::min)), std::array::from_fn(|axis| along(axis, f64::max)))
    }

    /// The whole voxels, within an array of `shape`, that may hold any point of the box from `low` to `high` once mapped by this
    /// affine.
    pub fn cover(&self, low: VoxelIndex, high: VoxelIndex, shape: [usize; 3]) -> [Range<usize>; 3] {
        let (least, most) = self.box_around(low, high);
        std::array::from_fn(|axis| {
            let n = shape[axis] as f64;
            let start = least[axis].floor().clamp(0.0, n) as usize;
            start..((most[axis].ceil() + 1.0).clamp(0.0, n) as usize).max(start)
        })
    }

    /// The orthogonal matrix nearest to the axis directions (rows are world axes, columns voxel axes; determinant +1 or -1).
    ///
    /// The polar factor of the column-normalised matrix, by Newton's iteration `R <- (R + R^-T) / 2` (Higham 1986). Degenerate
    /// axes are returned normalised only.
    pub fn nearest_rotation(&self) -> [[f64; 3]; 3] {
        let spacing = self.spacing();
        let mut r = Affine::IDENTITY;
        for row in 0..3 {
            for (axis, size) in spacing.iter().enumerate() {
                r.0[row][axis] = if *size > 0.0 { self.0[row][axis] / size } else { 0.0 };
            }
        }
        for _ in 0..50 {
            let Some(inverse) = r.inverse() else { break };
            let mut change = 0.0_f64;
            let mut next = r;
            for row in 0..3 {
                for axis in 0..3 {
                    next.0[row][axis] = (r.0[row][axis] + inverse.0[axis][row]) / 2.0;
                    change = change.max((next.0[row][axis] - r.0[row][axis]).abs());
                }
            }
            r = next;
            if change < 1e-14 {
                break;
            }
        }
        r.0.map(|row| [row[0], row[1], row[2]])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Invertible affines with spacings 0.1 to 8 mm: a rotation about each axis, anisotropic, sheared a little, shifted.
    fn affines() -> impl Strategy<Value = Affine> {
        let angle = -3.2..3.2f64;
        (
            [angle.clone(), angle.clone(), angle],
            prop::array::uniform3(0.1..8.0f64),
            -0.3..0.3f64,
            prop::array::uniform3(-300.0..300.0f64),
        )
            .prop_map(|(angles, spacing, shear, origin)| {
                let rotation = angles.iter().enumerate().fold(Affine::IDENTITY, |acc, (axis, angle)| {
                    let (s, c) = angle.sin_cos();
                    let mut r = Affine::IDENTITY;
                    let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
                    (r.0[a][a], r.0[a][b], r.0[b][a], r.0[b][b]) = (c, -s, s, c);
                    acc.compose(&r)
                });
                let mut shape = Affine::scaling(spacing, [0.0; 3]);
                shape.0[0][1] = shear * spacing[1];
                let mut whole = rotation.compose(&shape);
                (0..3).for_each(|row| whole.0[row][3] = origin[row]);
                whole
            })
    }

    proptest! {
        #[test]
        fn inverse_leads_back(affine in affines(), voxel in prop::array::uniform3(-500.0..500.0f64)) {
            let back = affine.inverse().unwrap().apply(affine.apply(voxel));
            for axis in 0..3 {
                prop_assert!((back[axis] - voxel[axis]).abs() < 1e-6, "{back:?} is not {voxel:?}");
            }
        }

        #[test]
        fn compose_is_one_after_the_other(a in affines(), b in affines(), voxel in prop::array::uniform3(-50.0..50.0f64)) {
            let (at_once, in_turn) = (a.compose(&b).apply(voxel), a.apply(b.apply(voxel)));
            for axis in 0..3 {
                prop_assert!((at_once[axis] - in_turn[axis]).abs() < 1e-6);
            }
        }

        #[test]
        fn nearest_rotation_is_orthogonal_and_near(affine in affines()) {
            let r = affine.nearest_rotation();
            for a in 0..3 {
                for b in 0..3 {
                    let dot: f64 = (0..3).map(|row| r[row][a] * r[row][b]).sum();
                    prop_assert!((dot - f64::from(u8::from(a == b))).abs() < 1e-9);
                }
                let along: f64 = (0..3).map(|row| r[row][a] * affine.column(a)[row]).sum();
                prop_assert!(along / affine.spacing()[a] > 0.98, "a shear of 0.3 tilts an axis by 9 degrees at most");
            }
        }
    }

    #[test]
    fn a_box_is_covered_and_cut_to_the_array() {
        let turned = Affine([[0.0, -2.0, 0.0, 9.0], [1.0, 0.0, 0.0, 0.5], [0.0, 0.0, 1.0, -20.0]]);
        // x = 9 - 2b in 3..7, y = a + 0.5 in 1.5..2.5, z = c - 20 far below the array.
        assert_eq!(turned.cover([1.0, 1.0, 0.0], [2.0, 3.0, 5.0], [6, 9, 9]), [3..6, 1..4, 0..0]);
    }

    #[test]
    fn degenerate_axes_have_no_inverse() {
        let mut flat = Affine::IDENTITY;
        flat.0[2][2] = 0.0;
        assert_eq!(flat.inverse(), None);
        flat.0[2][2] = f64::NAN;
        assert_eq!(flat.inverse(), None);
    }
}
