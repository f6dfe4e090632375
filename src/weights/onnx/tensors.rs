//! The arrays of an ONNX file by name.

use super::format::{GraphProto, TensorProto};
use crate::weights::WeightsError;
use ndarray::{Array5, ArrayD, Axis};
use std::collections::HashMap;

/// Everything a layer may name that is an array, not an activation.
pub(super) struct Tensors<'a>(HashMap<&'a str, &'a TensorProto>);

impl<'a> Tensors<'a> {
    /// The arrays of a network, constants among its layers included.
    pub fn of(graph: &'a GraphProto) -> Self {
        let stored = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor));
        let constants = graph.node.iter().filter(|node| node.op_type == "Constant").filter_map(|node| {
            let value = node.attribute.iter().find(|a| a.name == "value")?.t.as_ref()?;
            Some((node.output.first()?.as_str(), value))
        });
        Self(stored.chain(constants).collect())
    }

    /// Whether there is an array of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Its numbers, whatever its shape.
    pub fn vector(&self, name: &str) -> Result<Vec<f32>, WeightsError> {
        floats(self.get(name)?).ok_or_else(|| unreadable(name))
    }

    /// How many axes lie behind the only one longer than 1; `None` where there is not exactly one.
    pub fn axis_from_behind(&self, name: &str) -> Option<usize> {
        let dims = &self.0.get(name)?.dims;
        let mut long = dims.iter().rev().enumerate().filter(|(_, n)| **n != 1);
        let (behind, _) = long.next()?;
        long.next().is_none().then_some(behind)
    }

    /// A kernel of one to three axes, those it lacks put in front of them.
    pub fn kernel(&self, name: &str) -> Result<Array5<f32>, WeightsError> {
        let tensor = self.get(name)?;
        let dims = tensor.dims.iter().map(|n| usize::try_from(*n)).collect::<Result<Vec<_>, _>>();
        let (Ok(dims), Some(values)) = (dims, floats(tensor)) else { return Err(unreadable(name)) };
        if !(3..=5).contains(&dims.len()) {
            return Err(unreadable(name));
        }
        let missing = 5 - dims.len();
        let array = ArrayD::from_shape_vec(dims, values).map_err(|_| unreadable(name))?;
        let array = (0..missing).fold(array, |array, _| array.insert_axis(Axis(2)));
        array.into_dimensionality().map_err(|_| unreadable(name))
    }

    fn get(&self, name: &str) -> Result<&'a TensorProto, WeightsError> {
        let tensor = self.0.get(name).copied();
        tensor.ok_or_else(|| {
            WeightsError::Content(format!("the array {name} is missing, or computed, which is not read"))
        })
    }
}

/// 32-bit numbers, among the format's kinds.
const FLOAT: i32 = 1;

fn floats(tensor: &TensorProto) -> Option<Vec<f32>> {
    if tensor.data_type != FLOAT || tensor.data_location != 0 {
        return None;
    }
    if tensor.raw_data.is_empty() {
        return Some(tensor.float_data.clone());
    }
    Some(tensor.raw_data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
}

fn unreadable(name: &str) -> WeightsError {
    WeightsError::Content(format!(
        "the array {name} cannot be read: only whole arrays of 32-bit numbers inside the file are"
    ))
}
