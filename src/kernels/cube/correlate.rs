//! The one kernel behind convolutions and their input gradients: a cube computes a box of voxels for a few output channels,
//! reading inputs and weights from shared memory into registers.
//!
//! Units lie along x and z, z fastest, so that neighbours in a plane of units read and write neighbouring addresses; each
//! unit holds a column along y for all channels of its cube, and so reads an input once for every tap along y. Groups of such
//! units may share the input channels.

use cubecl::ir::StorageType;
use cubecl::prelude::*;

use super::finish::{add_bias, measure, meet, write};
use super::plan::{Grouped, Plan};
use super::stage::{Corner, stage};
use super::sum::Four;
use super::taps::{stage_folds, stage_taps};

/// Where a unit and its cube are.
#[derive(CubeType, Clone, Copy)]
pub(super) struct Place {
    /// Batch entry and first output channel.
    pub(super) n: usize,
    pub(super) output: usize,
    /// The cube's box, and its corner.
    pub(super) tile: usize,
    pub(super) x0: usize,
    pub(super) y0: usize,
    pub(super) z0: usize,
    /// The unit in its group, and the group.
    pub(super) lx: usize,
    pub(super) lz: usize,
    pub(super) group: usize,
}

#[cube]
fn place(out: &Tensor<f32>, #[comptime] plan: Plan) -> Place {
    let (tiles_y, tiles_z) = (out.shape(3).div_ceil(plan.y), out.shape(4).div_ceil(plan.z));
    let tile = CUBE_POS_X as usize;
    let row = tile / tiles_z;
    let unit = UNIT_POS as usize;
    Place {
        n: CUBE_POS_Z as usize,
        output: CUBE_POS_Y as usize * plan.outputs,
        tile,
        x0: row / tiles_y * plan.x,
        y0: row % tiles_y * plan.y,
        z0: tile % tiles_z * plan.z,
        lx: unit / plan.z % plan.x,
        lz: unit % plan.z,
        group: unit / comptime![plan.x * plan.z],
    }
}

/// The smaller of what is left and what fits.
#[cube]
pub(super) fn shorter(left: usize, #[comptime] most: usize) -> usize {
    select(left < most, left, most.runtime())
}

/// Adds the products of `count` staged input channels.
#[cube]
fn multiply(
    sums: &mut Array<Four>,
    column: &mut Array<f32>,
    room: &SharedMemory<f32>,
    taps: &SharedMemory<Four>,
    count: usize,
    at: Place,
    #[comptime] plan: Plan,
) {
    let cuboid = comptime![plan.cuboid()];
    let (fours, side, step) = comptime![(plan.outputs / 4, plan.side, plan.step)];
    let mut c = at.group;
    while c < count {
        for kx in 0..side {
            for kz in 0..side {
                let row = (c * cuboid.x + at.lx * step + kx) * cuboid.y;
                let base = row * cuboid.z + at.lz * step + kz;
                #[unroll]
                for y in 0..cuboid.y {
                    column[y] = room[base + y * cuboid.z];
                }
                #[unroll]
                for ky in 0..side {
                    let tap = (c * comptime![plan.volume()] + (kx * side + ky) * side + kz) * fours;
                    #[unroll]
                    for four in 0..fours {
                        let factors = taps[tap + four];
                        #[unroll]
                        for y in 0..plan.y {
                            let value = Four::new(column[comptime![y * step + ky]]);
                            let i = comptime![y * fours + four];
                            sums[i] = fma(factors, value, sums[i]);
                        }
                    }
                }
            }
        }
        c += plan.splits;
    }
}

/// Adds the products of `count` staged coarse channels: from the first place of a cell the filter meets the voxel before and
/// its own, from the second its own and the next.
#[cube]
fn multiply_coarse(
    sums: &mut Array<Four>,
    column: &mut Array<f32>,
    room: &SharedMemory<f32>,
    taps: &SharedMemory<Four>,
    count: usize,
    at: Place,
    #[comptime] plan: Plan,
) {
    let half = comptime![plan.coarse_cuboid()];
    let fours = comptime![plan.outputs / 4];
    let mut c = at.group;
    while c < count {
        for vx in 0..2usize {
            for vz in 0..2usize {
                let row = (c * half.x + at.lx.div_ceil(2) + vx) * half.y;
                let base = row * half.z + at.lz.div_ceil(2) + vz;
                #[unroll]
                for y in 0..half.y {
                    column[y] = room[base + y * half.z];
                }
                #[unroll]
                for vy in 0..2usize {
                    #[unroll]
                    for odd in 0..2usize {
                        let voxel = (vx * 2 + vy) * 2 + vz;
                        let tap = (((c * 8 + voxel) * 2 + at.lx % 2) * 2 + odd) * fours * 2 + at.lz % 2;
                        #[unroll]
                        for four in 0..fours {
                            let factors = taps[tap + four * 2];
                            #[unroll]
                            for pair in 0..comptime![plan.y / 2] {
                                let y = comptime![2 * pair + odd];
                                let value = Four::new(column[comptime![y.div_ceil(2) + vy]]);
                                let i = comptime![y * fours + four];
                                sums[i] = fma(factors, value, sums[i]);
                            }
                        }
                    }
                }
            }
        }
        c += plan.splits;
    }
}

/// What the plan does not ask for is not touched: coarse inputs with their folds, bias, and parts `[3, groups, parts]` of the
/// moments.
#[cube(launch_unchecked)]
pub(super) fn correlate<E: Numeric, W: Numeric>(
    coarse: &Tensor<E>,
    fine: &Tensor<E>,
    weight: &Tensor<W>,
    bias: &Tensor<f32>,
    folds: &Tensor<Four>,
    out: &mut Tensor<f32>,
    parts: &mut Tensor<f32>,
    first: usize,
    #[comptime] plan: Plan,
    #[define(E)] _products: StorageType,
    #[define(W)] _weights: StorageType,
) {
    let cuboid = comptime![plan.cuboid()];
    let (fours, units, step) = comptime![(plan.outputs / 4, plan.units(), plan.step)];
    let mut room = SharedMemory::<f32>::new(comptime![plan.input_room()]);
    let mut taps = SharedMemory::<Four>::new(comptime![plan.tap_room()]);
    let at = place(out, plan);
    let mut sums = Array::<Four>::new(comptime![plan.y * fours]);
    #[unroll]
    for i in 0..comptime![plan.y * fours] {
        sums[i] = Four::new(0.0f32);
    }
    let mut column = Array::<f32>::new(cuboid.y);

    let mut below = 0usize;
    if comptime![plan.coarse > 0] {
        below = coarse.shape(1);
        let mut channel = 0usize;
        while channel < below {
            let count = shorter(below - channel, plan.coarse);
            sync_cube();
            let corner =
                Corner { n: at.n, channel, channels: count, x: at.x0 / 2, y: at.y0 / 2, z: at.z0 / 2 };
            stage::<E>(coarse, &mut room, corner, comptime![plan.coarse_cuboid()], 1usize, units);
            stage_folds(folds, &mut taps, channel, count, at.output / 4, out.shape(1).div_ceil(4), plan);
            sync_cube();
            multiply_coarse(&mut sums, &mut column, &room, &taps, count, at, plan);
            channel += plan.coarse;
        }
    }
    let inputs = fine.shape(1);
    let mut channel = 0usize;
    while channel < inputs {
        let count = shorter(inputs - channel, plan.inputs);
        sync_cube();
        let (x, y, z) = (at.x0 * step, at.y0 * step, at.z0 * step);
        let corner = Corner { n: at.n, channel, channels: count, x, y, z };
        stage::<E>(fine, &mut room, corner, cuboid, plan.pad, units);
        stage_taps::<W>(weight, &mut taps, below + channel, count, at.output, out.shape(1), first, plan);
        sync_cube();
        multiply(&mut sums, &mut column, &room, &taps, count, at, plan);
        channel += plan.inputs;
    }

    if comptime![plan.splits > 1] {
        meet(&mut sums, &mut taps, at, plan);
    }
    if plan.biased {
        add_bias(&mut sums, bias, at.output, plan);
    }
    write(&sums, out, at, plan);
    if comptime![plan.grouped != Grouped::Nothing] {
        measure(&sums, out, parts, at, plan);
    }
}
