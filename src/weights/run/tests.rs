//! The evaluator against the definitions, written down as loops.

use super::*;
use ndarray::Array5;
use proptest::prelude::*;

fn numbers(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    }
}

fn activation(shape: (usize, usize, usize, usize), seed: u64) -> Activation {
    let next = numbers(seed);
    Array4::from_shape_simple_fn(shape, next)
}

fn kernel(shape: (usize, usize, usize, usize, usize), seed: u64) -> Array5<f32> {
    let next = numbers(seed);
    Array5::from_shape_simple_fn(shape, next)
}

fn one(op: Op, input: &Activation) -> Activation {
    let mut graph = Graph::new();
    graph.push("layer", op, &[0]);
    graph.run(input.clone()).unwrap()
}

fn close(a: &Activation, b: &Activation) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
}

fn convolution_by_definition(
    input: &Activation,
    kernel: &Array5<f32>,
    bias: &[f32],
    dilation: [usize; 3],
) -> Activation {
    let (out, _, k0, k1, k2) = kernel.dim();
    let (_, a, b, c) = input.dim();
    let size = [k0, k1, k2];
    Array4::from_shape_fn((out, a, b, c), |(o, x, y, z)| {
        let mut sum = bias[o];
        for ((_, i, j0, j1, j2), weight) in kernel.indexed_iter().filter(|((channel, ..), _)| *channel == o) {
            let at: [isize; 3] = std::array::from_fn(|axis| {
                let step = ([j0, j1, j2][axis] * dilation[axis]) as isize;
                [x, y, z][axis] as isize + step - ((size[axis] - 1) * dilation[axis] / 2) as isize
            });
            let inside = at.iter().zip([a, b, c]).all(|(at, n)| (0..n as isize).contains(at));
            sum += if inside {
                weight * input[[i, at[0] as usize, at[1] as usize, at[2] as usize]]
            } else {
                0.0
            };
        }
        sum
    })
}

proptest! {
    #[test]
    fn convolutions_follow_the_definition(
        (a, b, c) in (1..5usize, 1..8usize, 1..9usize),
        (out, channels) in (1..5usize, 1..4usize),
        size in prop::array::uniform3(1..4usize),
        dilation in prop::array::uniform3(1..6usize),
        seed in any::<u64>(),
    ) {
        let input = activation((channels, a, b, c), seed);
        let kernel = kernel((out, channels, size[0], size[1], size[2]), seed ^ 1);
        let bias: Vec<f32> = (0..out).map(|o| o as f32 - 1.0).collect();
        let expected = convolution_by_definition(&input, &kernel, &bias, dilation);
        let convolved = one(Op::Conv { kernel, bias, dilation, stride: [1; 3] }, &input);
        prop_assert!(close(&convolved, &expected));
    }

    #[test]
    fn blocks_follow_the_definition(
        (a, b, c) in (1..5usize, 1..6usize, 1..7usize),
        size in prop::array::uniform3(1..4usize),
        seed in any::<u64>(),
    ) {
        let input = activation((2, a, b, c), seed);
        let at = |i: [usize; 4]| [i[0], i[1] / size[0], i[2] / size[1], i[3] / size[2]];
        let large = (2, a * size[0], b * size[1], c * size[2]);
        let repeated = Array4::from_shape_fn(large, |(i, x, y, z)| input[at([i, x, y, z])]);
        prop_assert!(close(&one(Op::Repeat(size), &input), &repeated));
        prop_assert!(close(&one(Op::MaxPool(size), &repeated), &input));
        let kernel = kernel((2, 3, size[0], size[1], size[2]), seed ^ 1);
        let spread = Array4::from_shape_fn((3, large.1, large.2, large.3), |(o, x, y, z)| {
            let [_, i, j, k] = at([0, x, y, z]);
            let weight = |channel: usize| kernel[[channel, o, x % size[0], y % size[1], z % size[2]]];
            (0..2).map(|channel| input[[channel, i, j, k]] * weight(channel)).sum::<f32>() + o as f32
        });
        let layer = Op::Spread { kernel, bias: vec![0.0, 1.0, 2.0] };
        prop_assert!(close(&one(layer, &input), &spread));
    }

    #[test]
    fn strides_keep_every_so_manieth_answer(
        (a, b, c) in (1..7usize, 1..7usize, 1..7usize),
        stride in prop::array::uniform3(1..4usize),
        seed in any::<u64>(),
    ) {
        let input = activation((2, a, b, c), seed);
        let (kernel, bias) = (kernel((3, 2, 3, 3, 3), seed ^ 1), vec![0.5; 3]);
        let all = convolution_by_definition(&input, &kernel, &bias, [1; 3]);
        let [x, y, z] = stride;
        let kept = Array4::from_shape_fn((3, a.div_ceil(x), b.div_ceil(y), c.div_ceil(z)), |(o, i, j, k)| {
            all[[o, i * x, j * y, k * z]]
        });
        let strided = one(Op::Conv { kernel, bias, dilation: [1; 3], stride }, &input);
        prop_assert!(close(&strided, &kept));
    }

    #[test]
    fn folding_changes_no_answer(seed in any::<u64>()) {
        let input = activation((2, 3, 5, 4), seed);
        let mut next = numbers(seed ^ 9);
        let mut some = |n: usize| -> Vec<f32> { (0..n).map(|_| next()).collect() };
        let mut graph = Graph::new();
        let mut last = 0;
        for (i, [from, to]) in [[2, 3], [3, 3], [3, 1]].into_iter().enumerate() {
            let op = Op::Conv { kernel: kernel((to, from, 1, 3, 3), seed ^ 5), bias: some(to), dilation: [1; 3], stride: [1; 3] };
            last = graph.push(format!("conv {i}"), op, &[last]);
            let variance = some(to).iter().map(|v| v.abs()).collect();
            let norm = Op::BatchNorm { gamma: some(to), beta: some(to), mean: some(to), variance, epsilon: 0.1 };
            last = graph.push(format!("norm {i}"), norm, &[last]);
            last = graph.push(format!("relu {i}"), Op::Relu, &[last]);
        }
        let last = graph.push("joined", Op::Concat, &[last, 3, 0]);
        graph.push("sigmoid", Op::Sigmoid, &[last]);
        let expected = graph.run(input.clone()).unwrap();
        let folded = graph.clone().folded();
        prop_assert_eq!(folded.nodes().len(), graph.nodes().len() - 3);
        prop_assert!(close(&folded.run(input).unwrap(), &expected));
    }
}

#[test]
fn instances_are_normalised_by_their_own_moments() {
    let input = activation((2, 3, 4, 5), 4);
    let layer = Op::InstanceNorm { gamma: vec![2.0, -3.0], beta: vec![0.5, 1.0], epsilon: 1e-5 };
    let answer = one(layer, &input);
    for (channel, [mean, spread]) in [[0.5, 2.0], [1.0, 3.0]].into_iter().enumerate() {
        let voxels = answer.index_axis(Axis(0), channel);
        assert!((voxels.mean().unwrap() - mean).abs() < 1e-5 && (voxels.std(0.0) - spread).abs() < 1e-3);
    }
    let (x, y) = (input[[1, 0, 0, 0]] - input[[1, 2, 3, 4]], answer[[1, 0, 0, 0]] - answer[[1, 2, 3, 4]]);
    assert!((y + 3.0 * x / input.index_axis(Axis(0), 1).std(0.0)).abs() < 1e-3);
}

#[test]
fn small_layers_do_what_they_say() {
    let input = activation((1, 2, 2, 2), 3);
    assert!(input.iter().any(|x| *x < 0.0) && input.iter().any(|x| *x > 0.0));
    let leaky = one(Op::LeakyRelu(0.1), &input);
    assert_eq!(leaky, input.mapv(|x| x.max(0.1 * x)));
    let mut graph = Graph::new();
    let doubled = graph.push("doubled", Op::Scale(2.0), &[0]);
    graph.push("sum", Op::Add, &[doubled, 0]);
    assert!(close(&graph.run(input.clone()).unwrap(), &input.mapv(|x| 3.0 * x)));
}

#[test]
fn layers_that_do_not_fit_say_so() {
    let input = activation((2, 1, 6, 7), 1);
    let told = |build: &dyn Fn(&mut Graph) -> usize| {
        let mut graph = Graph::new();
        build(&mut graph);
        graph.run(input.clone()).unwrap_err().to_string()
    };
    let conv = |bias: usize, channels: usize| Op::Conv {
        kernel: kernel((4, channels, 1, 3, 3), 1),
        bias: vec![0.0; bias],
        dilation: [1; 3],
        stride: [1; 3],
    };
    assert_eq!(
        told(&|g| g.push("first", conv(4, 3), &[0])),
        "layer first: it takes 3 channels and is given 2"
    );
    assert!(told(&|g| g.push("first", conv(3, 2), &[0])).contains("do not fit each other"));
    let halved = told(&|g| {
        let half = g.push("half", Op::MaxPool([1, 2, 2]), &[0]);
        let back = g.push("back", Op::Repeat([1, 2, 2]), &[half]);
        g.push("join", Op::Concat, &[back, 0])
    });
    assert!(
        halved.starts_with("layer join: it joins activations of the sizes [[1, 6, 6], [1, 6, 7]]"),
        "{halved}"
    );
    assert!(told(&|g| g.push("small", Op::MaxPool([2; 3]), &[0])).contains("too small"));
    assert!(told(&|g| g.push("lone", Op::Relu, &[])).contains("cannot take 0 inputs"));
}
