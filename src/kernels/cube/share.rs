//! Launches the kernels of weight gradients.

use burn::tensor::Shape;
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::add::{COLUMNS, ROWS, Target, add_shares};
use super::conv::Source;
use super::launch;
use super::weigh::{self, Plan};

/// Units of a cube.
const UNITS: usize = 128;
/// Values of shared memory a cube takes at most: the 32 KiB that every device offers.
const ROOM: usize = 8 * 1024;
/// Input channels of a cube at most.
const INPUTS: usize = 8;
/// What a GPU that does not say how many processors it has is taken to have.
const PROCESSORS: usize = 16;

/// Layouts worth comparing: a tile's x, y and z, and the output channels of a cube and of a unit.
pub(super) const TILES: [(&str, [usize; 5]); 4] = [
    ("4x4x16x8/2", [4, 4, 16, 8, 2]),
    ("4x4x8x16/2", [4, 4, 8, 16, 2]),
    ("2x4x16x16/4", [2, 4, 16, 16, 4]),
    ("4x4x4x8/1", [4, 4, 4, 8, 1]),
];

/// A launch of [`weigh::shares`]: everything but the layout.
#[derive(Clone)]
pub(super) struct Sharing<R: CubeRuntime> {
    pub(super) x: CubeTensor<R>,
    pub(super) grad: CubeTensor<R>,
    pub(super) side: usize,
    /// Voxels of `x` from one of `grad` to the next: 1, or 2 where `x` are box sums around coarse voxels.
    pub(super) step: usize,
}

impl<R: CubeRuntime> Sharing<R> {
    fn plan(&self, [x, y, z, outputs, each]: [usize; 5]) -> Plan {
        let outputs = self.grad.meta.shape()[1].next_power_of_two().min(outputs).max(each);
        let of = |inputs: usize| Plan {
            x,
            y,
            z,
            inputs,
            outputs,
            each,
            splits: (UNITS / (inputs * outputs / each)).clamp(1, x * y),
            side: self.side,
            step: self.step,
            pad: if self.step == 1 { self.side / 2 } else { 0 },
        };
        let most = self.x.meta.shape()[1].next_power_of_two().min(INPUTS);
        let halved = std::iter::successors(Some(most), |inputs| Some(inputs / 2));
        let plans = halved.take_while(|inputs| *inputs > 0).map(of);
        plans.into_iter().find(|plan| plan.room() <= ROOM).unwrap_or_else(|| of(1))
    }

    /// Runs with the layout that the sizes suggest, without timing any.
    pub(super) fn run_untuned(self) -> CubeTensor<R> {
        let z = self.grad.meta.shape()[4];
        let [(_, long), (_, short), ..] = TILES;
        self.run(if z > 8 { long } else { short })
    }

    /// Shares `[shares, weights + outputs]` of the gradient, computed with one layout.
    pub(super) fn run(self, layout: [usize; 5]) -> CubeTensor<R> {
        let plan = self.plan(layout);
        let shape = self.grad.meta.shape().clone();
        let (inputs, outputs) = (self.x.meta.shape()[1], shape[1]);
        let tiles =
            shape[0] * shape[2].div_ceil(plan.x) * shape[3].div_ceil(plan.y) * shape[4].div_ceil(plan.z);
        let blocks = [inputs.div_ceil(plan.inputs), outputs.div_ceil(plan.outputs)];
        let client = self.grad.client.clone();
        let processors = client.properties().hardware.num_streaming_multiprocessors;
        let wanted = 4 * processors.map_or(PROCESSORS, |count| count as usize);
        let count = wanted.div_ceil(blocks[0] * blocks[1]).clamp(1, tiles);
        let all = outputs * inputs * self.side.pow(3) + outputs;
        let scratch = launch::empty_like(&self.grad, Shape::from([count, all]));
        let (x_type, grad_type) = (self.x.dtype, self.grad.dtype);
        // SAFETY: everything is contiguous; the kernel checks every voxel and channel against the shapes, and each cube
        // writes its own share.
        unsafe {
            weigh::shares::launch_unchecked(
                &client,
                CubeCount::Static(count as u32, blocks[0] as u32, blocks[1] as u32),
                CubeDim::new_1d(plan.units() as u32),
                self.x.into_tensor_arg(),
                self.grad.into_tensor_arg(),
                scratch.clone().into_tensor_arg(),
                plan,
                x_type.into(),
                grad_type.into(),
            );
        }
        scratch
    }
}

/// Gradients of weight and bias; `boxes` are the box sums of `grad`, for the coarse inputs.
///
/// For those, input and gradient swap roles: a tap sees one coarse voxel with the sum of the voxels that it reaches there.
pub(super) fn weight_grads<R: CubeRuntime>(
    source: &Source<R>,
    grad: &CubeTensor<R>,
    boxes: Option<&CubeTensor<R>>,
    side: usize,
    shares_of: impl Fn(Sharing<R>) -> CubeTensor<R>,
) -> (CubeTensor<R>, CubeTensor<R>) {
    let (inputs, outputs) = (source.inputs(), grad.meta.shape()[1]);
    let weight = launch::empty_like(grad, Shape::from([outputs, inputs, side, side, side]));
    let bias = launch::empty_like(grad, Shape::from([outputs]));
    let below = source.below();
    let shares = shares_of(Sharing { x: source.fine.clone(), grad: grad.clone(), side, step: 1 });
    add(shares, (&weight, &bias), inputs - below, below, Target::Plain);
    if let (Some(coarse), Some(boxes)) = (&source.coarse, boxes) {
        let shares = shares_of(Sharing { x: boxes.clone(), grad: coarse.clone(), side, step: 2 });
        add(shares, (&weight, &bias), outputs, below, Target::Swapped);
    }
    (weight, bias)
}

fn add<R: CubeRuntime>(
    shares: CubeTensor<R>,
    (weight, bias): (&CubeTensor<R>, &CubeTensor<R>),
    inputs: usize,
    first: usize,
    target: Target,
) {
    let client = shares.client.clone();
    let all = shares.meta.shape()[1];
    let volume = weight.meta.shape()[2].pow(3);
    // SAFETY: a unit past the last element does nothing, and each element has its own place in weight or bias.
    unsafe {
        add_shares::launch_unchecked(
            &client,
            launch::cubes(all, COLUMNS),
            CubeDim::new_1d((COLUMNS * ROWS) as u32),
            shares.into_tensor_arg(),
            weight.clone().into_tensor_arg(),
            bias.clone().into_tensor_arg(),
            inputs,
            first,
            volume,
            target,
        );
    }
}
