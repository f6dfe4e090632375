//! Batch normalisation made part of the convolution before it: the same numbers, one pass over the voxels less.

use super::{Graph, Node, Op};
use ndarray::Axis;

impl Graph {
    /// The same network with every batch normalisation folded into the convolution before it, where nothing else takes from
    /// that convolution.
    pub fn folded(self) -> Self {
        let mut users = vec![0; self.nodes().len()];
        self.nodes().iter().flat_map(|node| &node.inputs).for_each(|from| users[*from] += 1);
        let mut folded = Graph::new();
        let mut places = vec![0];
        for node in self.into_nodes().into_iter().skip(1) {
            let inputs: Vec<usize> = node.inputs.iter().map(|from| places[*from]).collect();
            let place = match (node.inputs.as_slice(), inputs.as_slice()) {
                ([before], [place]) if users[*before] == 1 && fold(folded.node_mut(*place), &node.op) => {
                    *place
                }
                _ => folded.push(node.name, node.op, &inputs),
            };
            places.push(place);
        }
        folded
    }
}

/// Whether the normalisation could be made part of the node before it, which then does both.
fn fold(before: &mut Node, norm: &Op) -> bool {
    let Op::Conv { kernel, bias, .. } = &mut before.op else { return false };
    let Op::BatchNorm { gamma, beta, mean, variance, epsilon } = norm else { return false };
    if [gamma, beta, mean, variance].iter().any(|values| values.len() != bias.len()) {
        return false;
    }
    for (channel, mut weights) in kernel.axis_iter_mut(Axis(0)).enumerate() {
        let factor = gamma[channel] / (variance[channel] + epsilon).sqrt();
        weights *= factor;
        bias[channel] = (bias[channel] - mean[channel]) * factor + beta[channel];
    }
    true
}
