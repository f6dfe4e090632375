//! The grid of a volume: where its voxels are. Knows geometry only, neither voxels nor files.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Affine, Millimetres, VoxelIndex};

/// Largest difference (mm) of origin or spacing that still counts as the same geometry.
const SAME_MM: f64 = 1e-3;
/// Largest difference of a direction cosine that still counts as the same geometry.
const SAME_COSINE: f64 = 1e-4;

/// The grid an array lives on: shape (voxels per axis) and affine (voxel index to RAS+ mm).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// Voxels along axes 0, 1, 2.
    pub shape: [usize; 3],
    /// Voxel index to RAS+ world millimetres.
    pub affine: Affine,
}

impl Grid {
    /// Voxel size (mm) along axes 0, 1, 2.
    pub fn spacing(&self) -> [f64; 3] {
        self.affine.spacing()
    }

    /// Volume of one voxel (mm3).
    pub fn voxel_volume(&self) -> f64 {
        self.affine.determinant().abs()
    }

    /// World position (RAS+ mm) of a continuous voxel index.
    pub fn world(&self, voxel: VoxelIndex) -> Millimetres {
        self.affine.apply(voxel)
    }

    /// The affine from this grid's voxel index to the other grid's; `None` when the other's axes are degenerate.
    pub fn voxel_to(&self, other: &Grid) -> Option<Affine> {
        Some(other.affine.inverse()?.compose(&self.affine))
    }

    /// The same space at an isotropic spacing near `mm`, by SCT's `sct_resample` rule.
    ///
    /// Per axis `n' = round_half_even(n * spacing / mm)`, at least 1; the centre of voxel 0 stays, and the actual spacing is
    /// `n * spacing / n'`, so that the old extent is divided evenly.
    pub fn resampled(&self, mm: f64) -> Grid {
        self.resampled_along([mm; 3])
    }

    /// [`Self::resampled`] with a spacing of its own for every axis.
    pub fn resampled_along(&self, mm: [f64; 3]) -> Grid {
        let spacing = self.spacing();
        let mut grid = *self;
        for axis in 0..3 {
            let n = self.shape[axis] as f64;
            // Spacings come from 32-bit headers: a value meant to be x.5 must not be rounded by its noise.
            let exact = (n * spacing[axis] / mm[axis] * 1e3).round() / 1e3;
            let resized = exact.round_ties_even().max(1.0);
            grid.shape[axis] = resized as usize;
            for row in &mut grid.affine.0 {
                row[axis] *= n / resized;
            }
        }
        grid
    }

    /// How this grid differs from another, or `None` when both are the same within 1e-3 mm and 1e-4 of a direction cosine.
    pub fn difference(&self, other: &Grid) -> Option<GridDifference> {
        let (a, b) = (&self.affine, &other.affine);
        let (spacing, other_spacing) = (a.spacing(), b.spacing());
        let largest =
            |difference: &dyn Fn(usize) -> f64| (0..3).map(|i| difference(i).abs()).fold(0.0, f64::max);
        let found = GridDifference {
            shapes: (self.shape != other.shape).then_some((self.shape, other.shape)),
            origin_mm: largest(&|row| a.0[row][3] - b.0[row][3]),
            spacing_mm: largest(&|axis| spacing[axis] - other_spacing[axis]),
            cosine: largest(&|axis| {
                largest(&|row| a.0[row][axis] / spacing[axis] - b.0[row][axis] / other_spacing[axis])
            }),
        };
        let same = found.shapes.is_none()
            && found.origin_mm <= SAME_MM
            && found.spacing_mm <= SAME_MM
            && found.cosine <= SAME_COSINE;
        (!same).then_some(found)
    }
}

/// What differs between two grids; see [`Grid::difference`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridDifference {
    /// Both shapes, when they differ.
    pub shapes: Option<([usize; 3], [usize; 3])>,
    /// Largest difference of the position of voxel (0, 0, 0) along a world axis, mm.
    pub origin_mm: f64,
    /// Largest difference of voxel size, mm.
    pub spacing_mm: f64,
    /// Largest difference of a direction cosine.
    pub cosine: f64,
}

impl fmt::Display for GridDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(([a, b, c], [d, e, g])) = self.shapes {
            return write!(f, "the shapes differ ({a} x {b} x {c} and {d} x {e} x {g} voxels)");
        }
        let mut parts = Vec::new();
        if self.origin_mm > SAME_MM {
            parts.push(format!("the origin by {:.3} mm", self.origin_mm));
        }
        if self.spacing_mm > SAME_MM {
            parts.push(format!("the voxel size by {:.3} mm", self.spacing_mm));
        }
        if self.cosine > SAME_COSINE {
            parts.push(format!("an axis direction by {:.4} (cosine)", self.cosine));
        }
        write!(f, "the headers differ: {}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(shape: [usize; 3], spacing: [f64; 3]) -> Grid {
        Grid { shape, affine: Affine::scaling(spacing, [5.0, -3.0, 2.0]) }
    }

    #[test]
    fn resampling_keeps_the_first_centre_and_the_extent() {
        let native = grid([288, 17, 20], [0.6006944, 0.75, 3.0]);
        let fine = native.resampled(0.5);
        // 288 * 0.6006944 / 0.5 = 345.99998; 17 * 0.75 / 0.5 = 25.5, half to even = 26.
        assert_eq!(fine.shape, [346, 26, 120]);
        assert_eq!(fine.world([0.0; 3]), native.world([0.0; 3]));
        for axis in 0..3 {
            let extent = |g: &Grid| g.shape[axis] as f64 * g.spacing()[axis];
            assert!((extent(&fine) - extent(&native)).abs() < 1e-9);
        }
    }

    #[test]
    fn half_voxels_round_to_even_whatever_the_noise_of_the_header() {
        for noise in [-1e-7, 0.0, 1e-7] {
            assert_eq!(
                grid([17, 19, 1], [0.75 + noise, 0.75 + noise, 0.1]).resampled(0.5).shape,
                [26, 28, 1]
            );
        }
    }

    #[test]
    fn difference_starts_at_the_stated_tolerances() {
        let a = grid([4, 5, 6], [1.0, 1.0, 2.0]);
        let mut near = a;
        near.affine.0[1][3] += 0.9e-3;
        near.affine.0[0][1] += 0.9e-4;
        assert_eq!(a.difference(&near), None);
        let mut shifted = a;
        shifted.affine.0[1][3] += 1.1e-3;
        assert!(a.difference(&shifted).unwrap().to_string().contains("the origin by 0.001 mm"));
        let mut tilted = a;
        tilted.affine.0[0][1] += 1.2e-4;
        assert!(a.difference(&tilted).unwrap().cosine > 1e-4);
        let other = Grid { shape: [4, 5, 7], ..a };
        assert!(a.difference(&other).unwrap().to_string().contains("4 x 5 x 6 and 4 x 5 x 7"));
    }

    #[test]
    fn voxels_travel_between_grids() {
        let (a, b) = (grid([9, 9, 9], [1.0, 2.0, 3.0]), grid([9, 9, 9], [0.5, 0.5, 0.5]));
        assert_eq!(a.voxel_to(&b).unwrap().apply([1.0, 1.0, 1.0]), [2.0, 4.0, 6.0]);
    }
}
