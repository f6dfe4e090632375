//! Pooling and upsampling: one unit per 2x2x2 cell, both ways.

use burn::tensor::{DType, Shape};
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::StorageType;
use cubecl::prelude::*;

use super::launch::{self, UNITS};

/// Where the first voxel of cell `cell` lies in a contiguous tensor of twice `coarse`'s sizes.
#[cube]
fn corner(cell: usize, x: usize, y: usize, z: usize) -> usize {
    let cz = cell % z;
    let rest = cell / z;
    let cy = rest % y;
    let rest = rest / y;
    let cx = rest % x;
    let channel = rest / x;
    ((channel * 2 * x + 2 * cx) * 2 * y + 2 * cy) * 2 * z + 2 * cz
}

/// What to add to a cell's corner for its voxel `index`, 0 to 7, z fastest.
#[cube]
fn inside(#[comptime] index: usize, y: usize, z: usize) -> usize {
    let (dx, dy, dz) = comptime![(index / 4, index / 2 % 2, index % 2)];
    dx * 4 * y * z + dy * 2 * z + dz
}

#[cube(launch_unchecked)]
fn largest<E: Float>(fine: &Tensor<E>, coarse: &mut Tensor<E>, #[define(E)] _dtype: StorageType) {
    let cell = ABSOLUTE_POS;
    if cell >= coarse.len() {
        terminate!();
    }
    let (x, y, z) = (coarse.shape(2), coarse.shape(3), coarse.shape(4));
    let start = corner(cell, x, y, z);
    let mut best = fine[start];
    #[unroll]
    for index in 1..8usize {
        let value = fine[start + inside(index, y, z)];
        if value > best {
            best = value;
        }
    }
    coarse[cell] = best;
}

/// The first voxel that holds the maximum takes the whole gradient.
#[cube(launch_unchecked)]
fn largest_grad<E: Float>(
    fine: &Tensor<E>,
    grad: &Tensor<f32>,
    fine_grad: &mut Tensor<f32>,
    #[define(E)] _dtype: StorageType,
) {
    let cell = ABSOLUTE_POS;
    if cell >= grad.len() {
        terminate!();
    }
    let (x, y, z) = (grad.shape(2), grad.shape(3), grad.shape(4));
    let start = corner(cell, x, y, z);
    let mut best = fine[start];
    let mut winner = 0usize;
    #[unroll]
    for index in 1..8usize {
        let value = fine[start + inside(index, y, z)];
        if value > best {
            best = value;
            winner = index.runtime();
        }
    }
    let g = grad[cell];
    #[unroll]
    for index in 0..8usize {
        fine_grad[start + inside(index, y, z)] = select(winner == index, g, 0.0f32);
    }
}

#[cube(launch_unchecked)]
fn repeat<E: Numeric>(coarse: &Tensor<E>, fine: &mut Tensor<E>, #[define(E)] _dtype: StorageType) {
    let cell = ABSOLUTE_POS;
    if cell >= coarse.len() {
        terminate!();
    }
    let (x, y, z) = (coarse.shape(2), coarse.shape(3), coarse.shape(4));
    let start = corner(cell, x, y, z);
    let value = coarse[cell];
    #[unroll]
    for index in 0..8usize {
        fine[start + inside(index, y, z)] = value;
    }
}

#[cube(launch_unchecked)]
fn gather(fine: &Tensor<f32>, coarse: &mut Tensor<f32>) {
    let cell = ABSOLUTE_POS;
    if cell >= coarse.len() {
        terminate!();
    }
    let (x, y, z) = (coarse.shape(2), coarse.shape(3), coarse.shape(4));
    let start = corner(cell, x, y, z);
    let mut sum = 0.0f32;
    #[unroll]
    for index in 0..8usize {
        sum += fine[start + inside(index, y, z)];
    }
    coarse[cell] = sum;
}

/// Sums of 2x2x2 voxels at every position that touches the grid, one more along each axis than voxels.
#[cube(launch_unchecked)]
fn boxes(x: &Tensor<f32>, sums: &mut Tensor<f32>) {
    let i = ABSOLUTE_POS;
    if i >= sums.len() {
        terminate!();
    }
    let (sx, sy, sz) = (x.shape(2), x.shape(3), x.shape(4));
    let z = i % (sz + 1);
    let rest = i / (sz + 1);
    let y = rest % (sy + 1);
    let rest = rest / (sy + 1);
    let px = rest % (sx + 1);
    let channel = rest / (sx + 1);
    let mut sum = 0.0f32;
    #[unroll]
    for index in 0..8usize {
        let (dx, dy, dz) = comptime![(index / 4, index / 2 % 2, index % 2)];
        let (ix, iy, iz) = (px + dx, y + dy, z + dz);
        if ix > 0 && iy > 0 && iz > 0 && ix <= sx && iy <= sy && iz <= sz {
            sum += x[((channel * sx + ix - 1) * sy + iy - 1) * sz + iz - 1];
        }
    }
    sums[i] = sum;
}

fn halved(shape: &Shape) -> Shape {
    Shape::from([shape[0], shape[1], shape[2] / 2, shape[3] / 2, shape[4] / 2])
}

fn doubled(shape: &Shape) -> Shape {
    Shape::from([shape[0], shape[1], shape[2] * 2, shape[3] * 2, shape[4] * 2])
}

/// Maximum of each cell, in the type of `x`.
pub(super) fn max_pool<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    let x = into_contiguous(x);
    let (dtype, client) = (x.dtype, x.client.clone());
    let pooled = launch::empty_of(&x, halved(x.meta.shape()), dtype);
    let (count, dim) = (launch::cubes(pooled.meta.num_elements(), UNITS), CubeDim::new_1d(UNITS as u32));
    // SAFETY: both contiguous, the sizes of `x` twice those of the result; a unit past the last cell stops.
    unsafe {
        largest::launch_unchecked(
            &client,
            count,
            dim,
            x.into_tensor_arg(),
            pooled.clone().into_tensor_arg(),
            dtype.into(),
        );
    }
    pooled
}

/// Gradient of [`max_pool`], f32.
pub(super) fn max_pool_grad<R: CubeRuntime>(x: CubeTensor<R>, grad: CubeTensor<R>) -> CubeTensor<R> {
    let (x, grad) = (into_contiguous(x), launch::plain(grad));
    let (dtype, client) = (x.dtype, x.client.clone());
    let result = launch::empty_like(&x, x.meta.shape().clone());
    let (count, dim) = (launch::cubes(grad.meta.num_elements(), UNITS), CubeDim::new_1d(UNITS as u32));
    // SAFETY: all contiguous, the sizes of `x` twice those of `grad`; a unit past the last cell stops.
    unsafe {
        largest_grad::launch_unchecked(
            &client,
            count,
            dim,
            x.into_tensor_arg(),
            grad.into_tensor_arg(),
            result.clone().into_tensor_arg(),
            dtype.into(),
        );
    }
    result
}

/// Every voxel as a cell, in the type of `x`.
pub(super) fn upsample<R: CubeRuntime>(x: CubeTensor<R>) -> CubeTensor<R> {
    let x = into_contiguous(x);
    let (dtype, client) = (x.dtype, x.client.clone());
    let fine = launch::empty_of(&x, doubled(x.meta.shape()), dtype);
    let (count, dim) = (launch::cubes(x.meta.num_elements(), UNITS), CubeDim::new_1d(UNITS as u32));
    // SAFETY: both contiguous, the sizes of the result twice those of `x`; a unit past the last cell stops.
    unsafe {
        repeat::launch_unchecked(
            &client,
            count,
            dim,
            x.into_tensor_arg(),
            fine.clone().into_tensor_arg(),
            dtype.into(),
        );
    }
    fine
}

/// Gradient of [`upsample`], f32: the sum of each cell.
pub(super) fn upsample_grad<R: CubeRuntime>(grad: CubeTensor<R>) -> CubeTensor<R> {
    let grad = launch::plain(grad);
    let client = grad.client.clone();
    let coarse = launch::empty_of(&grad, halved(grad.meta.shape()), DType::F32);
    let (count, dim) = (launch::cubes(coarse.meta.num_elements(), UNITS), CubeDim::new_1d(UNITS as u32));
    // SAFETY: both contiguous, the sizes of `grad` twice those of the result; a unit past the last cell stops.
    unsafe {
        gather::launch_unchecked(
            &client,
            count,
            dim,
            grad.into_tensor_arg(),
            coarse.clone().into_tensor_arg(),
        );
    }
    coarse
}

/// Sums of 2x2x2 voxels, `[n, c, x + 1, y + 1, z + 1]`: the one at index i starts at voxel i - 1, and voxels outside are 0.
///
/// The sum over a cell of what a tap brings to its voxels is such a sum of the gradient: with these, gradients that concern
/// coarse voxels need a product per tap and cell, not one per tap and voxel.
pub(super) fn box_sums<R: CubeRuntime>(x: &CubeTensor<R>) -> CubeTensor<R> {
    let shape = x.meta.shape();
    let larger = Shape::from([shape[0], shape[1], shape[2] + 1, shape[3] + 1, shape[4] + 1]);
    let sums = launch::empty_like(x, larger);
    let (count, dim) = (launch::cubes(sums.meta.num_elements(), UNITS), CubeDim::new_1d(UNITS as u32));
    // SAFETY: both contiguous; a unit past the last sum stops, and reads only voxels of the grid.
    unsafe {
        boxes::launch_unchecked(
            &x.client,
            count,
            dim,
            x.clone().into_tensor_arg(),
            sums.clone().into_tensor_arg(),
        );
    }
    sums
}
