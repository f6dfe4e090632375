//! Convolutions, their moments and their gradients.

use super::definition::{Dims, cell_of, convolution, doubled, joined, len, moments, parted, with_channels};
use super::*;

/// A convolution of `dims` (the fine part) and, with `below` channels, a coarse part.
#[derive(Clone, Copy)]
struct Case {
    dims: Dims,
    below: usize,
    out: usize,
    side: usize,
    seed: u64,
}

/// The operands on the device and in f64.
struct Operands<R: CubeRuntime> {
    input: Input<On<R>>,
    filter: Filter<On<R>>,
    grad: CubeTensor<R>,
    want: definition::Convolution,
}

fn operands<R: CubeRuntime>(on: &Target<R>, case: Case, products: FloatDType) -> Operands<R> {
    let Case { dims, below, out, side, seed } = case;
    let channels = dims[1] + below;
    let (fine, fine_values) = on.random(dims, seed, products);
    let (weight, ws) = on.random([out, channels, side, side, side], seed + 1, products);
    let (bias, bs) = on.random([out], seed + 2, FloatDType::F32);
    let (grad, gs) = on.random(with_channels(dims, out), seed + 3, FloatDType::F32);
    let (mut coarse, mut xs) = (None, fine_values);
    if below > 0 {
        let half = [dims[0], below, dims[2] / 2, dims[3] / 2, dims[4] / 2];
        let (tensor, values) = on.random(half, seed + 4, products);
        let upper: Vec<f64> = (0..len(doubled(half))).map(|i| values[cell_of(doubled(half), i)]).collect();
        (coarse, xs) = (Some(tensor), joined(&upper, &xs, dims[0]));
    }
    let want = convolution(with_channels(dims, channels), side, &xs, &ws, &bs, &gs);
    let filter = Filter { weight, bias, stride: Stride::One };
    Operands { input: Input { coarse, fine }, filter, grad, want }
}

fn check<R: CubeRuntime>(on: &Target<R>, case: Case, products: FloatDType) {
    let Operands { input, filter, grad, want } = operands(on, case, products);
    let Case { dims, below, out, .. } = case;
    let (n, space) = (dims[0], dims[2] * dims[3] * dims[4]);
    for measure in [Measure::Batch, Measure::Sample] {
        let got = <On<R> as Kernels>::convolve(input.clone(), filter.clone(), measure);
        near("values", &values(&got.values), &want.values, 2e-5);
        let (mean, variance) = if measure == Measure::Batch {
            moments(&want.values, out, |i| i / space % out)
        } else {
            moments(&want.values, n * out, |i| i / space)
        };
        let got = got.moments.unwrap();
        near("mean", &values(&got.mean), &mean, 2e-5);
        near("variance", &values(&got.variance), &variance, 2e-5);
    }
    let wanted = Wanted { coarse: below > 0, fine: true };
    let grads = <On<R> as Kernels>::convolve_grads(input, filter, grad, wanted);
    let (upper, fine) = parted(&want.x, n, below, dims[1] + below);
    near("fine gradient", &values(&grads.fine.unwrap()), &fine, 2e-5);
    assert_eq!(grads.coarse.is_some(), below > 0);
    if let Some(coarse) = grads.coarse {
        let mut sums = vec![0.0; upper.len() / 8];
        upper.iter().enumerate().for_each(|(i, grad)| sums[cell_of(with_channels(dims, below), i)] += grad);
        near("coarse gradient", &values(&coarse), &sums, 2e-5);
    }
    near("weight gradient", &values(&grads.weight), &want.weight, 2e-5);
    near("bias gradient", &values(&grads.bias), &want.bias, 2e-5);
}

const CASES: [Case; 8] = [
    Case { dims: [1, 1, 1, 1, 1], below: 0, out: 1, side: 3, seed: 1 },
    Case { dims: [5, 1, 5, 7, 19], below: 0, out: 8, side: 3, seed: 2 },
    Case { dims: [2, 3, 9, 5, 17], below: 0, out: 5, side: 3, seed: 3 },
    Case { dims: [1, 9, 3, 6, 33], below: 0, out: 17, side: 3, seed: 4 },
    Case { dims: [1, 96, 2, 3, 4], below: 0, out: 32, side: 3, seed: 5 },
    Case { dims: [2, 8, 4, 5, 18], below: 0, out: 1, side: 1, seed: 6 },
    Case { dims: [2, 3, 6, 4, 10], below: 2, out: 5, side: 3, seed: 7 },
    Case { dims: [1, 4, 10, 6, 34], below: 9, out: 6, side: 3, seed: 8 },
];

#[test]
fn convolution_is_its_definition() {
    for case in CASES {
        everywhere!(check(case, FloatDType::F32));
    }
}

#[test]
fn narrow_operands_are_multiplied_exactly() {
    fn narrow<R: CubeRuntime>(on: &Target<R>, case: Case) {
        println!("narrow operands as {:?}", on.narrow);
        check(on, case, on.narrow);
    }
    everywhere!(narrow(CASES[2]));
    everywhere!(narrow(CASES[6]));
}

/// Neither a mean far from 0 nor one that differs between tiles costs the variance its digits.
#[test]
fn variance_survives_a_large_mean() {
    fn check<R: CubeRuntime>(on: &Target<R>) {
        let dims = [2, 1, 9, 8, 20];
        let xs = numbers(len(dims), 1);
        let shifted: Vec<f64> = xs.iter().map(|x| f64::from((1000.0 + 0.1 * x) as f32)).collect();
        let (mean, variance) = moments(&shifted, 1, |_| 0);
        let input = Input { coarse: None, fine: on.tensor(&shifted, dims) };
        let filter =
            Filter { weight: on.tensor(&[1.0], [1; 5]), bias: on.tensor(&[0.0], [1]), stride: Stride::One };
        let convolved = <On<R> as Kernels>::convolve(input.clone(), filter, Measure::Batch);
        for got in [convolved.moments.unwrap(), <On<R> as Kernels>::channel_moments(input.fine)] {
            near("mean", &values(&got.mean), &mean, 1e-6);
            near("variance", &values(&got.variance), &variance, 1e-3);
        }
    }
    everywhere!(check());
}

#[test]
fn every_layout_gives_the_same() {
    fn check<R: CubeRuntime>(on: &Target<R>) {
        let case = CASES[6];
        let Operands { input, filter, grad, want } = operands(on, case, FloatDType::F32);
        let source = Source::new(input.coarse, input.fine);
        for (name, layout) in conv::LAYOUTS {
            let pass = Pass {
                source: source.clone(),
                weight: filter.weight.clone(),
                bias: Some(filter.bias.clone()),
                folds: source.coarse.as_ref().map(|_| fold::folded(&filter.weight, case.below)),
                shape: with_channels(case.dims, case.out),
                taps: Taps::Forward,
                step: 1,
                first: 0,
                grouped: Grouped::Nothing,
            };
            near(name, &values(&pass.run(layout).values), &want.values, 2e-5);
        }
        let boxes = cell::box_sums(&grad);
        for (name, tile) in share::TILES {
            let (weight, bias) =
                share::weight_grads(&source, &grad, Some(&boxes), case.side, |sharing| sharing.run(tile));
            near(name, &values(&weight), &want.weight, 2e-5);
            near(name, &values(&bias), &want.bias, 2e-5);
        }
    }
    everywhere!(check());
}

#[test]
fn tuned_layouts_give_the_same() {
    fn check<R: CubeRuntime>(on: &Target<R>) {
        let case = CASES[2];
        let Operands { input, filter, grad, want } = operands(on, case, FloatDType::F32);
        let source = Source::new(input.coarse, input.fine);
        let pass = Pass {
            source: source.clone(),
            weight: filter.weight,
            bias: Some(filter.bias),
            folds: None,
            shape: with_channels(case.dims, case.out),
            taps: Taps::Forward,
            step: 1,
            first: 0,
            grouped: Grouped::Nothing,
        };
        near("values", &values(&tune::pass(pass).values), &want.values, 2e-5);
        let (weight, _) = share::weight_grads(&source, &grad, None, case.side, tune::shares);
        near("weight", &values(&weight), &want.weight, 2e-5);
    }
    everywhere!(check());
}

/// Views that burn's operations leave behind are read as what they mean.
#[test]
fn operands_need_not_be_contiguous() {
    fn check<R: CubeRuntime>(on: &Target<R>) {
        let case = CASES[2];
        let Operands { input, filter, want, .. } = operands(on, case, FloatDType::F32);
        let turned = |tensor: CubeTensor<R>| {
            let there = wrap::<On<R>, 5>(tensor).swap_dims(2, 4);
            let copied = CubeTensor::copy(&unwrap(there));
            unwrap(wrap::<On<R>, 5>(into_contiguous(copied)).swap_dims(2, 4))
        };
        let fine = turned(input.fine);
        assert!(!fine.is_contiguous());
        let filter = Filter { weight: turned(filter.weight), ..filter };
        let got = <On<R> as Kernels>::convolve(Input { coarse: None, fine }, filter, Measure::Nothing);
        assert!(got.moments.is_none());
        near("values", &values(&got.values), &want.values, 2e-5);
    }
    everywhere!(check());
}
