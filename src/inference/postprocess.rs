//! From a probability to a mask, and what a mask may lose again: components too small, voxels outside the cord.

use crate::volume::{Components, Connectivity, Volume, resample_nearest};

/// 1 where the probability is at least `from`.
pub fn threshold(probability: &Volume<f32>, from: f32) -> Volume<u8> {
    Volume { grid: probability.grid, data: probability.data.mapv(|p| u8::from(p >= from)) }
}

/// Takes out 6-connected components smaller than `least_mm3`; returns how many.
pub fn remove_small(mask: &mut Volume<u8>, least_mm3: f64) -> usize {
    let voxel = mask.grid.voxel_volume();
    let components = Components::of(&mask.data.view(), Connectivity::Faces);
    // A hair of tolerance: voxel volumes come from 32-bit headers.
    let keep: Vec<bool> =
        components.sizes.iter().map(|n| *n as f64 * voxel >= least_mm3 * (1.0 - 1e-6)).collect();
    ndarray::Zip::from(&mut mask.data).and(&components.labels).for_each(|value, label| {
        if *label > 0 && !keep[*label as usize - 1] {
            *value = 0;
        }
    });
    keep.iter().filter(|kept| !**kept).count()
}

/// Takes out the voxels outside the cord (not 0 = inside; on any grid).
pub fn keep_inside(mask: &mut Volume<u8>, cord: &Volume<u8>) {
    let cord = resample_nearest(cord, &mask.grid);
    ndarray::Zip::from(&mut mask.data).and(&cord.data).for_each(|value, inside| {
        if *inside == 0 {
            *value = 0;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Grid};

    fn probability() -> Volume<f32> {
        let grid = Grid { shape: [8, 1, 1], affine: Affine::scaling([0.5, 1.0, 4.0], [0.0; 3]) };
        let mut volume = Volume::filled(grid, 0.0);
        let values = [0.9, 0.0, 0.5, 0.6, 0.49, 0.7, 0.8, 0.9];
        volume.data.iter_mut().zip(values).for_each(|(v, p)| *v = p);
        volume
    }

    fn line(mask: &Volume<u8>) -> Vec<u8> {
        mask.data.iter().copied().collect()
    }

    #[test]
    fn the_threshold_itself_is_inside() {
        assert_eq!(line(&threshold(&probability(), 0.5)), [1, 0, 1, 1, 0, 1, 1, 1]);
    }

    #[test]
    fn small_components_go_by_their_volume() {
        // Voxels of 2 mm3: components of 2, 4 and 6 mm3.
        let mut mask = threshold(&probability(), 0.5);
        assert_eq!(remove_small(&mut mask, 4.0), 1);
        assert_eq!(line(&mask), [0, 0, 1, 1, 0, 1, 1, 1]);
        assert_eq!(remove_small(&mut mask, 4.1), 1);
        assert_eq!(line(&mask), [0, 0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(remove_small(&mut mask, 0.0), 0);
    }

    #[test]
    fn what_lies_outside_the_cord_goes_whatever_the_cords_axes() {
        let mut mask = threshold(&probability(), 0.5);
        let mut cord = Volume::filled(mask.grid, 0u8);
        (3..7).for_each(|x| cord.data[[x, 0, 0]] = 1);
        keep_inside(&mut mask, &cord.reoriented("AIR".parse().unwrap()));
        assert_eq!(line(&mask), [0, 0, 0, 1, 0, 1, 1, 0]);
    }
}
