//! Our operations against the definition in f64, on shapes that do not fit any vector or block.

use burn::tensor::ops::FloatTensor;
use proptest::prelude::*;

use super::*;
use crate::kernels::stock;

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
    (dims.tensor(values.clone()), values)
}

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

    near(&data(&Flex::conv3d_padded(x.clone(), weight.clone(), vector(bs), Stride::One)), &want);
    let grads = Flex::conv3d_padded_grads(x, weight, grad, Stride::One, true);
    near(&data(&grads.x.unwrap()), &want_x);
    near(&data(&grads.weight), &want_w);
    near(&data(&grads.bias), &want_b);
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
        let (bias, grad) = (vector(numbers(out, seed + 2)), random(coarse, seed + 3).0);
        let ours = Flex::conv3d_padded(values.clone(), weight.clone(), bias.clone(), Stride::Two);
        let stock = stock::conv3d::<Flex>(values.clone(), weight.clone(), bias, Stride::Two);
        let our_grads = Flex::conv3d_padded_grads(values.clone(), weight.clone(), grad.clone(), Stride::Two, true);
        let grads = stock::conv3d_grads::<Flex>(values, weight, grad, Stride::Two, true);
        let pairs = [
            (ours, stock),
            (our_grads.x.unwrap(), grads.x.unwrap()),
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
    });
}

#[test]
fn the_widest_layer_of_the_published_network_is_right_too() {
    check_convolution(Dims { n: 2, c: 96, x: 3, y: 4, z: 5 }, 32, 3, 7);
    check_convolution(Dims { n: 1, c: 1, x: 5, y: 7, z: 50 }, 8, 3, 8);
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
    let norm = Norm { moments, scale: vector(scale.clone()), shift: vector(shift.clone()), epsilon, slope };
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
