//! The gradient of a kernel: input and output gradient, both transformed, are correlated along z product by product, and the
//! sums transformed back. Strips are long, for every sum ends in adding up the lanes of a vector.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::super::wide::dispatch;
use super::forward::{Input, Source};
use super::lanes::{load, vectors};
use super::scratch::Scratch;
use super::tiles::{COARSE, Channels, Grid, PRODUCTS, Place, Segment, Strip};
use super::transform;
use super::weights::{DEPTH, Kernel, gathered};

/// Positions of a strip, about: one row of a 48^3 patch.
const LONG: usize = 1200;
/// Parts with sums of their own, whatever the number of threads, so that this does not change results; fewer where these are
/// many more values than those of the widest published layer.
const PARTS: usize = 16;
const ROOM: usize = PARTS << 18;
/// Channels whose transformed lines are kept at a time: output gradients, inputs.
const OUTS: usize = 16;
const INPUTS: usize = 4;
/// Output channels per register block where there are 32 vector registers, and where there are 16.
const MANY: usize = 8;
const FEW: usize = 4;

/// The gradient of `kernel.weight` (which is not read), in its layout, for the output gradient `grad` `[n, out, x, y, z]`.
pub(in super::super) fn weight_gradient(
    grid: Grid,
    kernel: Kernel<'_>,
    source: Source<'_>,
    grad: &[f32],
    to: &mut [f32],
) {
    dispatch(Gradient { grid, out: kernel.out, input: kernel.input, source, grad }).taps(&kernel, to);
}

struct Gradient<'a> {
    grid: Grid,
    out: usize,
    input: Channels,
    source: Source<'a>,
    grad: &'a [f32],
}

/// Gradients of the transformed weights: `[product][out][input][tap along z]`.
struct Sums {
    values: Vec<f32>,
    out: usize,
    input: usize,
}

impl Sums {
    fn zero(out: usize, input: usize) -> Self {
        Self { values: vec![0.0; PRODUCTS * out * input * DEPTH], out, input }
    }

    fn place(&self, product: usize, out: usize, input: usize) -> usize {
        ((product * self.out + out) * self.input + input) * DEPTH
    }

    fn add(mut self, other: Self) -> Self {
        self.values.iter_mut().zip(other.values).for_each(|(sum, value)| *sum += value);
        self
    }

    fn taps(&self, kernel: &Kernel<'_>, weight: &mut [f32]) {
        for out in 0..self.out {
            for input in 0..self.input {
                for depth in 0..DEPTH {
                    let taps = gathered(|product| self.values[self.place(product, out, input) + depth]);
                    let to = weight[kernel.place(out, input) + depth..].iter_mut().step_by(DEPTH);
                    to.zip(taps).for_each(|(to, tap)| *to = tap);
                }
            }
        }
    }
}

impl WithSimd for Gradient<'_> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Sums {
        let strips = self.strips();
        let each = PRODUCTS * self.out * self.input.all() * DEPTH;
        let parts = PARTS.min((ROOM / each).max(2)).min(strips.len());
        let part = |part: usize| {
            let mut sums = Sums::zero(self.out, self.input.all());
            for segments in &strips[part * strips.len() / parts..(part + 1) * strips.len() / parts] {
                Scratch::with(|scratch| self.add_strip(simd, segments, scratch, &mut sums));
            }
            sums
        };
        let sums: Vec<Sums> = (0..parts).into_par_iter().map(part).collect();
        let zero = Sums::zero(self.out, self.input.all());
        sums.into_iter().fold(zero, Sums::add)
    }
}

impl Gradient<'_> {
    /// All tiles, in strips of whole rows.
    fn strips(&self) -> Vec<Vec<Segment>> {
        let (rows, columns) = (self.grid.rows(), self.grid.columns());
        let together = (LONG / (columns * (self.grid.z + 1))).max(1);
        let segment = |(slot, row): (usize, &usize)| Segment {
            n: row / rows,
            row: row % rows,
            first: 0,
            count: columns,
            slot: slot * columns,
        };
        let all: Vec<usize> = (0..self.grid.n * rows).collect();
        all.chunks(together).map(|rows| rows.iter().enumerate().map(segment).collect()).collect()
    }

    fn add_strip<S: Simd>(&self, simd: S, segments: &[Segment], scratch: &mut Scratch, sums: &mut Sums) {
        let strip = self.grid.strip(segments.len() * self.grid.columns());
        let Scratch { inputs, results, bench } = scratch;
        for first_out in (0..self.out).step_by(OUTS) {
            let outs = OUTS.min(self.out - first_out);
            // Whole register blocks: what has no channel is correlated and not kept.
            let grads = results.sized(outs.next_multiple_of(MANY) * strip.channel);
            for (index, products) in grads.chunks_exact_mut(strip.channel).take(outs).enumerate() {
                let channel = first_out + index;
                let bench = &mut *bench;
                simd.vectorize(Grad { job: self, segments, strip: &strip, channel, bench, products });
            }
            for first_input in (0..self.input.all()).step_by(INPUTS) {
                let count = INPUTS.min(self.input.all() - first_input);
                let inputs = inputs.sized(count * strip.channel);
                for (index, products) in inputs.chunks_exact_mut(strip.channel).enumerate() {
                    for segment in segments {
                        let (grid, from, source) = (&self.grid, self.input, self.source);
                        let (channel, bench, products) = (first_input + index, &mut *bench, &mut *products);
                        simd.vectorize(Input {
                            grid,
                            from,
                            source,
                            segment,
                            strip: &strip,
                            channel,
                            bench,
                            products,
                        });
                    }
                }
                let pairs = Pairs { strip: &strip, grads, inputs, outs, count, first_out, first_input };
                simd.vectorize(Correlate { job: self, pairs, sums });
            }
        }
    }
}

/// One channel of the output gradient, transformed.
struct Grad<'a> {
    job: &'a Gradient<'a>,
    segments: &'a [Segment],
    strip: &'a Strip,
    channel: usize,
    bench: &'a mut transform::Bench,
    products: &'a mut [f32],
}

impl WithSimd for Grad<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { job, segments, strip, channel, bench, products } = self;
        let space = job.grid.space();
        for segment in segments {
            let values = &job.grad[(segment.n * job.out + channel) * space..][..space];
            let place = Place { grid: &job.grid, segment, strip };
            transform::gradient(simd, values, &place, bench, products);
        }
        transform::clear_end(products, strip);
    }
}

/// Transformed channels that meet: `outs` of gradients from `first_out` on, `count` of inputs from `first_input` on.
struct Pairs<'a> {
    strip: &'a Strip,
    grads: &'a [f32],
    inputs: &'a [f32],
    outs: usize,
    count: usize,
    first_out: usize,
    first_input: usize,
}

struct Correlate<'a> {
    job: &'a Gradient<'a>,
    pairs: Pairs<'a>,
    sums: &'a mut Sums,
}

impl WithSimd for Correlate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.run::<S, MANY>(simd);
        } else {
            self.run::<S, FEW>(simd);
        }
    }
}

impl Correlate<'_> {
    #[inline(always)]
    fn run<S: Simd, const GROUP: usize>(self, simd: S) {
        let Self { job, pairs, sums } = self;
        let strip = pairs.strip;
        for product in 0..PRODUCTS {
            let taking_part = if COARSE.contains(&product) {
                pairs.count
            } else {
                job.input.fine.saturating_sub(pairs.first_input).min(pairs.count)
            };
            for out in (0..pairs.outs).step_by(GROUP) {
                let grads = &pairs.grads[out * strip.channel + product * strip.width..];
                for input in 0..taking_part {
                    let line = &pairs.inputs[input * strip.channel + product * strip.width..][..strip.width];
                    let found = correlate::<S, GROUP>(simd, strip, grads, line);
                    for (channel, taps) in found.iter().enumerate().take(pairs.outs - out) {
                        let at =
                            sums.place(product, pairs.first_out + out + channel, pairs.first_input + input);
                        for (sum, tap) in sums.values[at..at + DEPTH].iter_mut().zip(taps) {
                            *sum += tap;
                        }
                    }
                }
            }
        }
    }
}

/// `sum over q of grad[q] * input[q + tap]` for each channel of a block and each tap along z.
#[inline(always)]
fn correlate<S: Simd, const GROUP: usize>(
    simd: S,
    strip: &Strip,
    grads: &[f32],
    line: &[f32],
) -> [[f32; DEPTH]; GROUP] {
    let lanes = S::F32_LANES;
    let length = vectors::<S>(strip.used) * lanes;
    let mut rows = [&grads[..0]; GROUP];
    for (channel, row) in rows.iter_mut().enumerate() {
        *row = &grads[channel * strip.channel..][..length];
    }
    let line = &line[..length + DEPTH - 1];
    let mut sums = [[simd.splat_f32s(0.0); DEPTH]; GROUP];
    for at in (0..length).step_by(lanes) {
        let mut values = [simd.splat_f32s(0.0); DEPTH];
        for (tap, value) in values.iter_mut().enumerate() {
            *value = load::<S>(line, at + tap);
        }
        for (sums, row) in sums.iter_mut().zip(rows) {
            let grad = load::<S>(row, at);
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum = simd.mul_add_e_f32s(grad, value, *sum);
            }
        }
    }
    let mut totals = [[0.0; DEPTH]; GROUP];
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total = simd.reduce_sum_f32s(sum);
        }
    }
    totals
}
