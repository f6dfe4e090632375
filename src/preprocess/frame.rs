//! The way from a crop back to where it came from: which tube voxel, which native voxel, each crop voxel is. Pure geometry.

use ndarray::{Array3, ArrayView3, Axis};
use serde::{Deserialize, Serialize};

use crate::centerline::Curve;
use crate::volume::{Affine, Grid, VoxelIndex};

use super::window::window_start;
use super::{CropSettings, PreprocessError};

/// Where a crop lies. Crop voxel `[x, y, k]` is voxel `[starts[k][0] + x, starts[k][1] + y, first_z + k]` of the grid `tube`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The image's own grid, as its file has it.
    pub native: Grid,
    /// The fine RPI grid of the whole volume. Never filled: the crop is sampled straight from the native voxels.
    pub tube: Grid,
    /// Voxels across, along x and y.
    pub size: usize,
    /// Tube slice of the crop's first slice.
    pub first_z: usize,
    /// First tube voxel (x, y) of each slice, by k. One per slice of the curve's range, none skipped.
    pub starts: Vec<[usize; 2]>,
    /// Slices the network sees; differs from the number of starts only where the preset refines z after cropping.
    pub network_depth: usize,
}

impl Frame {
    /// Places the windows around `curve`, which must lie on the tube grid of `settings`.
    ///
    /// The window's centre is the curve's voxel (round half to even), as the centerline images are that the crop rule was
    /// made for; a curve through voxel centres is therefore used as it is.
    pub(super) fn new(
        native: &Grid,
        tube: Grid,
        curve: &Curve,
        settings: &CropSettings,
    ) -> Result<Self, PreprocessError> {
        let size = settings.size;
        let slices = curve.z_range();
        let inside = slices.start..slices.end.min(tube.shape[2]);
        let starts: Vec<_> = inside
            .clone()
            .filter_map(|z| curve.at(z))
            .map(|xy| [0, 1].map(|axis| window_start(xy[axis].round_ties_even(), size, tube.shape[axis])))
            .collect();
        if starts.is_empty() || starts.len() != inside.len() || !meets(curve, &tube) {
            return Err(PreprocessError::CurveOutside);
        }
        let network_depth = settings.network_depth(starts.len(), tube.spacing()[2]);
        Ok(Self { native: *native, tube, size, first_z: inside.start, starts, network_depth })
    }

    /// Slices of the crop.
    pub fn depth(&self) -> usize {
        self.starts.len()
    }

    /// Shape of the crop: size, size, depth.
    pub fn shape(&self) -> [usize; 3] {
        [self.size, self.size, self.depth()]
    }

    /// How many voxels along x and y hold image. Less than `size` only where the whole image is narrower than the crop:
    /// the voxels from there on are zero padding, at the high side.
    pub fn filled(&self) -> [usize; 2] {
        [0, 1].map(|axis| self.size.min(self.tube.shape[axis]))
    }

    /// True where part of the crop is padding, see [`Frame::filled`].
    pub fn is_padded(&self) -> bool {
        self.filled() != [self.size; 2]
    }

    /// Tube voxel of a crop voxel.
    pub fn tube_index(&self, [x, y, k]: [usize; 3]) -> [usize; 3] {
        let [x0, y0] = self.starts[k];
        [x0 + x, y0 + y, self.first_z + k]
    }

    /// Crop voxel of a tube voxel, or `None` outside the tube (and in its padding).
    pub fn crop_index(&self, tube: [i64; 3]) -> Option<[usize; 3]> {
        let k = usize::try_from(tube[2] - self.first_z as i64).ok()?;
        let start = self.starts.get(k)?;
        let filled = self.filled();
        let mut index = [0, 0, k];
        for axis in 0..2 {
            index[axis] =
                usize::try_from(tube[axis] - start[axis] as i64).ok().filter(|i| *i < filled[axis])?;
        }
        Some(index)
    }

    /// Tube voxel to native voxel, both continuous.
    pub fn tube_to_native(&self) -> Result<Affine, PreprocessError> {
        self.tube.voxel_to(&self.native).ok_or(PreprocessError::Degenerate)
    }

    /// Native voxel to tube voxel, both continuous.
    pub fn native_to_tube(&self) -> Result<Affine, PreprocessError> {
        self.native.voxel_to(&self.tube).ok_or(PreprocessError::Degenerate)
    }

    /// Value of a crop-shaped array at a continuous tube voxel: linear between the voxels the tube holds, `None` where less
    /// than half of the weight lies in the tube. Each slice has its own window, so this is not the array's own interpolation.
    pub fn sample(&self, crop: &ArrayView3<'_, f32>, tube: VoxelIndex) -> Option<f32> {
        let (mut sum, mut weight) = (0.0, 0.0);
        for corner in 0..8 {
            let (index, w) = corner_of(tube, corner);
            if let Some(found) = self.crop_index(index).filter(|_| w > 0.0) {
                sum += w * f64::from(crop[found]);
                weight += w;
            }
        }
        // A hair of tolerance: exactly half is a voxel's edge, and edges belong to the voxel.
        (weight >= 0.5 - 1e-6).then(|| (sum / weight) as f32)
    }

    /// Affine of the crop's first slice. Later slices may start elsewhere in the plane; then only `starts` is exact.
    pub fn first_slice_affine(&self) -> Affine {
        let [x, y] = self.starts.first().copied().unwrap_or_default();
        let mut affine = self.tube.affine;
        let origin = affine.apply([x as f64, y as f64, self.first_z as f64]);
        for (row, at) in affine.0.iter_mut().zip(origin) {
            row[3] = at;
        }
        affine
    }

    /// A crop-shaped array with the slices the network sees (linear along z, ends repeat). The same where z needs no refining.
    pub fn to_network(&self, crop: Array3<f32>) -> Array3<f32> {
        with_depth(crop, self.network_depth)
    }

    /// Back from the network's slices to the crop's.
    pub fn from_network(&self, array: Array3<f32>) -> Array3<f32> {
        with_depth(array, self.depth())
    }
}

/// Whether any of the curve lies inside the grid: a curve from another image would otherwise pass as a crop of its edge.
fn meets(curve: &Curve, grid: &Grid) -> bool {
    curve
        .z_range()
        .filter_map(|z| curve.at(z))
        .any(|xy| (0..2).all(|axis| xy[axis] > -0.5 && xy[axis] < grid.shape[axis] as f64 - 0.5))
}

/// One of the eight voxels around a position, and its linear weight.
fn corner_of(position: VoxelIndex, corner: usize) -> ([i64; 3], f64) {
    let mut weight = 1.0;
    let index = std::array::from_fn(|axis| {
        let low = position[axis].floor();
        let part = position[axis] - low;
        let high = corner >> axis & 1;
        weight *= if high == 1 { part } else { 1.0 - part };
        low as i64 + high as i64
    });
    (index, weight)
}

/// Resamples axis 2 linearly to `depth` slices: the first slices' centres agree, the ends repeat.
fn with_depth(array: Array3<f32>, depth: usize) -> Array3<f32> {
    let (nx, ny, from) = array.dim();
    if from == depth {
        return array;
    }
    let step = from as f64 / depth as f64;
    let mut out = Array3::zeros(ndarray::ShapeBuilder::f((nx, ny, depth)));
    for (k, slice) in out.axis_iter_mut(Axis(2)).enumerate() {
        let position = (k as f64 * step).min((from - 1) as f64);
        let low = position.floor() as usize;
        let part = (position - low as f64) as f32;
        let below = array.index_axis(Axis(2), low);
        let above = array.index_axis(Axis(2), (low + 1).min(from - 1));
        ndarray::Zip::from(slice).and(below).and(above).for_each(|o, a, b| *o = a + part * (b - a));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::Preset;
    use crate::preprocess::testing::{thick_grid, wavy_curve};

    fn frame(preset: Preset) -> Frame {
        let settings = CropSettings { preset, ..Default::default() };
        let tube = settings.tube_grid(&thick_grid());
        Frame::new(&thick_grid(), tube, &wavy_curve(&tube), &settings).unwrap()
    }

    #[test]
    fn crop_voxels_go_to_the_tube_and_back() {
        let frame = frame(Preset::Recipe);
        for index in [[0, 0, 0], [47, 0, 3], [5, 47, frame.depth() - 1]] {
            assert_eq!(frame.crop_index(frame.tube_index(index).map(|i| i as i64)), Some(index));
        }
        let [x0, y0] = frame.starts[2];
        let z = (frame.first_z + 2) as i64;
        assert_eq!(frame.crop_index([x0 as i64 - 1, y0 as i64, z]), None);
        assert_eq!(frame.crop_index([x0 as i64 + 48, y0 as i64, z]), None);
    }

    #[test]
    fn sampling_at_voxel_centres_gives_the_voxels_and_nothing_outside() {
        let frame = frame(Preset::Recipe);
        let crop = Array3::from_shape_fn(frame.shape(), |(x, y, k)| (x + 50 * y + 3000 * k) as f32);
        let index = [7, 11, 4];
        let at = frame.tube_index(index).map(|i| i as f64);
        assert_eq!(frame.sample(&crop.view(), at), Some(crop[index]));
        assert_eq!(frame.sample(&crop.view(), [at[0] - 20.0, at[1], at[2]]), None);
    }

    #[test]
    fn refining_z_keeps_a_ramp_and_comes_back() {
        let frame = frame(Preset::Sct);
        assert_eq!(frame.network_depth, frame.depth() * 6);
        let ramp = Array3::from_shape_fn(frame.shape(), |(x, _, k)| x as f32 + 6.0 * k as f32);
        let fine = frame.to_network(ramp.clone());
        assert!((fine[[3, 0, 8]] - 11.0).abs() < 1e-4);
        let back = frame.from_network(fine);
        assert!(ndarray::Zip::from(&back).and(&ramp).all(|a, b| (a - b).abs() < 1e-3));
    }

    #[test]
    fn a_curve_of_another_image_is_refused() {
        let settings = CropSettings::default();
        let tube = settings.tube_grid(&thick_grid());
        let mut curve = wavy_curve(&tube);
        curve.xy.iter_mut().for_each(|xy| xy[0] += 1000.0);
        assert!(matches!(
            Frame::new(&thick_grid(), tube, &curve, &settings),
            Err(PreprocessError::CurveOutside)
        ));
    }
}
