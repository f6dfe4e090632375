//! Between the grid and the transformed domain of Winograd's minimal filtering F(2 x 2, 3 x 3) over x and y (Lavin & Gray
//! 2016, section 4); taps along z stay as they are. Each way is done axis by axis: line by line along x, where lines get or lose
//! their border, and all lines of a strip at once along y.
//!
//! A coarse voxel stands for two fine ones per axis. Of the four values d0..d3 that meet in a tile then d1 = d2, and the third
//! of the four products vanishes: that is why a coarse channel has 9 of the 16 (see [`COARSE`]).

use pulp::Simd;

use super::lanes::{map, pieces, pieces_mut};
use super::scratch::Buffer;
use super::tiles::{COARSE, Grid, PRODUCTS, Place, Segment, Strip};

/// Work space for one channel of a segment, and zeros for what lies outside the grid.
#[derive(Default)]
pub(super) struct Bench {
    lines: Buffer,
    zeros: Vec<f32>,
}

impl Bench {
    /// `count` values to write to, and a line of zeros.
    fn ready(&mut self, count: usize, line: usize) -> (&mut [f32], &[f32]) {
        if self.zeros.len() < line {
            self.zeros.resize(line, 0.0);
        }
        (self.lines.sized(count), &self.zeros[..line])
    }
}

/// The lines `(x, y)`, `(x + 1, y)`, ... of a channel `[x, y, z]`; zeros beyond the grid.
#[inline(always)]
fn lines<'a, const N: usize>(
    channel: &'a [f32],
    grid: &Grid,
    x: isize,
    y: isize,
    zeros: &'a [f32],
) -> [&'a [f32]; N] {
    let mut lines = [zeros; N];
    for (index, line) in lines.iter_mut().enumerate() {
        // What is negative becomes larger than any size.
        let (x, y) = ((x + index as isize) as usize, y as usize);
        if x < grid.x && y < grid.y {
            *line = &channel[(x * grid.y + y) * grid.z..][..grid.z];
        }
    }
    lines
}

/// A channel of the grid into its 16 products.
#[inline(always)]
pub(super) fn input<S: Simd>(
    simd: S,
    channel: &[f32],
    place: &Place<'_>,
    bench: &mut Bench,
    products: &mut [f32],
) {
    let Place { grid, segment, strip } = place;
    let (pitch, used) = (strip.pitch, segment.count * strip.pitch);
    // Of each factor along x: first the lines 0, 2, 4, ... of the tiles, then the lines 1, 3, 5, ...
    let half = used + pitch;
    let (work, zeros) = bench.ready(8 * half, grid.z);
    let corner = (2 * segment.row as isize - 1, 2 * segment.first as isize - 1);
    for line in 0..2 * segment.count + 2 {
        let from = lines::<4>(channel, grid, corner.0, corner.1 + line as isize, zeros);
        let to = bordered::<4>(work, 2 * half, line % 2 * half + line / 2 * pitch, pitch);
        map(simd, from, to, |d| four(simd, d));
    }
    for a in 0..4 {
        let (even, odd) = work[a * 2 * half..][..2 * half].split_at(half);
        let from = [&even[..used], &odd[..used], &even[pitch..], &odd[pitch..]];
        map(simd, from, rows::<4>(products, 4 * a, segment, strip), |d| four(simd, d));
    }
}

/// A channel of the coarse grid into its 9 products, each value along z twice.
#[inline(always)]
pub(super) fn coarse_input<S: Simd>(
    simd: S,
    channel: &[f32],
    place: &Place<'_>,
    bench: &mut Bench,
    products: &mut [f32],
) {
    let Place { grid, segment, strip } = place;
    let coarse = grid.halved();
    let (pitch, used) = (strip.pitch, segment.count * strip.pitch);
    let piece = used + 2 * pitch;
    let (work, zeros) = bench.ready(3 * piece + 3 * coarse.z, coarse.z);
    let (work, single) = work.split_at_mut(3 * piece);
    let corner = (segment.row as isize - 1, segment.first as isize - 1);
    for line in 0..segment.count + 2 {
        let from = lines::<3>(channel, &coarse, corner.0, corner.1 + line as isize, zeros);
        map(simd, from, pieces_mut::<3>(single, coarse.z, coarse.z), |d| three(simd, d));
        let to = bordered::<3>(work, piece, line * pitch, pitch);
        for (to, from) in to.into_iter().zip(single.chunks_exact(coarse.z)) {
            for (pair, value) in to.as_chunks_mut::<2>().0.iter_mut().zip(from) {
                *pair = [*value; 2];
            }
        }
    }
    for a in 0..3 {
        let from = &work[a * piece..][..piece];
        let from = [&from[..used], &from[pitch..], &from[2 * pitch..]];
        let to = coarse_rows(products, COARSE[3 * a], segment, strip);
        map(simd, from, to, |d| three(simd, d));
    }
}

/// A channel of an output gradient into 16 products; positions without a voxel hold 0.
#[inline(always)]
pub(super) fn gradient<S: Simd>(
    simd: S,
    channel: &[f32],
    place: &Place<'_>,
    bench: &mut Bench,
    products: &mut [f32],
) {
    let Place { grid, segment, strip } = place;
    let (pitch, used) = (strip.pitch, segment.count * strip.pitch);
    let (work, zeros) = bench.ready(8 * used, grid.z);
    let corner = (2 * segment.row as isize, 2 * segment.first as isize);
    for line in 0..2 * segment.count {
        let from = lines::<2>(channel, grid, corner.0, corner.1 + line as isize, zeros);
        let mut to = pieces_mut::<4>(&mut work[line % 2 * used + line / 2 * pitch..], 2 * used, pitch);
        for to in &mut to {
            let (line, border) = std::mem::take(to).split_at_mut(pitch - 1);
            border.fill(0.0);
            *to = line;
        }
        map(simd, from, to, |d| spread(simd, d));
    }
    for a in 0..4 {
        let (even, odd) = work[a * 2 * used..][..2 * used].split_at(used);
        map(simd, [even, odd], rows::<4>(products, 4 * a, segment, strip), |d| spread(simd, d));
    }
}

/// 16 products of an output channel back to the lines of the grid, `bias` added, in the planes `[y, z]` of one or two x.
#[inline(always)]
pub(super) fn output<S: Simd>(
    simd: S,
    products: &[f32],
    place: &Place<'_>,
    bias: f32,
    bench: &mut Bench,
    planes: &mut [&mut [f32]],
) {
    let Place { grid, segment, strip } = place;
    let (z, pitch, used) = (grid.z, strip.pitch, segment.count * strip.pitch);
    let (work, _) = bench.ready(8 * used + 2 * z, z);
    let (work, spare) = work.split_at_mut(8 * used);
    for a in 0..4 {
        let from = pieces::<4>(&products[4 * a * strip.width..], strip.width, used);
        map(simd, from, pieces_mut::<2>(&mut work[2 * a * used..], used, used), |m| two(simd, m));
    }
    let bias = simd.splat_f32s(bias);
    for line in 0..(2 * segment.count).min(grid.y - 2 * segment.first) {
        let from = pieces::<4>(&work[line % 2 * used + line / 2 * pitch..], 2 * used, z);
        let place = (2 * segment.first + line) * z;
        let to = match planes {
            [one] => [&mut one[place..][..z], &mut spare[..z]],
            [one, two, ..] => [&mut one[place..][..z], &mut two[place..][..z]],
            [] => return,
        };
        map(simd, from, to, |m| {
            let [y0, y1] = two(simd, m);
            [simd.add_f32s(y0, bias), simd.add_f32s(y1, bias)]
        });
    }
}

/// The 9 products of a coarse channel to its lines in the plane `[y, z]`, each value the sum over the 2 x 2 x 2 cell it stands for.
#[inline(always)]
pub(super) fn coarse_output<S: Simd>(
    simd: S,
    products: &[f32],
    place: &Place<'_>,
    bench: &mut Bench,
    plane: &mut [f32],
) {
    let Place { grid, segment, strip } = place;
    let (pitch, used) = (strip.pitch, segment.count * strip.pitch);
    let (work, _) = bench.ready(4 * used, grid.z);
    let (work, sums) = work.split_at_mut(3 * used);
    for a in 0..3 {
        let [m0, m1, _, m3] = pieces::<4>(&products[COARSE[3 * a] * strip.width..], strip.width, used);
        let from = [m0, m1, m3];
        map(simd, from, [&mut work[a * used..][..used]], |m| [one(simd, m)]);
    }
    map(simd, pieces::<3>(work, used, used), [&mut *sums], |m| [one(simd, m)]);
    let z = grid.z / 2;
    let lines = plane[segment.first * z..].chunks_exact_mut(z).zip(sums.chunks_exact(pitch));
    for (to, from) in lines {
        for (to, pair) in to.iter_mut().zip(from.as_chunks::<2>().0) {
            *to = pair[0] + pair[1];
        }
    }
}

/// `N` lines to write, each behind its border of one 0, `stride` apart.
#[inline(always)]
fn bordered<const N: usize>(work: &mut [f32], stride: usize, at: usize, pitch: usize) -> [&mut [f32]; N] {
    let mut lines = pieces_mut::<N>(&mut work[at..], stride, pitch);
    for line in &mut lines {
        let (border, rest) = std::mem::take(line).split_at_mut(1);
        border.fill(0.0);
        *line = rest;
    }
    lines
}

/// The positions of a segment in `N` products from `first` on.
#[inline(always)]
fn rows<'a, const N: usize>(
    products: &'a mut [f32],
    first: usize,
    segment: &Segment,
    strip: &Strip,
) -> [&'a mut [f32]; N] {
    let at = segment.slot * strip.pitch;
    pieces_mut::<N>(&mut products[first * strip.width + at..], strip.width, segment.count * strip.pitch)
}

/// [`rows`] of the three products of [`COARSE`] that begin with `first`: the next but one is left out.
#[inline(always)]
fn coarse_rows<'a>(
    products: &'a mut [f32],
    first: usize,
    segment: &Segment,
    strip: &Strip,
) -> [&'a mut [f32]; 3] {
    let [one, two, _, four] = rows::<4>(products, first, segment, strip);
    [one, two, four]
}

/// Four neighbours to four factors.
#[inline(always)]
fn four<S: Simd>(simd: S, d: [S::f32s; 4]) -> [S::f32s; 4] {
    let [d0, d1, d2, d3] = d;
    [simd.sub_f32s(d0, d2), simd.add_f32s(d1, d2), simd.sub_f32s(d2, d1), simd.sub_f32s(d1, d3)]
}

/// [`four`] of `d0, d1, d1, d2`, without the factor that is 0.
#[inline(always)]
fn three<S: Simd>(simd: S, d: [S::f32s; 3]) -> [S::f32s; 3] {
    let [d0, d1, d2] = d;
    [simd.sub_f32s(d0, d1), simd.add_f32s(d1, d1), simd.sub_f32s(d1, d2)]
}

/// Four products to two results.
#[inline(always)]
fn two<S: Simd>(simd: S, m: [S::f32s; 4]) -> [S::f32s; 2] {
    let [m0, m1, m2, m3] = m;
    let (sum, difference) = (simd.add_f32s(m1, m2), simd.sub_f32s(m1, m2));
    [simd.add_f32s(m0, sum), simd.sub_f32s(difference, m3)]
}

/// The sum of both results of [`two`]; the product that vanishes in it is not there.
#[inline(always)]
fn one<S: Simd>(simd: S, m: [S::f32s; 3]) -> S::f32s {
    let [m0, m1, m3] = m;
    simd.sub_f32s(simd.add_f32s(m0, simd.add_f32s(m1, m1)), m3)
}

/// Gradients of two results to those of four products.
#[inline(always)]
fn spread<S: Simd>(simd: S, g: [S::f32s; 2]) -> [S::f32s; 4] {
    let [g0, g1] = g;
    [g0, simd.add_f32s(g0, g1), simd.sub_f32s(g0, g1), simd.neg_f32s(g1)]
}

/// Makes everything behind the lines of a strip 0, in all products of one channel.
pub(super) fn clear_end(products: &mut [f32], strip: &Strip) {
    for line in products[..PRODUCTS * strip.width].chunks_exact_mut(strip.width) {
        line[strip.used..].fill(0.0);
    }
}
