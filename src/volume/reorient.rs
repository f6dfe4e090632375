//! Reorienting: permuting and flipping voxel axes, never interpolating; every voxel keeps its place in the world.

use ndarray::Axis;

use super::{Grid, Orientation, Volume};

/// For each new axis: the old axis it comes from and whether it is flipped.
type Moves = [(usize, bool); 3];

fn moves(from: Orientation, to: Orientation) -> Moves {
    to.directions().map(|wanted| {
        let axis = from.axis_along(wanted.world);
        (axis, from.directions()[axis].positive != wanted.positive)
    })
}

impl Grid {
    /// The orientation nearest to this grid's axes.
    pub fn orientation(&self) -> Orientation {
        Orientation::of(&self.affine)
    }

    /// The same voxels in another axis order and direction; world positions are kept.
    pub fn reoriented(&self, to: Orientation) -> Grid {
        let mut grid = *self;
        for (axis, (old, flip)) in moves(self.orientation(), to).into_iter().enumerate() {
            grid.shape[axis] = self.shape[old];
            let last = (self.shape[old].max(1) - 1) as f64;
            for row in 0..3 {
                let step = self.affine.0[row][old];
                grid.affine.0[row][axis] = if flip { -step } else { step };
                grid.affine.0[row][3] += if flip { step * last } else { 0.0 };
            }
        }
        grid
    }

    /// [`Grid::reoriented`] to [`Orientation::RPI`].
    pub fn to_rpi(&self) -> Grid {
        self.reoriented(Orientation::RPI)
    }
}

impl<T: Clone> Volume<T> {
    /// The same voxels in another axis order and direction; world positions and values are kept exactly.
    pub fn reoriented(&self, to: Orientation) -> Volume<T> {
        let moves = moves(self.grid.orientation(), to);
        let mut view = self.data.view().permuted_axes(moves.map(|(old, _)| old));
        for (axis, (_, flip)) in moves.into_iter().enumerate() {
            if flip {
                view.invert_axis(Axis(axis));
            }
        }
        // The reversed view in row order, reversed again, is the same array with axis 0 fastest.
        let data = view.reversed_axes().as_standard_layout().into_owned().reversed_axes();
        Volume { grid: self.grid.reoriented(to), data }
    }

    /// [`Volume::reoriented`] to [`Orientation::RPI`].
    pub fn to_rpi(&self) -> Volume<T> {
        self.reoriented(Orientation::RPI)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;

    fn oblique() -> Volume<usize> {
        let (s, c) = 0.3f64.sin_cos();
        let affine =
            Affine([[0.5 * c, -0.8 * s, 0.0, -10.0], [0.5 * s, 0.8 * c, 0.0, 20.0], [0.0, 0.0, 3.0, -30.0]]);
        let grid = Grid { shape: [3, 4, 5], affine };
        let mut volume = Volume::filled(grid, 0);
        volume.data.iter_mut().enumerate().for_each(|(n, v)| *v = n);
        volume
    }

    /// Every value with its world position, in an order that does not depend on the axes.
    fn by_value(volume: &Volume<usize>) -> Vec<(usize, [i64; 3])> {
        let micrometres = |((i, j, k), value): ((usize, usize, usize), &usize)| {
            (*value, volume.grid.world([i as f64, j as f64, k as f64]).map(|mm| (mm * 1e3).round() as i64))
        };
        let mut all: Vec<_> = volume.data.indexed_iter().map(micrometres).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn all_48_orientations_keep_every_voxel_in_its_place_and_lead_back() {
        let start = oblique();
        let places = by_value(&start);
        for to in Orientation::all() {
            let turned = start.reoriented(to);
            assert_eq!(turned.grid.orientation(), to);
            assert_eq!(turned.data.dim(), turned.grid.shape.into());
            assert!(turned.data.t().is_standard_layout(), "axis 0 must be fastest for {to}");
            assert_eq!(by_value(&turned), places, "{to}");
            let back = turned.reoriented(start.grid.orientation());
            assert_eq!(back.data, start.data, "{to}");
            assert_eq!(back.grid.difference(&start.grid), None, "{to}");
        }
    }
}
