//! How the axes of an activation lie in an ONNX file.

use super::format::ValueInfoProto;

/// Where channels are, and how many other axes there are; the batch is always in front.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axes {
    /// Where the channels are.
    pub channels: Channels,
    /// How many axes there are besides batch and channels.
    pub spatial: usize,
}

/// Where an activation has its channels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Channels {
    /// Just behind the batch, as the format has it.
    First,
    /// Behind everything, as TensorFlow has it.
    Last,
}

impl Axes {
    /// Whether a layer's axis is that of the channels.
    pub fn is_channels(self, axis: i64) -> bool {
        let n = self.spatial as i64;
        match self.channels {
            Channels::First => axis == 1 || axis == -1 - n,
            Channels::Last => axis == 1 + n || axis == -1,
        }
    }
    /// Those of the network's input. One of a single channel shows by its size 1 where that is; else channels are first, as
    /// the format has it. An input without a shape is taken for a volume.
    pub fn of(input: &ValueInfoProto) -> Self {
        let shape = input.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.shape.as_ref());
        let dims = shape.map_or(&[][..], |shape| &shape.dim);
        let channels = match dims {
            [_, first, .., last] if last.dim_value == 1 && first.dim_value != 1 => Channels::Last,
            _ => Channels::First,
        };
        let spatial = if dims.is_empty() { 3 } else { dims.len().saturating_sub(2) };
        Self { channels, spatial }
    }

    /// The axes in another order, of which only the turn between channels first and last is known.
    pub fn turned(self, order: &[i64]) -> Option<Self> {
        let n = self.spatial as i64 + 2;
        let to_first: Vec<i64> = [0, n - 1].into_iter().chain(1..n - 1).collect();
        let to_last: Vec<i64> = [0].into_iter().chain(2..n).chain([1]).collect();
        match self.channels {
            Channels::Last if order == to_first => Some(Self { channels: Channels::First, ..self }),
            Channels::First if order == to_last => Some(Self { channels: Channels::Last, ..self }),
            _ => None,
        }
    }
}
