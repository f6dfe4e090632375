//! A network as an ONNX file that other programs run: one layer of the format for each of ours, nothing folded, so that what is
//! read back is what was written, bit for bit.

use super::format::{
    AttributeProto, DimensionProto, EntryProto, GraphProto, ModelProto, NodeProto, OperatorSetProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};
use crate::files;
use crate::weights::{Graph, Node, Op, WeightsError};
use ndarray::Array5;
use prost::Message;
use std::path::Path;

/// Versions of the format and of its layers: old enough for every onnxruntime since 1.7 (2021).
const FORMAT: i64 = 7;
const LAYERS: i64 = 13;

/// Names of input and output: those of the Spinal Cord Toolbox's own files, by which it asks for them.
const INPUT: &str = "input_1";
const OUTPUT: &str = "predictions";

/// Numbers among the format's kinds: of an array, and of the fields of a setting.
const FLOATS: i32 = 1;
const SETTING_FLOAT: i32 = 1;
const SETTING_INTEGER: i32 = 2;
const SETTING_TEXT: i32 = 3;
const SETTING_INTEGERS: i32 = 7;

/// What there is to say about a network besides its layers.
#[derive(Clone, Debug, Default)]
pub struct About<'a> {
    /// Its name.
    pub name: &'a str,
    /// The only size it takes along its three axes; `None` leaves them open, as the number in a batch always is.
    pub patch: Option<[usize; 3]>,
    /// Further texts by name.
    pub notes: &'a [(String, String)],
}

/// Writes a network of three dimensions, one channel in and one out (`[n, 1, axis 0, axis 1, axis 2]`), complete or not at all.
pub fn write_onnx(path: &Path, graph: &Graph, about: &About<'_>) -> Result<(), WeightsError> {
    let bytes = model(graph, about).encode_to_vec();
    files::write_bytes(path, &bytes).map_err(|e| WeightsError::from(e).about(path))
}

/// The file's content.
pub(super) fn model(graph: &Graph, about: &About<'_>) -> ModelProto {
    let last = graph.nodes().len() - 1;
    let value = |place: usize| match place {
        0 => INPUT.to_owned(),
        place if place == last => OUTPUT.to_owned(),
        place => format!("v{place}"),
    };
    let mut described = GraphProto { name: about.name.to_owned(), ..Default::default() };
    for (place, node) in graph.nodes().iter().enumerate().skip(1) {
        let inputs = node.inputs.iter().map(|from| value(*from)).collect();
        let mut layer = Layer { node, inputs, arrays: Vec::new() };
        let (op_type, attribute) = layer.described();
        described.node.push(NodeProto {
            input: layer.inputs,
            output: vec![value(place)],
            name: node.name.clone(),
            op_type: op_type.to_owned(),
            attribute,
        });
        described.initializer.extend(layer.arrays);
    }
    described.input = vec![activation(INPUT, about.patch)];
    described.output = vec![activation(OUTPUT, about.patch)];
    ModelProto {
        ir_version: FORMAT,
        producer_name: env!("CARGO_PKG_NAME").into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(described),
        opset_import: vec![OperatorSetProto { domain: String::new(), version: LAYERS }],
        metadata_props: about.notes.iter().cloned().map(|(key, value)| EntryProto { key, value }).collect(),
    }
}

/// An input or output of one channel.
fn activation(name: &str, patch: Option<[usize; 3]>) -> ValueInfoProto {
    let open = |name: &str| DimensionProto { dim_param: name.to_owned(), ..Default::default() };
    let fixed = |n: usize| DimensionProto { dim_value: n as i64, ..Default::default() };
    let sides = match patch {
        Some(sides) => sides.map(fixed),
        None => ["x", "y", "z"].map(open),
    };
    let dim = [open("n"), fixed(1)].into_iter().chain(sides).collect();
    let tensor = TensorTypeProto { elem_type: FLOATS, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type: Some(tensor) }) }
}

/// A layer being written: what it takes by name, and its own arrays among that.
struct Layer<'a> {
    node: &'a Node,
    inputs: Vec<String>,
    arrays: Vec<TensorProto>,
}

impl Layer<'_> {
    /// Its kind and settings.
    fn described(&mut self) -> (&'static str, Vec<AttributeProto>) {
        match &self.node.op {
            Op::Input => ("Identity", Vec::new()),
            Op::Conv { kernel, bias, dilation, stride } => {
                self.kernel(kernel, bias);
                let size = sides(kernel);
                let reach: [usize; 3] = std::array::from_fn(|i| size[i].saturating_sub(1) * dilation[i]);
                let before = reach.map(|reach| reach / 2);
                let pads = [before, std::array::from_fn(|i| reach[i] - before[i])].concat();
                let settings = [
                    integers("kernel_shape", &size),
                    integers("dilations", dilation),
                    integers("strides", stride),
                    integers("pads", &pads),
                ];
                ("Conv", settings.into())
            }
            Op::Spread { kernel, bias } => {
                self.kernel(kernel, bias);
                let size = sides(kernel);
                ("ConvTranspose", vec![integers("kernel_shape", &size), integers("strides", &size)])
            }
            Op::BatchNorm { gamma, beta, mean, variance, epsilon } => {
                let all =
                    [("weight", gamma), ("bias", beta), ("running_mean", mean), ("running_var", variance)];
                all.into_iter().for_each(|(name, values)| self.vector(name, values));
                ("BatchNormalization", vec![float("epsilon", *epsilon)])
            }
            Op::InstanceNorm { gamma, beta, epsilon } => {
                self.vector("weight", gamma);
                self.vector("bias", beta);
                ("InstanceNormalization", vec![float("epsilon", *epsilon)])
            }
            Op::Scale(factor) => {
                self.array("factor", &[], &[*factor]);
                ("Mul", Vec::new())
            }
            Op::Relu => ("Relu", Vec::new()),
            Op::LeakyRelu(slope) => ("LeakyRelu", vec![float("alpha", *slope)]),
            Op::Sigmoid => ("Sigmoid", Vec::new()),
            Op::MaxPool(size) => ("MaxPool", vec![integers("kernel_shape", size), integers("strides", size)]),
            Op::Repeat(times) => self.repetition(*times),
            Op::Concat => ("Concat", vec![integer("axis", 1)]),
            Op::Add => ("Add", Vec::new()),
        }
    }

    fn repetition(&mut self, times: [usize; 3]) -> (&'static str, Vec<AttributeProto>) {
        let [a, b, c] = times.map(|n| n as f32);
        // Without a name: left out. It is the region of interest, which this mode does not have.
        self.inputs.push(String::new());
        self.vector("scales", &[1.0, 1.0, a, b, c]);
        let settings = [
            ("mode", "nearest"),
            ("coordinate_transformation_mode", "asymmetric"),
            ("nearest_mode", "floor"),
        ];
        ("Resize", settings.map(|(name, value)| text(name, value)).into())
    }

    fn kernel(&mut self, kernel: &Array5<f32>, bias: &[f32]) {
        let values: Vec<f32> = kernel.iter().copied().collect();
        self.array("weight", kernel.shape(), &values);
        self.vector("bias", bias);
    }

    fn vector(&mut self, suffix: &str, values: &[f32]) {
        self.array(suffix, &[values.len()], values);
    }

    fn array(&mut self, suffix: &str, dims: &[usize], values: &[f32]) {
        let name = format!("{}.{suffix}", self.node.name);
        self.inputs.push(name.clone());
        self.arrays.push(TensorProto {
            name,
            dims: dims.iter().map(|n| *n as i64).collect(),
            data_type: FLOATS,
            raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
            ..Default::default()
        });
    }
}

fn sides(kernel: &Array5<f32>) -> [usize; 3] {
    let (_, _, a, b, c) = kernel.dim();
    [a, b, c]
}

fn integers(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|n| *n as i64).collect();
    AttributeProto { name: name.into(), ints, r#type: SETTING_INTEGERS, ..Default::default() }
}

fn integer(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.into(), i, r#type: SETTING_INTEGER, ..Default::default() }
}

fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.into(), f, r#type: SETTING_FLOAT, ..Default::default() }
}

fn text(name: &str, s: &str) -> AttributeProto {
    AttributeProto { name: name.into(), s: s.into(), r#type: SETTING_TEXT, ..Default::default() }
}
