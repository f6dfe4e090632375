//! Networks in the ONNX format, into which every training program can export.
//!
//! Converters from TensorFlow keep channels last outside and turn the axes at the edges of the network; here they are first
//! throughout, so a turn changes nothing but the order that a later layer may expect.

mod axes;
mod format;
mod layers;
mod tensors;
#[cfg(test)]
mod tests;
mod write;

pub use write::{About, write_onnx};

use super::{Graph, Op, WeightsError};
use axes::{Axes, Channels};
use format::{GraphProto, ModelProto, NodeProto};
use prost::Message;
use std::collections::HashMap;
use std::path::Path;
use tensors::Tensors;

/// Reads a network from an ONNX file. Fails, naming file and layer, on a file that holds none and on layers this version lacks.
pub fn read_onnx(path: &Path) -> Result<Graph, WeightsError> {
    Ok(read_onnx_notes(path)?.0)
}

/// [`read_onnx`], and the texts by name that the file carries besides ([`About::notes`]).
pub fn read_onnx_notes(path: &Path) -> Result<(Graph, HashMap<String, String>), WeightsError> {
    let bytes = std::fs::read(path).map_err(|e| WeightsError::from(e).about(path))?;
    from_bytes(&bytes).map_err(|e| e.about(path))
}

fn from_bytes(bytes: &[u8]) -> Result<(Graph, HashMap<String, String>), WeightsError> {
    let model = ModelProto::decode(bytes)
        .map_err(|e| WeightsError::Content(format!("this is not a whole ONNX file ({e}): fetch it again")))?;
    // What a file that was cut short lacks first.
    let described = model
        .graph
        .filter(|_| !model.opset_import.is_empty())
        .ok_or_else(|| WeightsError::Content("it holds no whole network: fetch the file again".into()))?;
    let notes = model.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
    Ok((Builder::new(&described)?.build()?, notes))
}

struct Builder<'a> {
    described: &'a GraphProto,
    tensors: Tensors<'a>,
    graph: Graph,
    /// Activations by name: their node and the order of their axes in the file.
    known: HashMap<&'a str, (usize, Axes)>,
}

impl<'a> Builder<'a> {
    fn new(described: &'a GraphProto) -> Result<Self, WeightsError> {
        let tensors = Tensors::of(described);
        let inputs: Vec<_> = described.input.iter().filter(|input| !tensors.has(&input.name)).collect();
        let [input] = inputs.as_slice() else {
            let problem =
                format!("the network has {} inputs, and only networks with one are read", inputs.len());
            return Err(WeightsError::Content(problem));
        };
        let known = HashMap::from([(input.name.as_str(), (0, Axes::of(input)))]);
        Ok(Self { described, tensors, graph: Graph::new(), known })
    }

    fn build(mut self) -> Result<Graph, WeightsError> {
        // The format demands an order in which the layers can be run.
        for node in self.described.node.iter().filter(|node| node.op_type != "Constant") {
            let output = node.output.first().map_or("", String::as_str);
            let placed = if node.op_type == "Transpose" { self.turn(node)? } else { self.place(node)? };
            self.known.insert(output, placed);
        }
        let [output] = self.described.output.as_slice() else {
            let problem = format!(
                "the network has {} outputs, and only networks with one are read",
                self.described.output.len()
            );
            return Err(WeightsError::Content(problem));
        };
        let (place, _) = self.activation(&output.name, "the output")?;
        if place + 1 != self.graph.nodes().len() {
            self.graph.push(&output.name, Op::Scale(1.0), &[place]);
        }
        Ok(self.graph)
    }

    fn place(&mut self, node: &NodeProto) -> Result<(usize, Axes), WeightsError> {
        let names = node.input.iter().filter(|input| !input.is_empty() && !self.tensors.has(input));
        let inputs: Vec<_> =
            names.map(|input| self.activation(input, name(node))).collect::<Result<_, _>>()?;
        let Some((first, axes)) = inputs.first().copied() else {
            return Err(WeightsError::layer(name(node), "it takes no activation"));
        };
        let Some(op) = layers::of(node, &self.tensors, axes)? else { return Ok((first, axes)) };
        let axis = node.attribute.iter().find(|a| a.name == "axis").map_or(1, |a| a.i);
        let fits = match &op {
            Op::Concat => axes.is_channels(axis),
            Op::Conv { .. } | Op::Spread { .. } | Op::MaxPool(_) | Op::InstanceNorm { .. } => {
                axes.channels == Channels::First
            }
            Op::BatchNorm { .. } => axes.channels == Channels::First || node.op_type != "BatchNormalization",
            _ => true,
        };
        if !fits || inputs.iter().any(|(_, other)| *other != axes) {
            return Err(WeightsError::layer(
                name(node),
                "it works along another axis than the channels, which is not read",
            ));
        }
        let places: Vec<usize> = inputs.iter().map(|(place, _)| *place).collect();
        Ok((self.graph.push(name(node), op, &places), axes))
    }

    /// A turn of axes, of which only the two between channels first and last are known.
    fn turn(&self, node: &NodeProto) -> Result<(usize, Axes), WeightsError> {
        let (place, axes) = self.activation(node.input.first().map_or("", String::as_str), name(node))?;
        let order = node.attribute.iter().find(|a| a.name == "perm").map_or(&[][..], |a| &a.ints);
        let turned = axes.turned(order).ok_or_else(|| {
            WeightsError::layer(name(node), format!("it turns the axes by {order:?}, which is not read"))
        })?;
        Ok((place, turned))
    }

    fn activation(&self, input: &str, wanted_by: &str) -> Result<(usize, Axes), WeightsError> {
        let known = self.known.get(input).copied();
        known.ok_or_else(|| {
            WeightsError::layer(wanted_by, format!("it takes \"{input}\", which no layer before it gives"))
        })
    }
}

/// A layer's name, or what it gives when it has none.
fn name(node: &NodeProto) -> &str {
    if node.name.is_empty() {
        node.output.first().map_or("without a name", String::as_str)
    } else {
        &node.name
    }
}
