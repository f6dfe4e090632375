//! A described network with its weights as a plain list of layers.

use std::collections::HashMap;

use ndarray::Array5;

use super::plan::{Plan, Planned, Step};
use crate::network::architecture::Architecture;
use crate::network::error::NetworkError;
use crate::network::kinds::{Activation, NormKind};
use crate::network::weights::{NamedTensor, Weights};
use crate::weights::{Graph, Op};

/// The network as it predicts, layer by layer; each layer has the name of its tensors. Heads that only training has are left out.
pub fn graph_of(architecture: &Architecture, weights: &Weights) -> Result<Graph, NetworkError> {
    let tensors = weights.tensors().iter().map(|tensor| (tensor.name.as_str(), tensor)).collect();
    let values = Values { architecture, tensors };
    let mut graph = Graph::new();
    // Positions agree: both begin with the input.
    for layer in Plan::of(architecture).layers.into_iter().skip(1) {
        let op = values.op(&layer)?;
        graph.push(layer.name, op, &layer.inputs);
    }
    Ok(graph)
}

struct Values<'a> {
    architecture: &'a Architecture,
    tensors: HashMap<&'a str, &'a NamedTensor>,
}

impl Values<'_> {
    fn op(&self, layer: &Planned) -> Result<Op, NetworkError> {
        let name = layer.name.as_str();
        Ok(match layer.step {
            Step::Input => Op::Input,
            Step::Conv(stride) => Op::Conv {
                kernel: self.kernel(name)?,
                bias: self.vector(name, "bias")?,
                dilation: [1; 3],
                stride: [stride; 3],
            },
            Step::Transposed => Op::Spread { kernel: self.kernel(name)?, bias: self.vector(name, "bias")? },
            Step::Norm => self.norm(name)?,
            Step::Activation => match self.architecture.activation {
                Activation::Relu => Op::Relu,
                Activation::LeakyRelu => Op::LeakyRelu(Activation::LeakyRelu.slope()),
            },
            Step::MaxPool => Op::MaxPool([2; 3]),
            Step::Repeat => Op::Repeat([2; 3]),
            Step::Concat => Op::Concat,
            Step::Add => Op::Add,
            Step::Sigmoid => Op::Sigmoid,
        })
    }

    fn norm(&self, layer: &str) -> Result<Op, NetworkError> {
        let (gamma, beta) = (self.vector(layer, "weight")?, self.vector(layer, "bias")?);
        let epsilon = self.architecture.norm.epsilon() as f32;
        Ok(match self.architecture.norm {
            NormKind::Batch => Op::BatchNorm {
                gamma,
                beta,
                mean: self.vector(layer, "running_mean")?,
                variance: self.vector(layer, "running_var")?,
                epsilon,
            },
            NormKind::Instance => Op::InstanceNorm { gamma, beta, epsilon },
        })
    }

    fn kernel(&self, layer: &str) -> Result<Array5<f32>, NetworkError> {
        let tensor = self.tensor(layer, "weight")?;
        let misfit = || NetworkError::Weights(format!("`{}` is no kernel of three axes", tensor.name));
        let shape: [usize; 5] = tensor.shape.as_slice().try_into().map_err(|_| misfit())?;
        Array5::from_shape_vec(shape, tensor.data.clone()).map_err(|_| misfit())
    }

    fn vector(&self, layer: &str, name: &str) -> Result<Vec<f32>, NetworkError> {
        Ok(self.tensor(layer, name)?.data.clone())
    }

    fn tensor(&self, layer: &str, name: &str) -> Result<&NamedTensor, NetworkError> {
        let name = format!("{layer}.{name}");
        let tensor = self.tensors.get(name.as_str()).copied();
        tensor.ok_or_else(|| NetworkError::Weights(format!("`{name}` is missing")))
    }
}
