//! A network as a list of layers, each with its own arrays, in an order in which they can be run. Knows no file format.
//!
//! Every activation is `[channel, axis 0, axis 1, axis 2]`, the three axes in the network's own order; a network of two
//! dimensions has axes 1 and 2 only, and axis 0 is 1. A batch is one.

use ndarray::Array5;

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// Hands on what the network is given.
    Input,
    /// Convolution with a border of zeros, so that the size stays ("same"); of an even kernel the longer side is at the end.
    Conv {
        /// `[out, in, axis 0, axis 1, axis 2]`.
        kernel: Array5<f32>,
        /// One per output channel.
        bias: Vec<f32>,
        /// Steps between the kernel's voxels along each axis, at least 1.
        dilation: [usize; 3],
        /// Of the answers along each axis the first of every so many is kept; 1 keeps all.
        stride: [usize; 3],
    },
    /// Transposed convolution whose stride is its kernel's size: every voxel becomes a block.
    Spread {
        /// `[in, out, axis 0, axis 1, axis 2]`.
        kernel: Array5<f32>,
        /// One per output channel.
        bias: Vec<f32>,
    },
    /// Batch normalisation as after training: `gamma (x - mean) / sqrt(variance + epsilon) + beta`, each by channel.
    BatchNorm {
        /// Factor.
        gamma: Vec<f32>,
        /// Added last.
        beta: Vec<f32>,
        /// Running mean.
        mean: Vec<f32>,
        /// Running variance.
        variance: Vec<f32>,
        /// Keeps the root away from 0.
        epsilon: f32,
    },
    /// Instance normalisation: `gamma (x - mean) / sqrt(variance + epsilon) + beta` with each channel's own mean and variance.
    InstanceNorm {
        /// Factor.
        gamma: Vec<f32>,
        /// Added last.
        beta: Vec<f32>,
        /// Keeps the root away from 0.
        epsilon: f32,
    },
    /// Times a number.
    Scale(f32),
    /// Nothing below 0.
    Relu,
    /// Below 0 times a number.
    LeakyRelu(f32),
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The largest of each block of this size; voxels beyond the last whole block are dropped.
    MaxPool([usize; 3]),
    /// Every voxel so many times along each axis.
    Repeat([usize; 3]),
    /// All inputs' channels, one after the other.
    Concat,
    /// The sum of all inputs, voxel by voxel.
    Add,
}

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name in the file it came from.
    pub name: String,
    /// What it does.
    pub op: Op,
    /// The nodes it takes from, by position in [`Graph::nodes`], all before its own.
    pub inputs: Vec<usize>,
}

/// A network with one input, which is node 0, and one output, which is the last node.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    /// The network that hands on what it is given.
    pub fn new() -> Self {
        Self { nodes: vec![Node { name: "input".into(), op: Op::Input, inputs: Vec::new() }] }
    }

    /// Adds a layer that takes from earlier nodes (0 is the input), and says at which position it is.
    ///
    /// Positions not handed out before count as the node just before: a network cannot refer to what is not there.
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[usize]) -> usize {
        let place = self.nodes.len();
        let inputs = inputs.iter().map(|from| (*from).min(place - 1)).collect();
        self.nodes.push(Node { name: name.into(), op, inputs });
        place
    }

    /// The layers, in an order in which they can be run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }

    pub(super) fn node_mut(&mut self, place: usize) -> &mut Node {
        &mut self.nodes[place]
    }

    /// For every node the last one that takes from it; itself when none does.
    pub(super) fn last_uses(&self) -> Vec<usize> {
        let mut last: Vec<usize> = (0..self.nodes.len()).collect();
        for (i, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|from| last[*from] = i);
        }
        last
    }
}
