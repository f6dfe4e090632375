//! A convolution, or the gradient of its input, row of tiles by row of tiles: transform the inputs, multiply product by product,
//! transform back into the rows' planes.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::super::wide::dispatch;
use super::lanes::{load, store, vectors};
use super::measure::Part;
use super::scratch::Scratch;
use super::tiles::{COARSE, Channels, Grid, PRODUCTS, Place, Segment, Strip};
use super::transform;
use super::weights::{Block, DEPTH, Kernel, Way};

/// Vectors of positions per register block.
const WIDE: usize = 3;
/// Output channels per register block where there are 32 vector registers, and where there are 16.
const MANY: usize = 8;
const FEW: usize = 4;
/// Transformed inputs of a strip, in values, that stay in the second-level cache.
const KEPT: usize = 200_000;

/// Values of both resolutions, `[n, channels, x, y, z]` each.
#[derive(Clone, Copy)]
pub(in super::super) struct Source<'a> {
    pub(in super::super) fine: &'a [f32],
    pub(in super::super) coarse: &'a [f32],
}

/// Results of both resolutions; nothing is written to an empty one.
pub(in super::super) struct Target<'a> {
    pub(in super::super) fine: &'a mut [f32],
    pub(in super::super) coarse: &'a mut [f32],
}

/// Sends `source` through `kernel`; `bias` is added to fine results. Returns, if `measured`, what is known of every fine channel
/// of each row of tiles; rows of one batch entry follow each other.
pub(in super::super) fn convolve(
    grid: Grid,
    kernel: Kernel<'_>,
    way: Way,
    source: Source<'_>,
    bias: Option<&[f32]>,
    target: Target<'_>,
    measured: bool,
) -> Vec<Vec<Part>> {
    dispatch(Convolution { grid, kernel, way, source, bias, target, measured })
}

struct Convolution<'a> {
    grid: Grid,
    kernel: Kernel<'a>,
    way: Way,
    source: Source<'a>,
    bias: Option<&'a [f32]>,
    target: Target<'a>,
    measured: bool,
}

impl WithSimd for Convolution<'_> {
    type Output = Vec<Vec<Part>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Vec<Part>> {
        let Self { grid, kernel, way, source, bias, target, measured } = self;
        let group = if S::REGISTER_COUNT >= 32 { MANY } else { FEW };
        let (from, to) = kernel.ends(way);
        let mut blocks = kernel.blocks(way, group);
        blocks.retain(|block| if block.coarse { !target.coarse.is_empty() } else { !target.fine.is_empty() });
        let job = Job { grid, from, fine: to.fine, source, bias, blocks: &blocks };
        let mut rows: Vec<Planes<'_>> = (0..grid.n * grid.rows()).map(|_| Planes::default()).collect();
        for (index, plane) in target.fine.chunks_exact_mut(grid.y * grid.z).enumerate() {
            let (entry, x) = (index / (grid.x * to.fine), index % grid.x);
            rows[entry * grid.rows() + x / 2].fine.push(plane);
        }
        let coarse = grid.halved();
        for (index, plane) in target.coarse.chunks_exact_mut((coarse.y * coarse.z).max(1)).enumerate() {
            let (entry, x) = (index / (coarse.x * to.coarse), index % coarse.x);
            rows[entry * grid.rows() + x].coarse.push(plane);
        }
        let compute = |(row, mut planes): (usize, Planes<'_>)| {
            let mut parts = vec![Part::default(); if measured { to.fine } else { 0 }];
            Scratch::with(|scratch| {
                simd.vectorize(Row { job: &job, row, planes: &mut planes, scratch, parts: &mut parts });
            });
            parts
        };
        rows.into_par_iter().enumerate().map(compute).collect()
    }
}

/// What all rows share.
struct Job<'a> {
    grid: Grid,
    from: Channels,
    /// Channels of fine results.
    fine: usize,
    source: Source<'a>,
    bias: Option<&'a [f32]>,
    blocks: &'a [Block],
}

/// The planes of the results that a row writes: `[channel][x]`.
#[derive(Default)]
struct Planes<'a> {
    fine: Vec<&'a mut [f32]>,
    coarse: Vec<&'a mut [f32]>,
}

struct Row<'a, 'b> {
    job: &'a Job<'a>,
    row: usize,
    planes: &'a mut Planes<'b>,
    scratch: &'a mut Scratch,
    /// Of every fine channel, where they are wanted.
    parts: &'a mut [Part],
}

impl WithSimd for Row<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let grid = self.job.grid;
        let columns = grid.columns();
        let most = (KEPT / (self.job.from.all() * PRODUCTS * (grid.z + 1))).clamp(1, columns);
        let tiles = columns.div_ceil(columns.div_ceil(most));
        for first in (0..columns).step_by(tiles) {
            let count = tiles.min(columns - first);
            let (n, row) = (self.row / grid.rows(), self.row % grid.rows());
            self.strip(simd, &Segment { n, row, first, count, slot: 0 });
        }
    }
}

impl Row<'_, '_> {
    #[inline(always)]
    fn strip<S: Simd>(&mut self, simd: S, segment: &Segment) {
        let job = self.job;
        let strip = job.grid.strip(segment.count);
        let Scratch { inputs, results, bench } = &mut *self.scratch;
        let inputs = inputs.sized(job.from.all() * strip.channel);
        for (channel, products) in inputs.chunks_exact_mut(strip.channel).enumerate() {
            let Job { grid, from, source, .. } = job;
            let bench = &mut *bench;
            simd.vectorize(Input {
                grid,
                from: *from,
                source: *source,
                segment,
                strip: &strip,
                channel,
                bench,
                products,
            });
        }
        for block in job.blocks {
            let results = results.sized(block.group * strip.channel);
            let products: &[usize] = if block.coarse { &COARSE } else { &ALL };
            for &product in products {
                let job = Multiply {
                    channels: job.from.of(product),
                    strip: &strip,
                    inputs: &inputs[product * strip.width..],
                    weights: &block.weights[product],
                    results: &mut results[product * strip.width..],
                };
                match block.group {
                    MANY => simd.vectorize(Sized::<MANY>(job)),
                    FEW => simd.vectorize(Sized::<FEW>(job)),
                    _ => simd.vectorize(Sized::<{ FEW / 2 }>(job)),
                }
            }
            for channel in 0..block.count {
                let products = &results[channel * strip.channel..];
                let (channel, bench, planes) = (block.first + channel, &mut *bench, &mut *self.planes);
                let coarse = block.coarse;
                let part = simd.vectorize(Output {
                    job,
                    segment,
                    strip: &strip,
                    bench,
                    products,
                    coarse,
                    channel,
                    planes,
                    measured: !self.parts.is_empty(),
                });
                if let Some(known) = self.parts.get_mut(channel) {
                    *known = known.with(part);
                }
            }
        }
    }
}

const ALL: [usize; PRODUCTS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// One channel of a source, transformed.
pub(super) struct Input<'a> {
    pub(super) grid: &'a Grid,
    pub(super) from: Channels,
    pub(super) source: Source<'a>,
    pub(super) segment: &'a Segment,
    pub(super) strip: &'a Strip,
    pub(super) channel: usize,
    pub(super) bench: &'a mut transform::Bench,
    pub(super) products: &'a mut [f32],
}

impl WithSimd for Input<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { grid, from, source, segment, strip, channel, bench, products } = self;
        let place = Place { grid, segment, strip };
        if channel < from.fine {
            let values = &source.fine[(segment.n * from.fine + channel) * grid.space()..][..grid.space()];
            transform::input(simd, values, &place, bench, products);
        } else {
            let space = grid.halved().space();
            let values = &source.coarse[(segment.n * from.coarse + channel - from.fine) * space..][..space];
            transform::coarse_input(simd, values, &place, bench, products);
        }
        transform::clear_end(products, strip);
    }
}

/// One channel of a segment, back onto the grid.
struct Output<'a, 'b> {
    job: &'a Job<'a>,
    segment: &'a Segment,
    strip: &'a Strip,
    bench: &'a mut transform::Bench,
    products: &'a [f32],
    coarse: bool,
    channel: usize,
    planes: &'a mut Planes<'b>,
    measured: bool,
}

impl WithSimd for Output<'_, '_> {
    type Output = Part;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Part {
        let Self { job, segment, strip, bench, products, channel, .. } = self;
        let grid = &job.grid;
        let place = Place { grid, segment, strip };
        if self.coarse {
            let plane = &mut self.planes.coarse[channel - job.fine];
            transform::coarse_output(simd, products, &place, bench, plane);
            return Part::default();
        }
        let bias = job.bias.map_or(0.0, |bias| bias[channel]);
        let planes = self.planes.fine.len() / job.fine;
        let planes = &mut self.planes.fine[channel * planes..][..planes];
        transform::output(simd, products, &place, bias, bench, planes);
        let mut part = Part::default();
        if self.measured {
            let first = 2 * segment.first * grid.z;
            let end = (first + 2 * segment.count * grid.z).min(grid.y * grid.z);
            for plane in planes {
                part = part.with(Part::of(&plane[first..end]));
            }
        }
        part
    }
}

/// One product of one block: sums over channels and taps along z.
struct Multiply<'a> {
    channels: usize,
    strip: &'a Strip,
    inputs: &'a [f32],
    weights: &'a [f32],
    results: &'a mut [f32],
}

/// [`Multiply`] for `GROUP` output channels.
struct Sized<'a, const GROUP: usize>(Multiply<'a>);

impl<const GROUP: usize> WithSimd for Sized<'_, GROUP> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let vectors = vectors::<S>(self.0.strip.used);
        for block in 0..vectors / WIDE {
            multiply::<S, GROUP, WIDE>(simd, &mut self.0, block * WIDE);
        }
        match vectors % WIDE {
            2 => multiply::<S, GROUP, 2>(simd, &mut self.0, vectors - 2),
            1 => multiply::<S, GROUP, 1>(simd, &mut self.0, vectors - 1),
            _ => {}
        }
    }
}

#[inline(always)]
fn multiply<S: Simd, const GROUP: usize, const WIDE: usize>(simd: S, job: &mut Multiply<'_>, first: usize) {
    let (lanes, stride) = (S::F32_LANES, job.strip.channel);
    let at = first * lanes;
    let mut sums = [[simd.splat_f32s(0.0); WIDE]; GROUP];
    for (channel, weights) in job.weights.chunks_exact(DEPTH * GROUP).take(job.channels).enumerate() {
        let line = &job.inputs[channel * stride + at..][..WIDE * lanes + DEPTH - 1];
        for depth in 0..DEPTH {
            let mut values = [simd.splat_f32s(0.0); WIDE];
            for (index, value) in values.iter_mut().enumerate() {
                *value = load::<S>(line, depth + index * lanes);
            }
            for (sums, weight) in sums.iter_mut().zip(&weights[depth * GROUP..]) {
                let weight = simd.splat_f32s(*weight);
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = simd.mul_add_e_f32s(weight, value, *sum);
                }
            }
        }
    }
    for (channel, sums) in sums.iter().enumerate() {
        for (index, sum) in sums.iter().enumerate() {
            store::<S>(job.results, channel * stride + at + index * lanes, *sum);
        }
    }
}
