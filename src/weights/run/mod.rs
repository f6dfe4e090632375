//! Running a network on the processor, layer by layer, all cores. Every output value is computed by one task in one order, so the
//! result does not depend on how many there are.

mod blocks;
mod conv;
mod points;
#[cfg(test)]
mod tests;

use super::{Graph, Node, Op, WeightsError};
use ndarray::{Array4, Axis, concatenate};

/// Channels and the three axes.
pub(super) type Activation = Array4<f32>;

impl Graph {
    /// What the network makes of `input`, `[channel, axis 0, axis 1, axis 2]`. Fails where a layer cannot take what it gets.
    pub fn run(&self, input: Activation) -> Result<Activation, WeightsError> {
        let last_uses = self.last_uses();
        let mut values: Vec<Option<Activation>> = vec![None; self.nodes().len()];
        let mut input = Some(input);
        for (place, node) in self.nodes().iter().enumerate() {
            let value = match (&node.op, node.inputs.as_slice()) {
                (Op::Input, _) => input.take().unwrap_or_default(),
                // Changed where it lies when nobody needs it any more.
                (op, [from]) if points::applies(op) && last_uses[*from] == place => {
                    points::apply(node, values[*from].take().unwrap_or_default())?
                }
                _ => apply(node, &taken(node, &values)?)?,
            };
            values[place] = Some(value);
            for from in node.inputs.iter().filter(|from| last_uses[**from] == place) {
                values[*from] = None;
            }
        }
        Ok(values.pop().flatten().unwrap_or_default())
    }
}

/// What a node takes: one activation, or several for a concatenation.
fn taken<'a>(node: &Node, values: &'a [Option<Activation>]) -> Result<Vec<&'a Activation>, WeightsError> {
    let taken: Vec<&Activation> = node.inputs.iter().filter_map(|from| values[*from].as_ref()).collect();
    if taken.is_empty() || (taken.len() > 1 && !matches!(node.op, Op::Concat | Op::Add)) {
        return Err(WeightsError::layer(&node.name, format!("it cannot take {} inputs", taken.len())));
    }
    Ok(taken)
}

fn apply(node: &Node, taken: &[&Activation]) -> Result<Activation, WeightsError> {
    match &node.op {
        Op::Conv { kernel, bias, dilation, stride } => {
            expect(
                node,
                taken[0],
                kernel.len_of(Axis(1)),
                !kernel.is_empty() && bias.len() == kernel.len_of(Axis(0)),
            )?;
            let same = conv::convolve(taken[0], kernel, bias, *dilation);
            Ok(blocks::first_of_every(same, stride.map(|n| n.max(1))))
        }
        Op::Spread { kernel, bias } => {
            expect(
                node,
                taken[0],
                kernel.len_of(Axis(0)),
                !kernel.is_empty() && bias.len() == kernel.len_of(Axis(1)),
            )?;
            Ok(blocks::spread(taken[0], kernel, bias))
        }
        Op::MaxPool(size) => pool(node, taken[0], size.map(|n| n.max(1))),
        Op::Repeat(times) => Ok(blocks::repeat(taken[0], times.map(|n| n.max(1)))),
        Op::Concat => {
            let views: Vec<_> = taken.iter().map(|value| value.view()).collect();
            concatenate(Axis(0), &views).map_err(|_| misfit(node, taken))
        }
        Op::Add => match taken {
            [first, rest @ ..] if rest.iter().all(|value| value.dim() == first.dim()) => {
                Ok(rest.iter().fold((*first).clone(), |sum, value| sum + *value))
            }
            _ => Err(misfit(node, taken)),
        },
        _ => points::apply(node, taken[0].clone()),
    }
}

fn misfit(node: &Node, taken: &[&Activation]) -> WeightsError {
    let shapes: Vec<_> = taken.iter().map(|value| &value.shape()[1..]).collect();
    let problem =
        format!("it joins activations of the sizes {shapes:?}: give the network a size that halves evenly");
    WeightsError::layer(&node.name, problem)
}

fn pool(node: &Node, input: &Activation, size: [usize; 3]) -> Result<Activation, WeightsError> {
    let given = &input.shape()[1..];
    if given.iter().zip(size).any(|(given, size)| *given < size) {
        let problem = format!(
            "it takes the largest of {size:?} values and is given {given:?}: the image is too small for it"
        );
        return Err(WeightsError::layer(&node.name, problem));
    }
    Ok(blocks::max_pool(input, size))
}

/// Fails unless the layer gets the channels it was made for and its own arrays fit each other.
fn expect(node: &Node, input: &Activation, channels: usize, fits: bool) -> Result<(), WeightsError> {
    let given = input.len_of(Axis(0));
    if !fits {
        return Err(WeightsError::layer(&node.name, "its arrays do not fit each other: is the file whole?"));
    }
    if given != channels {
        let problem = format!("it takes {channels} channels and is given {given}");
        return Err(WeightsError::layer(&node.name, problem));
    }
    Ok(())
}
