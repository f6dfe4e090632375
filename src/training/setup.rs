//! The network of a run, as its settings name or describe it.

use super::error::TrainingError;
use super::{ConfigError, NetworkChoice, TrainConfig};
use crate::network::Architecture;

/// The network the configuration names or describes, checked against its patches.
pub(crate) fn architecture(config: &TrainConfig) -> Result<Architecture, TrainingError> {
    let refuse = |message: String| ConfigError::Value { key: "network".into(), message };
    let architecture = match &config.network {
        NetworkChoice::Preset(name) => Architecture::preset(name)
            .ok_or_else(|| refuse(format!("`{name}` is unknown; presets are small, t2s, t2_ax")))?,
        NetworkChoice::Described(table) => {
            let mut table = table.clone();
            // For people only: the network is the same under any name.
            table.remove("name");
            table
                .try_into()
                .map_err(|error: toml::de::Error| refuse(error.to_string().trim().replace('\n', " ")))?
        }
    };
    architecture.validate()?;
    architecture.validate_patch(config.patch.size)?;
    architecture.validate_patch(config.crop.size)?;
    Ok(architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_named_or_described_and_nonsense_is_refused() {
        let with = |network| TrainConfig { network, ..Default::default() };
        let described = |text: &str| with(NetworkChoice::Described(toml::from_str(text).unwrap()));
        assert_eq!(architecture(&with(NetworkChoice::Preset("t2s".into()))).unwrap(), Architecture::t2s());
        assert_eq!(
            architecture(&described("name = 'wide'\ndepth = 2\nbase = 16")).unwrap(),
            Architecture::t2_ax()
        );
        for (config, word) in [
            (with(NetworkChoice::Preset("huge".into())), "presets"),
            (described("depth = 2"), "base"),
            (described("depth = 6\nbase = 1"), "multiples of 32"),
            (described("depth = 3\nbase = 8\nnorm = 'layer'"), "`norm`"),
            (described("depth = 3\nbase = 8\nbases = 8"), "`bases`"),
            (described("depth = 2\nbase = 8\ndeep_supervision = true"), "deep_supervision"),
        ] {
            let message = architecture(&config).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
