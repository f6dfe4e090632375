//! "Same" convolution: for a block of output channels and three vectors of neighbouring voxels, all sums stay in
//! registers while input channels and kernel taps go by. See [`super::pad`] for the layout that makes this possible.

use burn::tensor::TensorMetadata;
use burn_flex::FlexTensor;
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::Dims;
use super::pad::{Planes, strips};
use super::wide::dispatch;

/// Vectors of voxels per block.
const WIDE: usize = 3;
/// Output channels per block where there are 32 vector registers, and where there are 16.
const MANY: usize = 8;
const FEW: usize = 4;
/// Vectors of voxels over which the weight gradient's operands stay in the first-level cache.
const RUN: usize = 16;
/// Input channels whose weight gradients one task computes.
const TOGETHER: usize = 8;

/// Sizes of a convolution: channels out and in, and the side of its cubic kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) out: usize,
    input: usize,
    side: usize,
}

impl Kernel {
    pub(super) fn of(weight: &FlexTensor) -> Self {
        let shape = weight.shape();
        Self { out: shape[0], input: shape[1], side: shape[2] }
    }

    fn taps(&self) -> usize {
        self.side.pow(3)
    }

    /// The convolution that carries gradients from output to input.
    pub(super) fn transposed(self) -> Self {
        Self { out: self.input, input: self.out, side: self.side }
    }

    /// Weights of [`Kernel::transposed`]: channels swapped, taps reversed.
    pub(super) fn turned(&self, weight: &[f32]) -> Vec<f32> {
        let taps = self.taps();
        let mut turned = vec![0.0; weight.len()];
        for (index, kernel) in weight.chunks_exact(taps).enumerate() {
            let to = (index % self.input * self.out + index / self.input) * taps;
            for (to, from) in turned[to..to + taps].iter_mut().zip(kernel.iter().rev()) {
                *to = *from;
            }
        }
        turned
    }

    /// `[block][input][tap][channel of the block]`, zeros where the last block has no channel.
    fn packed(&self, weight: &[f32], group: usize) -> Vec<f32> {
        let taps = self.taps();
        let mut packed = vec![0.0; self.out.next_multiple_of(group) * self.input * taps];
        for (index, value) in weight.iter().enumerate() {
            let (out, rest) = (index / (self.input * taps), index % (self.input * taps));
            packed[(out / group * self.input * taps + rest) * group + out % group] = *value;
        }
        packed
    }

    /// Offset of each tap from a position's first one.
    fn offsets(&self, planes: &Planes) -> Vec<usize> {
        let side = self.side;
        let offset = |tap: usize| {
            tap / (side * side) * planes.plane() + tap / side % side * planes.line() + tap % side
        };
        (0..self.taps()).map(offset).collect()
    }
}

/// Convolves `values` (`[n, in, x, y, z]`) with `weight` (`[out, in, k, k, k]`).
pub(super) fn forward(
    values: &[f32],
    dims: Dims,
    kernel: Kernel,
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let planes = Planes::new(dims, kernel.side / 2);
    let padded = planes.padded(values);
    let bias = bias.map_or_else(|| vec![0.0; kernel.out], <[f32]>::to_vec);
    let mut output = vec![0.0; dims.with_channels(kernel.out).len()];
    let job =
        Forward { planes, kernel, offsets: kernel.offsets(&planes), padded: &padded, weight, bias: &bias };
    dispatch(ForwardAll { job, output: &mut output });
    output
}

struct Forward<'a> {
    planes: Planes,
    kernel: Kernel,
    offsets: Vec<usize>,
    padded: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
}

struct ForwardAll<'a> {
    job: Forward<'a>,
    output: &'a mut [f32],
}

impl WithSimd for ForwardAll<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        if S::REGISTER_COUNT >= 32 {
            self.job.run::<S, MANY>(simd, self.output);
        } else {
            self.job.run::<S, FEW>(simd, self.output);
        }
    }
}

impl Forward<'_> {
    /// One task per batch entry and x; a task owns that plane of every output channel.
    fn run<S: Simd, const GROUP: usize>(&self, simd: S, output: &mut [f32]) {
        let Dims { x, y, z, .. } = self.planes.dims;
        let packed = self.kernel.packed(self.weight, GROUP);
        let mut tasks: Vec<Vec<&mut [f32]>> = (0..self.planes.dims.n * x).map(|_| Vec::new()).collect();
        for (index, plane) in output.chunks_exact_mut(y * z).enumerate() {
            tasks[index / (x * self.kernel.out) * x + index % x].push(plane);
        }
        tasks.into_par_iter().enumerate().for_each(|(task, mut channels)| {
            simd.vectorize(Plane::<GROUP> { job: self, packed: &packed, task, channels: &mut channels });
        });
    }
}

/// All output channels of one plane.
struct Plane<'a, 'b, const GROUP: usize> {
    job: &'a Forward<'a>,
    packed: &'a [f32],
    task: usize,
    channels: &'a mut [&'b mut [f32]],
}

impl<const GROUP: usize> WithSimd for Plane<'_, '_, GROUP> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (planes, kernel) = (self.job.planes, self.job.kernel);
        let (n, x) = (self.task / planes.dims.x, self.task % planes.dims.x);
        let chunk = WIDE * S::F32_LANES;
        let positions = planes.positions();
        let mut sums = vec![0.0f32; GROUP * positions.next_multiple_of(chunk)];
        let width = sums.len() / GROUP;
        let size = kernel.input * kernel.taps() * GROUP;
        for (block, channels) in self.channels.chunks_mut(GROUP).enumerate() {
            let weights = &self.packed[block * size..][..size];
            let bias = &self.job.bias[block * GROUP..][..channels.len()];
            for q in (0..positions).step_by(chunk) {
                let from = planes.start(n, 0, x) + q;
                let stride = planes.start(0, 1, 0);
                let inputs = &self.job.padded[from..];
                let block = sum_block::<S, GROUP>(simd, inputs, stride, &self.job.offsets, weights);
                for (channel, vectors) in block.iter().enumerate() {
                    let flat: &[f32] = bytemuck::cast_slice(vectors);
                    sums[channel * width + q..][..chunk].copy_from_slice(flat);
                }
            }
            for ((channel, bias), sums) in channels.iter_mut().zip(bias).zip(sums.chunks_exact(width)) {
                let lines = channel.chunks_exact_mut(planes.dims.z).zip(sums.chunks(planes.line()));
                lines.for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(to, sum)| *to = sum + bias));
            }
        }
    }
}

/// Sums over input channels and taps for `GROUP` output channels and `WIDE` vectors of positions.
#[inline(always)]
fn sum_block<S: Simd, const GROUP: usize>(
    simd: S,
    inputs: &[f32],
    stride: usize,
    offsets: &[usize],
    weights: &[f32],
) -> [[S::f32s; WIDE]; GROUP] {
    let mut sums = [[simd.splat_f32s(0.0); WIDE]; GROUP];
    for (channel, weights) in weights.chunks_exact(offsets.len() * GROUP).enumerate() {
        let input = &inputs[channel * stride..];
        for (&offset, weights) in offsets.iter().zip(weights.chunks_exact(GROUP)) {
            let x = load::<S, WIDE>(&input[offset..]);
            for (sums, &weight) in sums.iter_mut().zip(weights) {
                let weight = simd.splat_f32s(weight);
                for (sum, x) in sums.iter_mut().zip(x) {
                    *sum = simd.mul_add_e_f32s(weight, x, *sum);
                }
            }
        }
    }
    sums
}

#[inline(always)]
fn load<S: Simd, const COUNT: usize>(values: &[f32]) -> [S::f32s; COUNT] {
    let vectors: &[S::f32s] = bytemuck::cast_slice(&values[..COUNT * S::F32_LANES]);
    std::array::from_fn(|index| vectors[index])
}

/// Gradient of the weights, `[out, in, k, k, k]`, for the output gradient `grad` (`[n, out, x, y, z]`).
pub(super) fn weight_grad(values: &[f32], dims: Dims, kernel: Kernel, grad: &[f32]) -> Vec<f32> {
    let planes = Planes::new(dims, kernel.side / 2);
    let padded = planes.padded(values);
    dispatch(WeightGradAll { planes, kernel, padded: &padded, grad })
}

struct WeightGradAll<'a> {
    planes: Planes,
    kernel: Kernel,
    padded: &'a [f32],
    grad: &'a [f32],
}

impl WithSimd for WeightGradAll<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        match (S::REGISTER_COUNT >= 32, self.kernel.side) {
            (true, 3) => self.run::<S, MANY, 3>(simd),
            (false, 3) => self.run::<S, FEW, 3>(simd),
            (true, _) => self.run::<S, MANY, 1>(simd),
            (false, _) => self.run::<S, FEW, 1>(simd),
        }
    }
}

impl WeightGradAll<'_> {
    /// One task per block of output channels and group of input channels. `TAPS` neighbouring taps along z share loads.
    fn run<S: Simd, const GROUP: usize, const TAPS: usize>(&self, simd: S) -> Vec<f32> {
        let kernel = self.kernel;
        let width = self.planes.positions().next_multiple_of(S::F32_LANES);
        let strips = strips(self.grad, self.planes, kernel.out, GROUP, width);
        let groups = kernel.input.div_ceil(TOGETHER);
        let parts: Vec<Vec<f32>> = (0..kernel.out.div_ceil(GROUP) * groups)
            .into_par_iter()
            .map(|task| {
                let first = task % groups * TOGETHER;
                let inputs = first..(first + TOGETHER).min(kernel.input);
                let block = task / groups;
                let job = WeightGrad::<GROUP, TAPS> { all: self, strips: &strips, width, block, inputs };
                simd.vectorize(job)
            })
            .collect();
        self.assembled(&parts, GROUP, groups)
    }

    /// Parts hold `[input][tap][channel of the block]`.
    fn assembled(&self, parts: &[Vec<f32>], group: usize, groups: usize) -> Vec<f32> {
        let (kernel, taps) = (self.kernel, self.kernel.taps());
        let mut whole = vec![0.0; kernel.out * kernel.input * taps];
        for (index, value) in whole.iter_mut().enumerate() {
            let (out, input, tap) =
                (index / (kernel.input * taps), index / taps % kernel.input, index % taps);
            let part = &parts[out / group * groups + input / TOGETHER];
            *value = part[(input % TOGETHER * taps + tap) * group + out % group];
        }
        whole
    }
}

struct WeightGrad<'a, const GROUP: usize, const TAPS: usize> {
    all: &'a WeightGradAll<'a>,
    strips: &'a [f32],
    width: usize,
    block: usize,
    inputs: std::ops::Range<usize>,
}

impl<const GROUP: usize, const TAPS: usize> WithSimd for WeightGrad<'_, GROUP, TAPS> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let (planes, kernel) = (self.all.planes, self.all.kernel);
        let offsets = kernel.offsets(&planes);
        let zero = [[simd.splat_f32s(0.0); TAPS]; GROUP];
        let mut sums = vec![zero; self.inputs.len() * offsets.len() / TAPS];
        let run = RUN * S::F32_LANES;
        let filled = kernel.out.next_multiple_of(GROUP);
        for slab in 0..planes.dims.n * planes.dims.x {
            let (n, x) = (slab / planes.dims.x, slab % planes.dims.x);
            for q in (0..self.width).step_by(run) {
                let length = run.min(self.width - q);
                let grads: [&[f32]; GROUP] = std::array::from_fn(|channel| {
                    let row = (n * filled + self.block * GROUP + channel) * planes.dims.x + x;
                    &self.strips[row * self.width + q..][..length]
                });
                for (input, sums) in self.inputs.clone().zip(sums.chunks_exact_mut(offsets.len() / TAPS)) {
                    let from = planes.start(n, input, x) + q;
                    for (sums, taps) in sums.iter_mut().zip(offsets.chunks_exact(TAPS)) {
                        let inputs = &self.all.padded[from + taps[0]..][..length + TAPS - 1];
                        *sums = correlate::<S, GROUP, TAPS>(simd, *sums, grads, inputs);
                    }
                }
            }
        }
        let lanes = |sums: &[[S::f32s; TAPS]; GROUP]| -> Vec<f32> {
            let by_tap = (0..TAPS).flat_map(|tap| (0..GROUP).map(move |channel| (channel, tap)));
            by_tap.map(|(channel, tap)| simd.reduce_sum_f32s(sums[channel][tap])).collect()
        };
        sums.iter().flat_map(lanes).collect()
    }
}

/// Adds `sum over q of grad[q] * input[q + tap]`, lane by lane, for each channel and tap.
#[inline(always)]
fn correlate<S: Simd, const GROUP: usize, const TAPS: usize>(
    simd: S,
    mut sums: [[S::f32s; TAPS]; GROUP],
    grads: [&[f32]; GROUP],
    inputs: &[f32],
) -> [[S::f32s; TAPS]; GROUP] {
    let lanes = S::F32_LANES;
    for q in (0..inputs.len() + 1 - TAPS).step_by(lanes) {
        let x: [S::f32s; TAPS] = std::array::from_fn(|tap| load::<S, 1>(&inputs[q + tap..])[0]);
        for (sums, grad) in sums.iter_mut().zip(grads) {
            let grad = load::<S, 1>(&grad[q..])[0];
            for (sum, x) in sums.iter_mut().zip(x) {
                *sum = simd.mul_add_e_f32s(grad, x, *sum);
            }
        }
    }
    sums
}
