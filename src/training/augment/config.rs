//! The `[augment]` section: how likely each change is and how far it may go. A key that is not given has the value of the
//! section's `preset`; so a file names what differs, and a frozen run names everything.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Values to begin from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AugmentPreset {
    /// Patches as they are.
    None,
    /// The recipe: each axis turned round in half of the patches.
    #[default]
    Flips,
    /// Every change, now and then and mildly.
    Standard,
    /// Every change, often and further: for few subjects, or scanners that were not in the training data.
    Strong,
}

/// Random changes of training patches. The first key of each change is its probability, 0 to 1; the others say how far it may
/// go, drawn uniformly between nothing and that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct AugmentConfig {
    /// Where the values that are not given come from.
    pub preset: AugmentPreset,
    /// Probability of a flip along x (right-left).
    pub flip_x: f64,
    /// Probability of a flip along y (anterior-posterior).
    pub flip_y: f64,
    /// Probability of a flip along z (superior-inferior).
    pub flip_z: f64,
    /// Probability of a rotation, scaling and shift together.
    pub affine: f64,
    /// Most rotation about the cord (z), degrees either way.
    pub rotation_deg: f64,
    /// Most rotation about x and about y, degrees either way.
    pub tilt_deg: f64,
    /// Most scaling: sizes are multiplied by a factor between 1 / (1 + scale) and 1 + scale.
    pub scale: f64,
    /// Most shift along each axis, mm either way.
    pub shift_mm: f64,
    /// Probability of a smooth random deformation.
    pub elastic: f64,
    /// Most displacement along each axis, mm.
    pub elastic_mm: f64,
    /// Distance of the points that are displaced at random, mm; the smaller, the more crinkled.
    pub elastic_grid_mm: f64,
    /// Probability of a gamma.
    pub gamma: f64,
    /// Its exponent lies between 1 / (1 + range) and 1 + range, between the patch's darkest and brightest voxel.
    pub gamma_range: f64,
    /// Probability of a change of contrast.
    pub contrast: f64,
    /// Differences from the patch's mean are multiplied by a factor between 1 / (1 + range) and 1 + range.
    pub contrast_range: f64,
    /// Probability of a bias field.
    pub bias: f64,
    /// The signal is multiplied by a smooth field between 1 / (1 + range) and 1 + range.
    pub bias_range: f64,
    /// Probability of a blur.
    pub blur: f64,
    /// Most standard deviation of the Gaussian, mm.
    pub blur_mm: f64,
    /// Probability of noise.
    pub noise: f64,
    /// Most standard deviation of the noise, where 1 is that of the training crops.
    pub noise_std: f64,
    /// Probability of a lower resolution, of the slices or in the plane.
    pub low_resolution: f64,
    /// Most times as large as the crop's voxels, 1 or more.
    pub low_resolution_factor: f64,
}

impl AugmentPreset {
    /// Its values.
    pub fn values(self) -> AugmentConfig {
        match self {
            Self::None => AugmentConfig { preset: self, ..flips(0.0) },
            Self::Flips => flips(0.5),
            Self::Standard => AugmentConfig {
                preset: self,
                affine: 0.5,
                elastic: 0.3,
                gamma: 0.3,
                contrast: 0.3,
                bias: 0.3,
                blur: 0.2,
                noise: 0.3,
                low_resolution: 0.2,
                ..flips(0.5)
            },
            Self::Strong => strong(),
        }
    }
}

/// Flips alone; the other changes wait with mild strengths for a probability.
fn flips(probability: f64) -> AugmentConfig {
    AugmentConfig {
        preset: AugmentPreset::Flips,
        flip_x: probability,
        flip_y: probability,
        flip_z: probability,
        affine: 0.0,
        rotation_deg: 15.0,
        tilt_deg: 5.0,
        scale: 0.1,
        shift_mm: 1.0,
        elastic: 0.0,
        elastic_mm: 1.0,
        elastic_grid_mm: 8.0,
        gamma: 0.0,
        gamma_range: 0.3,
        contrast: 0.0,
        contrast_range: 0.25,
        bias: 0.0,
        bias_range: 0.3,
        blur: 0.0,
        blur_mm: 0.4,
        noise: 0.0,
        noise_std: 0.15,
        low_resolution: 0.0,
        low_resolution_factor: 2.5,
    }
}

fn strong() -> AugmentConfig {
    AugmentConfig {
        preset: AugmentPreset::Strong,
        affine: 0.8,
        rotation_deg: 30.0,
        tilt_deg: 10.0,
        scale: 0.25,
        shift_mm: 2.0,
        elastic: 0.5,
        elastic_mm: 2.0,
        gamma: 0.5,
        gamma_range: 0.5,
        contrast: 0.5,
        contrast_range: 0.5,
        bias: 0.5,
        bias_range: 0.6,
        blur: 0.3,
        blur_mm: 0.7,
        noise: 0.5,
        noise_std: 0.3,
        low_resolution: 0.4,
        low_resolution_factor: 4.0,
        ..flips(0.5)
    }
}

impl Default for AugmentConfig {
    fn default() -> Self {
        AugmentPreset::default().values()
    }
}

impl Serialize for AugmentConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for AugmentConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = toml::Table::deserialize(deserializer)?;
        let preset = given.get("preset").map(|name| AugmentPreset::deserialize(name.clone()));
        let preset = preset.transpose().map_err(D::Error::custom)?.unwrap_or_default();
        let mut all = toml::Table::try_from(preset.values()).map_err(D::Error::custom)?;
        all.extend(given);
        Self::deserialize(toml::Value::Table(all)).map_err(|e| D::Error::custom(e.message()))
    }
}

impl AugmentConfig {
    /// The first key whose value cannot be, and what is allowed.
    pub(in super::super) fn refusal(&self) -> Option<(&'static str, &'static str)> {
        let shares = [
            ("augment.flip_x", self.flip_x),
            ("augment.flip_y", self.flip_y),
            ("augment.flip_z", self.flip_z),
            ("augment.affine", self.affine),
            ("augment.elastic", self.elastic),
            ("augment.gamma", self.gamma),
            ("augment.contrast", self.contrast),
            ("augment.bias", self.bias),
            ("augment.blur", self.blur),
            ("augment.noise", self.noise),
            ("augment.low_resolution", self.low_resolution),
        ];
        first_outside(&shares, 0.0..=1.0, "must be between 0 and 1").or_else(|| self.strength_refusal())
    }

    fn strength_refusal(&self) -> Option<(&'static str, &'static str)> {
        let angles = [("augment.rotation_deg", self.rotation_deg), ("augment.tilt_deg", self.tilt_deg)];
        let ranges = [
            ("augment.scale", self.scale),
            ("augment.gamma_range", self.gamma_range),
            ("augment.contrast_range", self.contrast_range),
            ("augment.bias_range", self.bias_range),
        ];
        let lengths = [
            ("augment.shift_mm", self.shift_mm),
            ("augment.blur_mm", self.blur_mm),
            ("augment.noise_std", self.noise_std),
        ];
        let factor = [("augment.low_resolution_factor", self.low_resolution_factor)];
        let grid = [("augment.elastic_grid_mm", self.elastic_grid_mm)];
        let bend = [("augment.elastic_mm", self.elastic_mm)];
        first_outside(&angles, 0.0..=180.0, "must be between 0 and 180")
            .or_else(|| first_outside(&ranges, 0.0..=4.0, "must be between 0 and 4"))
            .or_else(|| first_outside(&lengths, 0.0..=20.0, "must be between 0 and 20"))
            .or_else(|| first_outside(&factor, 1.0..=16.0, "must be between 1 and 16"))
            .or_else(|| first_outside(&grid, 2.0..=100.0, "must be between 2 and 100"))
            // Beyond this a cubic B-spline can fold space (Choi & Lee 2000).
            .or_else(|| {
                let most = 0.4 * self.elastic_grid_mm;
                first_outside(
                    &bend,
                    0.0..=most,
                    "must be between 0 and 0.4 times augment.elastic_grid_mm, or tissue would fold",
                )
            })
    }
}

fn first_outside(
    values: &[(&'static str, f64)],
    allowed: std::ops::RangeInclusive<f64>,
    message: &'static str,
) -> Option<(&'static str, &'static str)> {
    values.iter().find(|(_, value)| !allowed.contains(value)).map(|(key, _)| (*key, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AugmentConfig, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn what_is_not_given_comes_from_the_preset() {
        assert_eq!(read("").unwrap(), AugmentConfig::default());
        assert_eq!(read("flip_x = 0.25").unwrap(), AugmentConfig { flip_x: 0.25, ..Default::default() });
        let strong = AugmentPreset::Strong.values();
        assert_eq!(read("noise = 0.1\npreset = \"strong\"").unwrap(), AugmentConfig { noise: 0.1, ..strong });
        let none = read("preset = \"none\"").unwrap();
        assert_eq!((none.flip_x, none.affine, none.preset), (0.0, 0.0, AugmentPreset::None));
    }

    #[test]
    fn a_frozen_section_says_everything_and_reads_back() {
        for preset in
            [AugmentPreset::None, AugmentPreset::Flips, AugmentPreset::Standard, AugmentPreset::Strong]
        {
            let text = toml::to_string(&preset.values()).unwrap();
            assert!(text.contains("elastic_grid_mm"), "{text}");
            assert_eq!(read(&text).unwrap(), preset.values());
            assert_eq!(preset.values().preset, preset);
            assert_eq!(preset.values().refusal(), None);
        }
    }

    #[test]
    fn unknown_keys_and_presets_are_named() {
        assert!(read("nois = 0.1").unwrap_err().to_string().contains("nois"));
        assert!(read("preset = \"wild\"").unwrap_err().to_string().contains("wild"));
    }

    #[test]
    fn what_cannot_be_is_refused_by_its_key() {
        let refusal = |change: fn(&mut AugmentConfig)| {
            let mut config = AugmentConfig::default();
            change(&mut config);
            config.refusal().unwrap()
        };
        assert_eq!(refusal(|c| c.noise = 1.5).0, "augment.noise");
        assert_eq!(refusal(|c| c.rotation_deg = f64::NAN).0, "augment.rotation_deg");
        assert_eq!(refusal(|c| c.low_resolution_factor = 0.5).0, "augment.low_resolution_factor");
        assert!(refusal(|c| c.elastic_mm = 4.0).1.contains("fold"));
    }
}
