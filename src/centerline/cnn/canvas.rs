//! The image as the network was given it in training: 0..255, cut or padded to whole blocks.

use super::published::BLOCK;
use crate::centerline::CenterlineError;
use crate::volume::Volume;
use ndarray::{Array3, ArrayView2, s};

/// Percentiles that become 0 and 255.
const PERCENTILES: [f64; 2] = [2.0, 98.0];

/// A volume of whole blocks.
pub(super) struct Canvas {
    /// `[x, y, z]`, 0..255; x and y are multiples of [`BLOCK`].
    voxels: Array3<f32>,
    /// Pixels along x and y that show the image, the rest is padding.
    pub image: [usize; 2],
}

impl Canvas {
    /// The image (RPI, 0.5 mm in the slices). As the toolbox does it: zeros are added on the left, and at the front of an image
    /// that is less than a block deep; of a deeper one, what at the front fills no block is cut off.
    pub fn of(image: &Volume<f32>) -> Result<Self, CenterlineError> {
        let [nx, ny, nz] = image.grid.shape;
        let deep = (ny / BLOCK * BLOCK).max(BLOCK);
        let shown = [nx, ny.min(deep)];
        let mut voxels = Array3::zeros((nx.div_ceil(BLOCK) * BLOCK, deep, nz));
        voxels.slice_mut(s![..shown[0], ..shown[1], ..]).assign(&image.data.slice(s![.., ..shown[1], ..]));
        let [low, high] = percentiles(&voxels);
        if high <= low {
            return Err(CenterlineError::NotFound("almost all of the image has the same intensity".into()));
        }
        voxels
            .mapv_inplace(|value| ((f64::from(value).clamp(low, high) - low) / (high - low) * 255.0) as f32);
        Ok(Self { voxels, image: shown })
    }

    /// Number of slices.
    pub fn slices(&self) -> usize {
        self.voxels.dim().2
    }

    /// Where the blocks begin that cover a slice, y outer, x inner.
    pub fn corners(&self) -> Vec<[usize; 2]> {
        let (nx, ny, _) = self.voxels.dim();
        let along_x = |y: usize| (0..nx).step_by(BLOCK).map(move |x| [x, y]);
        (0..ny).step_by(BLOCK).flat_map(along_x).collect()
    }

    /// Where the block begins that has a pixel in its middle, moved inside the canvas.
    pub fn around(&self, [x, y]: [usize; 2]) -> [usize; 2] {
        let (nx, ny, _) = self.voxels.dim();
        let begin = |at: usize, n: usize| (at + 1).saturating_sub(BLOCK / 2).min(n - BLOCK);
        [begin(x, nx), begin(y, ny)]
    }

    /// A block of a slice.
    pub fn block(&self, [x, y]: [usize; 2], z: usize) -> ArrayView2<'_, f32> {
        self.voxels.slice(s![x..x + BLOCK, y..y + BLOCK, z])
    }
}

/// Percentiles of all voxels, padding included, linear between neighbours (numpy's way).
fn percentiles(voxels: &Array3<f32>) -> [f64; 2] {
    let mut sorted: Vec<f32> = voxels.iter().copied().collect();
    PERCENTILES.map(|percent| {
        let place = percent / 100.0 * (sorted.len().saturating_sub(1)) as f64;
        let (_, low, above) = sorted.select_nth_unstable_by(place as usize, f32::total_cmp);
        let low = f64::from(*low);
        let high = above.iter().copied().min_by(f32::total_cmp).map_or(low, f64::from);
        low + place.fract() * (high - low)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Grid};

    fn canvas(shape: [usize; 3]) -> Canvas {
        let mut image = Volume::filled(Grid { shape, affine: Affine::scaling([0.5; 3], [0.0; 3]) }, 0.0);
        image.data.indexed_iter_mut().for_each(|((x, y, z), v)| *v = 1.0 + (x + 1000 * y + 7 * z) as f32);
        Canvas::of(&image).unwrap()
    }

    #[test]
    fn is_made_of_whole_blocks() {
        let shallow = canvas([100, 60, 3]);
        assert_eq!((shallow.voxels.dim(), shallow.image), ((160, 80, 3), [100, 60]));
        assert_eq!(shallow.corners(), [[0, 0], [80, 0]]);
        let deep = canvas([80, 190, 1]);
        assert_eq!((deep.voxels.dim(), deep.image), ((80, 160, 1), [80, 160]));
        assert_eq!(deep.corners(), [[0, 0], [0, 80]]);
        assert_eq!((deep.voxels[[0, 0, 0]], deep.voxels[[79, 159, 0]]), (0.0, 255.0));
    }

    #[test]
    fn blocks_stay_inside() {
        let canvas = canvas([200, 170, 1]);
        assert_eq!(canvas.around([100, 80]), [61, 41]);
        assert_eq!(canvas.around([0, 159]), [0, 80]);
        assert_eq!(canvas.around([239, 20]), [160, 0]);
    }

    #[test]
    fn percentiles_are_numpys() {
        let voxels = Array3::from_shape_fn((4, 5, 5), |(x, y, z)| ((x * 25 + y * 5 + z) * 37 % 100) as f32);
        let [low, high] = percentiles(&voxels);
        assert!((low - 1.98).abs() < 1e-9 && (high - 97.02).abs() < 1e-9, "{low} {high}");
    }
}
