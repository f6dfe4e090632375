//! Batch moments, and normalisation fused with its activation. Channels run in parallel; within one, lines are summed in f32
//! vectors of fixed width and added up in f64, so that the result is accurate and the same on every number of threads.

use burn::backend::Flex;
use rayon::prelude::*;

use super::super::{Moments, Norm};
use super::wide::dispatch;
use super::{Dims, Values, vector};

/// Partial sums kept side by side; fixed, so that results do not depend on the processor's vector width.
const LANES: usize = 16;
/// Values summed in f32 before going to f64.
const STRETCH: usize = 1024;

/// Per-channel numbers of a normalisation.
pub(super) struct Channels {
    mean: Vec<f32>,
    /// `1 / sqrt(variance + epsilon)`.
    inverse: Vec<f32>,
    scale: Vec<f32>,
    shift: Vec<f32>,
    /// Slope below 0.
    slope: f32,
}

impl Channels {
    pub(super) fn of(norm: Norm<Flex>) -> Self {
        let variance = Values::of(&norm.moments.variance);
        let inverse = |&v: &f32| (1.0 / (f64::from(v) + norm.epsilon).sqrt()) as f32;
        Self {
            mean: Values::of(&norm.moments.mean).get().to_vec(),
            inverse: variance.get().iter().map(inverse).collect(),
            scale: Values::of(&norm.scale).get().to_vec(),
            shift: Values::of(&norm.shift).get().to_vec(),
            slope: norm.slope,
        }
    }

    /// The normalisation of channel `c` as `x * factor + offset`.
    fn line(&self, c: usize) -> (f32, f32) {
        let factor = self.scale[c] * self.inverse[c];
        (factor, self.shift[c] - self.mean[c] * factor)
    }
}

/// What an activation of `slope` below 0 multiplies `linear` with. A factor rather than a maximum: a NaN stays one, and minus
/// infinity becomes one, so that a diverged network is noticed.
#[inline(always)]
fn steepness(linear: f32, slope: f32) -> f32 {
    if linear > 0.0 { 1.0 } else { slope }
}

/// Sum of `term` over two equally long arrays.
#[inline(always)]
fn total(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    let [total] = totals(a, b, |a, b| [term(a, b)]);
    total
}

/// Sums of several `terms` over two equally long arrays, in one pass.
#[inline(always)]
fn totals<const N: usize>(a: &[f32], b: &[f32], terms: impl Fn(f32, f32) -> [f32; N]) -> [f64; N] {
    let mut totals = [0.0; N];
    for (a, b) in a.chunks(STRETCH).zip(b.chunks(STRETCH)) {
        let mut lanes = [[0.0f32; LANES]; N];
        let (a, a_rest) = a.as_chunks::<LANES>();
        let (b, b_rest) = b.as_chunks::<LANES>();
        for (a, b) in a.iter().zip(b) {
            for lane in 0..LANES {
                let terms = terms(a[lane], b[lane]);
                for (lanes, term) in lanes.iter_mut().zip(terms) {
                    lanes[lane] += term;
                }
            }
        }
        for (total, lanes) in totals.iter_mut().zip(lanes) {
            *total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>();
        }
        for (a, b) in a_rest.iter().zip(b_rest) {
            for (total, term) in totals.iter_mut().zip(terms(*a, *b)) {
                *total += f64::from(term);
            }
        }
    }
    totals
}

/// The values of channel `c`, one piece per batch entry.
fn pieces(values: &[f32], dims: Dims, c: usize) -> impl Iterator<Item = &[f32]> {
    let space = dims.space();
    (0..dims.n).map(move |n| &values[(n * dims.c + c) * space..][..space])
}

fn per_channel<T: Send>(dims: Dims, compute: impl Fn(usize) -> T + Sync) -> Vec<T> {
    (0..dims.c).into_par_iter().map(|c| dispatch(|| compute(c))).collect()
}

/// Sum of each channel over batch and space.
pub(super) fn channel_sums(values: &[f32], dims: Dims) -> Vec<f32> {
    per_channel(dims, |c| pieces(values, dims, c).map(|x| total(x, x, |x, _| x)).sum::<f64>() as f32)
}

/// Mean and biased variance of each channel, the variance in a second pass around the mean.
pub(super) fn moments(values: &[f32], dims: Dims) -> Moments<Flex> {
    let count = (dims.n * dims.space()) as f64;
    let moments = per_channel(dims, |c| {
        let mean = pieces(values, dims, c).map(|x| total(x, x, |x, _| x)).sum::<f64>() / count;
        let centre = mean as f32;
        let square = |x: f32, _| (x - centre) * (x - centre);
        let spread = pieces(values, dims, c).map(|x| total(x, x, square)).sum::<f64>() / count;
        // Around the rounded mean: take its offset out again.
        let offset = mean - f64::from(centre);
        (centre, (spread - offset * offset) as f32)
    });
    let (mean, variance) = moments.into_iter().unzip();
    Moments { mean: vector(mean), variance: vector(variance) }
}

/// Sum of values.
#[inline(always)]
pub(super) fn sum(values: &[f32]) -> f64 {
    total(values, values, |x, _| x)
}

/// Sums of the differences from `centre`, and of their squares.
#[inline(always)]
pub(super) fn sums_around(values: &[f32], centre: f32) -> (f64, f64) {
    let square = |x: f32, _| (x - centre) * (x - centre);
    let [offset, squares] = totals(values, values, |x, _| [x - centre, square(x, x)]);
    (offset, squares)
}

/// Sum of the products of two equally long arrays.
#[inline(always)]
pub(super) fn dot(a: &[f32], b: &[f32]) -> f64 {
    total(a, b, |a, b| a * b)
}

/// Calls `fill` with channel, batch entry and piece of every channel of `output`, in parallel.
fn fill(dims: Dims, output: &mut [f32], fill: impl Fn(usize, usize, &mut [f32]) + Sync) {
    output.par_chunks_mut(dims.space()).enumerate().for_each(|(index, piece)| {
        dispatch(|| fill(index % dims.c, index / dims.c, piece));
    });
}

pub(super) fn forward(values: &[f32], dims: Dims, channels: &Channels, output: &mut [f32]) {
    // A copy: behind a reference it would keep the loop below from becoming vectors.
    let slope = channels.slope;
    fill(dims, output, |c, n, output| {
        let (factor, offset) = channels.line(c);
        let input = &values[(n * dims.c + c) * dims.space()..][..output.len()];
        for (y, x) in output.iter_mut().zip(input) {
            let linear = x * factor + offset;
            // The added 0 takes the sign off a zero.
            *y = linear * steepness(linear, slope) + 0.0;
        }
    });
}

/// Sums over a channel that both kinds of gradients need.
pub(super) struct GradientSums {
    pub(super) scale: f64,
    pub(super) shift: f64,
}

/// Gradients of scale and shift.
pub(super) fn gradient_sums(
    values: &[f32],
    dims: Dims,
    channels: &Channels,
    grad: &[f32],
) -> Vec<GradientSums> {
    let bend = channels.slope;
    per_channel(dims, |c| {
        let (factor, offset) = channels.line(c);
        let (mean, inverse) = (channels.mean[c], channels.inverse[c]);
        let terms = |x: f32, g: f32| {
            let through = g * steepness(x * factor + offset, bend);
            [through * (x - mean) * inverse, through]
        };
        let pairs = pieces(values, dims, c).zip(pieces(grad, dims, c));
        pairs.fold(GradientSums { scale: 0.0, shift: 0.0 }, |sums, (x, g)| {
            let [scale, shift] = totals(x, g, terms);
            GradientSums { scale: sums.scale + scale, shift: sums.shift + shift }
        })
    })
}

/// Gradient of the input (Ioffe & Szegedy 2015, section 3, behind an activation).
pub(super) fn backward(
    values: &[f32],
    dims: Dims,
    channels: &Channels,
    grad: &[f32],
    sums: &[GradientSums],
    output: &mut [f32],
) {
    let (count, bend) = ((dims.n * dims.space()) as f64, channels.slope);
    fill(dims, output, |c, n, output| {
        let (factor, offset) = channels.line(c);
        let GradientSums { scale, shift } = &sums[c];
        let slope = (scale / count) as f32 * channels.inverse[c];
        let (mean, level) = (channels.mean[c], (shift / count) as f32);
        let start = (n * dims.c + c) * dims.space();
        let (x, g) = (&values[start..][..output.len()], &grad[start..][..output.len()]);
        for ((to, x), g) in output.iter_mut().zip(x).zip(g) {
            let through = g * steepness(x * factor + offset, bend);
            *to = (through - level - (x - mean) * slope) * factor;
        }
    });
}
