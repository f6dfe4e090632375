//! From the grown tube to what a user sees: one last, finer deformation, the cord's voxels, and the line through its rings.

use super::deform::{Effort, deformed};
use super::scene::Scene;
use super::surface::contrast;
use super::tube::Tube;
use super::vector::Vector;
use super::voxelise::voxels_within;
use crate::centerline::Fit;
use crate::volume::{Grid, Volume};
use std::ops::Range;

/// Steps of smoothing before and after the last deformation.
const SMOOTHING: [usize; 2] = [70, 20];
/// A slice whose voxels' middle lies this far (mm) from the centerline is not to be trusted, nor any beyond it.
const OFF_LINE_MM: f64 = 3.0;

/// The tube, smoothed, with twice as many vertices, on the edge once more.
pub(super) fn refined(scene: &Scene, tube: Tube) -> Tube {
    let fine = tube.smoothed(SMOOTHING[0]).subdivided();
    let contrast =
        (0..fine.rings()).map(|ring| contrast(scene, &fine, ring)).sum::<f64>() / fine.rings() as f64;
    deformed(scene, fine.clone(), &fine, 0, contrast, Effort::LAST).smoothed(SMOOTHING[1])
}

/// The cord on every slice: its voxels, and x and y (voxels) of the line through the rings from slice `first` on.
pub(super) struct Cord {
    pub mask: Volume<u8>,
    pub first: usize,
    pub xy: Vec<[f64; 2]>,
}

impl Cord {
    /// The cord in a tube: only where its voxels agree with its line, from the middle outwards. `None` when nowhere.
    pub fn within(tube: &Tube, grid: &Grid) -> Option<Cord> {
        let mask = voxels_within(tube, grid);
        let (first, xy) = line(tube, grid)?;
        let slices = agreeing(&mask, first, &xy)?;
        let mut cord = Cord { mask, first, xy };
        cord.keep(slices);
        Some(cord)
    }

    /// Drops everything outside some slices.
    pub fn keep(&mut self, slices: Range<usize>) {
        for (z, mut slice) in self.mask.data.axis_iter_mut(ndarray::Axis(2)).enumerate() {
            if !slices.contains(&z) {
                slice.fill(0);
            }
        }
        self.xy = self.xy[slices.start - self.first..slices.end - self.first].to_vec();
        self.first = slices.start;
    }
}

/// The smoothed middles of the rings, cut by the slices between the first and the last.
fn line(tube: &Tube, grid: &Grid) -> Option<(usize, Vec<[f64; 2]>)> {
    let spacing = grid.spacing();
    let middle = |ring| -> Vector { std::array::from_fn(|axis| tube.centre(ring)[axis] / spacing[axis]) };
    let middles: Vec<Vector> = (0..tube.rings()).map(middle).collect();
    let (low, high) = (middles.first()?[2], middles.last()?[2]);
    let first = low.ceil().max(0.0) as usize;
    let past = ((high.floor() + 1.0).max(0.0) as usize).min(grid.shape[2]);
    let at = |z: usize| {
        let upper = middles.iter().position(|m| m[2] >= z as f64)?.max(1);
        let (a, b) = (middles[upper - 1], middles[upper]);
        let share = if b[2] > a[2] { (z as f64 - a[2]) / (b[2] - a[2]) } else { 0.0 };
        Some([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1]), z as f64])
    };
    let cuts: Vec<[f64; 3]> = (first..past).map(at).collect::<Option<_>>()?;
    (!cuts.is_empty()).then(|| (first, Fit::default().through(&cuts, first..past, spacing[2])))
}

/// The slices around the middle one on which the voxels' middle lies near the line.
fn agreeing(mask: &Volume<u8>, first: usize, xy: &[[f64; 2]]) -> Option<Range<usize>> {
    let spacing = mask.grid.spacing();
    let agrees = |z: usize| {
        let centre = centre(mask, z)?;
        let off = |axis: usize| (centre[axis] - xy[z - first][axis]) * spacing[axis];
        (off(0).hypot(off(1)) < OFF_LINE_MM).then_some(())
    };
    let middle = first + xy.len() / 2;
    agrees(middle)?;
    let low = (first..middle).rev().take_while(|z| agrees(*z).is_some()).last().unwrap_or(middle);
    let high = (middle..first + xy.len()).take_while(|z| agrees(*z).is_some()).last().unwrap_or(middle);
    Some(low..high + 1)
}

/// Mean x and y (voxels) of the mask on a slice.
fn centre(mask: &Volume<u8>, z: usize) -> Option<[f64; 2]> {
    let slice = mask.data.index_axis(ndarray::Axis(2), z);
    let (mut sum, mut count) = ([0.0; 2], 0.0);
    for ((x, y), _) in slice.indexed_iter().filter(|(_, v)| **v > 0) {
        sum = [sum[0] + x as f64, sum[1] + y as f64];
        count += 1.0;
    }
    (count > 0.0).then(|| sum.map(|s| s / count))
}
