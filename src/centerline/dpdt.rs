//! The curve optimisation of OptiC: one pixel on every slice, so that the scores met are high and the steps between slices small.
//! Knows scores and spacings; it does not know what the scores say or where they come from.
//!
//! Gros et al., "Automatic spinal cord localization, robust to MRI contrasts using global curve optimization", Medical Image
//! Analysis 44 (2018): dynamic programming over the slices, where the cheapest way onto a slice is a distance transform.

use super::CenterlineError;
use super::distance::cheapest_arrivals;
use ndarray::{Array2, ArrayView2, ArrayView3, Axis};

/// Weights of a squared step stay in here, so that a degenerate spacing neither forbids all steps nor makes them free.
const WEIGHTS: (f64, f64) = (1e-9, 1e9);

/// The pixel `[x, y]` on every slice (axis 2) that minimises `sum -score + lambda * sum |step|^2 / dz^2`, steps in mm.
///
/// `score` is `[x, y, z]`, `spacing` its voxel size (mm). A score that is not finite bars its pixel; where a whole slice is
/// barred, nothing is known and the slice counts as even. Of equals the first in x, then y, wins. `go_on` is asked between
/// slices. The result is empty when the volume is.
pub(super) fn best_path(
    score: ArrayView3<'_, f32>,
    spacing: [f64; 3],
    lambda: f64,
    go_on: impl Fn() -> Result<(), CenterlineError>,
) -> Result<Vec<[usize; 2]>, CenterlineError> {
    if score.is_empty() {
        return Ok(Vec::new());
    }
    let weights = [0, 1].map(|axis| weight(lambda, spacing[axis] / spacing[2]));
    let mut sums: Vec<Array2<f32>> = Vec::with_capacity(score.len_of(Axis(2)));
    for slice in score.axis_iter(Axis(2)) {
        go_on()?;
        let mut sum = costs(slice);
        if let Some(below) = sums.last() {
            sum += &cheapest_arrivals(below.mapv(f64::from), weights);
        }
        // Only differences matter: kept small, they fit 32 bits on any number of slices.
        let least = sum.fold(f64::INFINITY, |a, b| a.min(*b));
        sums.push(sum.mapv(|cost| (cost - least) as f32));
    }
    Ok(back_from_the_last(&sums, weights))
}

fn weight(lambda: f64, slope: f64) -> f64 {
    let weight = lambda * slope * slope;
    if weight.is_nan() { 1.0 } else { weight.clamp(WEIGHTS.0, WEIGHTS.1) }
}

fn costs(scores: ArrayView2<'_, f32>) -> Array2<f64> {
    if scores.iter().any(|score| score.is_finite()) {
        scores.mapv(|score| if score.is_finite() { -f64::from(score) } else { f64::INFINITY })
    } else {
        Array2::zeros(scores.dim())
    }
}

/// From the cheapest end down, on every slice the pixel from which the one above was reached.
fn back_from_the_last(sums: &[Array2<f32>], [weight_x, weight_y]: [f64; 2]) -> Vec<[usize; 2]> {
    let mut path: Vec<[usize; 2]> = Vec::with_capacity(sums.len());
    for sum in sums.iter().rev() {
        let above = path.last().map(|voxel| voxel.map(|i| i as f64));
        let step = |x: usize, y: usize| {
            above.map_or(0.0, |[ax, ay]| {
                weight_x * (x as f64 - ax).powi(2) + weight_y * (y as f64 - ay).powi(2)
            })
        };
        path.push(cheapest(sum, step));
    }
    path.reverse();
    path
}

fn cheapest(sum: &Array2<f32>, step: impl Fn(usize, usize) -> f64) -> [usize; 2] {
    let mut best = (f64::INFINITY, [0, 0]);
    for ((x, y), cost) in sum.indexed_iter() {
        let cost = f64::from(*cost) + step(x, y);
        if cost < best.0 {
            best = (cost, [x, y]);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;
    use proptest::prelude::*;

    fn price(score: &Array3<f32>, path: &[[usize; 2]], spacing: [f64; 3], lambda: f64) -> f64 {
        let data: f64 = path.iter().enumerate().map(|(z, [x, y])| -f64::from(score[[*x, *y, z]])).sum();
        let steps = path.windows(2).map(|pair| {
            let step = |i: usize| (pair[1][i] as f64 - pair[0][i] as f64) * spacing[i] / spacing[2];
            step(0).powi(2) + step(1).powi(2)
        });
        data + lambda * steps.sum::<f64>()
    }

    fn least_price(score: &Array3<f32>, spacing: [f64; 3], lambda: f64) -> f64 {
        let (nx, ny, nz) = score.dim();
        let pixels: Vec<[usize; 2]> = (0..nx).flat_map(|x| (0..ny).map(move |y| [x, y])).collect();
        let mut paths: Vec<Vec<[usize; 2]>> = vec![Vec::new()];
        for _ in 0..nz {
            paths =
                paths.iter().flat_map(|p| pixels.iter().map(|c| [p.as_slice(), &[*c]].concat())).collect();
        }
        paths.iter().map(|path| price(score, path, spacing, lambda)).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #[test]
        fn no_other_path_is_cheaper(
            shape in (1..4usize, 1..4usize, 1..4usize),
            values in prop::collection::vec(prop_oneof![5 => -3.0..3.0f32, 1 => Just(f32::NEG_INFINITY)], 27),
            spacing in prop::array::uniform3(0.3..4.0f64),
            lambda in 0.1..5.0f64,
        ) {
            let mut score = Array3::from_shape_fn(shape, |(x, y, z)| values[x * 9 + y * 3 + z]);
            // At least one way through.
            score.slice_mut(ndarray::s![0, 0, ..]).fill(-1.0);
            let path = best_path(score.view(), spacing, lambda, || Ok(())).unwrap();
            prop_assert!((price(&score, &path, spacing, lambda) - least_price(&score, spacing, lambda)).abs() < 1e-4);
        }
    }

    #[test]
    fn a_barred_slice_is_crossed_by_the_way_between_its_neighbours() {
        let mut score = Array3::from_elem((9, 3, 3), 0.0_f32);
        score.slice_mut(ndarray::s![.., .., 1]).fill(f32::NEG_INFINITY);
        (score[[2, 1, 0]], score[[6, 1, 2]]) = (100.0, 100.0);
        let path = best_path(score.view(), [1.0; 3], 1.0, || Ok(())).unwrap();
        assert_eq!(path, [[2, 1], [4, 1], [6, 1]]);
    }

    #[test]
    fn degenerate_input_is_answered() {
        let empty = Array3::<f32>::zeros((0, 3, 2));
        assert!(best_path(empty.view(), [1.0; 3], 1.0, || Ok(())).unwrap().is_empty());
        let even = Array3::<f32>::from_elem((4, 4, 4), f32::NAN);
        for spacing in [[0.0; 3], [1.0, 1.0, 0.0], [f64::INFINITY, 1.0, 1.0]] {
            assert_eq!(best_path(even.view(), spacing, 1.0, || Ok(())).unwrap(), vec![[0, 0]; 4]);
        }
        let stop = best_path(even.view(), [1.0; 3], 1.0, || Err(CenterlineError::Cancelled));
        assert!(matches!(stop, Err(CenterlineError::Cancelled)));
    }
}
