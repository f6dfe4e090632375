//! Everything there is to see of one scan, decoded and in RPI order, ready to be cut into pictures.
//!
//! Pure values; the effects fill it, the viewer draws it. Axis order is RPI throughout; positions are RPI voxel indices.

use ndarray::{Array3, ArrayView3};

use super::slice::{Cut, Plane, slice};
use super::widgets::picture::{Layer, Mark, Shape};
use crate::volume::{Affine, Grid};

/// Half-open box of the crop in one axial slice: x from..to, y from..to, in RPI voxel edges.
pub(crate) type CropBox = [f64; 4];

/// One scan.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// Scan id, or the file's name.
    pub(crate) key: String,
    pub(crate) image: Array3<f32>,
    /// Millimetres per voxel.
    pub(crate) spacing: [f64; 3],
    /// Voxel (RPI) to RAS+ millimetres, by rows.
    pub(crate) affine: [[f64; 4]; 3],
    pub(crate) mask: Option<Array3<u8>>,
    pub(crate) prediction: Option<Array3<u8>>,
    /// Centerline (x, y) for every z, where there is one.
    pub(crate) curve: Vec<Option<[f64; 2]>>,
    /// Crop box for every z, where there is one.
    pub(crate) boxes: Vec<Option<CropBox>>,
    pub(crate) crop: Option<CropScene>,
    /// Values shown as black and white.
    pub(crate) window: (f32, f32),
    /// Words for the information table.
    pub(crate) facts: Vec<(&'static str, String)>,
}

/// The crop beside the image, on its own isotropic grid.
#[derive(Clone, Debug)]
pub(crate) struct CropScene {
    pub(crate) image: Array3<f32>,
    pub(crate) mask: Option<Array3<u8>>,
    pub(crate) prediction: Option<Array3<u8>>,
    pub(crate) spacing: f64,
    pub(crate) window: (f32, f32),
    /// Slice of the crop for every z of the image, where there is one.
    pub(crate) slice_of: Vec<Option<usize>>,
}

/// Which marks are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Overlays {
    pub(crate) mask: bool,
    pub(crate) centerline: bool,
    pub(crate) crop: bool,
    pub(crate) prediction: bool,
}

impl Default for Overlays {
    fn default() -> Self {
        Self { mask: true, centerline: true, crop: true, prediction: true }
    }
}

impl Scene {
    /// Voxels along the RPI axes.
    pub(crate) fn shape(&self) -> [usize; 3] {
        self.image.dim().into()
    }

    /// The image's grid, RPI.
    pub(crate) fn grid(&self) -> Grid {
        Grid { shape: self.shape(), affine: Affine(self.affine) }
    }

    /// The image cut through a voxel.
    pub(crate) fn plane(&self, cut: Cut, at: [usize; 3]) -> Option<Plane<f32>> {
        slice(self.image.view(), self.spacing, cut, at[cut.axis()])
    }

    /// The marks of a cut through a voxel, the most important last.
    pub(crate) fn layers(&self, cut: Cut, at: [usize; 3], overlays: Overlays) -> Vec<Layer> {
        let mut layers = Vec::new();
        if overlays.crop {
            layers.extend(self.crop_layer(cut, at));
        }
        // As a line the curve would hide small lesions; as a point it would be hidden by any.
        let curve = self.curve_layer(cut, at).filter(|_| overlays.centerline);
        let (line, spot) = if cut == Cut::Axial { (None, curve) } else { (curve, None) };
        layers.extend(line);
        let regions = [
            (overlays.mask, Mark::Mask, &self.mask),
            (overlays.prediction, Mark::Prediction, &self.prediction),
        ];
        for (on, mark, region) in regions {
            if let Some(region) = region.as_ref().filter(|_| on) {
                layers.extend(region_layer(region.view(), cut, at, mark));
            }
        }
        layers.extend(spot);
        layers
    }

    /// A voxel worth looking at first: the slice with most lesion, else the middle of the centerline, else the middle.
    pub(crate) fn first_look(&self) -> [usize; 3] {
        let shape = self.shape();
        let mut at = shape.map(|n| n / 2);
        if let Some(z) = self.most_marked().or_else(|| self.middle_of_curve()) {
            at[2] = z;
        }
        if let Some([x, y]) = self.curve.get(at[2]).copied().flatten() {
            at = [clamp(x, shape[0]), clamp(y, shape[1]), at[2]];
        }
        at
    }

    /// The image's value and world position (RAS+ mm) at a voxel.
    pub(crate) fn probe(&self, at: [usize; 3]) -> Option<(f32, [f64; 3])> {
        let value = *self.image.get(at)?;
        let world = self.affine.map(|r| r[3] + (0..3).map(|k| r[k] * at[k] as f64).sum::<f64>());
        Some((value, world))
    }

    fn most_marked(&self) -> Option<usize> {
        let mask = self.mask.as_ref()?;
        let count = |z: usize| mask.index_axis(ndarray::Axis(2), z).iter().filter(|v| **v > 0).count();
        let counts: Vec<usize> = (0..mask.dim().2).map(count).collect();
        let most = counts.iter().copied().max().filter(|m| *m > 0)?;
        // Among equals the middle one: the first slice of a lesion shows least of it.
        let equal: Vec<usize> = (0..counts.len()).filter(|z| counts[*z] == most).collect();
        equal.get(equal.len() / 2).copied()
    }

    fn middle_of_curve(&self) -> Option<usize> {
        let covered: Vec<usize> = (0..self.curve.len()).filter(|z| self.curve[*z].is_some()).collect();
        covered.get(covered.len() / 2).copied()
    }

    fn curve_layer(&self, cut: Cut, at: [usize; 3]) -> Option<Layer> {
        let point = |z: usize| self.curve.get(z).copied().flatten().map(|[x, y]| [x, y, z as f64]);
        let place = |voxel| cut.to_plane(self.shape(), voxel);
        if cut == Cut::Axial {
            let here = point(at[2])?;
            return Some(Layer { mark: Mark::Spot, shape: Shape::Points(vec![place(here)]) });
        }
        let line: Vec<[f64; 2]> = (0..self.curve.len()).filter_map(point).map(place).collect();
        Some(Layer { mark: Mark::Centerline, shape: Shape::Lines(vec![line]) })
    }

    fn crop_layer(&self, cut: Cut, at: [usize; 3]) -> Option<Layer> {
        let place = |voxel| cut.to_plane(self.shape(), voxel);
        let lines = if cut == Cut::Axial {
            let [x0, x1, y0, y1] = self.boxes.get(at[2]).copied().flatten()?;
            let z = at[2] as f64;
            let corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]];
            vec![corners.map(|[x, y]| place([x, y, z])).to_vec()]
        } else {
            // Where the box's two sides meet this cut, from slice to slice.
            let side = |which: usize| {
                let corner =
                    |(z, b): (usize, &Option<CropBox>)| b.map(|b| place([b[which], b[2 + which], z as f64]));
                self.boxes.iter().enumerate().filter_map(corner).collect::<Vec<_>>()
            };
            vec![side(0), side(1)]
        };
        Some(Layer { mark: Mark::Crop, shape: Shape::Lines(lines) })
    }
}

impl CropScene {
    /// The crop's axial slice for slice `z` of the image, with its mask.
    pub(crate) fn axial(&self, z: usize, overlays: Overlays) -> Option<(Plane<f32>, Vec<Layer>)> {
        let k = self.slice_of.get(z).copied().flatten()?;
        let plane = slice(self.image.view(), [self.spacing; 3], Cut::Axial, k)?;
        let regions = [
            (overlays.mask, Mark::Mask, &self.mask),
            (overlays.prediction, Mark::Prediction, &self.prediction),
        ];
        let shown = regions.into_iter().filter(|(on, ..)| *on);
        let layers = shown.filter_map(|(_, mark, region)| {
            region_layer(region.as_ref()?.view(), Cut::Axial, [0, 0, k], mark)
        });
        Some((plane, layers.collect()))
    }
}

fn region_layer(region: ArrayView3<'_, u8>, cut: Cut, at: [usize; 3], mark: Mark) -> Option<Layer> {
    let plane = slice(region, [1.0; 3], cut, at[cut.axis()])?;
    let inside = plane.pixels.mapv(|v| v > 0);
    inside.iter().any(|v| *v).then_some(Layer { mark, shape: Shape::Region(inside) })
}

fn clamp(at: f64, n: usize) -> usize {
    at.round().clamp(0.0, n.saturating_sub(1) as f64) as usize
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A 24x20x6 scan with a bright cord, a lesion in slices 3 and 4, a centerline in slices 1 to 5 and a crop box.
    pub(crate) fn sample_scene(key: &str) -> Scene {
        let near = |x: usize, y: usize, r: f64| (x as f64 - 12.0).hypot(y as f64 - 9.0) < r;
        let image =
            Array3::from_shape_fn((24, 20, 6), |(x, y, _)| if near(x, y, 4.0) { 100.0 } else { x as f32 });
        let mask =
            Array3::from_shape_fn((24, 20, 6), |(x, y, z)| u8::from(near(x, y, 2.0) && (3..5).contains(&z)));
        let curve: Vec<_> = (0..6).map(|z| (z > 0).then_some([12.0, 9.0])).collect();
        let boxes = curve.iter().map(|c| c.map(|[x, y]| [x - 8.0, x + 8.0, y - 8.0, y + 8.0])).collect();
        Scene {
            key: key.to_owned(),
            spacing: [1.0, 1.0, 4.0],
            affine: [[-1.0, 0.0, 0.0, 12.0], [0.0, 1.0, 0.0, -9.0], [0.0, 0.0, 4.0, 0.0]],
            window: super::super::slice::window(image.view()),
            image,
            mask: Some(mask),
            curve,
            boxes,
            ..Scene::default()
        }
    }

    #[test]
    fn the_first_look_is_at_the_lesion_on_the_centerline() {
        assert_eq!(sample_scene("a").first_look(), [12, 9, 4]);
        let mut empty = sample_scene("b");
        empty.mask = None;
        assert_eq!(empty.first_look(), [12, 9, 3]);
        empty.curve = Vec::new();
        assert_eq!(empty.first_look(), [12, 10, 3]);
    }

    #[test]
    fn overlays_can_be_turned_off_one_by_one() {
        let scene = sample_scene("a");
        let marks = |overlays| -> Vec<Mark> {
            scene.layers(Cut::Axial, [12, 9, 4], overlays).iter().map(|l| l.mark).collect()
        };
        assert_eq!(marks(Overlays::default()), [Mark::Crop, Mark::Mask, Mark::Spot]);
        let overlays = Overlays { mask: false, centerline: false, ..Overlays::default() };
        assert_eq!(marks(overlays), [Mark::Crop]);
    }

    #[test]
    fn probing_gives_value_and_world_position() {
        let (value, world) = sample_scene("a").probe([12, 9, 4]).unwrap();
        assert_eq!((value, world), (100.0, [0.0, 0.0, 16.0]));
        assert!(sample_scene("a").probe([99, 0, 0]).is_none());
    }
}
