//! Our operations against the definition in f64, on shapes that do not fit any vector or block.

use burn::tensor::ops::FloatTensor;
use proptest::prelude::*;

use super::super::{Measure, Stride, Wanted, stock};
use super::*;

/// Numbers between -1 and 1 that repeat with the seed.
fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mix = |index: usize| {
        let mut bits =
            (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ seed.wrapping_mul(0xD134_2543_DE82_EF95);
        bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((bits >> 40) as f32 / (1u64 << 23) as f32) - 1.0
    };
    (0..count).map(mix).collect()
}

fn random(dims: Dims, seed: u64) -> (FlexTensor, Vec<f32>) {
    let values = numbers(dims.len(), seed);
    (tensor(dims, &values), values)
}

fn tensor(dims: Dims, values: &[f32]) -> FlexTensor {
    dims.tensor(|to| to.copy_from_slice(values))
}

fn filter(weight: FlexTensor, bias: &[f32], stride: Stride) -> Filter<Flex> {
    Filter { weight, bias: vector(bias.to_vec()), stride }
}

fn only(fine: FlexTensor) -> Input<Flex> {
    Input { coarse: None, fine }
}

const BOTH: Wanted = Wanted { coarse: true, fine: true };

fn data(tensor: &FloatTensor<Flex>) -> Vec<f32> {
    Values::of(tensor).get().to_vec()
}

fn near(got: &[f32], want: &[f64]) {
    assert_eq!(got.len(), want.len());
    let scale = want.iter().fold(1.0f64, |scale, value| scale.max(value.abs()));
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((f64::from(*got) - want).abs() < 2e-5 * scale, "[{index}]: {got} instead of {want}");
    }
}

/// Calls `visit(output voxel, input voxel, weight)` for every product of a convolution.
fn products(dims: Dims, out: usize, side: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let Dims { n, c, x, y, z } = dims;
    let half = (side / 2) as i64;
    let shift = |at: usize, tap: usize, size: usize| {
        let to = at as i64 + tap as i64 - half;
        (0..size as i64).contains(&to).then_some(to as usize)
    };
    for index in 0..n * out * x * y * z {
        let (entry, o, i, j, k) = (
            index / (out * x * y * z),
            index / (x * y * z) % out,
            index / (y * z) % x,
            index / z % y,
            index % z,
        );
        for weight in 0..c * side.pow(3) {
            let (channel, tap) = (weight / side.pow(3), weight % side.pow(3));
            let [a, b, d] = [tap / (side * side), tap / side % side, tap % side];
            if let (Some(i), Some(j), Some(k)) = (shift(i, a, x), shift(j, b, y), shift(k, d, z)) {
                let input = (((entry * c + channel) * x + i) * y + j) * z + k;
                visit(index, input, o * c * side.pow(3) + weight);
            }
        }
    }
}

fn check_convolution(dims: Dims, out: usize, side: usize, seed: u64) {
    let (x, xs) = random(dims, seed);
    let ws = numbers(out * dims.c * side.pow(3), seed + 1);
    let weight = FlexTensor::from_data(TensorData::new(ws.clone(), [out, dims.c, side, side, side]));
    let bs = numbers(out, seed + 2);
    let (grad, gs) = random(dims.with_channels(out), seed + 3);

    let space = dims.space();
    let mut want: Vec<f64> = (0..gs.len()).map(|index| f64::from(bs[index / space % out])).collect();
    let mut want_x = vec![0.0; xs.len()];
    let mut want_w = vec![0.0; ws.len()];
    products(dims, out, side, |o, i, w| {
        want[o] += f64::from(xs[i]) * f64::from(ws[w]);
        want_x[i] += f64::from(gs[o]) * f64::from(ws[w]);
        want_w[w] += f64::from(gs[o]) * f64::from(xs[i]);
    });
    let mut want_b = vec![0.0; out];
    gs.iter().enumerate().for_each(|(index, grad)| want_b[index / space % out] += f64::from(*grad));

    let filter = filter(weight, &bs, Stride::One);
    near(&data(&Flex::convolve(only(x.clone()), filter.clone(), Measure::Nothing).values), &want);
    let grads = Flex::convolve_grads(only(x), filter, grad, BOTH);
    near(&data(&grads.fine.unwrap()), &want_x);
    near(&data(&grads.weight), &want_w);
    near(&data(&grads.bias), &want_b);
}

/// An input of two resolutions against its doubled and joined copy, by definition; `dims` are those of the fine part.
fn check_joined(dims: Dims, below: usize, out: usize, seed: u64) {
    let coarse = pool::halved(dims).with_channels(below);
    let ((low, lows), (fine, fines)) = (random(coarse, seed), random(dims, seed + 1));
    let all = dims.with_channels(below + dims.c);
    let space = dims.space();
    let source = |index: usize| {
        let (entry, channel, voxel) = (index / (all.c * space), index / space % all.c, index % space);
        let (i, j, k) = (voxel / (dims.y * dims.z), voxel / dims.z % dims.y, voxel % dims.z);
        if channel < below {
            let at = ((entry * below + channel) * coarse.x + i / 2) * coarse.y + j / 2;
            (true, at * coarse.z + k / 2)
        } else {
            (false, (entry * dims.c + channel - below) * space + voxel)
        }
    };
    let value = |index: usize| match source(index) {
        (true, at) => f64::from(lows[at]),
        (false, at) => f64::from(fines[at]),
    };
    let ws = numbers(out * all.c * 27, seed + 2);
    let bs = numbers(out, seed + 3);
    let (grad, gs) = random(dims.with_channels(out), seed + 4);
    let mut want: Vec<f64> = (0..gs.len()).map(|index| f64::from(bs[index / space % out])).collect();
    let (mut want_low, mut want_fine) = (vec![0.0; lows.len()], vec![0.0; fines.len()]);
    let mut want_w = vec![0.0; ws.len()];
    products(all, out, 3, |o, i, w| {
        want[o] += value(i) * f64::from(ws[w]);
        want_w[w] += f64::from(gs[o]) * value(i);
        let (is_low, at) = source(i);
        let to = if is_low { &mut want_low[at] } else { &mut want_fine[at] };
        *to += f64::from(gs[o]) * f64::from(ws[w]);
    });

    let weight = FlexTensor::from_data(TensorData::new(ws, [out, all.c, 3, 3, 3]));
    let input = Input { coarse: Some(low), fine };
    let filter = filter(weight, &bs, Stride::One);
    near(&data(&Flex::convolve(input.clone(), filter.clone(), Measure::Nothing).values), &want);
    near(&data(&stock::conv3d::<Flex>(input.clone(), filter.clone(), Measure::Nothing).values), &want);
    for grads in [
        Flex::convolve_grads(input.clone(), filter.clone(), grad.clone(), BOTH),
        stock::conv3d_grads::<Flex>(input.clone(), filter.clone(), grad.clone(), BOTH),
    ] {
        near(&data(&grads.coarse.unwrap()), &want_low);
        near(&data(&grads.fine.unwrap()), &want_fine);
        near(&data(&grads.weight), &want_w);
    }
    let only_coarse = Wanted { coarse: true, fine: false };
    let grads = Flex::convolve_grads(input.clone(), filter.clone(), grad.clone(), only_coarse);
    near(&data(&grads.coarse.unwrap()), &want_low);
    assert!(grads.fine.is_none());
    let only_fine = Wanted { coarse: false, fine: true };
    let grads = Flex::convolve_grads(input, filter, grad, only_fine);
    near(&data(&grads.fine.unwrap()), &want_fine);
    assert!(grads.coarse.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn convolution_is_its_definition(
        n in 1..=3usize, c in 1..=10usize, out in 1..=10usize,
        x in 1..=6usize, y in 1..=6usize, z in 1..=19usize,
        side in prop::sample::select(vec![1usize, 3]), seed in 0..1000u64,
    ) {
        check_convolution(Dims { n, c, x, y, z }, out, side, seed);
    }

    #[test]
    fn a_convolution_over_two_resolutions_is_its_definition(
        n in 1..=2usize, c in 1..=9usize, below in 1..=9usize, out in 1..=13usize,
        x in 1..=3usize, y in 1..=4usize, z in 1..=10usize, seed in 0..1000u64,
    ) {
        check_joined(Dims { n, c, x: 2 * x, y: 2 * y, z: 2 * z }, below, out, seed);
    }

    #[test]
    fn normalisation_and_its_gradients_are_their_definition(
        n in 1..=3usize, c in 1..=4usize, x in 1..=4usize, y in 2..=5usize, z in 2..=19usize, seed in 0..1000u64,
        epsilon in prop::sample::select(vec![1e-3, 1e-5]), slope in prop::sample::select(vec![0.0f32, 0.01, 1.0]),
    ) {
        check_normalisation(Dims { n, c, x, y, z }, seed, epsilon, slope);
    }

    #[test]
    fn strided_convolution_agrees_with_stock_operations(
        n in 1..=2usize, c in 1..=5usize, out in 1..=9usize,
        x in 1..=3usize, y in 1..=3usize, z in 1..=9usize, seed in 0..1000u64,
    ) {
        let coarse = Dims { n, c: out, x, y, z };
        let values = random(pool::doubled(coarse).with_channels(c), seed).0;
        let weight = FlexTensor::from_data(TensorData::new(numbers(out * c * 27, seed + 1), [out, c, 3, 3, 3]));
        let grad = random(coarse, seed + 3).0;
        let (input, filter) = (only(values), filter(weight, &numbers(out, seed + 2), Stride::Two));
        let ours = Flex::convolve(input.clone(), filter.clone(), Measure::Sample);
        let stock = stock::conv3d::<Flex>(input.clone(), filter.clone(), Measure::Sample);
        let our_grads = Flex::convolve_grads(input.clone(), filter.clone(), grad.clone(), BOTH);
        let grads = stock::conv3d_grads::<Flex>(input, filter, grad, BOTH);
        let pairs = [
            (ours.values, stock.values),
            (ours.moments.clone().unwrap().mean, stock.moments.clone().unwrap().mean),
            (ours.moments.unwrap().variance, stock.moments.unwrap().variance),
            (our_grads.fine.unwrap(), grads.fine.unwrap()),
            (our_grads.weight, grads.weight),
            (our_grads.bias, grads.bias),
        ];
        for (ours, stock) in pairs {
            let stock: Vec<f64> = data(&stock).into_iter().map(f64::from).collect();
            near(&data(&ours), &stock);
        }
    }

    #[test]
    fn pooling_and_upsampling_agree_with_stock_operations(
        n in 1..=2usize, c in 1..=3usize, x in 1..=4usize, y in 1..=4usize, z in 1..=9usize, seed in 0..1000u64,
    ) {
        let coarse = Dims { n, c, x, y, z };
        let fine = pool::doubled(coarse);
        let (value, grad) = (random(fine, seed).0, random(coarse, seed + 1).0);
        let pairs = [
            (Flex::max_pool2(value.clone()), stock::max_pool2::<Flex>(value.clone())),
            (
                Flex::max_pool2_grad(value.clone(), grad.clone()),
                stock::max_pool2_grad::<Flex>(value.clone(), grad.clone()),
            ),
            (Flex::upsample2(grad.clone()), stock::upsample2::<Flex>(grad)),
            (Flex::upsample2_grad(value.clone()), stock::upsample2_grad::<Flex>(value)),
        ];
        for (ours, stock) in pairs {
            let stock: Vec<f64> = data(&stock).into_iter().map(f64::from).collect();
            near(&data(&ours), &stock);
        }
    }
}

#[test]
fn narrower_vectors_give_the_same_within_rounding() {
    wide::narrowed::run(|| {
        check_convolution(Dims { n: 2, c: 9, x: 3, y: 5, z: 19 }, 7, 3, 11);
        check_convolution(Dims { n: 1, c: 16, x: 2, y: 3, z: 4 }, 1, 1, 12);
        check_joined(Dims { n: 1, c: 3, x: 4, y: 6, z: 18 }, 5, 6, 13);
    });
}

#[test]
fn the_widest_layer_of_the_published_network_is_right_too() {
    check_convolution(Dims { n: 2, c: 96, x: 3, y: 4, z: 5 }, 32, 3, 7);
    check_convolution(Dims { n: 1, c: 1, x: 5, y: 7, z: 50 }, 8, 3, 8);
    check_joined(Dims { n: 2, c: 32, x: 4, y: 4, z: 6 }, 64, 32, 9);
}

#[test]
fn a_convolution_measures_its_result_whatever_its_mean() {
    let dims = Dims { n: 2, c: 3, x: 5, y: 6, z: 7 };
    let (x, _) = random(dims, 1);
    let weight = FlexTensor::from_data(TensorData::new(numbers(4 * 3 * 27, 2), [4, 3, 3, 3, 3]));
    // Means of a thousand deviations: sums of squares alone would lose the deviation.
    let filter = filter(weight, &[0.0, 3000.0, -3000.0, 1.0], Stride::One);
    for (measure, groups) in [(Measure::Batch, 1), (Measure::Sample, 2)] {
        let found = Flex::convolve(only(x.clone()), filter.clone(), measure);
        let values: Vec<f64> = data(&found.values).into_iter().map(f64::from).collect();
        let moments = found.moments.unwrap();
        let (mean, variance) = (data(&moments.mean), data(&moments.variance));
        assert_eq!(mean.len(), groups * 4);
        for group in 0..groups {
            for channel in 0..4 {
                let piece = |n: usize| &values[(n * 4 + channel) * dims.space()..][..dims.space()];
                let of: Vec<f64> = match measure {
                    Measure::Sample => piece(group).to_vec(),
                    _ => (0..2).flat_map(piece).copied().collect(),
                };
                let count = of.len() as f64;
                let centre = of.iter().sum::<f64>() / count;
                let spread = of.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / count;
                let (mean, variance) = (mean[group * 4 + channel], variance[group * 4 + channel]);
                assert!((f64::from(mean) - centre).abs() < 1e-6 * centre.abs().max(1.0), "{mean} {centre}");
                assert!((f64::from(variance) - spread).abs() < 1e-4 * spread, "{variance} {spread}");
            }
        }
    }
}

#[test]
fn overlap_sums_and_their_gradient_agree_with_stock_operations() {
    let dims = Dims { n: 2, c: 1, x: 5, y: 7, z: 40 };
    let mut logits = numbers(dims.len(), 4);
    logits.iter_mut().for_each(|x| *x *= 8.0);
    logits[..2].copy_from_slice(&[-120.0, 120.0]);
    let targets: Vec<f32> = numbers(dims.len(), 5).iter().map(|y| f32::from(u8::from(*y > 0.6))).collect();
    let (x, y) = (tensor(dims, &logits), tensor(dims, &targets));
    let grad = vector(vec![-0.7, 0.3, 5.0]);
    let double = |tensor: FlexTensor| data(&tensor).into_iter().map(f64::from).collect::<Vec<_>>();
    near(
        &data(&Flex::overlap_sums(x.clone(), y.clone())),
        &double(stock::overlap_sums::<Flex>(x.clone(), y.clone())),
    );
    near(
        &data(&Flex::overlap_sums_grad(x.clone(), y.clone(), grad.clone())),
        &double(stock::overlap_sums_grad::<Flex>(x, y, grad)),
    );
}

#[test]
fn adam_is_one_step_of_the_stock_operations() {
    let [value, first, grad] = [1, 2, 3].map(|seed| vector(numbers(1003, seed)));
    let second = vector(numbers(1003, 4).iter().map(|v| v * v).collect());
    let state = AdamState { value, first, second };
    let step = AdamStep { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, rate: 0.02, root: 0.4, kept: 0.99 };
    let ours = Flex::adam(state.clone(), grad.clone(), step);
    let stock = stock::adam::<Flex>(state, grad, step);
    for (ours, stock) in [(ours.value, stock.value), (ours.first, stock.first), (ours.second, stock.second)] {
        near(&data(&ours), &data(&stock).into_iter().map(f64::from).collect::<Vec<_>>());
    }
}

fn check_normalisation(dims: Dims, seed: u64, epsilon: f64, slope: f32) {
    let (x, xs) = random(dims, seed);
    let (grad, gs) = random(dims, seed + 1);
    let (scale, shift) = (numbers(dims.c, seed + 2), numbers(dims.c, seed + 3));
    let space = dims.space();
    let count = (dims.n * space) as f64;
    let channel = |index: usize| index / space % dims.c;
    let sums = |term: &dyn Fn(usize) -> f64| {
        let mut sums = vec![0.0; dims.c];
        (0..xs.len()).for_each(|index| sums[channel(index)] += term(index));
        sums
    };
    let mean: Vec<f64> = sums(&|i| f64::from(xs[i])).iter().map(|sum| sum / count).collect();
    let variance = sums(&|i| (f64::from(xs[i]) - mean[channel(i)]).powi(2));
    let variance: Vec<f64> = variance.iter().map(|sum| sum / count).collect();
    let root: Vec<f64> = variance.iter().map(|v| (v + epsilon).sqrt()).collect();
    let normal = |i: usize| (f64::from(xs[i]) - mean[channel(i)]) / root[channel(i)];
    let linear = |i: usize| normal(i) * f64::from(scale[channel(i)]) + f64::from(shift[channel(i)]);
    let bent = |i: usize| if linear(i) > 0.0 { 1.0 } else { f64::from(slope) };
    let through = |i: usize| f64::from(gs[i]) * bent(i);
    let want_shift = sums(&through);
    let want_scale = sums(&|i| through(i) * normal(i));
    let want_x: Vec<f64> = (0..xs.len())
        .map(|i| {
            let c = channel(i);
            let centred = through(i) - want_shift[c] / count - normal(i) * want_scale[c] / count;
            centred * f64::from(scale[c]) / root[c]
        })
        .collect();

    let moments = Flex::channel_moments(x.clone());
    near(&data(&moments.mean), &mean);
    near(&data(&moments.variance), &variance);
    let norm = Norm {
        moments,
        scale: vector(scale.clone()),
        shift: vector(shift.clone()),
        epsilon,
        slope,
        stored: FloatDType::F32,
    };
    let want: Vec<f64> = (0..xs.len()).map(|i| linear(i) * bent(i)).collect();
    near(&data(&Flex::norm_activate(x.clone(), norm.clone())), &want);
    near(&data(&stock::norm_activate::<Flex>(x.clone(), norm.clone())), &want);
    let ours = Flex::norm_activate_grads(x.clone(), norm.clone(), grad.clone());
    for grads in [ours, stock::norm_activate_grads::<Flex>(x, norm, grad)] {
        near(&data(&grads.scale), &want_scale);
        near(&data(&grads.shift), &want_shift);
        near(&data(&grads.x), &want_x);
    }
}
