//! Networks in the ONNX format, into which every training program can export.
//!
//! Converters from TensorFlow keep channels last outside and turn the axes at the edges of the network; here they are first
//! throughout, so a turn changes nothing but the order that a later layer may expect.

mod format;
mod layers;
mod tensors;
#[cfg(test)]
mod tests;

use super::{Graph, Op, WeightsError};
use format::{GraphProto, ModelProto, NodeProto, ValueInfoProto};
use prost::Message;
use std::collections::HashMap;
use std::path::Path;
use tensors::Tensors;

/// Reads a network from an ONNX file. Fails, naming file and layer, on a file that holds none and on layers this version lacks.
pub fn read_onnx(path: &Path) -> Result<Graph, WeightsError> {
    let bytes = std::fs::read(path).map_err(|e| WeightsError::from(e).about(path))?;
    from_bytes(&bytes).map_err(|e| e.about(path))
}

fn from_bytes(bytes: &[u8]) -> Result<Graph, WeightsError> {
    let model = ModelProto::decode(bytes)
        .map_err(|e| WeightsError::Content(format!("this is not a whole ONNX file ({e}): fetch it again")))?;
    let described = model
        .graph
        .ok_or_else(|| WeightsError::Content("it holds no network: fetch the file again".into()))?;
    Builder::new(&described)?.build()
}

/// Where the file's own array of an activation has its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Channels {
    First,
    Last,
}

struct Builder<'a> {
    described: &'a GraphProto,
    tensors: Tensors<'a>,
    graph: Graph,
    /// Activations by name: their node and the order of their axes in the file.
    known: HashMap<&'a str, (usize, Channels)>,
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
        let known = HashMap::from([(input.name.as_str(), (0, channels_of(input)))]);
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

    fn place(&mut self, node: &NodeProto) -> Result<(usize, Channels), WeightsError> {
        let op = layers::of(node, &self.tensors)?;
        let names = node.input.iter().filter(|input| !input.is_empty() && !self.tensors.has(input));
        let inputs: Vec<_> =
            names.map(|input| self.activation(input, name(node))).collect::<Result<_, _>>()?;
        let channels = inputs.first().map_or(Channels::First, |(_, channels)| *channels);
        let places: Vec<usize> = inputs.iter().map(|(place, _)| *place).collect();
        let Some(op) = op else { return Ok((places.first().copied().unwrap_or(0), channels)) };
        let axis = node.attribute.iter().find(|a| a.name == "axis").map_or(1, |a| a.i);
        let fits = match &op {
            Op::Relu | Op::Sigmoid | Op::Scale(_) => true,
            Op::Concat => {
                inputs.iter().all(|(_, order)| *order == channels)
                    && (axis == 1) == (channels == Channels::First)
            }
            _ => channels == Channels::First,
        };
        if !fits {
            return Err(WeightsError::layer(
                name(node),
                "it works along another axis than the channels, which is not read",
            ));
        }
        Ok((self.graph.push(name(node), op, &places), channels))
    }

    /// A turn of axes, of which only the two between channels first and last are known.
    fn turn(&self, node: &NodeProto) -> Result<(usize, Channels), WeightsError> {
        let (place, channels) = self.activation(node.input.first().map_or("", String::as_str), name(node))?;
        let order = node.attribute.iter().find(|a| a.name == "perm").map_or(&[][..], |a| &a.ints);
        let n = order.len() as i64;
        let to_first: Vec<i64> = [0, n - 1].into_iter().chain(1..n - 1).collect();
        let to_last: Vec<i64> = [0].into_iter().chain(2..n).chain([1]).collect();
        match channels {
            Channels::Last if order == to_first => Ok((place, Channels::First)),
            Channels::First if order == to_last => Ok((place, Channels::Last)),
            _ => Err(WeightsError::layer(
                name(node),
                format!("it turns the axes by {order:?}, which is not read"),
            )),
        }
    }

    fn activation(&self, input: &str, wanted_by: &str) -> Result<(usize, Channels), WeightsError> {
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

/// An input of one channel shows by its size 1 where that is; else channels are first, as the format has it.
fn channels_of(input: &ValueInfoProto) -> Channels {
    let shape = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
    let dims = shape.map_or(&[][..], |shape| &shape.dim);
    match dims {
        [_, first, .., last] if last.dim_value == 1 && first.dim_value != 1 => Channels::Last,
        _ => Channels::First,
    }
}
