//! The curve that every method fills: the cord's centre on consecutive slices of one RPI grid.
//!
//! Knows its grid and how to move to another one; it does not know where it came from beyond a name.

use super::{CenterlineError, Confidence, polyline};
use crate::volume::{Grid, Millimetres};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The cord's centre on consecutive slices of an RPI grid (x from right, y from posterior, z from inferior).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// The RPI grid whose voxels x, y and z count.
    pub grid: Grid,
    /// The lowest slice that has a centre.
    pub first_z: usize,
    /// x and y (continuous voxels; a whole number is a voxel's centre) on slice `first_z`, `first_z + 1`, …
    pub xy: Vec<[f64; 2]>,
    /// How the curve was found, e.g. `mask`, `points`, `file`.
    pub method: String,
    /// How far to trust it; `None` when nobody has judged.
    pub confidence: Option<Confidence>,
}

impl Curve {
    /// The slices that have a centre.
    pub fn z_range(&self) -> Range<usize> {
        self.first_z..self.first_z + self.xy.len()
    }

    /// x and y (voxels) on slice `z`, or `None` outside [`Self::z_range`].
    pub fn at(&self, z: usize) -> Option<[f64; 2]> {
        self.xy.get(z.checked_sub(self.first_z)?).copied()
    }

    /// World position (RAS+ mm) of the centre on slice `z`, or `None` outside [`Self::z_range`].
    pub fn world(&self, z: usize) -> Option<Millimetres> {
        self.at(z).map(|[x, y]| self.grid.affine.apply([x, y, z as f64]))
    }

    /// Every centre as `[x, y, z]` in voxels, from the lowest slice up.
    pub fn voxels(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        self.z_range().zip(&self.xy).map(|(z, [x, y])| [*x, *y, z as f64])
    }

    /// The same curve in the world, on another grid (taken to RPI): straight between the centres, and on for half a source
    /// slice at both ends with x and y held, so that thick slices are covered entirely.
    ///
    /// Centres may fall outside the grid in x and y; slices outside it are left out, so the result is empty when the two
    /// grids do not meet. A grid turned against this one is handled: its slices cut the line where they meet it.
    pub fn on_grid(&self, grid: &Grid) -> Curve {
        let grid = grid.to_rpi();
        let line = match self.grid.voxel_to(&grid) {
            Some(map) => self.extended().map(|voxel| map.apply(voxel)).collect(),
            None => Vec::new(),
        };
        let (first_z, xy) = polyline::cut(&line, grid.shape[2]);
        Curve { grid, first_z, xy, method: self.method.clone(), confidence: self.confidence.clone() }
    }

    /// The curve on the grid of the image it is meant for: itself when it is there already, else [`Self::on_grid`], which the
    /// confidence's reasons then say. Fails when the two do not meet.
    pub fn placed_on(self, image: &Grid) -> Result<Curve, CenterlineError> {
        let image = image.to_rpi();
        let Some(difference) = self.grid.difference(&image) else { return Ok(self) };
        let mut curve = self.on_grid(&image);
        if curve.xy.is_empty() {
            return Err(CenterlineError::Elsewhere);
        }
        if let Some(confidence) = &mut curve.confidence {
            let reason = format!(
                "it was drawn on another grid ({difference}) and brought to the image's through the world"
            );
            confidence.reasons.push(reason);
        }
        Ok(curve)
    }

    /// The centres, with half a slice more at each end.
    fn extended(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        let below = self.voxels().next().map(|[x, y, z]| [x, y, z - 0.5]);
        let above = self.voxels().last().map(|[x, y, z]| [x, y, z + 0.5]);
        below.into_iter().chain(self.voxels()).chain(above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;
    use proptest::prelude::*;

    fn rpi(shape: [usize; 3], spacing: [f64; 3]) -> Grid {
        let [x, y, z] = spacing;
        Grid { shape, affine: Affine::scaling([-x, y, z], [30.0, -40.0, -50.0]) }
    }

    fn straight(grid: Grid, slices: Range<usize>) -> Curve {
        let xy = slices.clone().map(|z| [10.0 + 0.5 * z as f64, 20.0 - 0.25 * z as f64]).collect();
        Curve { grid, first_z: slices.start, xy, method: "test".into(), confidence: None }
    }

    /// The grid turned by `degrees` about a line along the world's x axis through `pivot` (mm).
    fn tilted(grid: Grid, degrees: f64, pivot: [f64; 3]) -> Grid {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let turn = Affine([[1.0, 0.0, 0.0, 0.0], [0.0, cos, -sin, 0.0], [0.0, sin, cos, 0.0]]);
        let turned = turn.apply(pivot);
        let mut affine = turn.compose(&grid.affine);
        (0..3).for_each(|i| affine.0[i][3] += pivot[i] - turned[i]);
        Grid { shape: grid.shape, affine }
    }

    #[test]
    fn knows_its_range() {
        let curve = straight(rpi([40, 40, 9], [0.5, 0.5, 5.0]), 2..5);
        assert_eq!(curve.z_range(), 2..5);
        assert_eq!((curve.at(1), curve.at(2), curve.at(5)), (None, Some([11.0, 19.5]), None));
        assert_eq!(curve.world(2), Some([30.0 - 5.5, -40.0 + 9.75, -40.0]));
    }

    #[test]
    fn finer_slices_cover_the_thick_ones_entirely() {
        let curve = straight(rpi([40, 40, 9], [0.5, 0.5, 5.0]), 2..5);
        let fine = curve.on_grid(&rpi([20, 20, 90], [1.0, 1.0, 0.5]));
        // Slices 2..5 of 5 mm reach from 7.5 mm to 22.5 mm.
        assert_eq!(fine.z_range(), 15..46);
        assert_eq!(fine.at(15), Some([5.5, 9.75]));
        assert_eq!(fine.at(25), Some([5.625, 9.6875]));
        assert_eq!(fine.at(45), Some([6.0, 9.5]));
    }

    #[test]
    fn coarser_slices_keep_the_ones_whose_centre_is_covered() {
        let curve = straight(rpi([40, 40, 90], [0.5, 0.5, 0.5]), 12..40);
        let coarse = curve.on_grid(&rpi([40, 40, 9], [0.5, 0.5, 5.0]));
        assert_eq!(coarse.z_range(), 2..4);
        assert_eq!(coarse.at(2), curve.at(20));
    }

    #[test]
    fn grids_that_do_not_meet_give_nothing() {
        let curve = straight(rpi([40, 40, 9], [0.5, 0.5, 5.0]), 2..5);
        let mut far = curve.grid;
        far.affine.0[2][3] += 1000.0;
        assert!(curve.on_grid(&far).z_range().is_empty());
    }

    proptest! {
        #[test]
        fn a_turned_grid_sees_the_same_line(degrees in -30.0..30.0_f64, thick in 0.4..6.0_f64) {
            let curve = straight(rpi([60, 60, 40], [0.8, 0.8, 2.0]), 3..35);
            let target = tilted(rpi([90, 90, (100.0 / thick) as usize], [0.5, 0.7, thick]), degrees, [0.0, -30.0, -10.0]);
            let moved = curve.on_grid(&target);
            let ends = [curve.world(3), curve.world(34)].map(Option::unwrap);
            let along: Vec<f64> = (0..3).map(|i| ends[1][i] - ends[0][i]).collect();
            for z in moved.z_range() {
                // On the line: the share along it is the same for every axis. The half slices at the ends are not on it.
                let at = moved.world(z).unwrap();
                let share: Vec<f64> = (0..3).map(|i| (at[i] - ends[0][i]) / along[i]).collect();
                if (0.0..1.0).contains(&share[2]) {
                    prop_assert!((share[0] - share[2]).abs() < 1e-9 && (share[1] - share[2]).abs() < 1e-9);
                }
            }
            let back = moved.on_grid(&curve.grid);
            for z in 10..28 {
                let (a, b) = (back.at(z).unwrap(), curve.at(z).unwrap());
                prop_assert!((a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9);
            }
        }

        #[test]
        fn its_own_grid_changes_nothing(first in 0..20_usize, n in 1..20_usize) {
            let curve = straight(rpi([60, 60, 40], [0.8, 0.8, 2.0]), first..first + n);
            let again = curve.on_grid(&curve.grid);
            prop_assert_eq!(again.z_range(), curve.z_range());
            for z in curve.z_range() {
                let (a, b) = (again.at(z).unwrap(), curve.at(z).unwrap());
                prop_assert!((a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9);
            }
        }
    }
}
