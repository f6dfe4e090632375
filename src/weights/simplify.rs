//! The same network in as few layers as say it: what converters between formats take apart is put together again.

use super::{Graph, Node, Op};

impl Graph {
    /// The same network without layers that do nothing or that the answer does not depend on, and with repetitions,
    /// factors and terms that directly follow each other joined. The convolutions and normalisations stay apart.
    pub fn simplified(self) -> Self {
        let users = self.users();
        let mut simple = Graph::new();
        let mut places = vec![0];
        for (place, node) in self.into_nodes().into_iter().enumerate().skip(1) {
            let inputs: Vec<usize> = node.inputs.iter().map(|from| places[*from]).collect();
            let alone = |from: &usize| users[*from] == 1 && places[*from] > 0;
            places.push(match (inputs.as_slice(), node.inputs.as_slice()) {
                // Nobody will ask where it is.
                _ if users[place] == 0 => 0,
                ([from], _) if does_nothing(&node.op) => *from,
                ([from], [before]) if alone(before) && join(simple.node_mut(*from), &node.op) => *from,
                _ => simple.push(node.name, node.op, &inputs),
            });
        }
        simple
    }

    /// How many layers that the answer depends on take from each; 1 more for the answer itself.
    fn users(&self) -> Vec<usize> {
        let mut users = vec![0; self.nodes().len()];
        users.iter_mut().next_back().into_iter().for_each(|last| *last = 1);
        for (place, node) in self.nodes().iter().enumerate().rev() {
            if users[place] > 0 {
                node.inputs.iter().for_each(|from| users[*from] += 1);
            }
        }
        users
    }
}

fn does_nothing(op: &Op) -> bool {
    matches!(op, Op::Scale(1.0) | Op::Repeat([1, 1, 1]) | Op::MaxPool([1, 1, 1]) | Op::Concat | Op::Add)
}

/// Whether the layer could be made part of the one before it, which then does both.
fn join(before: &mut Node, op: &Op) -> bool {
    match (&mut before.op, op) {
        (Op::Repeat(times), Op::Repeat(again)) => {
            times.iter_mut().zip(again).for_each(|(times, again)| *times = times.saturating_mul(*again));
            true
        }
        (Op::Conv { bias, .. } | Op::Spread { bias, .. }, op) => match terms(op) {
            Some(terms) if terms.len() == bias.len() => {
                bias.iter_mut().zip(terms).for_each(|(bias, term)| *bias += term);
                true
            }
            _ => false,
        },
        (first @ Op::BatchNorm { .. }, second @ Op::BatchNorm { .. }) => match chained(first, second) {
            Some(both) => {
                before.op = both;
                true
            }
            None => false,
        },
        _ => false,
    }
}

/// What the layer adds to each channel, when that is all it does.
fn terms(op: &Op) -> Option<&[f32]> {
    match op {
        Op::BatchNorm { gamma, beta, mean, variance, epsilon: 0.0 } => {
            let plain = gamma.iter().chain(variance).all(|one| *one == 1.0) && mean.iter().all(|m| *m == 0.0);
            plain.then_some(beta)
        }
        _ => None,
    }
}

/// Two normalisations as one, with a mean of 0 and a variance of 1.
fn chained(first: &Op, second: &Op) -> Option<Op> {
    let ([a, b], [c, d]) = (factors(first)?, factors(second)?);
    if a.len() != c.len() {
        return None;
    }
    let gamma: Vec<f32> = a.iter().zip(&c).map(|(a, c)| (a * c) as f32).collect();
    let beta = b.iter().zip(&c).zip(&d).map(|((b, c), d)| (b * c + d) as f32).collect();
    let (mean, variance) = (vec![0.0; gamma.len()], vec![1.0; gamma.len()]);
    Some(Op::BatchNorm { gamma, beta, mean, variance, epsilon: 0.0 })
}

/// What a normalisation multiplies each channel with, and then adds.
fn factors(op: &Op) -> Option<[Vec<f64>; 2]> {
    let Op::BatchNorm { gamma, beta, mean, variance, epsilon } = op else { return None };
    if [beta, mean, variance].iter().any(|values| values.len() != gamma.len()) {
        return None;
    }
    let factor = |i: usize| f64::from(gamma[i]) / (f64::from(variance[i]) + f64::from(*epsilon)).sqrt();
    let factors: Vec<f64> = (0..gamma.len()).map(factor).collect();
    let terms =
        factors.iter().zip(mean).zip(beta).map(|((f, m), b)| f64::from(*b) - f64::from(*m) * f).collect();
    Some([factors, terms])
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array4, Array5};

    fn norm(gamma: [f32; 2], beta: [f32; 2], mean: [f32; 2], variance: [f32; 2], epsilon: f32) -> Op {
        let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(Vec::from);
        Op::BatchNorm { gamma, beta, mean, variance, epsilon }
    }

    fn conv() -> Op {
        let kernel = Array5::from_shape_fn((2, 1, 3, 3, 3), |(o, _, i, j, k)| (o + i * j) as f32 - k as f32);
        Op::Conv { kernel, bias: vec![0.5, -1.0], dilation: [1; 3], stride: [1; 3] }
    }

    fn agree(a: &Graph, b: &Graph) {
        let input =
            Array4::from_shape_fn((1, 4, 4, 4), |(_, x, y, z)| ((x * 5 + y * 3 + z) % 7) as f32 - 3.0);
        let [a, b] = [a, b].map(|graph| graph.run(input.clone()).unwrap());
        assert!(a.dim() == b.dim() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4 * (1.0 + a.abs())));
    }

    #[test]
    fn what_converters_took_apart_is_one_again() {
        let (plain, none) = ([1.0; 2], [0.0; 2]);
        let mut graph = Graph::new();
        let mut last = graph.push("conv", conv(), &[0]);
        let nobody_asks = graph.push("nobody asks", Op::Relu, &[last]);
        graph.push("nor here", Op::Sigmoid, &[nobody_asks]);
        for (name, op) in [
            ("term", norm(plain, [2.0, 3.0], none, plain, 0.0)),
            ("real", norm([0.5, 2.0], [1.0, 1.5], [0.3, -0.2], [0.7, 2.5], 0.1)),
            ("factor", norm([3.0, 0.25], none, none, plain, 0.0)),
            ("nothing", Op::Scale(1.0)),
            ("x", Op::Repeat([2, 1, 1])),
            ("y", Op::Repeat([1, 2, 1])),
            ("z", Op::Repeat([1, 1, 2])),
            ("alone", Op::Concat),
        ] {
            last = graph.push(name, op, &[last]);
        }
        let simple = graph.clone().simplified();
        let names: Vec<&str> = simple.nodes().iter().map(|node| node.name.as_str()).collect();
        assert_eq!(names, ["input", "conv", "real", "x"]);
        assert_eq!(simple.nodes()[3].op, Op::Repeat([2; 3]));
        agree(&simple, &graph);
    }

    #[test]
    fn what_others_take_from_stays_apart() {
        let mut graph = Graph::new();
        let x = graph.push("x", Op::Repeat([2, 1, 1]), &[0]);
        let y = graph.push("y", Op::Repeat([1, 2, 1]), &[x]);
        let back = graph.push("back", Op::MaxPool([1, 2, 1]), &[y]);
        graph.push("both", Op::Concat, &[back, x]);
        assert_eq!(graph.clone().simplified(), graph);
        let mut graph = Graph::new();
        graph.push("real", norm([1.0; 2], [0.0; 2], [0.5; 2], [2.0; 2], 1e-3), &[0]);
        assert_eq!(graph.clone().simplified(), graph);
    }
}
