//! 1 x 1 x 1 convolution: every voxel on its own, channels added up one after the other while a stretch of voxels stays in the
//! first-level cache.

use rayon::prelude::*;

use super::Dims;
use super::norm::dot;
use super::wide::dispatch;

/// Voxels that are done together.
const STRETCH: usize = 4096;

/// `to[n, o] = bias[o] + sum over c of weight[o, c] from[n, c]` for `weight` given as a function; `dims` are those of `from`.
pub(super) fn convolve(
    from: &[f32],
    dims: Dims,
    out: usize,
    weight: impl Fn(usize, usize) -> f32 + Sync,
    bias: Option<&[f32]>,
    to: &mut [f32],
) {
    let space = dims.space();
    let stretch = |n: usize, o: usize, first: usize, to: &mut [f32]| {
        to.fill(bias.map_or(0.0, |bias| bias[o]));
        for c in 0..dims.c {
            let factor = weight(o, c);
            let from = &from[(n * dims.c + c) * space + first..][..to.len()];
            to.iter_mut().zip(from).for_each(|(to, from)| *to = from.mul_add(factor, *to));
        }
    };
    to.par_chunks_mut(space).enumerate().for_each(|(index, to)| {
        to.par_chunks_mut(STRETCH).enumerate().for_each(|(number, to)| {
            dispatch(|| stretch(index / out, index % out, number * STRETCH, to));
        });
    });
}

/// Gradient of the weights `[out, in]`.
pub(super) fn weight_gradient(values: &[f32], dims: Dims, grad: &[f32], out: usize) -> Vec<f32> {
    let space = dims.space();
    let pair = |index: usize| {
        let (o, c) = (index / dims.c, index % dims.c);
        let entry = |n: usize| {
            dot(&grad[(n * out + o) * space..][..space], &values[(n * dims.c + c) * space..][..space])
        };
        dispatch(|| (0..dims.n).map(entry).sum::<f64>()) as f32
    };
    (0..out * dims.c).into_par_iter().map(pair).collect()
}
