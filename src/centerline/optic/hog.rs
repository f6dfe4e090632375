//! How much every pixel looks like the middle of the cord: histograms of gradient directions in a window of 32 x 32 pixels,
//! weighed by a linear classifier. Knows 8-bit slices and a model; it does not know millimetres.
//!
//! Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (2005), in the details of OpenCV, by which the
//! models were trained. Blocks repeat from window to window, so each is made once and answers for the 16 places it can have in one.

use super::model::{BLOCK, Model, SIDE};
use ndarray::{Array2, s};
use std::f32::consts::TAU;

/// Directions per cell.
const BINS: usize = 9;
/// Pixels along a block, and from one of a window's blocks to the next.
const STRIDE: usize = 8;
/// From a window's first pixel to the one it answers for.
const BEFORE: usize = 16;
/// Pixels along a window.
const WINDOW: usize = SIDE * STRIDE;
/// A histogram is limited to this, after a first normalisation.
const LIMIT: f32 = 0.2;

/// The classifier's answer for every pixel of a slice: above 0 looks like a cord. The slice repeats mirrored beyond its edges.
pub(super) fn scores(slice: &Array2<u8>, model: &Model) -> Array2<f32> {
    let (nx, ny) = slice.dim();
    let answers = answers(&directions(slice), &classifier(model));
    let rows = ny + WINDOW - STRIDE;
    let mut scores = Array2::from_elem((nx, ny), model.bias);
    for place in 0..SIDE * SIDE {
        let (right, up) = (place / SIDE * STRIDE, place % SIDE * STRIDE);
        for (x, mut column) in scores.outer_iter_mut().enumerate() {
            let first = (x + right) * rows + up;
            column += &answers.slice(s![first..first + ny, place]);
        }
    }
    scores
}

/// The weights as a matrix: a block's numbers to its answer at each place in the window.
fn classifier(model: &Model) -> Array2<f32> {
    Array2::from_shape_fn((BLOCK, SIDE * SIDE), |(number, place)| model.weights[place * BLOCK + number])
}

/// Answers of the blocks that begin at each pixel from `-BEFORE` on, x outer, y inner; one column per place in a window.
fn answers(directions: &Directions, classifier: &Array2<f32>) -> Array2<f32> {
    let [columns, rows] = directions.shape.map(|n| n + 1 - STRIDE);
    let cells = [cell_weights(0), cell_weights(1)];
    let mut answers = Array2::zeros((columns * rows, SIDE * SIDE));
    let mut blocks = Array2::zeros((rows, BLOCK));
    for x in 0..columns {
        if let Some(blocks) = blocks.as_slice_mut() {
            for (cell_x, along_x) in cells.iter().enumerate() {
                let column = directions.weighted_columns(x, along_x);
                for (cell_y, along_y) in cells.iter().enumerate() {
                    fill_cells(blocks, 2 * cell_x + cell_y, &column, along_y);
                }
            }
            blocks.chunks_exact_mut(BLOCK).for_each(normalise);
        }
        answers.slice_mut(s![x * rows..(x + 1) * rows, ..]).assign(&blocks.dot(classifier));
    }
    answers
}

/// One cell of the blocks that begin at every pixel of `column` (y outer, directions inner): its pixels, weighted and summed.
fn fill_cells(blocks: &mut [f32], cell: usize, column: &[f32], weights: &[f32; STRIDE]) {
    let pixels = column.windows(STRIDE * BINS).step_by(BINS);
    for (block, pixels) in blocks.chunks_exact_mut(BLOCK).zip(pixels) {
        let mut sum = [0.0; BINS];
        for (pixel, weight) in pixels.chunks_exact(BINS).zip(weights).filter(|(_, w)| **w > 0.0) {
            sum.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * value);
        }
        block[cell * BINS..(cell + 1) * BINS].copy_from_slice(&sum);
    }
}

/// How much each of a block's 8 pixels along an axis counts for its cell 0 or 1: falling off from the block's middle (pixel 4,
/// not 3.5) and linearly between the cells' middles.
fn cell_weights(cell: usize) -> [f32; STRIDE] {
    std::array::from_fn(|i| {
        let from_middle = i as f32 - 4.0;
        let from_cell = (i as f32 + 0.5) / 4.0 - 0.5 - cell as f32;
        (-from_middle * from_middle / 8.0).exp() * (1.0 - from_cell.abs()).max(0.0)
    })
}

/// "L2-Hys": to length 1, no number above [`LIMIT`], to length 1 again.
fn normalise(block: &mut [f32]) {
    let length = |block: &[f32]| block.iter().map(|v| v * v).sum::<f32>().sqrt();
    let scale = 1.0 / (length(block) + 0.1 * BLOCK as f32);
    block.iter_mut().for_each(|v| *v = (*v * scale).min(LIMIT));
    let scale = 1.0 / (length(block) + 1e-3);
    block.iter_mut().for_each(|v| *v *= scale);
}

/// For every pixel from `-BEFORE` on (x outer, y inner) how steep the slice is in each of 9 directions.
struct Directions {
    shape: [usize; 2],
    steepness: Vec<f32>,
}

impl Directions {
    /// The columns of a block that begins at column `x`, weighted and summed: y outer, directions inner.
    fn weighted_columns(&self, x: usize, weights: &[f32; STRIDE]) -> Vec<f32> {
        let length = self.shape[1] * BINS;
        let mut sum = vec![0.0; length];
        for (i, weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            let column = &self.steepness[(x + i) * length..(x + i + 1) * length];
            sum.iter_mut().zip(column).for_each(|(sum, value)| *sum += weight * value);
        }
        sum
    }
}

fn directions(slice: &Array2<u8>) -> Directions {
    let (nx, ny) = slice.dim();
    let (xs, ys) = (mirrored(nx), mirrored(ny));
    // The gradient needs one pixel more on either side.
    let shape = [xs.len() - 2, ys.len() - 2];
    let grey = slice.mapv(|grey| f32::from(grey).sqrt());
    let mut steepness = vec![0.0; shape[0] * shape[1] * BINS];
    for (i, pixel) in steepness.chunks_exact_mut(BINS).enumerate() {
        let (x, y) = (i / shape[1] + 1, i % shape[1] + 1);
        let dx = grey[[xs[x + 1], ys[y]]] - grey[[xs[x - 1], ys[y]]];
        let dy = grey[[xs[x], ys[y + 1]]] - grey[[xs[x], ys[y - 1]]];
        share(pixel, dx, dy);
    }
    Directions { shape, steepness }
}

/// Shares a gradient between the two directions it lies between.
fn share(pixel: &mut [f32], dx: f32, dy: f32) {
    let size = dx.hypot(dy);
    if size == 0.0 {
        return;
    }
    let place = dy.atan2(dx).rem_euclid(TAU) * (BINS as f32 / TAU) - 0.5;
    let fraction = place - place.floor();
    let low = (place.floor() + BINS as f32) as usize % BINS;
    pixel[low] += size * (1.0 - fraction);
    pixel[(low + 1) % BINS] += size * fraction;
}

/// The pixels that stand for places `-BEFORE - 1 ..= n + 15` of an axis of `n` pixels: mirrored at the edges, which count once.
fn mirrored(n: usize) -> Vec<usize> {
    let period = (2 * n).saturating_sub(2).max(1) as i64;
    let places = -(BEFORE as i64) - 1..(n + WINDOW - BEFORE) as i64;
    let fold = |place: i64| place.min(period - place).min(n as i64 - 1) as usize;
    places.map(|place| fold(place.rem_euclid(period))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The descriptor of one window, written down as the definition reads.
    fn score_by_definition(slice: &Array2<u8>, at: [usize; 2], model: &Model) -> f64 {
        let n = [slice.dim().0 as i64, slice.dim().1 as i64];
        let mirror = |mut i: i64, n: i64| {
            while n > 1 && !(0..n).contains(&i) {
                i = if i < 0 { -i } else { 2 * (n - 1) - i };
            }
            if n == 1 { 0 } else { i as usize }
        };
        let grey = |x: i64, y: i64| f64::from(slice[[mirror(x, n[0]), mirror(y, n[1])]]).sqrt();
        let mut score = f64::from(model.bias);
        for block in 0..16 {
            let mut cells = [0.0_f64; BLOCK];
            for i in 0..64 {
                let (i, j) = (i / 8, i % 8);
                let x = at[0] as i64 - 16 + 8 * (block / 4) + i;
                let y = at[1] as i64 - 16 + 8 * (block % 4) + j;
                let (dx, dy) = (grey(x + 1, y) - grey(x - 1, y), grey(x, y + 1) - grey(x, y - 1));
                let turn = dy.atan2(dx).rem_euclid(std::f64::consts::TAU) / std::f64::consts::TAU * 9.0 - 0.5;
                let falloff = (-((i - 4).pow(2) + (j - 4).pow(2)) as f64 / 8.0).exp();
                for cell in 0..4_i64 {
                    let near = |i: i64, cell: i64| {
                        (1.0 - ((i as f64 + 0.5) / 4.0 - 0.5 - cell as f64).abs()).max(0.0)
                    };
                    for bin in 0..9_i64 {
                        let apart = (turn - bin as f64).abs();
                        let share = (1.0 - apart.min(9.0 - apart)).max(0.0);
                        cells[(cell * 9 + bin) as usize] +=
                            falloff * near(i, cell / 2) * near(j, cell % 2) * share * dx.hypot(dy);
                    }
                }
            }
            let length = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
            let first = length(&cells) + 3.6;
            cells.iter_mut().for_each(|v| *v = (*v / first).min(0.2));
            let second = length(&cells) + 1e-3;
            let weights = &model.weights[block as usize * BLOCK..];
            score += cells.iter().zip(weights).map(|(v, w)| v / second * f64::from(*w)).sum::<f64>();
        }
        score
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn every_pixel_scores_as_the_definition_says(
            (nx, ny) in (1..21usize, 1..21usize),
            values in prop::collection::vec(any::<u8>(), 400),
            weights in prop::collection::vec(-0.2..0.2f32, 576),
        ) {
            let slice = Array2::from_shape_fn((nx, ny), |(x, y)| values[x * 20 + y]);
            let model = Model { weights, bias: -0.5, pixel: [1.0; 2] };
            let scores = scores(&slice, &model);
            prop_assert_eq!(scores.dim(), (nx, ny));
            for ((x, y), score) in scores.indexed_iter() {
                prop_assert!((f64::from(*score) - score_by_definition(&slice, [x, y], &model)).abs() < 2e-4);
            }
        }
    }
}
