//! Every kernel once on tiny tensors against burn's own operations on the same device, so that a driver, compiler or GPU on
//! which one is wrong costs speed and not results.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, FloatDType, Tensor, TensorData};
use burn_cubecl::{CubeBackend, CubeRuntime};

use super::{
    AdamState, AdamStep, ConvGrads, Filter, Input, Kernels, Measure, Moments, Norm, On, Stride, Use, Wanted,
    choice, choose, stock,
};
use crate::kernels::wrap;

/// Largest difference, relative to the largest value, at which two orders of f32 additions still count as equal.
const EXACT: f32 = 1e-4;
/// The same where burn may round f32 operands to the 11 bits of TF32, which its kernels for tensor cores do.
const CLOSE: f32 = 5e-3;
/// The same where burn computes in bf16 (8 bits) and the kernels do not.
const ROUNDED: f32 = 4e-2;

type Float<R> = FloatTensor<CubeBackend<R, f32, i32, u8>>;

/// The operations' inputs: some numbers that are the same on every run.
struct Inputs<'a, R: CubeRuntime> {
    device: &'a R::Device,
}

impl<R: CubeRuntime> Inputs<'_, R> {
    fn tensor<const D: usize>(&self, shape: [usize; D], seed: u32) -> Float<R> {
        let count: usize = shape.iter().product();
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        let values: Vec<f32> = (0..count).map(|_| next()).collect();
        crate::kernels::unwrap(Tensor::<On<R>, D>::from_data(TensorData::new(values, shape), self.device))
    }

    fn positive(&self, shape: [usize; 1], seed: u32) -> Float<R> {
        crate::kernels::unwrap(wrap::<On<R>, 1>(self.tensor(shape, seed)).abs() + 0.1)
    }
}

/// Runs every kernel, untuned; names the first that fails or differs. Waits for the device, unlike everything else here.
///
/// Meant for a start before other threads compute: it sets what [`super::choose`] sets, and puts it back.
pub(crate) fn self_check<R: CubeRuntime>(device: &R::Device) -> Result<(), String> {
    let before = choice();
    choose(Use::Untuned);
    let checked = check(&Inputs::<R> { device });
    choose(before);
    checked
}

fn check<R: CubeRuntime>(inputs: &Inputs<'_, R>) -> Result<(), String> {
    normalisations(inputs)?;
    cells_and_losses(inputs)?;
    convolutions(inputs, FloatDType::F32, CLOSE)?;
    if <On<R> as Backend>::supports_dtype(inputs.device, DType::BF16) {
        convolutions(inputs, FloatDType::BF16, ROUNDED)?;
    }
    Ok(())
}

fn convolutions<R: CubeRuntime>(
    inputs: &Inputs<'_, R>,
    products: FloatDType,
    tolerance: f32,
) -> Result<(), String> {
    let cast =
        |tensor: Float<R>| <On<R> as burn::tensor::ops::FloatTensorOps<On<R>>>::float_cast(tensor, products);
    for (side, joined, measure) in
        [(3, false, Measure::Batch), (3, true, Measure::Sample), (1, false, Measure::Batch)]
    {
        let below = if joined { 2 } else { 0 };
        let coarse = joined.then(|| cast(inputs.tensor([2, below, 3, 2, 5], 1)));
        let input = Input { coarse, fine: cast(inputs.tensor([2, 3, 6, 4, 10], 2)) };
        let weight = cast(inputs.tensor([5, 3 + below, side, side, side], 3));
        let filter = Filter { weight, bias: inputs.tensor([5], 4), stride: Stride::One };
        let name = format!(
            "{products:?} convolution of side {side}{}",
            if joined { " of two resolutions" } else { "" }
        );
        let ours = |convolved: super::Convolved<On<R>>| {
            let moments = convolved.moments.map(|moments| [moments.mean, moments.variance]);
            moments.into_iter().flatten().chain([convolved.values]).collect()
        };
        compare::<R>(
            &name,
            tolerance,
            || ours(<On<R> as Kernels>::convolve(input.clone(), filter.clone(), measure)),
            || ours(stock::conv3d::<On<R>>(input.clone(), filter.clone(), measure)),
        )?;
        let grad = inputs.tensor([2, 5, 6, 4, 10], 5);
        let wanted = Wanted { coarse: joined, fine: true };
        let all = |grads: ConvGrads<On<R>>| {
            [grads.coarse, grads.fine, Some(grads.weight), Some(grads.bias)].into_iter().flatten().collect()
        };
        compare::<R>(
            &format!("gradient of the {name}"),
            tolerance,
            || all(<On<R> as Kernels>::convolve_grads(input.clone(), filter.clone(), grad.clone(), wanted)),
            || all(stock::conv3d_grads::<On<R>>(input.clone(), filter.clone(), grad.clone(), wanted)),
        )?;
    }
    Ok(())
}

fn normalisations<R: CubeRuntime>(inputs: &Inputs<'_, R>) -> Result<(), String> {
    let (x, grad) = (inputs.tensor([2, 3, 6, 4, 10], 6), inputs.tensor([2, 3, 6, 4, 10], 7));
    let pair = |moments: Moments<On<R>>| vec![moments.mean, moments.variance];
    compare::<R>(
        "moments",
        EXACT,
        || pair(<On<R> as Kernels>::channel_moments(x.clone())),
        || pair(stock::moments::<On<R>>(x.clone())),
    )?;
    let norm = Norm::<On<R>> {
        moments: Moments { mean: inputs.tensor([3], 9), variance: inputs.positive([3], 10) },
        scale: inputs.tensor([3], 11),
        shift: inputs.tensor([3], 12),
        epsilon: 1e-5,
        slope: 0.1,
        stored: FloatDType::F32,
    };
    compare::<R>(
        "normalisation",
        EXACT,
        || vec![<On<R> as Kernels>::norm_activate(x.clone(), norm.clone())],
        || vec![stock::norm_activate::<On<R>>(x.clone(), norm.clone())],
    )?;
    let three = |grads: super::NormGrads<On<R>>| vec![grads.x, grads.scale, grads.shift];
    compare::<R>(
        "gradient of the normalisation",
        EXACT,
        || three(<On<R> as Kernels>::norm_activate_grads(x.clone(), norm.clone(), grad.clone())),
        || three(stock::norm_activate_grads::<On<R>>(x.clone(), norm.clone(), grad.clone())),
    )?;
    Ok(())
}

fn cells_and_losses<R: CubeRuntime>(inputs: &Inputs<'_, R>) -> Result<(), String> {
    let (x, grad) = (inputs.tensor([2, 3, 6, 4, 10], 6), inputs.tensor([2, 3, 6, 4, 10], 7));
    let small = inputs.tensor([2, 3, 3, 2, 5], 8);
    compare::<R>(
        "pooling",
        EXACT,
        || vec![<On<R> as Kernels>::max_pool2(x.clone())],
        || vec![stock::max_pool2::<On<R>>(x.clone())],
    )?;
    compare::<R>(
        "gradient of the pooling",
        EXACT,
        || vec![<On<R> as Kernels>::max_pool2_grad(x.clone(), small.clone())],
        || vec![stock::max_pool2_grad::<On<R>>(x.clone(), small.clone())],
    )?;
    compare::<R>(
        "upsampling",
        EXACT,
        || vec![<On<R> as Kernels>::upsample2(small.clone()), <On<R> as Kernels>::upsample2_grad(x.clone())],
        || vec![stock::upsample2::<On<R>>(small.clone()), stock::upsample2_grad::<On<R>>(x.clone())],
    )?;
    let sums_grad = inputs.tensor([3], 13);
    compare::<R>(
        "overlap",
        EXACT,
        || {
            let sums = <On<R> as Kernels>::overlap_sums(x.clone(), grad.clone());
            vec![sums, <On<R> as Kernels>::overlap_sums_grad(x.clone(), grad.clone(), sums_grad.clone())]
        },
        || {
            let sums = stock::overlap_sums::<On<R>>(x.clone(), grad.clone());
            vec![sums, stock::overlap_sums_grad::<On<R>>(x.clone(), grad.clone(), sums_grad.clone())]
        },
    )?;
    let state = || AdamState::<On<R>> {
        value: inputs.tensor([77], 14),
        first: inputs.tensor([77], 15),
        second: inputs.positive([77], 16),
    };
    let step = AdamStep { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, rate: 0.1, root: 0.5, kept: 0.9 };
    let all = |state: AdamState<On<R>>| vec![state.value, state.first, state.second];
    compare::<R>(
        "Adam",
        EXACT,
        || all(<On<R> as Kernels>::adam(state(), inputs.tensor([77], 17), step)),
        || all(stock::adam::<On<R>>(state(), inputs.tensor([77], 17), step)),
    )
}

/// Whether both give the same numbers, to `tolerance` of the largest.
fn compare<R: CubeRuntime>(
    name: &str,
    tolerance: f32,
    ours: impl FnOnce() -> Vec<Float<R>>,
    theirs: impl FnOnce() -> Vec<Float<R>>,
) -> Result<(), String> {
    // cubecl panics where a kernel does not compile or launch.
    let run = |which: &str, made: Box<dyn FnOnce() -> Vec<Float<R>> + '_>| {
        catch_unwind(AssertUnwindSafe(|| made().into_iter().map(numbers::<R>).collect::<Result<Vec<_>, _>>()))
            .unwrap_or_else(|panic| Err(said(&*panic)))
            .map_err(|error| format!("{which} {name} failed: {error}"))
    };
    let ours = run("our", Box::new(ours))?;
    let theirs = run("burn's", Box::new(theirs))?;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        let largest = theirs.iter().fold(1e-6f32, |largest, value| largest.max(value.abs()));
        let equal = ours.len() == theirs.len()
            && ours.iter().zip(theirs).all(|(ours, theirs)| (ours - theirs).abs() <= tolerance * largest);
        if !equal {
            return Err(format!("our {name} differs from burn's"));
        }
    }
    Ok(())
}

fn numbers<R: CubeRuntime>(tensor: Float<R>) -> Result<Vec<f32>, String> {
    let count = tensor.meta.num_elements();
    let flat: Tensor<On<R>, 1> =
        wrap(<On<R> as burn::tensor::ops::FloatTensorOps<On<R>>>::float_reshape(tensor, [count].into()));
    let data = flat.try_into_data().map_err(|error| format!("{error:?}"))?;
    data.convert::<f32>().to_vec().map_err(|error| format!("{error:?}"))
}

/// What a panic said, on one line.
fn said(panic: &(dyn Any + Send)) -> String {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.and_then(|text| text.lines().next()).unwrap_or("it panicked").to_owned()
}
