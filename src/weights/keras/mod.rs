//! Networks as Keras saved them with `model.save` (`.h5`): the layers from a JSON text, their arrays from groups beside it.
//!
//! Written for TensorFlow's order of axes, which is the only one the published networks use. Kernels are turned to ours.

mod arrays;
mod config;
mod layers;
#[cfg(test)]
mod tests;

use super::{Graph, Op, WeightsError};
use arrays::Arrays;
use config::{Config, Layer};
use hdf5_pure::File;
use layers::Placed;
use std::collections::HashMap;
use std::path::Path;

/// Reads a network from a Keras file. Fails, naming file and layer, on a file that holds none and on layers this version lacks.
pub fn read_keras(path: &Path) -> Result<Graph, WeightsError> {
    // Read whole first: what the operating system says of a missing file is clearer.
    let bytes = std::fs::read(path).map_err(|e| WeightsError::from(e).about(path))?;
    from_bytes(bytes).map_err(|e| e.about(path))
}

fn from_bytes(bytes: Vec<u8>) -> Result<Graph, WeightsError> {
    let file = File::from_bytes(bytes)
        .map_err(|e| WeightsError::Content(format!("this is not a whole HDF5 file ({e}): fetch it again")))?;
    let (there, stated) = (file.file_size(), file.superblock().eof_address);
    if there < stated {
        let problem = format!("it ends after {there} of its {stated} bytes: fetch it again");
        return Err(WeightsError::Content(problem));
    }
    let config = Config::read(&file)?;
    let arrays = Arrays::of(&file)?;
    build(&config, &arrays)
}

/// Places every layer after those it takes from.
fn build(config: &Config, arrays: &Arrays) -> Result<Graph, WeightsError> {
    let mut graph = Graph::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut waiting: Vec<&Layer> = config.layers.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut blocked = Vec::new();
        for layer in waiting {
            let inputs: Option<Vec<usize>> =
                layer.inputs.iter().map(|name| places.get(name.as_str()).copied()).collect();
            match inputs {
                Some(inputs) => drop(places.insert(&layer.name, place(&mut graph, layer, &inputs, arrays)?)),
                None => blocked.push(layer),
            }
        }
        if blocked.len() == before {
            return Err(WeightsError::layer(
                &blocked[0].name,
                "it takes from a layer that is not in the file, or from itself",
            ));
        }
        waiting = blocked;
    }
    finish(graph, config, &places)
}

/// Adds the layer and its activation, and says where its answer is.
fn place(graph: &mut Graph, layer: &Layer, inputs: &[usize], arrays: &Arrays) -> Result<usize, WeightsError> {
    let place = match layers::of(layer, arrays)? {
        Placed::Input => 0,
        Placed::Nothing => {
            *inputs.first().ok_or_else(|| WeightsError::layer(&layer.name, "it has no input"))?
        }
        Placed::Op(op) => graph.push(&layer.name, op, inputs),
    };
    Ok(match layers::activation(layer)? {
        Some(op) => graph.push(format!("{} (activation)", layer.name), op, &[place]),
        None => place,
    })
}

/// The output must be the last layer.
fn finish(mut graph: Graph, config: &Config, places: &HashMap<&str, usize>) -> Result<Graph, WeightsError> {
    let place = places.get(config.output.as_str()).copied();
    let place = place
        .ok_or_else(|| WeightsError::layer(&config.output, "it is the output, and there is no such layer"))?;
    if place + 1 != graph.nodes().len() {
        graph.push(&config.output, Op::Scale(1.0), &[place]);
    }
    Ok(graph)
}
