//! The description of a network: everything needed to build it, small enough to read, checked before anything starts.

use serde::{Deserialize, Serialize};

use super::error::NetworkError;
use super::kinds::{Activation, Down, NormKind, Up};

/// The kinds of network this version can build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Unet3d,
}

/// A 3D U-Net: that published for spinal-cord lesions (Gros et al. 2019) unless a choice says otherwise.
///
/// A block is a 3x3x3 "same" convolution with bias, a normalisation and an activation. Level `L` (0 = full resolution) has
/// two blocks, to `base * 2^L` and `base * 2^(L+1)` channels; levels are joined by halving the resolution on the way down
/// and doubling it, concatenation `[upsampled, skip]` and two blocks with the skip's channels on the way up; a 1x1x1
/// convolution and a sigmoid end it. One channel in, one out.
///
/// Choices that are the published ones are left out of files, so that those of older versions read and write unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    #[serde(default)]
    kind: Kind,
    /// Number of resolutions, the coarsest included (at least 1).
    pub depth: usize,
    /// Channels of the first block.
    pub base: usize,
    /// Normalisation of every block.
    #[serde(default, skip_serializing_if = "is_default")]
    pub norm: NormKind,
    /// Activation of every block.
    #[serde(default, skip_serializing_if = "is_default")]
    pub activation: Activation,
    /// Whether what enters a level's two blocks, taken to their width by a 1x1x1 convolution, is added to what the second
    /// normalisation gives, before the activation.
    #[serde(default, skip_serializing_if = "is_default")]
    pub residual: bool,
    /// The way to the next coarser level.
    #[serde(default, skip_serializing_if = "is_default")]
    pub down: Down,
    /// The way to the next finer level.
    #[serde(default, skip_serializing_if = "is_default")]
    pub up: Up,
    /// Whether, in training only, every level on the way up but the finest has a head of its own, scored against the
    /// target reduced to its resolution.
    #[serde(default, skip_serializing_if = "is_default")]
    pub deep_supervision: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Architecture {
    /// A U-Net of `depth` resolutions whose first block has `base` channels, otherwise as published.
    pub fn unet3d(depth: usize, base: usize) -> Result<Self, NetworkError> {
        let architecture = Self::published(depth, base);
        architecture.validate()?;
        Ok(architecture)
    }

    const fn published(depth: usize, base: usize) -> Self {
        Self {
            kind: Kind::Unet3d,
            depth,
            base,
            norm: NormKind::Batch,
            activation: Activation::Relu,
            residual: false,
            down: Down::MaxPool,
            up: Up::Nearest,
            deep_supervision: false,
        }
    }

    /// The published T2* network: depth 3, base 8.
    pub const fn t2s() -> Self {
        Self::published(3, 8)
    }

    /// The published axial T2 network: depth 2, base 16.
    pub const fn t2_ax() -> Self {
        Self::published(2, 16)
    }

    /// Half the width of the T2* network, a quarter of its work: for demonstrations and laptops.
    pub const fn small() -> Self {
        Self::published(3, 4)
    }

    /// The preset called `name` (`t2s`, `t2_ax`, `small`).
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "t2s" => Some(Self::t2s()),
            "t2_ax" => Some(Self::t2_ax()),
            "small" => Some(Self::small()),
            _ => None,
        }
    }

    /// Refuses what cannot be built or would not fit any memory.
    pub fn validate(&self) -> Result<(), NetworkError> {
        let problem = match (self.depth, self.base) {
            (0, _) => "depth must be at least 1",
            (7.., _) => "depth must be at most 6 (a 48-voxel patch cannot be halved more often)",
            (_, 0) => "base must be at least 1 channel",
            (_, 257..) => "base must be at most 256 channels",
            (..3, _) if self.deep_supervision => "deep_supervision needs a depth of 3 or more",
            _ => return Ok(()),
        };
        Err(NetworkError::Architecture(format!("{problem}; got {self}")))
    }

    /// Each side of a patch must be a multiple of this.
    pub fn patch_multiple(&self) -> usize {
        1 << (self.depth - 1)
    }

    /// Refuses a patch size the network cannot take.
    pub fn validate_patch(&self, size: usize) -> Result<(), NetworkError> {
        let multiple = self.patch_multiple();
        if size > 0 && size.is_multiple_of(multiple) {
            return Ok(());
        }
        Err(NetworkError::Architecture(format!(
            "a network of depth {} needs patch sizes that are multiples of {multiple}; got {size}",
            self.depth
        )))
    }

    /// Channels of the second block at `level`.
    pub(crate) fn width(&self, level: usize) -> usize {
        self.base << (level + 1)
    }

    /// Whether `level` of the way up has a head of its own in training.
    pub(crate) fn has_auxiliary_head(&self, level: usize) -> bool {
        self.deep_supervision && (1..self.depth.saturating_sub(1)).contains(&level)
    }
}

impl std::fmt::Display for Architecture {
    /// `depth 3, base 8`, and every choice that is not the published one.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "depth {}, base {}", self.depth, self.base)?;
        let choices = [
            (self.norm == NormKind::Instance, "instance norm"),
            (self.activation == Activation::LeakyRelu, "leaky ReLU"),
            (self.residual, "residual"),
            (self.down == Down::Strided, "strided"),
            (self.up == Up::Transposed, "transposed"),
            (self.deep_supervision, "deep supervision"),
        ];
        choices.iter().filter(|(is, _)| *is).try_for_each(|(_, word)| write!(formatter, ", {word}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_networks_are_refused_with_the_numbers() {
        for (depth, base) in [(0, 8), (7, 8), (3, 0), (3, 257)] {
            let message = Architecture::unet3d(depth, base).unwrap_err().to_string();
            assert!(message.contains(&format!("depth {depth}, base {base}")), "{message}");
        }
        assert!(Architecture::t2s().validate_patch(46).is_err());
        assert!(Architecture::t2s().validate_patch(48).is_ok());
    }

    #[test]
    fn heads_for_deep_supervision_need_levels_to_stand_on() {
        let shallow = Architecture { deep_supervision: true, ..Architecture::t2_ax() };
        let message = shallow.validate().unwrap_err().to_string();
        assert!(message.contains("deep_supervision") && message.contains("depth 2, base 16"), "{message}");
        assert!(Architecture { deep_supervision: true, ..Architecture::t2s() }.validate().is_ok());
    }

    #[test]
    fn unknown_keys_and_choices_in_a_description_are_refused() {
        for line in ["bases = 2", "norm = 'layer'", "activation = 'gelu'", "down = 'mean'", "up = 'cubic'"] {
            let text = format!("kind = 'unet3d'\ndepth = 3\nbase = 8\n{line}");
            assert!(toml::from_str::<Architecture>(&text).is_err(), "{line}");
        }
        assert_eq!(toml::from_str::<Architecture>("depth = 3\nbase = 8").unwrap(), Architecture::t2s());
    }

    #[test]
    fn published_networks_are_written_as_before_and_every_choice_reads_back() {
        let published = serde_json::to_string(&Architecture::t2s()).unwrap();
        assert_eq!(published, r#"{"kind":"unet3d","depth":3,"base":8}"#);
        let all = "kind = \"unet3d\"\ndepth = 3\nbase = 8\nnorm = \"instance\"\nactivation = \"leaky_relu\"\n\
                   residual = true\ndown = \"strided\"\nup = \"transposed\"\ndeep_supervision = true\n";
        assert_eq!(toml::to_string(&toml::from_str::<Architecture>(all).unwrap()).unwrap(), all);
    }
}
