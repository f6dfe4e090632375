//! Weights of a convolution as coarse voxels see them.
//!
//! A 3x3x3 filter on a grid of repeated 2x2x2 cells meets only 2x2x2 different voxels, which ones depending on where in its
//! cell the output lies. Summing the taps that meet the same voxel beforehand leaves 8 products of 27.

use burn::tensor::Shape;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::StorageType;
use cubecl::prelude::*;

use super::launch::{self, UNITS};

/// Sums for an input channel and four output channels: 8 voxels by 8 places in a cell.
pub(super) const FOLDS: usize = 64;

/// First tap along an axis that meets coarse voxel `side` (0 or 1) from place `place` (0 or 1) of a cell.
#[cube]
fn first_tap(side: usize, place: usize) -> usize {
    side * (place + 1)
}

/// The tap after the last such.
#[cube]
fn end_of_taps(side: usize, place: usize) -> usize {
    select(side == 0, place + 1, 3usize.runtime())
}

/// Fills `[inputs][voxel 8][place x][place y][outputs / 4][place z][4]`.
#[cube(launch_unchecked)]
fn fold<W: Numeric>(weight: &Tensor<W>, folds: &mut Tensor<f32>, #[define(W)] _weights: StorageType) {
    let i = ABSOLUTE_POS;
    if i >= folds.len() {
        terminate!();
    }
    let (outputs, inputs) = (weight.shape(0), weight.shape(1));
    let fours = outputs.div_ceil(4);
    let lane = i % 4;
    let pz = i / 4 % 2;
    let rest = i / 8;
    let four = rest % fours;
    let rest = rest / fours;
    let (py, px) = (rest % 2, rest / 2 % 2);
    let (sz, sy, sx) = (rest / 4 % 2, rest / 8 % 2, rest / 16 % 2);
    let input = rest / 32;
    let output = four * 4 + lane;
    let mut sum = 0.0f32;
    if output < outputs {
        let base = (output * inputs + input) * 27;
        for kx in first_tap(sx, px)..end_of_taps(sx, px) {
            for ky in first_tap(sy, py)..end_of_taps(sy, py) {
                for kz in first_tap(sz, pz)..end_of_taps(sz, pz) {
                    sum += f32::cast_from(weight[base + (kx * 3 + ky) * 3 + kz]);
                }
            }
        }
    }
    folds[i] = sum;
}

/// The sums for the first `coarse` input channels of a contiguous `weight` of side 3.
pub(super) fn folded<R: CubeRuntime>(weight: &CubeTensor<R>, coarse: usize) -> CubeTensor<R> {
    let outputs = weight.meta.shape()[0];
    let folds = launch::empty_like(weight, Shape::from([coarse, FOLDS, outputs.next_multiple_of(4)]));
    let (count, dim) = (launch::cubes(folds.meta.num_elements(), UNITS), CubeDim::new_1d(UNITS as u32));
    let dtype = weight.dtype;
    // SAFETY: both contiguous; a unit past the last sum stops, and reads only taps of channels that exist.
    unsafe {
        fold::launch_unchecked(
            &weight.client,
            count,
            dim,
            weight.clone().into_tensor_arg(),
            folds.clone().into_tensor_arg(),
            dtype.into(),
        );
    }
    folds
}
