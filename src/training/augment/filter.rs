//! Blur and low resolution: the same weighted sums along every line of an axis.

use pulp::Arch;

/// Weights along a line of `n` values: output `i` is the sum of `weights[k] * input[first + k]`.
#[derive(Clone, Debug, PartialEq)]
struct Kernel(Vec<(usize, Vec<f32>)>);

/// Blurs with a Gaussian of `sigma` voxels, cut off at three sigma; the border repeats.
pub(super) fn blur(values: &mut Vec<f32>, shape: [usize; 3], sigma: f32) {
    (0..3).for_each(|axis| along(values, shape, axis, &Kernel::gaussian(shape[axis], sigma)));
}

/// What is left of lines along `axis` when they are measured in voxels `factor` times as long (each the mean over its length)
/// and interpolated linearly.
pub(super) fn coarsen(values: &mut Vec<f32>, shape: [usize; 3], axis: usize, factor: f32) {
    along(values, shape, axis, &Kernel::coarse(shape[axis], factor));
}

impl Kernel {
    fn gaussian(n: usize, sigma: f32) -> Self {
        // No width at all is the identity.
        let sigma = sigma.max(f32::EPSILON);
        let radius = (3.0 * sigma).ceil() as isize;
        let weight = |offset: isize| (-0.5 * (offset as f32 / sigma).powi(2)).exp();
        let whole: f32 = (-radius..=radius).map(weight).sum();
        let row = |index: usize| {
            let first = index.saturating_sub(radius as usize);
            let last = (index + radius as usize).min(n - 1);
            let mut weights = vec![0.0; last - first + 1];
            for offset in -radius..=radius {
                let at = (index as isize + offset).clamp(0, n as isize - 1) as usize;
                weights[at - first] += weight(offset) / whole;
            }
            (first, weights)
        };
        Self((0..n).map(row).collect())
    }

    fn coarse(n: usize, factor: f32) -> Self {
        let blocks = (n as f32 / factor).ceil() as usize;
        let row = |index: usize| {
            let at = ((index as f32 + 0.5) / factor - 0.5).clamp(0.0, (blocks - 1) as f32);
            let (low, t) = (at as usize, at.fract());
            let mut dense = vec![0.0; n];
            for (block, share) in [(low, 1.0 - t), ((low + 1).min(blocks - 1), t)] {
                add_mean(&mut dense, block as f32 * factor, (block + 1) as f32 * factor, share);
            }
            let first = dense.iter().position(|w| *w > 0.0).unwrap_or(0);
            let last = dense.iter().rposition(|w| *w > 0.0).unwrap_or(0);
            (first, dense[first..=last].to_vec())
        };
        Self((0..n).map(row).collect())
    }

    /// The same by input: input `k` adds `weights[i] * input` to output `first + i`.
    fn by_input(&self) -> Self {
        let n = self.0.len();
        let reaches = |input: usize| {
            let weight = |(first, weights): &(usize, Vec<f32>)| {
                input.checked_sub(*first).and_then(|k| weights.get(k)).copied().unwrap_or(0.0)
            };
            let dense: Vec<f32> = self.0.iter().map(weight).collect();
            let first = dense.iter().position(|w| *w != 0.0).unwrap_or(0);
            let last = dense.iter().rposition(|w| *w != 0.0).unwrap_or(0);
            (first, dense[first..=last].to_vec())
        };
        Self((0..n).map(reaches).collect())
    }
}

/// Adds to the weights of each voxel its part of the interval `from..to`, `share` in all.
fn add_mean(weights: &mut [f32], from: f32, to: f32, share: f32) {
    let to = to.min(weights.len() as f32);
    for (index, weight) in weights.iter_mut().enumerate() {
        let part = (to.min(index as f32 + 1.0) - from.max(index as f32)).max(0.0);
        *weight += share * part / (to - from);
    }
}

/// Applies `kernel` to every line of `axis`; `values` is `shape`, z fastest.
fn along(values: &mut Vec<f32>, shape: [usize; 3], axis: usize, kernel: &Kernel) {
    let mut changed = vec![0.0; values.len()];
    let (n, inner) = (shape[axis], shape[axis + 1..].iter().product::<usize>());
    // The widest instructions of the processor; the sums are the same with any.
    let arch = Arch::new();
    if inner == 1 {
        let by_input = kernel.by_input();
        arch.dispatch(|| along_z(&mut changed, values, n, &by_input));
    } else {
        let blocks = changed.chunks_exact_mut(n * inner).zip(values.chunks_exact(n * inner));
        arch.dispatch(|| blocks.for_each(|(to, from)| along_rows(to, from, inner, kernel)));
    }
    *values = changed;
}

/// Lines that run across rows of `inner` values: whole rows are added, which the processor does many values at a time.
#[inline(always)]
fn along_rows(to: &mut [f32], from: &[f32], inner: usize, kernel: &Kernel) {
    for (row, (first, weights)) in to.chunks_exact_mut(inner).zip(&kernel.0) {
        for (input, weight) in from[first * inner..].chunks_exact(inner).zip(weights) {
            row.iter_mut().zip(input).for_each(|(sum, value)| *sum += weight * value);
        }
    }
}

/// Lines that are rows themselves: each input value is added to the outputs it reaches, for the same reason.
#[inline(always)]
fn along_z(to: &mut [f32], from: &[f32], n: usize, by_input: &Kernel) {
    for (line, input) in to.chunks_exact_mut(n).zip(from.chunks_exact(n)) {
        for (value, (first, weights)) in input.iter().zip(&by_input.0) {
            line[*first..].iter_mut().zip(weights).for_each(|(sum, weight)| *sum += weight * value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [16, 18, 20];

    fn at([x, y, z]: [usize; 3]) -> usize {
        (x * SHAPE[1] + y) * SHAPE[2] + z
    }

    #[test]
    fn a_point_is_blurred_to_a_gaussian_alike_along_all_axes() {
        let mut values = vec![0.0; SHAPE.iter().product()];
        values[at([8, 9, 10])] = 1.0;
        blur(&mut values, SHAPE, 1.3);
        assert!((values.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        let near =
            [at([9, 9, 10]), at([8, 10, 10]), at([8, 9, 9])].map(|i| values[i] / values[at([8, 9, 10])]);
        let expected = (-0.5f32 / 1.3 / 1.3).exp();
        assert!(near.iter().all(|ratio| (ratio - expected).abs() < 1e-4), "{near:?}");
    }

    #[test]
    fn what_is_flat_stays_flat_up_to_the_border() {
        for factor in [1.0, 1.7, 3.0, 4.4] {
            let mut values = vec![3.0; SHAPE.iter().product()];
            blur(&mut values, SHAPE, factor / 2.0);
            (0..3).for_each(|axis| coarsen(&mut values, SHAPE, axis, factor));
            assert!(values.iter().all(|v| (v - 3.0).abs() < 1e-4), "{factor}");
        }
    }

    #[test]
    fn coarse_voxels_hide_what_is_finer_along_their_axis_only() {
        for axis in 0..3 {
            let index = |i: usize| [i / (18 * 20), i / 20 % 18, i % 20][axis];
            let stripes: Vec<f32> =
                (0..SHAPE.iter().product()).map(|i| if index(i) % 2 == 0 { 1.0 } else { -1.0 }).collect();
            for other in 0..3 {
                let mut values = stripes.clone();
                coarsen(&mut values, SHAPE, other, 2.0);
                let strongest = values.iter().fold(0.0f32, |m, v| m.max(v.abs()));
                let expected = if other == axis { 0.0 } else { 1.0 };
                assert!((strongest - expected).abs() < 1e-4, "{axis} {other}: {strongest}");
            }
        }
    }

    #[test]
    fn coarse_voxels_leave_a_slope_in_place() {
        let mut values: Vec<f32> = (0..SHAPE.iter().product()).map(|i| (i % 20) as f32).collect();
        coarsen(&mut values, SHAPE, 2, 2.5);
        for (i, value) in values.iter().enumerate().filter(|(i, _)| (2..18).contains(&(i % 20))) {
            assert!((value - (i % 20) as f32).abs() < 0.05, "{}: {value}", i % 20);
        }
    }
}
