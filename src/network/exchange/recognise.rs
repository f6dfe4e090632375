//! Whether a list of layers is a U-Net this version can build: which one, and with which weights.
//!
//! A few layers suggest the description; the layers it would have are then laid over those there are, from the answer back
//! to the input, so that every kind, size and connection is compared. Nothing of a description's size is made before.

use super::plan::{Plan, Planned, Step};
use crate::network::architecture::Architecture;
use crate::network::error::NetworkError;
use crate::network::kinds::{Activation, Down, NormKind, Up};
use crate::network::weights::{NamedTensor, Weights};
use crate::weights::{Graph, Node, Op};

/// The description and the weights of a network.
///
/// The same function, and where the layers are written as ours are the same values: only a batch normalisation with another
/// epsilon than ours has its factor changed to make up for it, and one that was made part of its convolution becomes one
/// that changes nothing.
///
/// # Errors
/// A sentence that names the first layer, from the answer back, that such a U-Net does not have.
pub fn recognise(graph: &Graph) -> Result<(Architecture, Weights), NetworkError> {
    let (architecture, tensors) = tensors_of(graph)?;
    let weights = Weights::for_architecture(&architecture, tensors)?;
    Ok((architecture, weights))
}

/// [`recognise`] before the weights' shapes are compared with the description.
pub(super) fn tensors_of(graph: &Graph) -> Result<(Architecture, Vec<NamedTensor>), NetworkError> {
    let graph = graph.clone().simplified();
    let architecture = suggested(&graph)?;
    let plan = Plan::of(&architecture);
    let met = vec![None; plan.layers.len()];
    let mut overlay =
        Overlay { architecture: &architecture, plan: &plan, graph: &graph, met, tensors: Vec::new() };
    overlay.meet(plan.layers.len() - 1, graph.nodes().len() - 1, "the network's answer")?;
    let tensors = overlay.tensors;
    Ok((architecture, tensors))
}

/// What the kinds of layers say, before they are looked at closely.
fn suggested(graph: &Graph) -> Result<Architecture, NetworkError> {
    let has = |is: fn(&Op) -> bool| graph.nodes().iter().any(|node| is(&node.op));
    let strided = |op: &Op| matches!(op, Op::Conv { stride, .. } if *stride != [1; 3]);
    let halves = |node: &&Node| matches!(node.op, Op::MaxPool(_)) || strided(&node.op);
    let first = graph.nodes().iter().find_map(|node| match &node.op {
        Op::Conv { bias, .. } => Some(bias.len()),
        _ => None,
    });
    let base = first.ok_or_else(|| {
        NetworkError::Architecture("it has no convolution: is it a segmentation network?".into())
    })?;
    let depth = 1 + graph.nodes().iter().filter(halves).count();
    let mut architecture = Architecture::unet3d(depth, base)?;
    architecture.residual = has(|op| *op == Op::Add);
    if has(|op| matches!(op, Op::InstanceNorm { .. })) {
        architecture.norm = NormKind::Instance;
    }
    if has(|op| matches!(op, Op::LeakyRelu(_))) {
        architecture.activation = Activation::LeakyRelu;
    }
    if has(strided) {
        architecture.down = Down::Strided;
    }
    if has(|op| matches!(op, Op::Spread { .. })) {
        architecture.up = Up::Transposed;
    }
    Ok(architecture)
}

/// The layers there should be, laid over those there are.
struct Overlay<'a> {
    architecture: &'a Architecture,
    plan: &'a Plan<'a>,
    graph: &'a Graph,
    /// Where each planned layer was found.
    met: Vec<Option<usize>>,
    tensors: Vec<NamedTensor>,
}

impl Overlay<'_> {
    /// Compares a planned layer, and all it takes from, with the one at `place`, which `taker` takes.
    fn meet(&mut self, planned: usize, place: usize, taker: &str) -> Result<(), NetworkError> {
        let (layer, node) = (&self.plan.layers[planned], &self.graph.nodes()[place]);
        if let Some(before) = self.met[planned] {
            return if before == place { Ok(()) } else { Err(self.other(layer, node, taker)) };
        }
        self.met[planned] = Some(place);
        if let (Step::Norm, NormKind::Batch, Op::Conv { bias, .. }) =
            (layer.step, self.architecture.norm, &node.op)
        {
            self.keep_unchanging(&layer.name, bias.len());
            return self.meet(layer.inputs[0], place, taker);
        }
        if !self.keep(layer, node) || layer.inputs.len() != node.inputs.len() {
            return Err(self.other(layer, node, taker));
        }
        layer
            .inputs
            .iter()
            .zip(&node.inputs)
            .try_for_each(|(planned, place)| self.meet(*planned, *place, &format!("layer {}", node.name)))
    }

    /// Whether the layer is as planned; then its values are kept.
    fn keep(&mut self, layer: &Planned, node: &Node) -> bool {
        let name = &layer.name;
        match (layer.step, &node.op) {
            (Step::Conv(planned), Op::Conv { kernel, bias, dilation: [1, 1, 1], stride })
                if *stride == [planned; 3] =>
            {
                self.keep_tensor(name, "weight", kernel.shape(), kernel.iter().copied().collect());
                self.keep_tensor(name, "bias", &[bias.len()], bias.clone());
                true
            }
            (Step::Transposed, Op::Spread { kernel, bias }) => {
                self.keep_tensor(name, "weight", kernel.shape(), kernel.iter().copied().collect());
                self.keep_tensor(name, "bias", &[bias.len()], bias.clone());
                true
            }
            (Step::Norm, op) => self.keep_norm(name, op),
            (Step::Activation, op) => match self.architecture.activation {
                Activation::Relu => *op == Op::Relu,
                Activation::LeakyRelu => *op == Op::LeakyRelu(self.architecture.activation.slope()),
            },
            (Step::MaxPool, Op::MaxPool([2, 2, 2]))
            | (Step::Repeat, Op::Repeat([2, 2, 2]))
            | (Step::Input, Op::Input)
            | (Step::Concat, Op::Concat)
            | (Step::Add, Op::Add)
            | (Step::Sigmoid, Op::Sigmoid) => true,
            _ => false,
        }
    }

    fn keep_norm(&mut self, name: &str, op: &Op) -> bool {
        match (self.architecture.norm, op) {
            (NormKind::Batch, Op::BatchNorm { gamma, beta, mean, variance, epsilon }) => {
                let gamma = with_our_epsilon(gamma, variance, *epsilon);
                for (part, values) in
                    [("weight", &gamma), ("bias", beta), ("running_mean", mean), ("running_var", variance)]
                {
                    self.keep_tensor(name, part, &[values.len()], values.clone());
                }
                true
            }
            (NormKind::Instance, Op::InstanceNorm { gamma, beta, epsilon })
                if *epsilon == NormKind::Instance.epsilon() as f32 =>
            {
                self.keep_tensor(name, "weight", &[gamma.len()], gamma.clone());
                self.keep_tensor(name, "bias", &[beta.len()], beta.clone());
                true
            }
            _ => false,
        }
    }

    /// The batch normalisation of a convolution of which it has become part.
    fn keep_unchanging(&mut self, name: &str, channels: usize) {
        let ours = NormKind::Batch.epsilon() as f32;
        for (part, value) in
            [("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0 - ours)]
        {
            self.keep_tensor(name, part, &[channels], vec![value; channels]);
        }
    }

    fn keep_tensor(&mut self, layer: &str, part: &str, shape: &[usize], data: Vec<f32>) {
        self.tensors.push(NamedTensor { name: format!("{layer}.{part}"), shape: shape.to_vec(), data });
    }

    fn other(&self, layer: &Planned, node: &Node, taker: &str) -> NetworkError {
        NetworkError::Architecture(format!(
            "{taker} takes {} (layer {}) where a U-Net of {} has {}",
            told(&node.op),
            node.name,
            self.architecture,
            self.expected(layer.step)
        ))
    }

    fn expected(&self, step: Step) -> String {
        match step {
            Step::Input => "the input".into(),
            Step::Conv(stride) => format!("a convolution with stride {stride}"),
            Step::Norm => match self.architecture.norm {
                NormKind::Batch => "batch normalisation".into(),
                NormKind::Instance => {
                    format!("instance normalisation with epsilon {:e}", NormKind::Instance.epsilon())
                }
            },
            Step::Activation => match self.architecture.activation {
                Activation::Relu => told(&Op::Relu),
                Activation::LeakyRelu => told(&Op::LeakyRelu(Activation::LeakyRelu.slope())),
            },
            Step::MaxPool => told(&Op::MaxPool([2; 3])),
            Step::Repeat => told(&Op::Repeat([2; 3])),
            Step::Transposed => "a transposed convolution".into(),
            Step::Concat => "the upsampled channels followed by the skipped ones".into(),
            Step::Add => "the sum with the shortcut".into(),
            Step::Sigmoid => told(&Op::Sigmoid),
        }
    }
}

/// The factors that give with our epsilon what these give with another.
fn with_our_epsilon(gamma: &[f32], variance: &[f32], epsilon: f32) -> Vec<f32> {
    let ours = NormKind::Batch.epsilon() as f32;
    if epsilon == ours {
        return gamma.to_vec();
    }
    let root = |variance: f32, epsilon: f32| (f64::from(variance) + f64::from(epsilon)).sqrt();
    let adapt = |(gamma, variance): (&f32, &f32)| {
        (f64::from(*gamma) * root(*variance, ours) / root(*variance, epsilon)) as f32
    };
    gamma.iter().zip(variance).map(adapt).collect()
}

/// A foreign layer in words.
fn told(op: &Op) -> String {
    let by = |size: &[usize; 3]| format!("{}x{}x{}", size[0], size[1], size[2]);
    match op {
        Op::Input => "the input".into(),
        Op::Conv { dilation, stride, .. } if *dilation != [1; 3] => {
            format!("a convolution with dilation {} and stride {}", by(dilation), by(stride))
        }
        Op::Conv { stride, .. } => format!("a convolution with stride {}", by(stride)),
        Op::Spread { .. } => "a transposed convolution".into(),
        Op::BatchNorm { .. } => "batch normalisation".into(),
        Op::InstanceNorm { epsilon, .. } => format!("instance normalisation with epsilon {epsilon:e}"),
        Op::Scale(factor) => format!("a product with {factor}"),
        Op::Relu => "a ReLU".into(),
        Op::LeakyRelu(slope) => format!("a leaky ReLU of slope {slope}"),
        Op::Sigmoid => "a sigmoid".into(),
        Op::MaxPool(size) => format!("max-pooling of {}", by(size)),
        Op::Repeat(times) => format!("upsampling by {}", by(times)),
        Op::Concat => "a concatenation".into(),
        Op::Add => "a sum".into(),
    }
}
