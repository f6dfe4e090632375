//! Resampling a volume onto another grid, wherever that grid lies in the world; edges repeat. Rows run in parallel.

use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{Array3, ArrayView3, Axis, ShapeBuilder};

use super::{Affine, Grid, Volume, VoxelIndex, sample_linear, sample_nearest};

/// Trilinear resampling onto `target`, through world space; outside the source the nearest voxel repeats.
pub fn resample_linear(volume: &Volume<f32>, target: &Grid) -> Volume<f32> {
    resample(volume, target, 0.0, sample_linear)
}

/// Nearest-neighbour resampling onto `target` (halves go up, as scipy's order 0); outside the source the nearest voxel repeats.
pub fn resample_nearest<T: Copy + Default + Send + Sync>(volume: &Volume<T>, target: &Grid) -> Volume<T> {
    resample(volume, target, T::default(), sample_nearest)
}

fn resample<T: Copy + Send + Sync>(
    volume: &Volume<T>,
    target: &Grid,
    blank: T,
    sample: impl Fn(&ArrayView3<'_, T>, VoxelIndex) -> T + Sync,
) -> Volume<T> {
    let mut data = Array3::from_elem(target.shape.f(), blank);
    let source = volume.data.view();
    let to_source = index_map(target, &volume.grid);
    data.axis_iter_mut(Axis(2)).into_par_iter().enumerate().for_each(|(k, slice)| {
        // The reversed slice runs along axis 0 first, as it lies in memory.
        for ((j, i), voxel) in slice.reversed_axes().indexed_iter_mut() {
            *voxel = sample(&source, to_source.apply([i as f64, j as f64, k as f64]));
        }
    });
    Volume { grid: *target, data }
}

/// Index of `from` to index of `to`, with the noise of inverting taken off: positions meant to be whole or half voxels are so.
///
/// A grid with degenerate axes (none is ever read from a file) maps by index.
pub(super) fn index_map(from: &Grid, to: &Grid) -> Affine {
    let mut map = from.voxel_to(to).unwrap_or(Affine::IDENTITY);
    for row in &mut map.0 {
        for cell in row {
            *cell = (*cell * 1e12).round() / 1e12;
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(shape: [usize; 3], spacing: [f64; 3]) -> Volume<f32> {
        let grid = Grid { shape, affine: Affine::scaling(spacing, [1.0, 2.0, 3.0]) };
        let mut volume = Volume::filled(grid, 0.0);
        volume.data.indexed_iter_mut().for_each(|((i, j, k), v)| *v = (i + 10 * j + 100 * k) as f32);
        volume
    }

    #[test]
    fn onto_its_own_grid_nothing_changes() {
        let volume = ramp([3, 4, 5], [1.0, 0.7, 3.0]);
        assert_eq!(resample_linear(&volume, &volume.grid), volume);
        assert_eq!(resample_nearest(&volume, &volume.grid), volume);
    }

    #[test]
    fn half_the_spacing_by_hand() {
        let volume = ramp([2, 1, 1], [1.0, 1.0, 1.0]);
        let target = Grid { shape: [4, 1, 1], affine: Affine::scaling([0.5, 1.0, 1.0], [1.0, 2.0, 3.0]) };
        assert_eq!(resample_linear(&volume, &target).data.into_raw_vec_and_offset().0, [0.0, 0.5, 1.0, 1.0]);
        assert_eq!(resample_nearest(&volume, &target).data.into_raw_vec_and_offset().0, [0.0, 1.0, 1.0, 1.0]);
    }

    #[test]
    fn another_orientation_is_only_another_order() {
        let volume = ramp([3, 4, 5], [1.0, 0.7, 3.0]);
        let turned = volume.reoriented("AIR".parse().unwrap());
        assert_eq!(resample_linear(&turned, &volume.grid), volume);
        assert_eq!(resample_linear(&volume, &turned.grid).data, turned.data);
    }
}
