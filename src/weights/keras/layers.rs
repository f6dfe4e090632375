//! What each kind of Keras layer is in our terms; settings without an equivalent are refused by name.

use super::arrays::Arrays;
use super::config::Layer;
use crate::weights::{Op, WeightsError};
use serde_json::Value;

/// What a layer becomes.
pub(super) enum Placed {
    /// The network's input.
    Input,
    /// Nothing: it only mattered in training.
    Nothing,
    /// This.
    Op(Op),
}

/// What the layer does before its activation.
pub(super) fn of(layer: &Layer, arrays: &Arrays) -> Result<Placed, WeightsError> {
    Ok(Placed::Op(match layer.kind.as_str() {
        "InputLayer" => return Ok(Placed::Input),
        "Activation" => return Ok(Placed::Nothing),
        "Dropout"
        | "SpatialDropout1D"
        | "SpatialDropout2D"
        | "SpatialDropout3D"
        | "GaussianNoise"
        | "GaussianDropout"
        | "ActivityRegularization" => return Ok(Placed::Nothing),
        "Conv1D" | "Conv2D" | "Conv3D" => convolution(layer, arrays)?,
        "Conv2DTranspose" | "Conv3DTranspose" => transposed(layer, arrays)?,
        "BatchNormalization" => normalisation(layer, arrays)?,
        "ReLU" => Op::Relu,
        "MaxPooling1D" | "MaxPooling2D" | "MaxPooling3D" => pooling(layer)?,
        "UpSampling1D" | "UpSampling2D" | "UpSampling3D" => {
            expect(layer, "interpolation", &["nearest"])?;
            Op::Repeat(sizes(layer, "size", 1)?)
        }
        "Concatenate" => Op::Concat,
        "Add" => Op::Add,
        "Lambda" => division(layer)?,
        other => return Err(unknown(layer, &format!("layers of the kind {other}"))),
    }))
}

/// The activation that the layer ends in.
pub(super) fn activation(layer: &Layer) -> Result<Option<Op>, WeightsError> {
    match layer.settings["activation"].as_str() {
        None | Some("linear") => Ok(None),
        Some("relu") => Ok(Some(Op::Relu)),
        Some("sigmoid") => Ok(Some(Op::Sigmoid)),
        Some(other) => Err(unknown(layer, &format!("the activation {other}"))),
    }
}

fn convolution(layer: &Layer, arrays: &Arrays) -> Result<Op, WeightsError> {
    let kernel = arrays.kernel(&layer.name)?;
    // [in, out, ..] in the file's order.
    let kernel = kernel.permuted_axes([1, 0, 2, 3, 4]).as_standard_layout().into_owned();
    let pointwise = kernel.shape()[2..].iter().all(|n| *n == 1);
    if !pointwise {
        expect(layer, "padding", &["same"])?;
    }
    if sizes(layer, "strides", 1)? != [1; 3] {
        return Err(unknown(layer, "strides other than 1"));
    }
    if layer.settings["groups"].as_u64().unwrap_or(1) != 1 {
        return Err(unknown(layer, "convolutions in groups"));
    }
    let bias = bias(layer, arrays, kernel.dim().0)?;
    Ok(Op::Conv { kernel, bias, dilation: sizes(layer, "dilation_rate", 1)?, stride: [1; 3] })
}

fn transposed(layer: &Layer, arrays: &Arrays) -> Result<Op, WeightsError> {
    let kernel = arrays.kernel(&layer.name)?;
    // [out, in, ..] in the file's order.
    let kernel = kernel.permuted_axes([1, 0, 2, 3, 4]).as_standard_layout().into_owned();
    let size = [kernel.dim().2, kernel.dim().3, kernel.dim().4];
    if sizes(layer, "strides", 1)? != size || sizes(layer, "dilation_rate", 1)? != [1; 3] {
        return Err(unknown(layer, "transposed convolutions whose stride is not their kernel's size"));
    }
    let bias = bias(layer, arrays, kernel.dim().1)?;
    Ok(Op::Spread { kernel, bias })
}

fn bias(layer: &Layer, arrays: &Arrays, channels: usize) -> Result<Vec<f32>, WeightsError> {
    match layer.settings["use_bias"].as_bool() {
        Some(false) => Ok(vec![0.0; channels]),
        _ => arrays.vector(&layer.name, "bias"),
    }
}

fn normalisation(layer: &Layer, arrays: &Arrays) -> Result<Op, WeightsError> {
    let mean = arrays.vector(&layer.name, "moving_mean")?;
    let optional = |setting: &str, name: &str, otherwise: f32| match layer.settings[setting].as_bool() {
        Some(false) => Ok(vec![otherwise; mean.len()]),
        _ => arrays.vector(&layer.name, name),
    };
    Ok(Op::BatchNorm {
        gamma: optional("scale", "gamma", 1.0)?,
        beta: optional("center", "beta", 0.0)?,
        variance: arrays.vector(&layer.name, "moving_variance")?,
        mean,
        epsilon: layer.settings["epsilon"].as_f64().unwrap_or(1e-3) as f32,
    })
}

fn pooling(layer: &Layer) -> Result<Op, WeightsError> {
    expect(layer, "padding", &["valid"])?;
    let size = sizes(layer, "pool_size", 2)?;
    if !layer.settings["strides"].is_null() && sizes(layer, "strides", 2)? != size {
        return Err(unknown(layer, "pooling whose blocks overlap"));
    }
    Ok(Op::MaxPool(size))
}

/// A Lambda layer is compiled Python, which nobody can read safely; the published networks divide by a "temperature" in it, the
/// only number it closes over.
fn division(layer: &Layer) -> Result<Op, WeightsError> {
    let function = &layer.settings["function"];
    let closed_over = function[2].as_array().map_or(&[][..], Vec::as_slice);
    match (function[0].as_str(), closed_over) {
        (Some(code), [number]) if code.contains("temperature") => match number.as_f64() {
            Some(temperature) if temperature != 0.0 => Ok(Op::Scale(1.0 / temperature as f32)),
            _ => Err(unknown(layer, "a temperature that is no number")),
        },
        _ => Err(unknown(layer, "Lambda layers other than the division by a temperature")),
    }
}

/// A setting of one to three sizes, or one number for all axes; axes the network lacks are 1.
fn sizes(layer: &Layer, setting: &str, otherwise: usize) -> Result<[usize; 3], WeightsError> {
    let size = |value: &Value| value.as_u64().filter(|n| *n > 0).map(|n| n as usize);
    let dimensions = layer.kind.chars().find_map(|c| c.to_digit(10)).unwrap_or(3).clamp(1, 3) as usize;
    let given = match &layer.settings[setting] {
        Value::Null => Some(vec![otherwise; dimensions]),
        Value::Array(values) => values.iter().map(size).collect(),
        one => size(one).map(|size| vec![size; dimensions]),
    };
    let given = given.filter(|given| given.len() == dimensions);
    let given = given.ok_or_else(|| unknown(layer, &format!("{setting} of {}", layer.settings[setting])))?;
    let mut sizes = [1; 3];
    sizes[3 - dimensions..].copy_from_slice(&given);
    Ok(sizes)
}

fn expect(layer: &Layer, setting: &str, known: &[&str]) -> Result<(), WeightsError> {
    match layer.settings[setting].as_str() {
        Some(other) if !known.contains(&other) => Err(unknown(layer, &format!("{setting} \"{other}\""))),
        _ => Ok(()),
    }
}

fn unknown(layer: &Layer, what: &str) -> WeightsError {
    WeightsError::layer(&layer.name, format!("this version cannot run {what}"))
}
