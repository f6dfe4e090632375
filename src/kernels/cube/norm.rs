//! Normalisation and activation in one pass, and their gradients in two: sums of each channel first, then the gradient itself.

use burn::tensor::{DType, Shape};
use burn_cubecl::CubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use cubecl::ir::StorageType;
use cubecl::prelude::*;

use super::launch::{self, UNITS};
use super::sum::cube_sum_of_one;

/// Vectors a unit adds up in the first pass of the gradients.
const PER_UNIT: usize = 8;
/// Parts of a channel at most, as each cube of the second pass adds them up again.
const PARTS: usize = 64;

/// A normalisation's vectors and numbers as kernels take them.
pub(super) struct Bend<R: CubeRuntime> {
    pub(super) mean: CubeTensor<R>,
    pub(super) variance: CubeTensor<R>,
    pub(super) scale: CubeTensor<R>,
    pub(super) shift: CubeTensor<R>,
    pub(super) epsilon: f32,
    pub(super) slope: f32,
}

impl<R: CubeRuntime> Bend<R> {
    fn plain(self) -> Self {
        Self {
            mean: launch::plain(self.mean),
            variance: launch::plain(self.variance),
            scale: launch::plain(self.scale),
            shift: launch::plain(self.shift),
            ..self
        }
    }
}

#[cube]
fn reciprocal_root(variance: f32, epsilon: f32) -> f32 {
    1.0f32 / (variance + epsilon).sqrt()
}

#[cube(launch_unchecked)]
fn forward<O: Numeric, N: Size>(
    x: &Tensor<Vector<f32, N>>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    scale: &Tensor<f32>,
    shift: &Tensor<f32>,
    y: &mut Tensor<Vector<O, N>>,
    epsilon: f32,
    slope: f32,
    #[define(O)] _stored: StorageType,
) {
    let vectors = x.shape(2) * x.shape(3) * x.shape(4) / x.vector_size();
    let i = CUBE_POS_X as usize * CUBE_DIM as usize + UNIT_POS as usize;
    if i >= vectors {
        terminate!();
    }
    let row = CUBE_POS_Y as usize;
    let channel = row % x.shape(1);
    let factor = scale[channel] * reciprocal_root(variance[channel], epsilon);
    let values = x[row * vectors + i];
    let centred = values - Vector::new(mean[channel]);
    let linear = centred * Vector::new(factor) + Vector::new(shift[channel]);
    let zero = Vector::<f32, N>::new(0.0f32);
    let bent = select_many(linear.greater_than(zero), linear, linear * Vector::new(slope));
    y[row * vectors + i] = Vector::cast_from(bent);
}

/// `scale * (x - mean) / sqrt(variance + epsilon) + shift` behind the activation, stored as `stored`.
pub(super) fn activate<R: CubeRuntime>(x: CubeTensor<R>, bend: Bend<R>, stored: DType) -> CubeTensor<R> {
    let (x, bend) = (launch::plain(x), bend.plain());
    let shape = x.meta.shape().clone();
    let space = shape[2] * shape[3] * shape[4];
    let lanes = launch::lanes(space);
    let y = launch::empty_of(&x, shape.clone(), stored);
    let client = x.client.clone();
    // SAFETY: `y` has the shape of `x`, both contiguous; a unit stops at the end of its channel, which `lanes` divides.
    unsafe {
        forward::launch_unchecked(
            &client,
            CubeCount::Static((space / lanes).div_ceil(UNITS) as u32, (shape[0] * shape[1]) as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            lanes,
            x.into_tensor_arg(),
            bend.mean.into_tensor_arg(),
            bend.variance.into_tensor_arg(),
            bend.scale.into_tensor_arg(),
            bend.shift.into_tensor_arg(),
            y.clone().into_tensor_arg(),
            bend.epsilon,
            bend.slope,
            stored.into(),
        );
    }
    y
}

/// Sums over one part of a channel of the gradient behind the activation, and of that times the standardised value.
#[cube(launch_unchecked)]
fn channel_sums<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    grad: &Tensor<Vector<f32, N>>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    scale: &Tensor<f32>,
    shift: &Tensor<f32>,
    scratch: &mut Tensor<f32>,
    epsilon: f32,
    slope: f32,
    #[comptime] units: usize,
) {
    let mut room = SharedMemory::<f32>::new(units);
    let (part, channel) = (CUBE_POS_X as usize, CUBE_POS_Y as usize);
    let vectors = x.shape(2) * x.shape(3) * x.shape(4) / x.vector_size();
    let inverse = reciprocal_root(variance[channel], epsilon);
    let zero = Vector::<f32, N>::new(0.0f32);
    let mut sums = zero;
    let mut products = zero;
    let mut i = part * units + UNIT_POS as usize;
    while i < vectors * x.shape(0) {
        let n = i / vectors;
        let at = (n * x.shape(1) + channel) * vectors + i % vectors;
        let standard = (x[at] - Vector::new(mean[channel])) * Vector::new(inverse);
        let linear = standard * Vector::new(scale[channel]) + Vector::new(shift[channel]);
        let g = grad[at];
        let bent = select_many(linear.greater_than(zero), g, g * Vector::new(slope));
        sums += bent;
        products += bent * standard;
        i += units * scratch.shape(2);
    }
    let mut sum = 0.0f32;
    let mut product = 0.0f32;
    #[unroll]
    for lane in 0..N::value() {
        sum += sums[lane];
        product += products[lane];
    }
    let sum = cube_sum_of_one(sum, &mut room, units);
    let product = cube_sum_of_one(product, &mut room, units);
    if UNIT_POS == 0 {
        let at = channel * scratch.shape(2) + part;
        scratch[at] = sum;
        scratch[scratch.shape(1) * scratch.shape(2) + at] = product;
    }
}

#[cube(launch_unchecked)]
fn backward<N: Size>(
    x: &Tensor<Vector<f32, N>>,
    grad: &Tensor<Vector<f32, N>>,
    mean: &Tensor<f32>,
    variance: &Tensor<f32>,
    scale: &Tensor<f32>,
    shift: &Tensor<f32>,
    scratch: &Tensor<f32>,
    x_grad: &mut Tensor<Vector<f32, N>>,
    scale_grad: &mut Tensor<f32>,
    shift_grad: &mut Tensor<f32>,
    epsilon: f32,
    slope: f32,
    #[comptime] units: usize,
) {
    let mut room = SharedMemory::<f32>::new(units);
    let row = CUBE_POS_Y as usize;
    let channel = row % x.shape(1);
    let parts = scratch.shape(2);
    let mut sum = 0.0f32;
    let mut product = 0.0f32;
    if (UNIT_POS as usize) < parts {
        let at = channel * parts + UNIT_POS as usize;
        sum += scratch[at];
        product += scratch[scratch.shape(1) * parts + at];
    }
    let sum = cube_sum_of_one(sum, &mut room, units);
    let product = cube_sum_of_one(product, &mut room, units);
    if CUBE_POS_X == 0 && row < x.shape(1) && UNIT_POS == 0 {
        shift_grad[channel] = sum;
        scale_grad[channel] = product;
    }
    let space = x.shape(2) * x.shape(3) * x.shape(4);
    let vectors = space / x.vector_size();
    let i = CUBE_POS_X as usize * units + UNIT_POS as usize;
    if i < vectors {
        let count = (x.shape(0) * space) as f32;
        let inverse = reciprocal_root(variance[channel], epsilon);
        let at = row * vectors + i;
        let standard = (x[at] - Vector::new(mean[channel])) * Vector::new(inverse);
        let linear = standard * Vector::new(scale[channel]) + Vector::new(shift[channel]);
        let g = grad[at];
        let zero = Vector::<f32, N>::new(0.0f32);
        let bent = select_many(linear.greater_than(zero), g, g * Vector::new(slope));
        let centred = bent - Vector::new(sum / count) - standard * Vector::new(product / count);
        x_grad[at] = centred * Vector::new(scale[channel] * inverse);
    }
}

/// Gradients of [`activate`] for x, scale and shift, when the moments are those of `x` (Ioffe & Szegedy 2015, section 3).
pub(super) fn grads<R: CubeRuntime>(
    x: CubeTensor<R>,
    bend: Bend<R>,
    grad: CubeTensor<R>,
) -> [CubeTensor<R>; 3] {
    let (x, bend, grad) = (launch::plain(x), bend.plain(), launch::plain(grad));
    let shape = x.meta.shape().clone();
    let space = shape[2] * shape[3] * shape[4];
    let lanes = launch::lanes(space);
    let (channels, vectors) = (shape[1], space / lanes);
    let parts = (shape[0] * vectors).div_ceil(UNITS * PER_UNIT).clamp(1, PARTS);
    let scratch = launch::empty_like(&x, Shape::from([2, channels, parts]));
    let x_grad = launch::empty_like(&x, shape.clone());
    let [scale_grad, shift_grad] = [(); 2].map(|()| launch::empty_like(&x, Shape::from([channels])));
    let client = x.client.clone();
    // SAFETY: `x` and `grad` have one shape, are contiguous, and a unit stops at the end of its channel.
    unsafe {
        channel_sums::launch_unchecked(
            &client,
            CubeCount::Static(parts as u32, channels as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            lanes,
            x.clone().into_tensor_arg(),
            grad.clone().into_tensor_arg(),
            bend.mean.clone().into_tensor_arg(),
            bend.variance.clone().into_tensor_arg(),
            bend.scale.clone().into_tensor_arg(),
            bend.shift.clone().into_tensor_arg(),
            scratch.clone().into_tensor_arg(),
            bend.epsilon,
            bend.slope,
            UNITS,
        );
    }
    // SAFETY: as above; parts are at most the units of a cube, and the first cubes of the first entry write the sums.
    unsafe {
        backward::launch_unchecked(
            &client,
            CubeCount::Static(vectors.div_ceil(UNITS) as u32, (shape[0] * channels) as u32, 1),
            CubeDim::new_1d(UNITS as u32),
            lanes,
            x.into_tensor_arg(),
            grad.into_tensor_arg(),
            bend.mean.into_tensor_arg(),
            bend.variance.into_tensor_arg(),
            bend.scale.into_tensor_arg(),
            bend.shift.into_tensor_arg(),
            scratch.into_tensor_arg(),
            x_grad.clone().into_tensor_arg(),
            scale_grad.clone().into_tensor_arg(),
            shift_grad.clone().into_tensor_arg(),
            bend.epsilon,
            bend.slope,
            UNITS,
        );
    }
    [x_grad, scale_grad, shift_grad]
}
