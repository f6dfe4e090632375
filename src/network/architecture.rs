//! The description of a network: everything needed to build it, small enough to read, checked before anything starts.

use serde::{Deserialize, Serialize};

use super::error::NetworkError;
use super::weights::{Role, Slot};

/// Side of a convolution kernel.
const KERNEL: usize = 3;

/// The kinds of network this version can build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Unet3d,
}

/// A 3D U-Net as published for spinal-cord lesions (Gros et al. 2019).
///
/// A block is a 3x3x3 "same" convolution with bias, batch normalisation (epsilon 1e-3, running moments .99 old + .01
/// batch) and ReLU. Level `L` (0 = full resolution) has two blocks, to `base * 2^L` and `base * 2^(L+1)` channels; levels
/// are joined by 2x2x2 max-pooling on the way down and nearest upsampling, concatenation `[upsampled, skip]` and two
/// blocks with the skip's channels on the way up; a 1x1x1 convolution and a sigmoid end it. One channel in, one out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    #[serde(default)]
    kind: Kind,
    /// Number of resolutions, the coarsest included (at least 1).
    pub depth: usize,
    /// Channels of the first block.
    pub base: usize,
}

impl Architecture {
    /// A U-Net of `depth` resolutions whose first block has `base` channels.
    pub fn unet3d(depth: usize, base: usize) -> Result<Self, NetworkError> {
        let architecture = Self { kind: Kind::Unet3d, depth, base };
        architecture.validate()?;
        Ok(architecture)
    }

    /// The published T2* network: depth 3, base 8.
    pub const fn t2s() -> Self {
        Self { kind: Kind::Unet3d, depth: 3, base: 8 }
    }

    /// The published axial T2 network: depth 2, base 16.
    pub const fn t2_ax() -> Self {
        Self { kind: Kind::Unet3d, depth: 2, base: 16 }
    }

    /// Half the width of the T2* network, a quarter of its work: for demonstrations and laptops.
    pub const fn small() -> Self {
        Self { kind: Kind::Unet3d, depth: 3, base: 4 }
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
            _ => return Ok(()),
        };
        Err(NetworkError::Architecture(format!("{problem}; got depth {}, base {}", self.depth, self.base)))
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

    /// Number of stored values, running moments included.
    pub fn value_count(&self) -> usize {
        self.slots().iter().map(Slot::len).sum()
    }

    /// Channels of the second block at `level`.
    fn width(&self, level: usize) -> usize {
        self.base << (level + 1)
    }

    /// Every stored tensor, in the order the forward pass uses them.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        let mut channels = 1;
        for level in 0..self.depth {
            let widths = [self.base << level, self.width(level)];
            channels = push_blocks(&mut slots, &format!("enc.{level}"), channels, widths);
        }
        for level in (0..self.depth - 1).rev() {
            let width = self.width(level);
            channels = push_blocks(&mut slots, &format!("dec.{level}"), channels + width, [width, width]);
        }
        push_convolution(&mut slots, "head.conv", channels, 1, 1);
        slots
    }
}

/// Two blocks named `prefix.0` and `prefix.1`; returns the channels that leave the second.
fn push_blocks(slots: &mut Vec<Slot>, prefix: &str, mut channels: usize, widths: [usize; 2]) -> usize {
    for (index, width) in widths.into_iter().enumerate() {
        push_convolution(slots, &format!("{prefix}.{index}.conv"), channels, width, KERNEL);
        let norm = |name: &str, role| Slot::new(format!("{prefix}.{index}.norm.{name}"), vec![width], role);
        slots.extend([
            norm("weight", Role::Scale),
            norm("bias", Role::Shift),
            norm("running_mean", Role::Mean),
            norm("running_var", Role::Variance),
        ]);
        channels = width;
    }
    channels
}

fn push_convolution(slots: &mut Vec<Slot>, prefix: &str, from: usize, to: usize, kernel: usize) {
    slots.push(Slot::new(format!("{prefix}.weight"), vec![to, from, kernel, kernel, kernel], Role::Kernel));
    slots.push(Slot::new(format!("{prefix}.bias"), vec![to], Role::Shift));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_networks_have_the_published_number_of_values() {
        assert_eq!(Architecture::t2s().value_count(), 246_929);
        assert_eq!(Architecture::t2_ax().value_count(), 208_865);
    }

    #[test]
    fn channels_follow_the_published_plan() {
        let plan: Vec<[usize; 2]> = Architecture::t2s()
            .slots()
            .iter()
            .filter(|slot| slot.role == Role::Kernel)
            .map(|slot| [slot.shape[1], slot.shape[0]])
            .collect();
        let expected = [
            [1, 8],
            [8, 16],
            [16, 16],
            [16, 32],
            [32, 32],
            [32, 64],
            [96, 32],
            [32, 32],
            [48, 16],
            [16, 16],
            [16, 1],
        ];
        assert_eq!(plan, expected);
    }

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
    fn unknown_keys_in_a_description_are_refused() {
        assert!(toml::from_str::<Architecture>("kind = 'unet3d'\ndepth = 3\nbase = 8\nbases = 2").is_err());
        assert_eq!(toml::from_str::<Architecture>("depth = 3\nbase = 8").unwrap(), Architecture::t2s());
    }
}
