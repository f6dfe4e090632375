//! The choices a description offers, each a key of its TOML file. The first of each is what the published networks have.

use serde::{Deserialize, Serialize};

/// Key `norm`: over what a block's normalisation takes mean and variance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NormKind {
    /// Over batch and space while training, running moments (.99 old + .01 batch) after it; epsilon 1e-3 (Keras').
    #[default]
    Batch,
    /// Over the space of each sample and channel, in training and after it; epsilon 1e-5 (PyTorch's). No running moments.
    Instance,
}

/// Key `activation`: what follows a normalisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(0, x)`.
    #[default]
    Relu,
    /// `x` where positive, `0.01 x` elsewhere.
    LeakyRelu,
}

/// Key `down`: how one level leads to the next coarser one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Down {
    /// Maximum of each 2x2x2 cell.
    #[default]
    MaxPool,
    /// A 3x3x3 convolution of stride 2, padding 1, bias; as many channels as before.
    Strided,
}

/// Key `up`: how one level leads to the next finer one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Up {
    /// Every voxel repeated twice along each axis.
    #[default]
    Nearest,
    /// A 2x2x2 transposed convolution of stride 2 with bias, to the channels of the skip it joins.
    Transposed,
}

/// Numbers that convolutions multiply. Weights, normalisations, loss and optimiser are f32 with either.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 24 bits of mantissa.
    #[default]
    F32,
    /// 8 bits of mantissa, the range of f32: half the memory traffic and tensor cores on GPUs.
    Bf16,
}

impl NormKind {
    /// Added to the variance before the square root.
    pub(crate) fn epsilon(self) -> f64 {
        match self {
            Self::Batch => 1e-3,
            Self::Instance => 1e-5,
        }
    }
}

impl Activation {
    /// Slope below 0.
    pub(crate) fn slope(self) -> f32 {
        match self {
            Self::Relu => 0.0,
            Self::LeakyRelu => 0.01,
        }
    }
}
