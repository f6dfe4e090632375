//! The detector's network: the weights that ship with the program, as layers to run.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use ndarray::Array5;
use safetensors::SafeTensors;

use crate::centerline::CenterlineError;
use crate::weights::{Graph, Op, WeightsError};

/// Made by `deepseg train-detector`; see `assets/DETECTOR.md`.
const WEIGHTS: &[u8] = include_bytes!("../../../assets/detector.safetensors");

/// Keeps the root of a variance away from 0, as in training.
const EPSILON: f32 = 1e-3;

/// The shipped network, and what every side of its input must be a multiple of.
pub(super) fn shipped() -> Result<(&'static Graph, usize), CenterlineError> {
    static NETWORK: OnceLock<Result<(Graph, usize), String>> = OnceLock::new();
    match NETWORK.get_or_init(|| network(WEIGHTS).map_err(|error| error.to_string())) {
        Ok((graph, multiple)) => Ok((graph, *multiple)),
        Err(problem) => {
            Err(CenterlineError::Model { path: "the built-in detector".into(), problem: problem.clone() })
        }
    }
}

/// The network in a file of weights that `deepseg train-detector` wrote (its content, whole), and what every side of its input
/// must be a multiple of.
pub fn network(content: &[u8]) -> Result<(Graph, usize), WeightsError> {
    let tensors = Tensors::read(content)?;
    let depth = (0..).take_while(|level| tensors.has(&format!("enc.{level}.0.conv.weight"))).count();
    if depth == 0 {
        return Err(WeightsError::Content("these are not the weights of a detector".into()));
    }
    let mut graph = Graph::new();
    let (mut last, mut skips) = (0, Vec::new());
    for level in 0..depth {
        last = tensors.blocks(&mut graph, &format!("enc.{level}"), last)?;
        if level + 1 < depth {
            skips.push(last);
            last = graph.push(format!("pool.{level}"), Op::MaxPool([2; 3]), &[last]);
        }
    }
    for (level, skip) in skips.into_iter().enumerate().rev() {
        let up = graph.push(format!("up.{level}"), Op::Repeat([2; 3]), &[last]);
        let joined = graph.push(format!("join.{level}"), Op::Concat, &[up, skip]);
        last = tensors.blocks(&mut graph, &format!("dec.{level}"), joined)?;
    }
    let head = tensors.convolution(&mut graph, "head", last)?;
    graph.push("probability", Op::Sigmoid, &[head]);
    Ok((graph.folded(), 1 << (depth - 1)))
}

/// A file's arrays by name.
struct Tensors(BTreeMap<String, (Vec<usize>, Vec<f32>)>);

impl Tensors {
    fn read(content: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(content)
            .map_err(|error| WeightsError::Content(format!("not a .safetensors file: {error}")))?;
        let values = |bytes: &[u8]| -> Vec<f32> {
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
        };
        let tensors =
            file.iter().map(|(name, view)| (name.to_owned(), (view.shape().to_vec(), values(view.data()))));
        Ok(Self(tensors.collect()))
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn vector(&self, layer: &str, name: &str) -> Result<Vec<f32>, WeightsError> {
        let found = self.0.get(&format!("{layer}.{name}"));
        found.map(|(_, values)| values.clone()).ok_or_else(|| missing(layer, name))
    }

    /// Two blocks of convolution, normalisation and ReLU after node `last`.
    fn blocks(&self, graph: &mut Graph, name: &str, mut last: usize) -> Result<usize, WeightsError> {
        for index in 0..2 {
            let layer = format!("{name}.{index}");
            last = self.convolution(graph, &layer, last)?;
            let norm = Op::BatchNorm {
                gamma: self.vector(&layer, "norm.weight")?,
                beta: self.vector(&layer, "norm.bias")?,
                mean: self.vector(&layer, "norm.running_mean")?,
                variance: self.vector(&layer, "norm.running_var")?,
                epsilon: EPSILON,
            };
            last = graph.push(format!("{layer}.norm"), norm, &[last]);
            last = graph.push(format!("{layer}.relu"), Op::Relu, &[last]);
        }
        Ok(last)
    }

    fn convolution(&self, graph: &mut Graph, layer: &str, from: usize) -> Result<usize, WeightsError> {
        let weight = self.0.get(&format!("{layer}.conv.weight"));
        let kernel = weight.and_then(|(shape, values)| {
            let shape: [usize; 5] = shape.as_slice().try_into().ok()?;
            Array5::from_shape_vec(shape, values.clone()).ok()
        });
        let kernel = kernel.ok_or_else(|| missing(layer, "conv.weight"))?;
        let op =
            Op::Conv { kernel, bias: self.vector(layer, "conv.bias")?, dilation: [1; 3], stride: [1; 3] };
        Ok(graph.push(format!("{layer}.conv"), op, &[from]))
    }
}

fn missing(layer: &str, name: &str) -> WeightsError {
    WeightsError::Layer { layer: layer.to_owned(), problem: format!("its {name} is missing or misshapen") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_weights_make_a_network() {
        let (graph, multiple) = shipped().unwrap();
        assert!(multiple.is_power_of_two());
        let side = 2 * multiple;
        let answer = graph.run(ndarray::Array4::zeros((1, side, side, multiple))).unwrap();
        assert_eq!(answer.dim(), (1, side, side, multiple));
        assert!(answer.iter().all(|p| (0.0..=1.0).contains(p)));
    }

    #[test]
    fn what_is_not_a_detector_is_refused() {
        for content in [&b"hello"[..], &WEIGHTS[..WEIGHTS.len() - 9], &[]] {
            assert!(network(content).unwrap_err().to_string().contains(".safetensors"));
        }
    }
}
