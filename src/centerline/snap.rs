//! The cord's centre near a place on an axial slice: what a person means who points roughly at it.
//!
//! Looks for a bright or dark disc, or ellipse, of the cord's size by the symmetry of its edge. Knows one slice and no curve.

use std::f64::consts::PI;

use ndarray::{Array2, ArrayView2, Axis, AxisDescription, Slice};

use crate::volume::sample_linear;

/// How far (mm) from the place the centre may lie.
const REACH_MM: f64 = 6.0;
/// Half the cord's width in any direction (mm): from a thin atrophic one to the lumbar enlargement.
const RADII_MM: [f64; 8] = [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5];
/// An edge is the difference between this far (mm) inside and outside of it.
const EDGE_MM: f64 = 1.0;
/// Directions over half a turn; the other half are their opposites.
const DIRECTIONS: usize = 12;
/// Spacing (mm) of the grid everything is looked at on.
const STEP_MM: f64 = 0.5;
/// The edge around a disc must be this much of its surroundings' deviation, and of the slice's noise.
const LEAST_CONTRAST: f64 = 0.3;
const LEAST_OVER_NOISE: f64 = 1.0;
/// What a centre at the very end of the reach loses against one at the place itself.
const FARTHEST_LOSS: f64 = 0.25;

/// The centre (continuous voxels x, y) of the most cord-like disc whose centre lies within 6 mm of `near`, on one axial
/// slice indexed `[x, y]` with voxels of `mm` millimetres; `None` when nothing there looks like a cord.
///
/// At a cord's centre the edge is equally far in opposite directions, whether the cord is brighter or darker than what is
/// around it, round or flattened. So each candidate gets, averaged over directions, the strongest pair of opposite edges.
pub fn snap(slice: ArrayView2<'_, f32>, mm: [f64; 2], near: [f64; 2]) -> Option<[f64; 2]> {
    let degenerate = |m: &f64| !m.is_finite() || *m <= 0.0;
    if slice.is_empty() || mm.iter().any(degenerate) || !near.iter().all(|v| v.is_finite()) {
        return None;
    }
    let patch = smoothed(&patch(slice, mm, near));
    let rays = rays();
    let sides = [1.0, -1.0].map(|side| scores(&patch, &rays, side));
    let (found, best) = sides.iter().filter_map(centre).max_by(|a, b| a.1.total_cmp(&b.1))?;
    let least =
        (LEAST_OVER_NOISE * noise(around(slice, mm, near))).max(LEAST_CONTRAST * f64::from(patch.std(0.0)));
    (best > least).then(|| [0, 1].map(|axis| near[axis] + found[axis] * STEP_MM / mm[axis]))
}

/// Steps from the middle of the patch to the farthest candidate, and to the patch's border.
const CANDIDATES: isize = (REACH_MM / STEP_MM) as isize;
const HALF: isize = CANDIDATES + (7.5 / STEP_MM) as isize + 1;

/// The surroundings of the place on a grid of square steps; beyond the image its edge goes on.
fn patch(slice: ArrayView2<'_, f32>, mm: [f64; 2], near: [f64; 2]) -> Array2<f32> {
    let volume = slice.insert_axis(Axis(2));
    let side = (2 * HALF + 1) as usize;
    let at = |i: usize, axis: usize| near[axis] + (i as f64 - HALF as f64) * STEP_MM / mm[axis];
    Array2::from_shape_fn((side, side), |(i, j)| sample_linear(&volume, [at(i, 0), at(j, 1), 0.0]))
}

/// The slice's own voxels that the patch was taken from.
fn around(mut slice: ArrayView2<'_, f32>, mm: [f64; 2], near: [f64; 2]) -> ArrayView2<'_, f32> {
    slice.slice_each_axis_inplace(|AxisDescription { axis: Axis(axis), len, .. }| {
        let half = HALF as f64 * STEP_MM / mm[axis];
        let edge = |at: f64| at.clamp(0.0, len as f64) as usize;
        Slice::from(edge(near[axis] - half)..edge(near[axis] + half + 1.0))
    });
    slice
}

/// Weights 1, 2, 1 along both axes: takes the noise of single voxels, leaves edges.
fn smoothed(patch: &Array2<f32>) -> Array2<f32> {
    let (n, _) = patch.dim();
    let beside = |i: usize| [i.saturating_sub(1), i, i, (i + 1).min(n - 1)];
    Array2::from_shape_fn(patch.dim(), |(i, j)| {
        beside(i).iter().flat_map(|i| beside(j).map(|j| patch[[*i, j]])).sum::<f32>() / 16.0
    })
}

/// The deviation of the slice's noise: the median of what a second difference along both axes leaves, which is blind to
/// ramps and straight edges (Immerkaer, Computer Vision and Image Understanding 64, 1996), as a deviation.
fn noise(slice: ArrayView2<'_, f32>) -> f64 {
    let weights = [1.0, -2.0, 1.0];
    let mut left: Vec<f32> = slice
        .windows((3, 3))
        .into_iter()
        .map(|w| w.indexed_iter().map(|((i, j), v)| weights[i] * weights[j] * v).sum::<f32>().abs())
        .collect();
    let middle = left.len() / 2;
    if left.is_empty() {
        return 0.0;
    }
    // The weights' squares sum to 36; the median of a normal's size is 0.6745 of its deviation.
    f64::from(*left.select_nth_unstable_by(middle, f32::total_cmp).1) / 6.0 / 0.6745
}

/// Steps to the inner and to the outer side of an edge; the opposite edge's are the negatives.
type Ray = [[isize; 2]; 2];

fn rays() -> Vec<[Ray; RADII_MM.len()]> {
    let ray = |angle: f64, radius: f64| -> Ray {
        [radius - EDGE_MM, radius + EDGE_MM]
            .map(|r| [angle.cos(), angle.sin()].map(|part| (r * part / STEP_MM).round() as isize))
    };
    let angle = |k: usize| PI * k as f64 / DIRECTIONS as f64;
    (0..DIRECTIONS).map(|k| RADII_MM.map(|radius| ray(angle(k), radius))).collect()
}

/// The score of every candidate for bright (1) or dark (-1) discs.
fn scores(patch: &Array2<f32>, rays: &[[Ray; RADII_MM.len()]], side: f32) -> Array2<f64> {
    let n = (2 * CANDIDATES + 1) as usize;
    Array2::from_shape_fn((n, n), |(i, j)| {
        let at = [i, j].map(|k| k as isize - CANDIDATES);
        let far = distance(at);
        let value = |step: [isize; 2], sign: isize| {
            let [x, y] = [0, 1].map(|axis| (HALF + at[axis] + sign * step[axis]) as usize);
            patch[[x, y]]
        };
        let edge = |ray: &Ray, sign: isize| side * (value(ray[0], sign) - value(ray[1], sign));
        let pairs: Vec<_> =
            rays.iter().map(|radii| radii.map(|ray| edge(&ray, 1).min(edge(&ray, -1)))).collect();
        f64::from(outline(&pairs)) * (1.0 - FARTHEST_LOSS * far * far)
    })
}

/// How strong the outline is around: of every direction the radius with the strongest edges, the directions beside it
/// counted in, for an outline has no corners and noise has nothing else. The last direction's neighbour is the first.
fn outline(pairs: &[[f32; RADII_MM.len()]]) -> f32 {
    let n = pairs.len();
    let three = |k: usize, r: usize| [n - 1, 0, 1].map(|by| pairs[(k + by) % n][r]).iter().sum::<f32>() / 3.0;
    let strongest = |k: usize| (0..RADII_MM.len()).map(|r| three(k, r)).fold(0.0, f32::max);
    let mut all: Vec<f32> = (0..n).map(strongest).collect();
    all.sort_by(f32::total_cmp);
    all[..n / 2].iter().sum::<f32>() / (n / 2) as f32
}

/// A candidate's distance from the middle in parts of the reach.
fn distance(steps: [isize; 2]) -> f64 {
    (steps[0] as f64).hypot(steps[1] as f64) * STEP_MM / REACH_MM
}

/// The best candidate in steps from the middle, placed between its neighbours by their scores, and its score. One that
/// grows on beyond the reach is a slope, no centre.
fn centre(scores: &Array2<f64>) -> Option<([f64; 2], f64)> {
    let peak = |at: (usize, usize), value: f64| {
        let around = |i: usize, j: usize| scores.get([i, j]).is_none_or(|other| *other <= value);
        let sides = |k: usize| k.saturating_sub(1)..=k + 1;
        let reached = distance([at.0, at.1].map(|k| k as isize - CANDIDATES)) <= 1.0;
        reached && sides(at.0).all(|i| sides(at.1).all(|j| around(i, j)))
    };
    let peaks = scores.indexed_iter().filter(|(at, value)| peak(*at, **value));
    let (best, score) = peaks.max_by(|a, b| a.1.total_cmp(b.1))?;
    let near = |at: (usize, usize)| at.0.abs_diff(best.0) <= 3 && at.1.abs_diff(best.1) <= 3;
    let (mut sum, mut total) = ([0.0; 2], 0.0);
    for (at, value) in scores.indexed_iter().filter(|(at, _)| near(*at)) {
        let weight = (value - 0.85 * score).max(0.0);
        total += weight;
        sum = [sum[0] + weight * at.0 as f64, sum[1] + weight * at.1 as f64];
    }
    (total > 0.0).then(|| (sum.map(|s| s / total - CANDIDATES as f64), *score))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shared;
    use crate::volume::{read_image, read_mask};
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Noise of deviation about 1 with an ellipse of `contrast` and the half-axes `radii` (mm).
    fn slice(mm: [f64; 2], centre: [f64; 2], radii: [f64; 2], contrast: f64, seed: u64) -> Array2<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let shape = mm.map(|m| (60.0 / m) as usize);
        Array2::from_shape_fn(shape, |(x, y)| {
            let off = [x as f64 - centre[0], y as f64 - centre[1]];
            let r = (off[0] * mm[0] / radii[0]).hypot(off[1] * mm[1] / radii[1]);
            let noise: f64 = (0..12).map(|_| random.random::<f64>() - 0.5).sum();
            (100.0 + noise + contrast * (1.0 / (1.0 + ((r - 1.0) * 12.0).exp()))) as f32
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn bright_and_dark_ellipses_are_found(
            mm in prop::array::uniform2(0.35..1.1f64),
            radii in prop::array::uniform2(3.3..6.2f64),
            off in prop::array::uniform2(-3.0..3.0f64),
            (contrast, dark, seed) in (6.0..60.0f64, any::<bool>(), any::<u64>()),
        ) {
            let centre = [30.3 / mm[0], 28.6 / mm[1]];
            let contrast = if dark { -contrast } else { contrast };
            let near = [centre[0] + off[0] / mm[0], centre[1] + off[1] / mm[1]];
            let found = snap(slice(mm, centre, radii, contrast, seed).view(), mm, near).unwrap();
            let error = ((found[0] - centre[0]) * mm[0]).hypot((found[1] - centre[1]) * mm[1]);
            prop_assert!(error < 0.8, "{error} mm off");
        }

        #[test]
        fn noise_has_no_cord(mm in 0.35..1.1f64, seed in any::<u64>()) {
            let noise = slice([mm; 2], [0.0; 2], [1.0; 2], 0.0, seed);
            prop_assert_eq!(snap(noise.view(), [mm; 2], [30.0 / mm; 2]), None);
        }
    }

    #[test]
    fn odd_inputs_have_no_cord() {
        let flat = Array2::from_elem((40, 40), 7.0_f32);
        assert_eq!(snap(flat.view(), [1.0; 2], [20.0; 2]), None);
        assert_eq!(snap(flat.view(), [0.0, 1.0], [20.0; 2]), None);
        assert_eq!(snap(flat.view(), [1.0; 2], [f64::NAN, 20.0]), None);
        assert_eq!(snap(Array2::zeros((0, 4)).view(), [1.0; 2], [0.0; 2]), None);
        let tiny = Array2::from_shape_fn((4, 4), |(x, y)| (x * y) as f32);
        snap(tiny.view(), [1.0; 2], [-1e9, 1e9]);
    }

    /// From 2.5 mm beside the manual mask's centre, in four directions, on every slice of a real image.
    #[test]
    fn real_cords_are_found_from_beside_them() {
        for (image, mask) in [("t2/t2", "t2/t2_seg-manual"), ("t1/t1w", "t1/t1w_seg-manual")] {
            let path = |name: &str| shared(&format!("data/sct-testing/{name}.nii.gz"));
            let (Some(image), Some(mask)) = (path(image), path(mask)) else { return };
            let (image, mask) = (read_image(&image).unwrap().to_rpi(), read_mask(&mask).unwrap());
            let curve = super::super::from_mask(&mask, super::super::Fit::default()).unwrap();
            let mm = image.grid.spacing();
            let mut errors = Vec::new();
            for (z, off) in
                curve.z_range().zip([[2.5, 0.0], [0.0, 2.5], [-2.5, 0.0], [0.0, -2.5]].iter().cycle())
            {
                let truth = curve.at(z).unwrap();
                let near = [truth[0] + off[0] / mm[0], truth[1] + off[1] / mm[1]];
                let found = snap(image.data.index_axis(Axis(2), z), [mm[0], mm[1]], near);
                errors.push(
                    found.map_or(9.0, |f| ((f[0] - truth[0]) * mm[0]).hypot((f[1] - truth[1]) * mm[1])),
                );
            }
            errors.sort_by(f64::total_cmp);
            let median = errors[errors.len() / 2];
            let lost = errors.iter().filter(|e| **e > 2.5).count();
            assert!(
                median < 1.0 && lost * 10 < errors.len(),
                "median {median:.2} mm, {lost} of {} farther off than before",
                errors.len()
            );
        }
    }
}
