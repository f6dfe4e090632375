//! Layers between a voxel and a block of voxels: pooling, repeating, and transposed convolution without overlap.

use super::Activation;
use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{Array4, Array5, ArrayView3, ArrayViewMut3, Axis, s};

/// The largest value of each whole block.
pub(super) fn max_pool(input: &Activation, size: [usize; 3]) -> Activation {
    let (channels, a, b, c) = input.dim();
    let shape = [a / size[0], b / size[1], c / size[2]];
    let mut output = Array4::from_elem((channels, shape[0], shape[1], shape[2]), f32::NEG_INFINITY);
    by_channel(&mut output, input, |mut output, input| {
        let whole = input.slice_move(s![..shape[0] * size[0], ..shape[1] * size[1], ..shape[2] * size[2]]);
        for corner in corners(size) {
            output.zip_mut_with(&every(whole, corner, size), |most, value| *most = most.max(*value));
        }
    });
    output
}

/// The first voxel of each block, of blocks cut short by the border too.
pub(super) fn first_of_every(input: Activation, size: [usize; 3]) -> Activation {
    if size == [1; 3] {
        return input;
    }
    let [a, b, c] = size.map(|n| n as isize);
    input.slice_move(s![.., ..;a, ..;b, ..;c]).as_standard_layout().into_owned()
}

/// Every voxel `times` along each axis.
pub(super) fn repeat(input: &Activation, times: [usize; 3]) -> Activation {
    let (channels, a, b, c) = input.dim();
    let mut output = Array4::zeros((channels, a * times[0], b * times[1], c * times[2]));
    by_channel(&mut output, input, |mut output, input| {
        for corner in corners(times) {
            every_mut(&mut output, corner, times).assign(&input);
        }
    });
    output
}

/// Transposed convolution whose stride is its kernel's size: `kernel` is `[in, out, axis 0, axis 1, axis 2]`.
pub(super) fn spread(input: &Activation, kernel: &Array5<f32>, bias: &[f32]) -> Activation {
    let (_, out, k0, k1, k2) = kernel.dim();
    let (_, a, b, c) = input.dim();
    let mut output = Array4::zeros((out, a * k0, b * k1, c * k2));
    output.axis_iter_mut(Axis(0)).into_par_iter().enumerate().for_each(|(channel, mut output)| {
        output.fill(bias[channel]);
        for [i, j, k] in corners([k0, k1, k2]) {
            let mut part = every_mut(&mut output, [i, j, k], [k0, k1, k2]);
            for (input, kernel) in input.outer_iter().zip(kernel.outer_iter()) {
                part.scaled_add(kernel[[channel, i, j, k]], &input);
            }
        }
    });
    output
}

fn by_channel(
    output: &mut Activation,
    input: &Activation,
    fill: impl Fn(ArrayViewMut3<'_, f32>, ArrayView3<'_, f32>) + Sync,
) {
    let outputs = output.axis_iter_mut(Axis(0)).into_par_iter();
    outputs.zip(input.axis_iter(Axis(0)).into_par_iter()).for_each(|(output, input)| fill(output, input));
}

/// The places in a block.
fn corners(size: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let [a, b, c] = size;
    (0..a).flat_map(move |i| (0..b).flat_map(move |j| (0..c).map(move |k| [i, j, k])))
}

/// One place of every block.
fn every<'a>(voxels: ArrayView3<'a, f32>, corner: [usize; 3], size: [usize; 3]) -> ArrayView3<'a, f32> {
    let [a, b, c] = size.map(|n| n as isize);
    voxels.slice_move(s![corner[0]..;a, corner[1]..;b, corner[2]..;c])
}

fn every_mut<'a>(
    voxels: &'a mut ArrayViewMut3<'_, f32>,
    corner: [usize; 3],
    size: [usize; 3],
) -> ArrayViewMut3<'a, f32> {
    let [a, b, c] = size.map(|n| n as isize);
    voxels.slice_mut(s![corner[0]..;a, corner[1]..;b, corner[2]..;c])
}
