//! Named sets of settings that are right without reading a book. A preset only sets values that a run's config.toml shows; the
//! project's `[train]` section and the command line still change them.

use super::config::{ConfigError, TrainConfig};
use super::sections::{IntensityConfig, LandmarkSource, ZscoreSource};
use super::start::Start;

/// The names of the presets; `none` sets nothing.
pub const PRESETS: [&str; 4] = ["none", "fine-tune", "recipe", "nnunet"];

/// A published model meets a new scanner or centre: small steps, smaller in the encoder, which has seen more images than the new
/// cohort holds; a few epochs to get going; an end when nothing is gained any more.
const FINE_TUNE: &str = "
epochs = 60
lr = 3e-4
loss = { kind = 'dice_bce' }
optimiser = { kind = 'adam', clip = 1.0 }
schedule = { kind = 'cosine', warmup = 3, min_lr = 3e-6 }
early_stop = { patience = 25 }
fine_tune = { encoder_rate = 0.3, head = 'keep' }
augment = { preset = 'standard' }
";

/// The training of the published networks (Gros et al. 2019).
const RECIPE: &str = "
epochs = 260
batch = 2
lr = 1e-3
loss = { kind = 'dice', smooth = 1.0 }
optimiser = { kind = 'adam', clip = 0.0, accumulate = 1, ema = 0.0 }
schedule = { kind = 'plateau', factor = 0.5, patience = 10, warmup = 0 }
patch = { size = 48, overlap = 24, include_empty = false, foreground = 0.0 }
augment = { preset = 'flips' }
";

/// The loop of nnU-Net (Isensee et al. 2021): SGD with Nesterov's momentum, polynomial decay, Dice + cross-entropy, gradients
/// cut at 12, a third of the patches on a lesion, strong augmentation.
const NNUNET: &str = "
epochs = 1000
lr = 1e-2
loss = { kind = 'dice_bce' }
optimiser = { kind = 'sgd', momentum = 0.99, nesterov = true, weight_decay = 3e-5, clip = 12.0 }
schedule = { kind = 'poly', power = 0.9 }
patch = { include_empty = true, foreground = 0.33 }
augment = { preset = 'strong' }
";

/// Lays the preset called `name` over `config`, of a run that starts from `start`.
///
/// # Errors
/// An unknown name, or fine-tuning with nothing to start from.
pub(crate) fn lay(config: &mut TrainConfig, name: &str, start: Option<&Start>) -> Result<(), ConfigError> {
    let refuse = |message: String| ConfigError::Value { key: "preset".to_owned(), message };
    let text = match (name, start) {
        ("fine-tune", Some(start)) => {
            config.intensities = intensities(config, start);
            FINE_TUNE
        }
        ("fine-tune", None) => {
            return Err(refuse("`fine-tune` needs weights to start from; name them with --init".to_owned()));
        }
        ("none", _) => return Ok(()),
        ("recipe", _) => RECIPE,
        ("nnunet", _) => NNUNET,
        _ => return Err(refuse(format!("`{name}` is unknown; presets are {}", PRESETS.join(", ")))),
    };
    config.overlay(&toml::from_str(text).map_err(|error| refuse(error.message().to_owned()))?)
}

/// The model's own where it has learnt the same contrast; else the training side's.
fn intensities(config: &TrainConfig, start: &Start) -> IntensityConfig {
    if start.knows(&config.contrast) {
        IntensityConfig { landmarks: LandmarkSource::Model, zscore: ZscoreSource::Model }
    } else {
        IntensityConfig { zscore: ZscoreSource::Measured, ..config.intensities.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid_and_the_recipe_is_the_default() {
        for name in ["recipe", "nnunet"] {
            lay(&mut TrainConfig::default(), name, None).unwrap();
        }
        let mut recipe = TrainConfig { lr: 0.5, ..Default::default() };
        lay(&mut recipe, "recipe", None).unwrap();
        assert_eq!(recipe, TrainConfig::default());
        TrainConfig::default().overlay(&toml::from_str(FINE_TUNE).unwrap()).unwrap();
    }

    #[test]
    fn unknown_presets_and_tuning_of_nothing_are_explained() {
        let refusal = |name: &str| lay(&mut TrainConfig::default(), name, None).unwrap_err().to_string();
        assert!(refusal("fine-tune").contains("--init"));
        assert!(refusal("finetune").contains("fine-tune, recipe, nnunet"));
        let mut same = TrainConfig::default();
        lay(&mut same, "none", None).unwrap();
        assert_eq!(same, TrainConfig::default());
    }
}
