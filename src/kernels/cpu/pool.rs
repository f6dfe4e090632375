//! Max-pooling, leaving out and nearest upsampling by two, and their gradients: memory-bound loops over pairs of planes and lines.

use rayon::prelude::*;

use super::Dims;
use super::wide::dispatch;

pub(super) fn halved(dims: Dims) -> Dims {
    Dims { x: dims.x / 2, y: dims.y / 2, z: dims.z / 2, ..dims }
}

pub(super) fn doubled(dims: Dims) -> Dims {
    Dims { x: dims.x * 2, y: dims.y * 2, z: dims.z * 2, ..dims }
}

/// The four fine lines (x0y0, x0y1, x1y0, x1y1) above coarse line `row` of a fine channel.
fn four_lines(fine: &[f32], dims: Dims, row: usize) -> [&[f32]; 4] {
    let half = dims.y / 2;
    let (x, y) = (row / half * 2, row % half * 2);
    [(x, y), (x, y + 1), (x + 1, y), (x + 1, y + 1)]
        .map(|(x, y)| &fine[(x * dims.y + y) * dims.z..][..dims.z])
}

/// Maximum of each 2x2x2 cell of `fine` (shape `dims`).
pub(super) fn max(fine: &[f32], dims: Dims, output: &mut [f32]) {
    let coarse = halved(dims);
    output.par_chunks_mut(coarse.space()).zip(fine.par_chunks(dims.space())).for_each(|(to, from)| {
        for (row, to) in to.chunks_exact_mut(coarse.z).enumerate() {
            let lines = four_lines(from, dims, row);
            for (z, to) in to.iter_mut().enumerate() {
                let pair = lines.map(|line| line[2 * z].max(line[2 * z + 1]));
                *to = pair[0].max(pair[1]).max(pair[2].max(pair[3]));
            }
        }
    });
}

/// Gives each cell's gradient to the first of its voxels, in memory order, that holds the maximum.
pub(super) fn max_grad(fine: &[f32], grad: &[f32], dims: Dims, output: &mut [f32]) {
    let coarse = halved(dims);
    let planes = output.par_chunks_mut(2 * dims.y * dims.z).zip(fine.par_chunks(2 * dims.y * dims.z));
    planes.zip(grad.par_chunks(coarse.y * coarse.z)).for_each(|((to, from), grad)| {
        let (to_first, to_second) = to.split_at_mut(dims.y * dims.z);
        let lines = to_first.chunks_exact_mut(2 * dims.z).zip(to_second.chunks_exact_mut(2 * dims.z));
        for ((row, grad), (first, second)) in grad.chunks_exact(coarse.z).enumerate().zip(lines) {
            let cells = four_lines(from, dims, row).map(|line| line.as_chunks::<2>().0);
            let (one, two) = first.split_at_mut(dims.z);
            let (three, four) = second.split_at_mut(dims.z);
            dispatch(|| {
                to_maxima(cells, grad, [one, two, three, four].map(|line| line.as_chunks_mut::<2>().0))
            });
        }
    });
}

/// [`max_grad`] of one row of cells, without a branch, so that it becomes vectors.
#[inline(always)]
fn to_maxima(cells: [&[[f32; 2]]; 4], grad: &[f32], to: [&mut [[f32; 2]]; 4]) {
    let count = grad.len();
    let [a, b, c, d] = cells.map(|cells| &cells[..count]);
    let [to_a, to_b, to_c, to_d] = to.map(|to| &mut to[..count]);
    for z in 0..count {
        let values = [a[z][0], a[z][1], b[z][0], b[z][1], c[z][0], c[z][1], d[z][0], d[z][1]];
        let mut largest = values[0];
        for value in values {
            largest = if value > largest { value } else { largest };
        }
        let (mut given, mut results) = (0.0f32, [0.0; 8]);
        for (value, result) in values.into_iter().zip(&mut results) {
            let here = if value == largest { 1.0 - given } else { 0.0 };
            given += here;
            *result = if here > 0.0 { grad[z] } else { 0.0 };
        }
        [to_a[z], to_b[z]] = [[results[0], results[1]], [results[2], results[3]]];
        [to_c[z], to_d[z]] = [[results[4], results[5]], [results[6], results[7]]];
    }
}

/// Every second voxel of `fine` (shape `dims`) along each axis, the first included.
pub(super) fn every_second(fine: &[f32], dims: Dims, output: &mut [f32]) {
    let coarse = halved(dims);
    output.par_chunks_mut(coarse.space()).zip(fine.par_chunks(dims.space())).for_each(|(to, from)| {
        for (row, to) in to.chunks_exact_mut(coarse.z).enumerate() {
            let [line, ..] = four_lines(from, dims, row);
            to.iter_mut().zip(line.iter().step_by(2)).for_each(|(to, from)| *to = *from);
        }
    });
}

/// `grad` at every second voxel of `dims`, zeros between.
pub(super) fn every_second_grad(grad: &[f32], dims: Dims, output: &mut [f32]) {
    let coarse = halved(dims);
    output.fill(0.0);
    output.par_chunks_mut(dims.space()).zip(grad.par_chunks(coarse.space())).for_each(|(to, from)| {
        for (row, from) in from.chunks_exact(coarse.z).enumerate() {
            let (x, y) = (row / coarse.y * 2, row % coarse.y * 2);
            let line = &mut to[(x * dims.y + y) * dims.z..][..dims.z];
            line.iter_mut().step_by(2).zip(from).for_each(|(to, from)| *to = *from);
        }
    });
}

/// Each voxel of `coarse` (shape `dims`) twice along every axis.
pub(super) fn repeat(coarse: &[f32], dims: Dims, output: &mut [f32]) {
    let fine = doubled(dims);
    output.par_chunks_mut(fine.y * fine.z).enumerate().for_each(|(plane, to)| {
        let (channel, x) = (plane / fine.x, plane % fine.x);
        let from = &coarse[(channel * dims.x + x / 2) * dims.y * dims.z..][..dims.y * dims.z];
        for (lines, from) in to.chunks_exact_mut(2 * fine.z).zip(from.chunks_exact(dims.z)) {
            let (first, second) = lines.split_at_mut(fine.z);
            for (pair, value) in first.chunks_exact_mut(2).zip(from) {
                pair.fill(*value);
            }
            second.copy_from_slice(first);
        }
    });
}

/// Sum of each 2x2x2 cell of `grad`; `dims` is the coarse shape.
pub(super) fn repeat_grad(grad: &[f32], dims: Dims, output: &mut [f32]) {
    let fine = doubled(dims);
    output.par_chunks_mut(dims.space()).zip(grad.par_chunks(fine.space())).for_each(|(to, from)| {
        for (row, to) in to.chunks_exact_mut(dims.z).enumerate() {
            let lines = four_lines(from, fine, row);
            for (z, to) in to.iter_mut().enumerate() {
                *to = lines.iter().map(|line| line[2 * z] + line[2 * z + 1]).sum();
            }
        }
    });
}
