//! Launches the kernel of convolutions and their input gradients.

use burn::tensor::{DType, Shape};
use burn_cubecl::CubeRuntime;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use cubecl::prelude::*;

use super::correlate::correlate;
use super::launch;
use super::moments::Parts;
use super::plan::{Grouped, Plan, Taps};

/// Values of shared memory a cube takes at most: what every device offers is 32 KiB, and several cubes should fit.
const ROOM: usize = 6 * 1024;
/// Coarse channels in shared memory at a time.
const COARSE: usize = 4;

/// A convolution's input, contiguous.
#[derive(Clone)]
pub(super) struct Source<R: CubeRuntime> {
    pub(super) coarse: Option<CubeTensor<R>>,
    pub(super) fine: CubeTensor<R>,
}

impl<R: CubeRuntime> Source<R> {
    pub(super) fn new(coarse: Option<CubeTensor<R>>, fine: CubeTensor<R>) -> Self {
        Self { coarse: coarse.map(into_contiguous), fine: into_contiguous(fine) }
    }

    /// Channels of the coarse part.
    pub(super) fn below(&self) -> usize {
        self.coarse.as_ref().map_or(0, |coarse| coarse.meta.shape()[1])
    }

    pub(super) fn inputs(&self) -> usize {
        self.below() + self.fine.meta.shape()[1]
    }

    /// What stands in for the coarse part in a kernel that is compiled not to read it.
    fn coarse_or_fine(&self) -> CubeTensor<R> {
        self.coarse.clone().unwrap_or_else(|| self.fine.clone())
    }
}

/// How a cube's voxels and channels are laid out; the kernels' other parameters follow from the shapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) z: usize,
    pub(super) splits: usize,
    pub(super) outputs: usize,
}

/// Layouts worth comparing, from many voxels per cube to few: x, y and z, over how many units input channels are split, and
/// output channels. On small grids only splitting keeps a GPU busy.
pub(super) const LAYOUTS: [(&str, Layout); 5] = [
    ("8x4x16/1x8", Layout { x: 8, y: 4, z: 16, splits: 1, outputs: 8 }),
    ("8x4x8/2x16", Layout { x: 8, y: 4, z: 8, splits: 2, outputs: 16 }),
    ("4x4x8/4x8", Layout { x: 4, y: 4, z: 8, splits: 4, outputs: 8 }),
    ("8x2x8/4x4", Layout { x: 8, y: 2, z: 8, splits: 4, outputs: 4 }),
    ("4x2x4/8x8", Layout { x: 4, y: 2, z: 4, splits: 8, outputs: 8 }),
];

impl Layout {
    /// The plan for this layout with as many input channels at a time as fit, at least one: at most 27 KiB.
    fn plan(self, coarse: usize, inputs: usize, outputs: usize, side: usize, step: usize) -> Plan {
        let plan = Plan {
            x: self.x,
            y: self.y,
            z: self.z,
            splits: self.splits,
            outputs: self.outputs.min(outputs.next_multiple_of(4)),
            inputs: 1,
            side,
            step,
            pad: if step == 1 { side / 2 } else { 0 },
            taps: Taps::Forward,
            coarse: coarse.min(COARSE.max(self.splits)),
            biased: false,
            grouped: Grouped::Nothing,
        };
        Plan { inputs: (ROOM / plan.per_input()).min(inputs).clamp(1, 8), ..plan }
    }
}

/// A launch of [`correlate`]: everything but the layout.
pub(super) struct Pass<R: CubeRuntime> {
    pub(super) source: Source<R>,
    pub(super) weight: CubeTensor<R>,
    pub(super) bias: Option<CubeTensor<R>>,
    /// The weights of the coarse inputs, where there are such; see [`super::fold`].
    pub(super) folds: Option<CubeTensor<R>>,
    pub(super) shape: [usize; 5],
    pub(super) taps: Taps,
    /// 1 for a same-sized result around each voxel; 2 for one from every second box sum on.
    pub(super) step: usize,
    /// First input channel whose gradient is asked for.
    pub(super) first: usize,
    pub(super) grouped: Grouped,
}

impl<R: CubeRuntime> Clone for Pass<R> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            weight: self.weight.clone(),
            bias: self.bias.clone(),
            folds: self.folds.clone(),
            ..*self
        }
    }
}

/// A pass's result, and the parts of its moments where they were asked for.
pub(super) struct Passed<R: CubeRuntime> {
    pub(super) values: CubeTensor<R>,
    pub(super) parts: Option<Parts<R>>,
}

impl<R: CubeRuntime> Pass<R> {
    pub(super) fn measured(&self) -> bool {
        self.grouped != Grouped::Nothing
    }

    /// Runs with the layout that the sizes suggest, without timing any.
    pub(super) fn run_untuned(self) -> Passed<R> {
        let [.., z] = self.shape;
        let [(_, many), _, (_, few), ..] = LAYOUTS;
        self.run(if z > 8 { many } else { few })
    }

    /// Runs with one layout.
    pub(super) fn run(self, layout: Layout) -> Passed<R> {
        let [n, outputs, x, y, z] = self.shape;
        let (below, inputs, side) =
            (self.source.below(), self.source.fine.meta.shape()[1], self.weight.meta.shape()[2]);
        let plan = layout.plan(below, inputs, outputs, side, self.step);
        let plan = Plan { taps: self.taps, biased: self.bias.is_some(), grouped: self.grouped, ..plan };
        let fine = &self.source.fine;
        let values = launch::empty_like(fine, Shape::from(self.shape));
        let tiles = x.div_ceil(plan.x) * y.div_ceil(plan.y) * z.div_ceil(plan.z);
        let parts = match self.grouped {
            Grouped::Nothing => None,
            Grouped::Batch => Some(Parts::new(fine, outputs, n * tiles)),
            Grouped::Sample => Some(Parts::new(fine, n * outputs, tiles)),
        };
        let scratch = match &parts {
            Some(parts) => parts.scratch.clone(),
            None => launch::empty_like(fine, Shape::from([1, 1, 1])),
        };
        let bias = self.bias.unwrap_or_else(|| fine.clone());
        let folds = self.folds.unwrap_or_else(|| fine.clone());
        let (products, weights) = (fine.dtype, self.weight.dtype);
        let client = fine.client.clone();
        // SAFETY: everything is contiguous; the kernel checks every voxel and channel against the shapes, and does not touch
        // what stands in for absent arguments.
        unsafe {
            correlate::launch_unchecked(
                &client,
                CubeCount::Static(tiles as u32, outputs.div_ceil(plan.outputs) as u32, n as u32),
                CubeDim::new_1d(plan.units() as u32),
                self.source.coarse_or_fine().into_tensor_arg(),
                self.source.fine.into_tensor_arg(),
                self.weight.into_tensor_arg(),
                bias.into_tensor_arg(),
                folds.into_tensor_arg(),
                values.clone().into_tensor_arg(),
                scratch.into_tensor_arg(),
                self.first,
                plan,
                products.into(),
                weights.into(),
            );
        }
        Passed { values, parts }
    }
}

/// Whether the kernels take these operands: cubic filters of side 3, or 1 on one resolution, of types that they can read.
pub(super) fn fits<R: CubeRuntime>(source: &Source<R>, weight: &CubeTensor<R>) -> bool {
    let shape = weight.meta.shape();
    let types = [DType::F32, DType::BF16, DType::F16];
    let coarse_fits = source.coarse.as_ref().is_none_or(|coarse| coarse.dtype == source.fine.dtype);
    shape[2] == shape[3]
        && shape[3] == shape[4]
        && [1, 3].contains(&shape[2])
        && types.contains(&weight.dtype)
        && types.contains(&source.fine.dtype)
        && coarse_fits
        && (source.coarse.is_none() || shape[2] == 3)
}
