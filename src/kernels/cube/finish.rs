//! What happens to a unit's sums once all products are in: groups meet, the bias is added, values and their moments written.

use cubecl::prelude::*;

use super::correlate::{Place, shorter};
use super::plan::{Grouped, Plan};
use super::sum::{Four, cube_sum};

/// Adds the sums of all groups to those of the first, in the order of groups.
#[cube]
pub(super) fn meet(sums: &mut Array<Four>, room: &mut SharedMemory<Four>, at: Place, #[comptime] plan: Plan) {
    let (lanes, values) = comptime![(plan.x * plan.z, plan.y * plan.outputs / 4)];
    let lane = UNIT_POS as usize % lanes;
    for other in 1..plan.splits {
        sync_cube();
        if at.group == other {
            #[unroll]
            for i in 0..values {
                room[i * lanes + lane] = sums[i];
            }
        }
        sync_cube();
        if at.group == 0 {
            #[unroll]
            for i in 0..values {
                sums[i] = sums[i] + room[i * lanes + lane];
            }
        }
    }
}

#[cube]
pub(super) fn add_bias(sums: &mut Array<Four>, bias: &Tensor<f32>, output: usize, #[comptime] plan: Plan) {
    let fours = comptime![plan.outputs / 4];
    #[unroll]
    for four in 0..fours {
        let mut biases = Four::new(0.0f32);
        #[unroll]
        for lane in 0..4usize {
            let o = output + comptime![four * 4 + lane];
            if o < bias.shape(0) {
                biases[lane] = bias[o];
            }
        }
        #[unroll]
        for y in 0..plan.y {
            let i = comptime![y * fours + four];
            sums[i] = sums[i] + biases;
        }
    }
}

/// Whether the unit's column lies in the grid and holds the sums of all groups.
#[cube]
fn counts(out: &Tensor<f32>, at: Place) -> bool {
    at.x0 + at.lx < out.shape(2) && at.z0 + at.lz < out.shape(4) && at.group == 0
}

#[cube]
pub(super) fn write(sums: &Array<Four>, out: &mut Tensor<f32>, at: Place, #[comptime] plan: Plan) {
    let fours = comptime![plan.outputs / 4];
    let (channels, sx, sy, sz) = (out.shape(1), out.shape(2), out.shape(3), out.shape(4));
    if counts(out, at) {
        #[unroll]
        for four in 0..fours {
            #[unroll]
            for lane in 0..4usize {
                let o = at.output + comptime![four * 4 + lane];
                if o < channels {
                    let base = ((at.n * channels + o) * sx + at.x0 + at.lx) * sy + at.y0;
                    #[unroll]
                    for y in 0..plan.y {
                        if at.y0 + y < sy {
                            out[(base + y) * sz + at.z0 + at.lz] = sums[comptime![y * fours + four]][lane];
                        }
                    }
                }
            }
        }
    }
}

/// Count, mean and sum of squares around it of each channel in the cube's box; see [`super::moments`].
#[cube]
pub(super) fn measure(
    sums: &Array<Four>,
    out: &Tensor<f32>,
    parts: &mut Tensor<f32>,
    at: Place,
    #[comptime] plan: Plan,
) {
    let (fours, units) = comptime![(plan.outputs / 4, plan.units())];
    let (channels, sx, sy, sz) = (out.shape(1), out.shape(2), out.shape(3), out.shape(4));
    let mut room = SharedMemory::<Four>::new(units);
    let inside = counts(out, at);
    let voxels = shorter(sx - at.x0, plan.x) * shorter(sy - at.y0, plan.y) * shorter(sz - at.z0, plan.z);
    let count = voxels as f32;
    let plane = parts.shape(1) * parts.shape(2);
    #[unroll]
    for four in 0..fours {
        let mut sum = Four::new(0.0f32);
        if inside {
            #[unroll]
            for y in 0..plan.y {
                if at.y0 + y < sy {
                    sum += sums[comptime![y * fours + four]];
                }
            }
        }
        let mean = cube_sum(sum, &mut room, units) / Four::new(count);
        let mut squares = Four::new(0.0f32);
        if inside {
            #[unroll]
            for y in 0..plan.y {
                if at.y0 + y < sy {
                    let off = sums[comptime![y * fours + four]] - mean;
                    squares += off * off;
                }
            }
        }
        let squares = cube_sum(squares, &mut room, units);
        if UNIT_POS == 0 {
            #[unroll]
            for lane in 0..4usize {
                let o = at.output + comptime![four * 4 + lane];
                if o < channels {
                    let mut part = o * parts.shape(2) + at.n * CUBE_COUNT_X as usize + at.tile;
                    if comptime![plan.grouped == Grouped::Sample] {
                        part = (at.n * channels + o) * parts.shape(2) + at.tile;
                    }
                    parts[part] = count;
                    parts[plane + part] = mean[lane];
                    parts[2 * plane + part] = squares[lane];
                }
            }
        }
    }
}
