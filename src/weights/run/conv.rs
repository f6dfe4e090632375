//! Convolution as matrix products: the voxels under the kernel laid out in columns, a block of rows at a time, so that a block
//! stays in the processor's cache.

use super::Activation;
use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{Array2, Array4, Array5, ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut3, Axis};

/// Numbers in a block of columns.
const BLOCK: usize = 1 << 18;

/// Convolution with a border of zeros: `kernel` is `[out, in, axis 0, axis 1, axis 2]`, `input` has its `in` channels.
pub(super) fn convolve(
    input: &Activation,
    kernel: &Array5<f32>,
    bias: &[f32],
    dilation: [usize; 3],
) -> Activation {
    let (out, channels, k0, k1, k2) = kernel.dim();
    let (_, a, b, c) = input.dim();
    let mut output = Array4::zeros((out, a, b, c));
    if output.is_empty() {
        return output;
    }
    let depth = channels * k0 * k1 * k2;
    let weights = kernel.to_shape((out, depth)).map(|weights| weights.into_owned()).unwrap_or_default();
    // Rows are copied as they lie in memory.
    let input = input.as_standard_layout();
    let under = Under { input: input.view(), size: [k0, k1, k2], dilation };
    let rows = (BLOCK / (depth * c).max(1)).clamp(1, b);
    output.axis_iter_mut(Axis(1)).into_par_iter().enumerate().for_each(|(plane, mut output)| {
        let blocks = output.axis_chunks_iter_mut(Axis(1), rows).into_par_iter().enumerate();
        blocks.for_each(|(block, output)| under.product(output, [plane, block * rows], weights.view(), bias));
    });
    output
}

/// What lies under the kernel.
struct Under<'a> {
    input: ArrayView4<'a, f32>,
    size: [usize; 3],
    dilation: [usize; 3],
}

impl Under<'_> {
    /// The output's rows (`[channel, row, voxel]`) from `first` (axis 0, axis 1) on.
    fn product(
        &self,
        mut output: ArrayViewMut3<'_, f32>,
        first: [usize; 2],
        weights: ArrayView2<'_, f32>,
        bias: &[f32],
    ) {
        let (_, rows, length) = output.dim();
        let mut columns = Array2::zeros((weights.ncols(), rows * length));
        self.lay_out(columns.view_mut(), first, rows);
        let mut product = Array2::zeros((weights.nrows(), rows * length));
        general_mat_mul(1.0, &weights, &columns, 0.0, &mut product);
        for ((mut output, product), bias) in output.outer_iter_mut().zip(product.outer_iter()).zip(bias) {
            output.iter_mut().zip(product).for_each(|(output, product)| *output = product + bias);
        }
    }

    /// Fills `columns`, which are zeros: for every weight of the kernel the voxels that it meets.
    fn lay_out(&self, mut columns: ArrayViewMut2<'_, f32>, first: [usize; 2], rows: usize) {
        let (channels, a, b, c) = self.input.dim();
        let [k0, k1, k2] = self.size;
        for (weight, mut column) in columns.outer_iter_mut().enumerate() {
            let (k, rest) = (weight % k2, weight / k2);
            let (j, rest) = (rest % k1, rest / k1);
            let (i, channel) = (rest % k0, rest / k0 % channels);
            let (Some(plane), Some(column)) = (self.shifted(first[0], i, 0, a), column.as_slice_mut()) else {
                continue;
            };
            for (row, voxels) in column.chunks_exact_mut(c).enumerate().take(rows) {
                let Some(from) = self.shifted(first[1] + row, j, 1, b) else { continue };
                let source = self.input.slice(ndarray::s![channel, plane, from, ..]);
                if let Some(source) = source.as_slice() {
                    copy_shifted(voxels, source, self.offset(k, 2));
                }
            }
        }
    }

    /// How far the kernel's place `k` along an axis is from its middle.
    fn offset(&self, k: usize, axis: usize) -> isize {
        let before = (self.size[axis] - 1) * self.dilation[axis] / 2;
        (k * self.dilation[axis]) as isize - before as isize
    }

    fn shifted(&self, at: usize, k: usize, axis: usize, n: usize) -> Option<usize> {
        at.checked_add_signed(self.offset(k, axis)).filter(|at| *at < n)
    }
}

/// `to[x] = from[x + offset]` where that exists.
fn copy_shifted(to: &mut [f32], from: &[f32], offset: isize) {
    let n = to.len();
    let by = offset.unsigned_abs().min(n);
    if offset < 0 {
        to[by..].copy_from_slice(&from[..n - by]);
    } else {
        to[..n - by].copy_from_slice(&from[by..]);
    }
}
