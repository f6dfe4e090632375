//! Which of a model's weights go on learning, and how fast: patterns on their names, a factor for the encoder, a fresh head.
//! Knows names only, no values and no device.

use serde::{Deserialize, Deserializer, Serialize};

use super::{ConfigError, TrainConfig};
use crate::network::{Architecture, Weights};

/// Names of an encoder's weights begin so.
const ENCODER: &str = "enc.";

/// Names of the weights that make probabilities begin so: the last layer's, and those of deep supervision.
const HEADS: [&str; 2] = ["head.", "aux."];

/// What is done with the weights a run starts from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FineTuneConfig {
    /// Weights that stay as they are, by name or pattern: `enc.0`, `enc.*`, `*.norm.*`. The moments of a frozen normalisation
    /// stay too, and are what it normalises by.
    #[serde(deserialize_with = "one_or_many")]
    pub freeze: Vec<String>,
    /// The encoder learns at this many times the rate; 0 freezes it.
    pub encoder_rate: f64,
    /// The last layer.
    pub head: HeadChoice,
}

/// What the last layer starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadChoice {
    /// The model's own.
    Keep,
    /// Fresh values from the seed.
    Fresh,
}

impl Default for FineTuneConfig {
    fn default() -> Self {
        Self { freeze: Vec::new(), encoder_rate: 1.0, head: HeadChoice::Keep }
    }
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a pattern, or a list of patterns in quotes")]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(pattern) => vec![pattern],
        OneOrMany::Many(patterns) => patterns,
    })
}

/// How fast each stored tensor learns, in slot order: a factor of the rate, 0 where it is frozen.
///
/// # Errors
/// A pattern that names nothing, settings without weights to start from, or a network with nothing left to learn.
pub(crate) fn paces(config: &TrainConfig, architecture: &Architecture) -> Result<Vec<f64>, ConfigError> {
    let FineTuneConfig { freeze, encoder_rate, .. } = &config.fine_tune;
    if config.init.is_none() && config.fine_tune != FineTuneConfig::default() {
        return Err(refuse("fine_tune", "needs weights to start from; name them with --init".to_owned()));
    }
    let slots = architecture.slots();
    for pattern in freeze {
        if !slots.iter().any(|slot| names(pattern, &slot.name)) {
            let known = blocks(slots.iter().map(|slot| slot.name.as_str())).join(", ");
            let message = format!("`{pattern}` names no weight; this network has {known}");
            return Err(refuse("fine_tune.freeze", message));
        }
    }
    let pace = |name: &str| match name {
        _ if freeze.iter().any(|pattern| names(pattern, name)) => 0.0,
        _ if name.starts_with(ENCODER) => *encoder_rate,
        _ => 1.0,
    };
    if !slots.iter().any(|slot| slot.is_learnt() && pace(&slot.name) > 0.0) {
        return Err(refuse("fine_tune.freeze", "leaves no weight that could learn".to_owned()));
    }
    Ok(slots.iter().map(|slot| pace(&slot.name)).collect())
}

/// The weights to start from: `weights`, with a fresh head where that is wanted.
pub(crate) fn with_head(config: &TrainConfig, architecture: &Architecture, mut weights: Weights) -> Weights {
    if config.fine_tune.head == HeadChoice::Fresh {
        weights.replace(&Weights::initial(architecture, config.seed), |name| {
            HEADS.iter().any(|head| name.starts_with(head))
        });
    }
    weights
}

fn refuse(key: &str, message: String) -> ConfigError {
    ConfigError::Value { key: key.to_owned(), message }
}

/// Whether `pattern` is the name, or the name of a part of the network it belongs to; `*` stands for anything.
fn names(pattern: &str, name: &str) -> bool {
    matches(pattern, name) || matches(&format!("{pattern}.*"), name)
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|from| tail.get(from..).is_some_and(|tail| matches(rest, tail)))
        }),
    }
}

/// The blocks that weights belong to: `enc.0.0` of `enc.0.0.conv.weight`.
fn blocks<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut blocks: Vec<&str> = names.filter_map(|name| name.rsplitn(3, '.').nth(2)).collect();
    blocks.dedup();
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(fine_tune: FineTuneConfig) -> TrainConfig {
        TrainConfig { init: Some("m".into()), fine_tune, ..Default::default() }
    }

    fn frozen(patterns: &[&str]) -> Result<Vec<String>, String> {
        let freeze = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let config = config(FineTuneConfig { freeze, ..Default::default() });
        let architecture = Architecture::unet3d(2, 2).unwrap();
        let paces = paces(&config, &architecture).map_err(|error| error.to_string())?;
        let names = architecture.slots().into_iter().zip(paces);
        Ok(names.filter(|(_, pace)| *pace == 0.0).map(|(slot, _)| slot.name).collect())
    }

    #[test]
    fn patterns_name_weights_and_parts() {
        assert_eq!(frozen(&["enc.0.1.conv.bias"]).unwrap(), ["enc.0.1.conv.bias"]);
        assert_eq!(frozen(&["enc.0"]).unwrap().len(), 12);
        assert_eq!(frozen(&["enc"]).unwrap(), frozen(&["enc.*"]).unwrap());
        assert!(frozen(&["*.norm.*"]).unwrap().iter().all(|name| name.contains(".norm.")));
        assert!(frozen(&["en"]).unwrap_err().contains("enc.0.0, enc.0.1, enc.1.0"));
        assert!(frozen(&["enc", "encoder"]).unwrap_err().contains("`encoder` names no weight"));
        assert!(frozen(&["*"]).unwrap_err().contains("no weight that could learn"));
    }

    #[test]
    fn the_encoder_has_its_own_rate_and_only_weights_that_exist_can_be_tuned() {
        let fine_tune = FineTuneConfig { encoder_rate: 0.1, ..Default::default() };
        let architecture = Architecture::unet3d(2, 2).unwrap();
        let paces_now = paces(&config(fine_tune.clone()), &architecture).unwrap();
        assert!(paces_now.contains(&0.1) && paces_now.last() == Some(&1.0));
        let scratch = TrainConfig { fine_tune, ..Default::default() };
        assert!(paces(&scratch, &architecture).unwrap_err().to_string().contains("--init"));
    }

    #[test]
    fn a_fresh_head_changes_the_head_alone() {
        let architecture = Architecture::unet3d(2, 2).unwrap();
        let model = Weights::initial(&architecture, 9);
        let config = config(FineTuneConfig { head: HeadChoice::Fresh, ..Default::default() });
        let started = with_head(&config, &architecture, model.clone());
        let changed = |(a, b): (&crate::network::NamedTensor, &crate::network::NamedTensor)| {
            (a != b).then(|| a.name.clone())
        };
        let changed: Vec<String> =
            started.tensors().iter().zip(model.tensors()).filter_map(changed).collect();
        assert_eq!(changed, ["head.conv.weight"]);
    }

    #[test]
    fn one_pattern_may_stand_without_its_list() {
        let config: FineTuneConfig = toml::from_str("freeze = 'enc.*'").unwrap();
        assert_eq!(config.freeze, ["enc.*"]);
        let message = toml::from_str::<FineTuneConfig>("freeze = 3").unwrap_err().to_string();
        assert!(message.contains("list of patterns"), "{message}");
    }
}
