//! Max-pooling, leaving out and nearest upsampling by two, and their gradients: memory-bound loops over pairs of planes and lines.

use rayon::prelude::*;

use super::Dims;

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
    let channels = output.par_chunks_mut(dims.space()).zip(fine.par_chunks(dims.space()));
    channels.zip(grad.par_chunks(coarse.space())).for_each(|((to, from), grad)| {
        to.fill(0.0);
        for (index, grad) in grad.iter().enumerate() {
            let (x, y, z) =
                (index / (coarse.y * coarse.z) * 2, index / coarse.z % coarse.y * 2, index % coarse.z * 2);
            let corner = (x * dims.y + y) * dims.z + z;
            let (plane, line) = (dims.y * dims.z, dims.z);
            let cell = [0, 1, line, line + 1, plane, plane + 1, plane + line, plane + line + 1];
            let first = cell
                .into_iter()
                .reduce(|best, at| if from[corner + at] > from[corner + best] { at } else { best });
            to[corner + first.unwrap_or(0)] = *grad;
        }
    });
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
