//! A model as an ONNX file, which carries the model's card so that nothing is lost on the way back.

use std::path::Path;

use super::graph::graph_of;
use super::import::{APART, CARD};
use crate::network::error::NetworkError;
use crate::network::model_file::ModelFile;
use crate::network::weights::Weights;
use crate::weights::{About, Graph, WeightsError, write_onnx};

impl ModelFile {
    /// Writes the network as ONNX with the Spinal Cord Toolbox's names (`input_1` to `predictions`, each `[n, 1, x, y, z]`).
    ///
    /// `patch` fixes the sides of what it takes; else they are open, and any the network divides fit. The card travels in the
    /// file's metadata, and so do weights that only training uses.
    pub fn write_onnx(
        &self,
        path: &Path,
        weights: &Weights,
        patch: Option<usize>,
    ) -> Result<(), NetworkError> {
        patch.map_or(Ok(()), |side| self.architecture.validate_patch(side))?;
        let graph = graph_of(&self.architecture, weights)?;
        let unwritable = |error: serde_json::Error| NetworkError::malformed(path, error.to_string());
        let mut notes = vec![(CARD.to_owned(), serde_json::to_string(self).map_err(unwritable)?)];
        let apart = apart(&graph, weights);
        if !apart.is_empty() {
            notes.push((APART.to_owned(), serde_json::to_string(&apart).map_err(unwritable)?));
        }
        let about = About { name: "lesion", patch: patch.map(|side| [side; 3]), notes: &notes };
        write_onnx(path, &graph, &about).map_err(|error| match error {
            WeightsError::Io(source) => NetworkError::Write { path: path.to_owned(), source },
            other => NetworkError::malformed(path, other.reason()),
        })
    }
}

/// Name, shape and values of the tensors that no layer has.
fn apart<'a>(graph: &Graph, weights: &'a Weights) -> Vec<(&'a str, &'a [usize], &'a [f32])> {
    let in_layer = |name: &str| {
        let layer = name.rsplit_once('.').map_or(name, |(layer, _)| layer);
        graph.nodes().iter().any(|node| node.name == layer)
    };
    let apart = weights.tensors().iter().filter(|tensor| !in_layer(&tensor.name));
    apart.map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice(), tensor.data.as_slice())).collect()
}
