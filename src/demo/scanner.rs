//! The scanner: lays a grid in the body, averages each voxel's tissues into signal, and draws the masks a rater would.
//! Knows the anatomy only as a function of world millimetres; nothing of files or subjects.

use ndarray::{Array3, Axis, ShapeBuilder};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::volume::{Affine, Grid, Millimetres, Orientation, Volume};

use super::anatomy::Anatomy;
use super::artefacts::{Coil, add_noise};
use super::contrast::Sequence;
use super::tissue::Tissue;

/// Longest step (mm) between two samples within a voxel.
const SAMPLE_STEP: f64 = 1.0;

/// How values are stored in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Storage {
    /// 32-bit floats.
    Float,
    /// 16-bit integers; `value = slope * stored`.
    Integer { slope: f64 },
}

/// One scan's settings. Axes are in RPI order: left-right, back-front, feet-head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protocol {
    /// BIDS `acq` label: `ax` or `sag`.
    pub(super) acquisition: &'static str,
    pub(super) sequence: Sequence,
    pub(super) spacing: [f64; 3],
    pub(super) extent_mm: [f64; 3],
    /// Axis order and direction in the file.
    pub(super) orientation: Orientation,
    /// Rotation of the field of view: nodding and turning, degrees.
    pub(super) tilt: [f64; 2],
    /// Signal of white matter over the standard deviation of the noise.
    pub(super) snr: f64,
    pub(super) storage: Storage,
}

/// A scan and its masks, all on one grid.
pub(super) struct Acquisition {
    pub(super) image: Volume<f32>,
    pub(super) cord: Volume<u8>,
    pub(super) lesion: Volume<u8>,
}

/// Scans a body with the field of view around `center` (RAS world mm).
pub(super) fn acquire(
    body: &Anatomy,
    protocol: &Protocol,
    center: Millimetres,
    rng: &mut ChaCha8Rng,
) -> Acquisition {
    let grid = protocol.grid(center);
    let sampling = Sampling::new(&grid);
    let signals = protocol.sequence.signals();
    let gain = rng.random_range(280.0..460.0) / signals[Tissue::White as usize];
    let coil = Coil::random(rng);
    let mut image = fill(&grid, |voxel| {
        let world = grid.affine.apply(voxel);
        let signal = sampling.average(voxel, |at| f64::from(body.mixture(at, sampling.blur).weigh(&signals)));
        gain * coil.sensitivity(&grid, voxel, world[1] - center[1]) as f32 * signal as f32
    });
    let sigma = gain * signals[Tissue::White as usize] / protocol.snr as f32;
    add_noise(&mut image, sigma, rng.random());
    let cord = fill(&grid, |voxel| {
        let near = body.is_near_cord(grid.affine.apply(voxel));
        u8::from(near && sampling.average(voxel, |at| body.cord_part(at, sampling.blur)) >= 0.5)
    });
    // At the surface the best voxel for a tiny lesion may be hardly cord: a lesion mask stays within the cord mask.
    let lesion = lesion_mask(body, &grid, &sampling) * &cord;
    let native = |data| Volume { grid, data }.reoriented(protocol.orientation);
    Acquisition {
        image: Volume { grid, data: image }.reoriented(protocol.orientation),
        cord: native(cord),
        lesion: native(lesion),
    }
}

/// Every voxel at least half filled by a lesion; a lesion too small to fill half of any voxel keeps those it fills best,
/// as a rater who sees it would mark it.
fn lesion_mask(body: &Anatomy, grid: &Grid, sampling: &Sampling) -> Array3<u8> {
    let mut mask = Array3::zeros(grid.shape.f());
    for index in 0..body.lesion_count() {
        let share = fill(grid, |voxel| {
            if !body.may_touch_lesion(index, grid.affine.apply(voxel)) {
                return 0.0;
            }
            sampling.average(voxel, |at| body.lesion_part(index, at, sampling.blur)) as f32
        });
        let peak = share.iter().copied().fold(0.0f32, f32::max);
        let enough = if peak >= 0.5 { 0.5 } else { 0.7 * peak };
        mask.zip_mut_with(&share, |marked, share| *marked |= u8::from(*share > 0.0 && *share >= enough));
    }
    mask
}

/// An array on `grid` in Fortran order, computed slice by slice in parallel; the result does not depend on the threads.
fn fill<T: Send + Clone + Default>(grid: &Grid, value: impl Fn([f64; 3]) -> T + Sync) -> Array3<T> {
    let [nx, ny, nz] = grid.shape;
    let mut data = Array3::from_elem((nx, ny, nz).f(), T::default());
    let slices: Vec<_> = data.axis_iter_mut(Axis(2)).collect();
    slices.into_par_iter().enumerate().for_each(|(k, mut slice)| {
        for ((i, j), cell) in slice.indexed_iter_mut() {
            *cell = value([i as f64, j as f64, k as f64]);
        }
    });
    data
}

/// Where a voxel is looked at: evenly spaced points along each axis, closer than [`SAMPLE_STEP`].
struct Sampling {
    offsets: Vec<[f64; 3]>,
    affine: Affine,
    /// Half the smallest step between points, mm: softens outlines so that in-plane edges blend without more points.
    blur: f64,
}

impl Sampling {
    fn new(grid: &Grid) -> Self {
        let spacing = grid.spacing();
        let counts = spacing.map(|mm| (mm / SAMPLE_STEP).ceil() as usize);
        let along = |axis: usize| {
            (0..counts[axis]).map(move |k| (k as f64 + 0.5) / counts[axis] as f64 - 0.5).collect::<Vec<_>>()
        };
        let (xs, ys, zs) = (along(0), along(1), along(2));
        let offsets = zs.iter().flat_map(|&z| ys.iter().map(move |&y| (y, z)));
        let offsets = offsets.flat_map(|(y, z)| xs.iter().map(move |&x| [x, y, z])).collect();
        let blur = (0..3).map(|k| spacing[k] / counts[k] as f64 / 2.0).fold(f64::MAX, f64::min);
        Self { offsets, affine: grid.affine, blur }
    }

    fn average(&self, voxel: [f64; 3], value: impl Fn(Millimetres) -> f64) -> f64 {
        let at = |offset: &[f64; 3]| self.affine.apply(std::array::from_fn(|k| voxel[k] + offset[k]));
        self.offsets.iter().map(|offset| value(at(offset))).sum::<f64>() / self.offsets.len() as f64
    }
}

impl Protocol {
    /// The RPI-ordered grid of this protocol around `center`, rotated by its tilt.
    fn grid(&self, center: Millimetres) -> Grid {
        let shape: [usize; 3] =
            std::array::from_fn(|k| (self.extent_mm[k] / self.spacing[k]).round() as usize);
        let [[sn, cn], [st, ct]] = self.tilt.map(|degrees| <[f64; 2]>::from(degrees.to_radians().sin_cos()));
        // Turn about the head-feet axis, then nod about the left-right axis.
        let turn = [[ct, -st, 0.0], [st, ct, 0.0], [0.0, 0.0, 1.0]];
        let nod = [[1.0, 0.0, 0.0], [0.0, cn, -sn], [0.0, sn, cn]];
        let step = [-self.spacing[0], self.spacing[1], self.spacing[2]];
        let mut m = [[0.0; 4]; 3];
        for row in 0..3 {
            for col in 0..3 {
                m[row][col] = (0..3).map(|k| nod[row][k] * turn[k][col]).sum::<f64>() * step[col];
            }
            let middle: f64 = (0..3).map(|col| m[row][col] * (shape[col] as f64 - 1.0) / 2.0).sum();
            m[row][3] = center[row] - middle;
        }
        Grid { shape, affine: Affine(m) }
    }
}
