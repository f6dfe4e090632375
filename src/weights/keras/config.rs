//! The description of a Keras network: which layers it has, with what settings, and which takes from which.

use crate::weights::WeightsError;
use hdf5_pure::File;
use serde_json::Value;

/// A layer as described.
pub(super) struct Layer {
    /// Its name.
    pub name: String,
    /// Its class, e.g. `Conv3D`.
    pub kind: String,
    /// Its settings.
    pub settings: Value,
    /// The names of those it takes from.
    pub inputs: Vec<String>,
}

/// The network as described.
pub(super) struct Config {
    /// Every layer, in the file's order.
    pub layers: Vec<Layer>,
    /// The layer whose answer is the network's.
    pub output: String,
}

impl Config {
    /// The description in a file.
    pub fn read(file: &File) -> Result<Self, WeightsError> {
        let attributes =
            file.root().attrs().map_err(|e| content(format!("its attributes cannot be read ({e})")))?;
        let text = attributes.get("model_config").and_then(|value| value.as_str()).ok_or_else(|| {
            content("it holds no description of a network (attribute model_config): save the whole model, not its weights only".into())
        })?;
        let backend = attributes.get("backend").and_then(|value| value.as_str()).unwrap_or("tensorflow");
        if backend != "tensorflow" {
            return Err(content(format!(
                "it was saved by Keras on {backend}, and only TensorFlow's order of axes is known"
            )));
        }
        let described = serde_json::from_str(text)
            .map_err(|e| content(format!("its description is not JSON ({e}): fetch the file again")))?;
        Self::parse(&described)
    }

    fn parse(described: &Value) -> Result<Self, WeightsError> {
        let kind = described["class_name"].as_str().unwrap_or("nothing");
        if !["Model", "Functional"].contains(&kind) {
            return Err(content(format!(
                "it describes a {kind}, and only functional models (Model, Functional) are read"
            )));
        }
        let config = &described["config"];
        let layers: Vec<Layer> = list(&config["layers"]).iter().map(layer).collect::<Result<_, _>>()?;
        channels_agree(&layers)?;
        let inputs = layers.iter().filter(|layer| layer.kind == "InputLayer").count();
        match (inputs, list(&config["output_layers"])) {
            (1, [output]) => Ok(Self { layers, output: output[0].as_str().unwrap_or_default().to_owned() }),
            (inputs, outputs) => Err(content(format!(
                "the network has {inputs} inputs and {} outputs, and only networks with one of each are read",
                outputs.len()
            ))),
        }
    }
}

fn layer(described: &Value) -> Result<Layer, WeightsError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(described.get("name").unwrap_or(&described["config"]["name"]));
    let calls = list(&described["inbound_nodes"]);
    if calls.len() > 1 {
        return Err(WeightsError::layer(&name, "it is used more than once, which is not read"));
    }
    // Keras 2: [["name", 0, 0, {}], ...].
    let inputs = calls.iter().flat_map(list).map(|from| text(&from[0])).collect();
    Ok(Layer { name, kind: text(&described["class_name"]), settings: described["config"].clone(), inputs })
}

/// Refuses layers that work along another axis than that on which the convolutions have their channels.
fn channels_agree(layers: &[Layer]) -> Result<(), WeightsError> {
    let Some(conv) = layers.iter().find(|layer| layer.kind.starts_with("Conv")) else { return Ok(()) };
    let format = |layer: &Layer| layer.settings["data_format"].as_str().map(str::to_owned);
    let spatial = conv.kind.chars().find_map(|c| c.to_digit(10)).map_or(3, i64::from);
    let channels = match format(conv).as_deref() {
        Some("channels_first") => [1, -1 - spatial],
        _ => [-1, 1 + spatial],
    };
    for layer in layers {
        // Newer versions write a list.
        let axis = match &layer.settings["axis"] {
            Value::Array(axes) => axes.first().and_then(Value::as_i64),
            axis => axis.as_i64(),
        };
        let along = ["BatchNormalization", "Concatenate"].contains(&layer.kind.as_str());
        if along && !channels.contains(&axis.unwrap_or(-1)) {
            return Err(WeightsError::layer(
                &layer.name,
                format!(
                    "it works along axis {}, where the channels are not, which is not read",
                    axis.unwrap_or(-1)
                ),
            ));
        }
        if format(layer).is_some() && format(layer) != format(conv) {
            let problem = format!("its channels are on another axis than those of layer {}", conv.name);
            return Err(WeightsError::layer(&layer.name, problem));
        }
    }
    Ok(())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn content(problem: String) -> WeightsError {
    WeightsError::Content(problem)
}
