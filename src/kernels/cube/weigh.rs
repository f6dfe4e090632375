//! The kernel behind weight gradients: each cube goes over its share of the voxels for a block of input and output channels,
//! every unit with all taps of one input channel and a few outputs in registers. [`super::add`] adds up the shares.

use cubecl::ir::StorageType;
use cubecl::prelude::*;

use super::correlate::shorter;
use super::stage::{Corner, Cuboid, stage};

/// Voxels along z a unit holds at a time.
const RUN: usize = 4;

/// What the kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    /// Voxels of a tile; z a multiple of 4.
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) z: usize,
    /// Channels of a cube.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// Output channels of a unit.
    pub(super) each: usize,
    /// Units that share the rows of a tile.
    pub(super) splits: usize,
    /// Taps along an axis.
    pub(super) side: usize,
    /// Input voxels from one voxel of the gradient to the next, and before the first.
    pub(super) step: usize,
    pub(super) pad: usize,
}

impl Plan {
    fn lanes(&self) -> usize {
        self.inputs * self.outputs / self.each
    }

    pub(super) fn units(&self) -> usize {
        self.lanes() * self.splits
    }

    fn cuboid(&self) -> Cuboid {
        let reach = |voxels: usize| (voxels - 1) * self.step + self.side;
        Cuboid::odd(reach(self.x), reach(self.y), reach(self.z))
    }

    fn volume(&self) -> usize {
        self.side * self.side * self.side
    }

    /// Values of one unit: taps, and the bias.
    fn values(&self) -> usize {
        (self.volume() + 1) * self.each
    }

    /// Room for the inputs, in which the sums of the splits meet afterwards.
    fn input_room(&self) -> usize {
        (self.inputs * self.cuboid().pitch).max(self.lanes() * self.values())
    }

    fn grad_cuboid(&self) -> Cuboid {
        Cuboid::odd(self.x, self.y, self.z)
    }

    /// Values in shared memory.
    pub(super) fn room(&self) -> usize {
        self.input_room() + self.outputs * self.grad_cuboid().pitch
    }

    /// Input voxels along z that a run of the gradient meets.
    fn window(&self) -> usize {
        (RUN - 1) * self.step + self.side
    }
}

/// Where a unit is in its cube.
#[derive(CubeType, Clone, Copy)]
struct Place {
    /// Among the units of its split, and the split.
    lane: usize,
    split: usize,
    /// Its input channel and the first of its output channels, counted from the cube's.
    input: usize,
    output: usize,
}

/// Adds the products of one staged tile.
#[cube]
fn multiply(
    sums: &mut Array<f32>,
    room: &SharedMemory<f32>,
    grads: &SharedMemory<f32>,
    at: Place,
    #[comptime] plan: Plan,
) {
    let (cuboid, grad_cuboid) = comptime![(plan.cuboid(), plan.grad_cuboid())];
    let (side, step, each) = comptime![(plan.side, plan.step, plan.each)];
    let biases = comptime![plan.volume() * each];
    let mut window = Array::<f32>::new(comptime![plan.window()]);
    let mut run = Array::<f32>::new(comptime![RUN * each]);
    let mut row = at.split;
    while row < comptime![plan.x * plan.y] {
        let (x, y) = (row / plan.y * step, row % plan.y * step);
        for block in 0..comptime![plan.z / RUN] {
            let start = at.output * grad_cuboid.pitch + row * plan.z + block * RUN;
            #[unroll]
            for o in 0..each {
                #[unroll]
                for v in 0..RUN {
                    let value = grads[start + comptime![o * grad_cuboid.pitch + v]];
                    run[comptime![o * RUN + v]] = value;
                    sums[comptime![biases + o]] += value;
                }
            }
            #[unroll]
            for kx in 0..side {
                #[unroll]
                for ky in 0..side {
                    let line = (x + kx) * cuboid.y + y + ky;
                    let start = at.input * cuboid.pitch + line * cuboid.z + block * RUN * step;
                    #[unroll]
                    for v in 0..comptime![plan.window()] {
                        window[v] = room[start + v];
                    }
                    #[unroll]
                    for kz in 0..side {
                        #[unroll]
                        for o in 0..each {
                            let i = comptime![((kx * side + ky) * side + kz) * each + o];
                            #[unroll]
                            for v in 0..RUN {
                                let factor = run[comptime![o * RUN + v]];
                                sums[i] = fma(window[comptime![v * step + kz]], factor, sums[i]);
                            }
                        }
                    }
                }
            }
        }
        row += plan.splits;
    }
}

/// Adds the sums of all splits to those of the first, in the order of splits.
#[cube]
fn meet(sums: &mut Array<f32>, room: &mut SharedMemory<f32>, at: Place, #[comptime] plan: Plan) {
    let values = comptime![plan.values()];
    for other in 1..plan.splits {
        sync_cube();
        if at.split == other {
            #[unroll]
            for i in 0..values {
                room[at.lane * values + i] = sums[i];
            }
        }
        sync_cube();
        if at.split == 0 {
            #[unroll]
            for i in 0..values {
                sums[i] += room[at.lane * values + i];
            }
        }
    }
}

/// Writes a unit's sums as part of its cube's share, of `inputs` and `outputs` channels.
#[cube]
fn write(
    sums: &Array<f32>,
    scratch: &mut Tensor<f32>,
    input: usize,
    output: usize,
    inputs: usize,
    outputs: usize,
    #[comptime] plan: Plan,
) {
    let (volume, each) = comptime![(plan.volume(), plan.each)];
    let base = CUBE_POS_X as usize * scratch.shape(1);
    #[unroll]
    for o in 0..each {
        let channel = output + o;
        if channel < outputs {
            let start = base + (channel * inputs + input) * volume;
            #[unroll]
            for tap in 0..volume {
                scratch[start + tap] = sums[comptime![tap * each + o]];
            }
            if input == 0 {
                scratch[base + outputs * inputs * volume + channel] = sums[comptime![volume * each + o]];
            }
        }
    }
}

/// Shares `[shares, weights + outputs]` of the gradients of weight and bias.
#[cube(launch_unchecked)]
pub(super) fn shares<E: Numeric, G: Numeric>(
    x: &Tensor<E>,
    grad: &Tensor<G>,
    scratch: &mut Tensor<f32>,
    #[comptime] plan: Plan,
    #[define(E)] _inputs: StorageType,
    #[define(G)] _grads: StorageType,
) {
    let (cuboid, grad_cuboid) = comptime![(plan.cuboid(), plan.grad_cuboid())];
    let (units, lanes, step) = comptime![(plan.units(), plan.lanes(), plan.step)];
    let mut room = SharedMemory::<f32>::new(comptime![plan.input_room()]);
    let mut grads = SharedMemory::<f32>::new(comptime![plan.outputs * grad_cuboid.pitch]);
    let mut sums = Array::<f32>::new(comptime![plan.values()]);
    #[unroll]
    for i in 0..comptime![plan.values()] {
        sums[i] = 0.0f32;
    }

    let (inputs, outputs) = (x.shape(1), grad.shape(1));
    let (tiles_y, tiles_z) = (grad.shape(3).div_ceil(plan.y), grad.shape(4).div_ceil(plan.z));
    let tiles_x = grad.shape(2).div_ceil(plan.x);
    let first_input = CUBE_POS_Y as usize * plan.inputs;
    let first_output = CUBE_POS_Z as usize * plan.outputs;
    let here_inputs = shorter(inputs - first_input, plan.inputs);
    let here_outputs = shorter(outputs - first_output, plan.outputs);
    let lane = UNIT_POS as usize % lanes;
    let (input, output) = (lane % plan.inputs, lane / plan.inputs * plan.each);
    let at = Place { lane, split: UNIT_POS as usize / lanes, input, output };
    let busy = input < here_inputs && output < here_outputs;

    let mut tile = CUBE_POS_X as usize;
    while tile < grad.shape(0) * tiles_x * tiles_y * tiles_z {
        let row = tile / tiles_z;
        let plane = row / tiles_y;
        let n = plane / tiles_x;
        let (x0, y0, z0) = (plane % tiles_x * plan.x, row % tiles_y * plan.y, tile % tiles_z * plan.z);
        sync_cube();
        let channel = first_input;
        let corner = Corner { n, channel, channels: here_inputs, x: x0 * step, y: y0 * step, z: z0 * step };
        stage::<E>(x, &mut room, corner, cuboid, plan.pad, units);
        // Channels past the last one are read by units that hold several, and then dropped.
        let corner = Corner { n, channel: first_output, channels: here_outputs, x: x0, y: y0, z: z0 };
        stage::<G>(grad, &mut grads, corner, grad_cuboid, 0usize, units);
        sync_cube();
        if busy {
            multiply(&mut sums, &room, &grads, at, plan);
        }
        tile += CUBE_COUNT_X as usize;
    }
    meet(&mut sums, &mut room, at, plan);
    if at.split == 0 && busy {
        write(&sums, scratch, first_input + input, first_output + output, inputs, outputs, plan);
    }
}
