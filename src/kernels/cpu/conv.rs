//! Which loops a convolution takes: 3 x 3 x 3 kernels the transformed ones, 1 x 1 x 1 kernels the voxelwise ones, anything else
//! (other sides, bf16) burn's own.

use burn::backend::Flex;
use burn::tensor::TensorMetadata;
use burn_flex::FlexTensor;

use super::super::{ConvGrads, Convolved, Filter, Input, Measure, Moments, Stride, Wanted, stock};
use super::winograd::{self, Channels, Grid, Kernel, Part, Source, Target, Way};
use super::{Dims, Values, left_to_stock, norm, pointwise, pool, vector, written};

/// A convolution that our loops can do.
struct Job {
    fine: Values,
    coarse: Option<Values>,
    weight: Values,
    bias: Values,
    /// Of the fine input.
    dims: Dims,
    kernel: [usize; 5],
    stride: Stride,
}

impl Job {
    fn of(input: &Input<Flex>, filter: &Filter<Flex>) -> Option<Self> {
        let shape = filter.weight.shape();
        let kernel = [shape[0], shape[1], shape[2], shape[3], shape[4]];
        let side = kernel[2];
        let cubic = kernel[2..] == [side; 3] && (side == 3 || side == 1 && input.coarse.is_none());
        if !cubic || left_to_stock(&input.fine) {
            return None;
        }
        Some(Self {
            fine: Values::of(&input.fine),
            coarse: input.coarse.as_ref().map(Values::of),
            weight: Values::of(&filter.weight),
            bias: Values::of(&filter.bias),
            dims: Dims::of(&input.fine),
            kernel,
            stride: filter.stride,
        })
    }

    fn is_pointwise(&self) -> bool {
        self.kernel[2] == 1
    }

    fn coarse_values(&self) -> &[f32] {
        self.coarse.as_ref().map_or(&[], Values::get)
    }

    fn source(&self) -> Source<'_> {
        Source { fine: self.fine.get(), coarse: self.coarse_values() }
    }

    fn transformed(&self) -> Kernel<'_> {
        let [out, input, ..] = self.kernel;
        let channels = Channels { fine: self.dims.c, coarse: input - self.dims.c };
        Kernel { weight: self.weight.get(), out, input: channels }
    }

    /// Shape of the result of stride 1.
    fn whole(&self) -> Dims {
        self.dims.with_channels(self.kernel[0])
    }

    /// Also what is known of each channel, row by row, if that is `measured` on the way.
    fn convolve(&self, to: &mut [f32], measured: bool) -> Vec<Vec<Part>> {
        let bias = self.bias.get();
        if self.is_pointwise() {
            let (weight, inputs) = (self.weight.get(), self.dims.c);
            let at = |o: usize, c: usize| weight[o * inputs + c];
            pointwise::convolve(self.fine.get(), self.dims, self.kernel[0], at, Some(bias), to);
            return Vec::new();
        }
        let target = Target { fine: to, coarse: &mut [] };
        let (grid, kernel) = (Grid::of(self.dims), self.transformed());
        winograd::convolve(grid, kernel, Way::Forward, self.source(), Some(bias), target, measured)
    }

    /// The gradient of the fine input, and of the coarse one, where there is room for it.
    fn input_gradient(&self, grad: &[f32], fine: &mut [f32], coarse: &mut [f32]) {
        if self.is_pointwise() {
            if !fine.is_empty() {
                let (weight, inputs) = (self.weight.get(), self.dims.c);
                let turned = |c: usize, o: usize| weight[o * inputs + c];
                pointwise::convolve(grad, self.whole(), inputs, turned, None, fine);
            }
            return;
        }
        let source = Source { fine: grad, coarse: &[] };
        let target = Target { fine, coarse };
        let (grid, kernel) = (Grid::of(self.dims), self.transformed());
        winograd::convolve(grid, kernel, Way::Backward, source, None, target, false);
    }

    fn weight_gradient(&self, grad: &[f32], to: &mut [f32]) {
        if self.is_pointwise() {
            to.copy_from_slice(&pointwise::weight_gradient(self.fine.get(), self.dims, grad, self.kernel[0]));
        } else {
            winograd::weight_gradient(Grid::of(self.dims), self.transformed(), self.source(), grad, to);
        }
    }
}

/// Stride 2 takes every second voxel of the whole: more arithmetic than needed, but by the fast loops.
pub(super) fn forward(input: Input<Flex>, filter: Filter<Flex>, measure: Measure) -> Convolved<Flex> {
    let Some(job) = Job::of(&input, &filter) else { return stock::conv3d(input, filter, measure) };
    let whole = job.whole();
    let on_the_way = measure != Measure::Nothing && job.stride == Stride::One && !job.is_pointwise();
    let mut parts = Vec::new();
    let values = whole.tensor(|to| parts = job.convolve(to, on_the_way));
    if on_the_way {
        return Convolved { values, moments: Some(merged(&parts, whole, measure)) };
    }
    let (values, dims) = match job.stride {
        Stride::One => (values, whole),
        Stride::Two => {
            let halved = pool::halved(whole);
            (halved.tensor(|to| pool::every_second(Values::of(&values).get(), whole, to)), halved)
        }
    };
    let measured = match measure {
        Measure::Nothing => None,
        Measure::Batch => Some(dims),
        Measure::Sample => Some(Dims { n: 1, c: dims.n * dims.c, ..dims }),
    };
    let moments = measured.map(|dims| norm::moments(Values::of(&values).get(), dims));
    Convolved { values, moments }
}

/// The moments of what was measured row by row, rows of one batch entry after those of another.
fn merged(rows: &[Vec<Part>], dims: Dims, measure: Measure) -> Moments<Flex> {
    let together = if measure == Measure::Batch { rows.len() } else { rows.len() / dims.n };
    let group = |rows: &[Vec<Part>]| {
        let channel = |c: usize| rows.iter().fold(Part::default(), |part, row| part.with(row[c])).moments();
        (0..dims.c).map(channel).collect::<Vec<_>>()
    };
    let (mean, variance) = rows.chunks(together.max(1)).flat_map(group).unzip();
    Moments { mean: vector(mean), variance: vector(variance) }
}

pub(super) fn gradients(
    input: Input<Flex>,
    filter: Filter<Flex>,
    grad: FlexTensor,
    wanted: Wanted,
) -> ConvGrads<Flex> {
    let Some(job) = Job::of(&input, &filter) else { return stock::conv3d_grads(input, filter, grad, wanted) };
    let whole = job.whole();
    let grad = match job.stride {
        Stride::One => grad,
        Stride::Two => whole.tensor(|to| pool::every_second_grad(Values::of(&grad).get(), whole, to)),
    };
    let grad = Values::of(&grad);
    let (fine, coarse) = input_gradients(&job, grad.get(), wanted);
    ConvGrads {
        coarse,
        fine,
        weight: written(job.kernel, |to| job.weight_gradient(grad.get(), to)),
        bias: vector(norm::channel_sums(grad.get(), whole)),
    }
}

fn input_gradients(job: &Job, grad: &[f32], wanted: Wanted) -> (Option<FlexTensor>, Option<FlexTensor>) {
    let dims = job.dims;
    let below = pool::halved(dims).with_channels(job.kernel[1] - dims.c);
    let room = |wanted: bool, dims: Dims| (wanted && dims.c > 0).then_some(dims);
    let (fine, coarse) = (room(wanted.fine, dims), room(wanted.coarse, below));
    let mut found = None;
    let mut write = |fine: &mut [f32]| {
        let mut gradient = |coarse: &mut [f32]| job.input_gradient(grad, fine, coarse);
        match coarse {
            Some(dims) => found = Some(dims.tensor(gradient)),
            None => gradient(&mut []),
        }
    };
    let fine = match fine {
        Some(dims) => Some(dims.tensor(write)),
        None if coarse.is_some() => {
            write(&mut []);
            None
        }
        None => None,
    };
    (fine, found)
}
