//! The image as the tube sees it: intensities on one scale, the cord always darker than what surrounds it, looked at in
//! millimetres. Knows nothing of tubes.

use super::vector::Vector;
use crate::volume::{Volume, sample_linear, sample_nearest};
use ndarray::{Array3, ArrayView3, s};
use rayon::prelude::*;

/// The scale on which PropSeg's weights and limits are given.
const SCALE: f64 = 1000.0;
/// Medians looked at to find the range of the intensities: enough for any image, a fraction of a second's work.
const MEDIANS: usize = 150_000;

/// An RPI image, mm counted from the centre of voxel (0, 0, 0) along its axes.
pub(super) struct Scene {
    data: Array3<f32>,
    spacing: [f64; 3],
}

impl Scene {
    /// Stretches the image to 0..1000 between the least and the greatest median of 5 x 5 x 5 voxels, and takes its negative when
    /// the cord is brighter than its surroundings. `None` when all is of one intensity or a voxel has no size.
    pub fn of(image: &Volume<f32>, bright_cord: bool) -> Option<Scene> {
        let spacing = image.grid.spacing();
        let (low, high) = robust_range(&image.data.view())?;
        if !spacing.iter().all(|mm| mm.is_finite() && *mm > 1e-3) || high <= low {
            return None;
        }
        let (low, factor) = (f64::from(low), SCALE / (f64::from(high) - f64::from(low)));
        let sign = if bright_cord { -1.0 } else { 1.0 };
        let scaled = |v: f32| (sign * ((f64::from(v) - low) * factor).clamp(0.0, SCALE)) as f32;
        Some(Scene { data: image.data.mapv(scaled), spacing })
    }

    /// The size of a voxel, mm.
    pub fn spacing(&self) -> [f64; 3] {
        self.spacing
    }

    /// Where the last voxel of each axis has its centre, mm.
    pub fn far_corner(&self) -> Vector {
        let shape: [usize; 3] = self.data.dim().into();
        std::array::from_fn(|axis| shape[axis].saturating_sub(1) as f64 * self.spacing[axis])
    }

    /// Whether a point lies in the image in the plane of its slices (x and y); along z the image may have ended.
    pub fn spans(&self, at: Vector) -> bool {
        let far = self.far_corner();
        (0..2).all(|axis| (0.0..=far[axis]).contains(&at[axis]))
    }

    /// The intensity of the nearest voxel.
    pub fn nearest(&self, at: Vector) -> f64 {
        f64::from(sample_nearest(&self.data.view(), self.voxel(at)))
    }

    /// The intensity between voxels, linearly.
    pub fn linear(&self, at: Vector) -> f64 {
        f64::from(sample_linear(&self.data.view(), self.voxel(at)))
    }

    /// Change of the intensity per mm along each axis: central differences over two voxels, linear in between.
    pub fn gradient(&self, at: Vector) -> Vector {
        let (view, at) = (self.data.view(), self.voxel(at));
        std::array::from_fn(|axis| {
            let beside = |step: f64| {
                let mut beside = at;
                beside[axis] += step;
                f64::from(sample_linear(&view, beside))
            };
            (beside(1.0) - beside(-1.0)) / (2.0 * self.spacing[axis])
        })
    }

    fn voxel(&self, at: Vector) -> Vector {
        std::array::from_fn(|axis| at[axis] / self.spacing[axis])
    }
}

/// The least and the greatest median of 5 x 5 x 5 voxels, of blocks so far apart that there are not too many.
fn robust_range(data: &ArrayView3<'_, f32>) -> Option<(f32, f32)> {
    let shape: [usize; 3] = data.dim().into();
    let step = (1..).find(|step| shape.iter().map(|n| n.div_ceil(*step)).product::<usize>() <= MEDIANS)?;
    let medians = (0..shape[2]).into_par_iter().step_by(step).flat_map_iter(|z| {
        let rows = (0..shape[1]).step_by(step);
        rows.flat_map(move |y| (0..shape[0]).step_by(step).filter_map(move |x| median(data, [x, y, z])))
    });
    medians.map(|m| (m, m)).reduce_with(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The median of the up to 5 x 5 x 5 voxels around one.
fn median(data: &ArrayView3<'_, f32>, at: [usize; 3]) -> Option<f32> {
    let [x, y, z] = std::array::from_fn(|i| at[i].saturating_sub(2)..(at[i] + 3).min(data.shape()[i]));
    let mut block: Vec<f32> = data.slice(s![x, y, z]).iter().copied().collect();
    let middle = block.len() / 2;
    (!block.is_empty()).then(|| *block.select_nth_unstable_by(middle, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Grid};

    fn ramp() -> Volume<f32> {
        let grid = Grid { shape: [20, 18, 9], affine: Affine::scaling([-0.5, 1.0, 3.0], [0.0; 3]) };
        let mut volume = Volume::filled(grid, 0.0);
        volume.data.indexed_iter_mut().for_each(|((x, y, z), v)| *v = (x * 20 + y * 10 + z) as f32);
        volume
    }

    #[test]
    fn gradients_are_per_millimetre_and_signed_by_the_contrast() {
        let (dark, bright) = (Scene::of(&ramp(), false).unwrap(), Scene::of(&ramp(), true).unwrap());
        let at = [5.1, 8.2, 12.3];
        let (g, h) = (dark.gradient(at), bright.gradient(at));
        // 40 per mm along x, 10 along y, 1/3 along z, all scaled alike.
        assert!((g[0] / g[1] - 4.0).abs() < 1e-3 && (g[1] / g[2] - 30.0).abs() < 0.1, "{g:?}");
        assert!((0..3).all(|i| (g[i] + h[i]).abs() < 1e-6) && g[0] > 0.0);
    }

    #[test]
    fn a_single_bright_voxel_does_not_set_the_scale() {
        let mut spiked = ramp();
        spiked.data[[10, 10, 5]] = 1e30;
        let (a, b) = (Scene::of(&ramp(), false).unwrap(), Scene::of(&spiked, false).unwrap());
        assert!((a.nearest([2.0, 3.0, 3.0]) - b.nearest([2.0, 3.0, 3.0])).abs() < 2.0);
        assert_eq!(b.nearest([5.0, 10.0, 15.0]), SCALE);
    }

    #[test]
    fn nothing_to_see_is_no_scene() {
        let flat = Volume::filled(ramp().grid, 7.0);
        assert!(Scene::of(&flat, false).is_none());
        let mut degenerate = ramp();
        degenerate.grid.affine.0[0][0] = 0.0;
        assert!(Scene::of(&degenerate, false).is_none());
    }
}
