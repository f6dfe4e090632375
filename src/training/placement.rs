//! Where a run computes: the device, and whether the network fits on it, asked before anything is made.

use super::error::TrainingError;
use super::setup::architecture;
use super::{ConfigError, TrainConfig};
use crate::network::{Architecture, Demand, Device, DeviceChoice, NetworkError, Precision};

/// Refuses a run whose network cannot be built, or does not fit on this machine's device.
///
/// # Errors
/// A sentence with the numbers, or with the setting to change.
pub fn fits_here(config: &TrainConfig) -> Result<(), TrainingError> {
    place(config, &architecture(config)?).map(|_| ())
}

/// The run's device and in words what it is, once the network is known to fit on it.
pub(super) fn place(
    config: &TrainConfig,
    architecture: &Architecture,
) -> Result<(Device, String), TrainingError> {
    let choice: DeviceChoice = config.device.parse().map_err(NetworkError::Device)?;
    let (device, note) = Device::choose(choice)?;
    if config.precision == Precision::Bf16 && device == Device::CPU {
        let message = format!("bf16 needs a GPU and this run is on the {note}; take precision=f32");
        return Err(ConfigError::Value { key: "precision".into(), message }.into());
    }
    let patch = [config.crop.size, config.crop.size, config.patch.size];
    let demand = Demand { batch: config.batch, patch, training: true, precision: config.precision };
    architecture.fits(&device, &demand)?;
    Ok((device, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::NetworkChoice;

    fn refusal(change: impl FnOnce(&mut TrainConfig)) -> String {
        let mut config = TrainConfig { device: "cpu".into(), ..TrainConfig::default() };
        change(&mut config);
        fits_here(&config).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_run_here_is_refused_before_anything_is_made() {
        fits_here(&TrainConfig { device: "cpu".into(), ..TrainConfig::default() }).unwrap();
        assert!(refusal(|config| config.precision = Precision::Bf16).contains("precision=f32"));
        let vast = toml::from_str("depth = 5\nbase = 256").unwrap();
        assert!(
            refusal(|config| config.network = NetworkChoice::Described(vast)).contains("depth 5, base 256")
        );
        assert!(refusal(|config| config.batch = 100_000).contains("smaller batch"));
    }
}
