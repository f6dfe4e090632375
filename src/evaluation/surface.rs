//! Distances between the surfaces of two masks, in mm, exact for any voxel size.
//!
//! A surface voxel is inside and has a face towards outside (the array's edge counts as outside). Distances are between voxel
//! centres along the voxel axes; a shear of the axes is not taken into account.

use ndarray::{Array3, ArrayView3, Axis, Slice};
use serde::{Deserialize, Serialize};

use super::statistics::percentile;

/// Surface distances of two masks. Both empty: 0. One empty: there are none.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurfaceDistances {
    /// The larger of the two directed 95th percentiles (numpy's linear rule), mm.
    pub hausdorff95_mm: f64,
    /// Mean over the surface voxels of both masks of the distance to the other surface, mm.
    pub mean_mm: f64,
}

impl SurfaceDistances {
    /// Distances between masks (not 0 = inside) of one shape with voxels of `spacing` mm; `None` when only one is empty.
    pub fn of(a: &ArrayView3<'_, u8>, b: &ArrayView3<'_, u8>, spacing: [f64; 3]) -> Option<Self> {
        let Some(bounds) = bounds(a, b) else {
            return Some(Self { hausdorff95_mm: 0.0, mean_mm: 0.0 });
        };
        // Nothing outside the box of both masks can be nearest: distances there are the same, and soon found.
        let (a, b) = (surface(&cut(a, bounds)), surface(&cut(b, bounds)));
        let mut from_a = distances(&a, &b, spacing)?;
        let mut from_b = distances(&b, &a, spacing)?;
        let total: f64 = from_a.iter().chain(&from_b).sum();
        let mean_mm = total / (from_a.len() + from_b.len()) as f64;
        let hausdorff95_mm = percentile(&mut from_a, 95.0)?.max(percentile(&mut from_b, 95.0)?);
        Some(Self { hausdorff95_mm, mean_mm })
    }
}

/// First and last index, per axis, of what is inside either mask.
fn bounds(a: &ArrayView3<'_, u8>, b: &ArrayView3<'_, u8>) -> Option<[(usize, usize); 3]> {
    let inside = a.indexed_iter().chain(b.indexed_iter()).filter(|(_, v)| **v != 0);
    inside.fold(None, |bounds: Option<[(usize, usize); 3]>, ((i, j, k), _)| {
        let voxel = [i, j, k];
        let old = bounds.unwrap_or(voxel.map(|x| (x, x)));
        Some(std::array::from_fn(|axis| (old[axis].0.min(voxel[axis]), old[axis].1.max(voxel[axis]))))
    })
}

fn cut<'a>(mask: &'a ArrayView3<'_, u8>, bounds: [(usize, usize); 3]) -> ArrayView3<'a, u8> {
    mask.slice_each_axis(|axis| {
        let (first, last) = bounds[axis.axis.index()];
        Slice::from(first..last + 1)
    })
}

/// Inside, with a neighbour across a face that is not.
fn surface(mask: &ArrayView3<'_, u8>) -> Array3<bool> {
    let inside = |voxel: [usize; 3]| mask.get(voxel).is_some_and(|v| *v != 0);
    Array3::from_shape_fn(mask.dim(), |(i, j, k)| {
        let voxel = [i, j, k];
        let open = |axis: usize| {
            let (mut below, mut above) = (voxel, voxel);
            below[axis] = voxel[axis].wrapping_sub(1);
            above[axis] += 1;
            !inside(below) || !inside(above)
        };
        inside(voxel) && (0..3).any(open)
    })
}

/// The distance (mm) of each surface voxel of `from` to the nearest one of `to`; `None` when either has none.
fn distances(from: &Array3<bool>, to: &Array3<bool>, spacing: [f64; 3]) -> Option<Vec<f64>> {
    if !to.iter().any(|v| *v) {
        return None;
    }
    let squared = squared_distance(to, spacing);
    let all: Vec<f64> = from.iter().zip(&squared).filter(|(on, _)| **on).map(|(_, d)| d.sqrt()).collect();
    (!all.is_empty()).then_some(all)
}

/// Squared Euclidean distance (mm2) of every voxel to the nearest marked one; one pass per axis (Felzenszwalb and
/// Huttenlocher 2012, "Distance transforms of sampled functions").
fn squared_distance(marked: &Array3<bool>, spacing: [f64; 3]) -> Array3<f64> {
    let mut squared = marked.mapv(|on| if on { 0.0 } else { f64::INFINITY });
    for (axis, step) in spacing.into_iter().enumerate() {
        for mut lane in squared.lanes_mut(Axis(axis)) {
            let values = lane.to_vec();
            lane.iter_mut().zip(lower_envelope(&values, step)).for_each(|(out, value)| *out = value);
        }
    }
    squared
}

/// `min over q of values[q] + (step (p - q))^2` for every p.
fn lower_envelope(values: &[f64], step: f64) -> Vec<f64> {
    // Parabolas that are lowest somewhere, each with the position from which on it is.
    let mut lowest: Vec<(usize, f64)> = Vec::with_capacity(values.len());
    for (q, value) in values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
        let x = q as f64 * step;
        let mut start = f64::NEG_INFINITY;
        while let Some(&(last, from)) = lowest.last() {
            let y = last as f64 * step;
            start = ((value + x * x) - (values[last] + y * y)) / (2.0 * (x - y));
            if start > from {
                break;
            }
            lowest.pop();
            start = f64::NEG_INFINITY;
        }
        lowest.push((q, start));
    }
    let mut current = 0;
    let at = |p: usize| {
        let x = p as f64 * step;
        while lowest.get(current + 1).is_some_and(|(_, from)| *from < x) {
            current += 1;
        }
        lowest.get(current).map_or(f64::INFINITY, |(q, _)| values[*q] + (x - *q as f64 * step).powi(2))
    };
    (0..values.len()).map(at).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn voxels(points: &[[usize; 3]]) -> Array3<u8> {
        let mut mask = Array3::zeros((8, 8, 8));
        points.iter().for_each(|p| mask[*p] = 1);
        mask
    }

    #[test]
    fn two_voxels_apart_by_hand() {
        let (a, b) = (voxels(&[[1, 1, 1]]), voxels(&[[4, 5, 1]]));
        let d = SurfaceDistances::of(&a.view(), &b.view(), [1.0, 1.0, 3.0]).unwrap();
        assert_eq!((d.hausdorff95_mm, d.mean_mm), (5.0, 5.0));
        let b = voxels(&[[1, 1, 3]]);
        let d = SurfaceDistances::of(&a.view(), &b.view(), [1.0, 1.0, 3.0]).unwrap();
        assert_eq!((d.hausdorff95_mm, d.mean_mm), (6.0, 6.0), "two slices of 3 mm");
    }

    #[test]
    fn the_percentile_and_the_mean_by_hand() {
        // One voxel against it and another 2 mm away: directed distances are {0} and {0, 2}.
        let (a, b) = (voxels(&[[1, 1, 1]]), voxels(&[[1, 1, 1], [3, 1, 1]]));
        let d = SurfaceDistances::of(&a.view(), &b.view(), [1.0; 3]).unwrap();
        assert!((d.hausdorff95_mm - 1.9).abs() < 1e-12, "95 % of the way from 0 to 2");
        assert!((d.mean_mm - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_inside_of_a_body_is_not_its_surface() {
        let block = Array3::from_elem((5, 5, 5), 1u8);
        let on: usize = surface(&block.view()).iter().map(|v| usize::from(*v)).sum();
        assert_eq!(on, 125 - 27);
    }

    #[test]
    fn empty_masks_by_convention() {
        let (none, some) = (voxels(&[]), voxels(&[[2, 2, 2]]));
        let of = |a: &Array3<u8>, b: &Array3<u8>| SurfaceDistances::of(&a.view(), &b.view(), [1.0; 3]);
        assert_eq!(of(&none, &none).map(|d| d.hausdorff95_mm), Some(0.0));
        assert_eq!(of(&none, &some), None);
        assert_eq!(of(&some, &none), None);
    }

    proptest! {
        #[test]
        fn the_transform_equals_brute_force(
            points in prop::collection::vec(prop::array::uniform3(0usize..6), 1..6),
            spacing in prop::array::uniform3(0.2..5.0f64),
        ) {
            let mut marked = Array3::from_elem((6, 6, 6), false);
            points.iter().for_each(|p| marked[*p] = true);
            for ((i, j, k), found) in squared_distance(&marked, spacing).indexed_iter() {
                let to = |p: &[usize; 3]| {
                    let step = |axis: usize, x: usize| (x as f64 - p[axis] as f64) * spacing[axis];
                    step(0, i).powi(2) + step(1, j).powi(2) + step(2, k).powi(2)
                };
                let expected = points.iter().map(to).fold(f64::INFINITY, f64::min);
                prop_assert!((found - expected).abs() < 1e-9);
            }
        }
    }
}
