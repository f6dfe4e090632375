//! The ways to draw grey with characters, and how many samples a cell holds in each.

use serde::{Deserialize, Serialize};

/// A picture mode. Half-blocks on the 256-colour grey ramp are the default: most of the quality for the fewest bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Half-blocks, 26 greys of the xterm-256 palette.
    #[default]
    Half256,
    /// Half-blocks, 64 greys, truecolour.
    Half64,
    /// Half-blocks, 256 greys, truecolour.
    Rgb,
    /// Eight samples a cell, two greys of the xterm-256 palette; needs a font with octants.
    Octant,
    /// Ordered dither in braille dots, no colour needed.
    Braille,
    /// Plain letters, for terminals without Unicode.
    Ascii,
}

impl Mode {
    /// The next mode in the cycle; truecolour and octants only where the terminal is known to show them.
    pub(crate) fn next(self, truecolour: bool, octants: bool) -> Self {
        match self {
            Self::Half256 if truecolour => Self::Half64,
            Self::Half64 => Self::Rgb,
            Self::Half256 | Self::Rgb if octants => Self::Octant,
            Self::Half256 | Self::Rgb => Self::Braille,
            Self::Octant => Self::Braille,
            Self::Braille => Self::Ascii,
            Self::Ascii => Self::Half256,
        }
    }

    /// Samples across and down in one cell.
    pub(crate) fn samples(self) -> [usize; 2] {
        match self {
            Self::Half256 | Self::Half64 | Self::Rgb => [1, 2],
            Self::Octant | Self::Braille => [2, 4],
            Self::Ascii => [1, 1],
        }
    }

    /// True when the picture needs colours.
    pub fn needs_colour(self) -> bool {
        !matches!(self, Self::Braille | Self::Ascii)
    }

    /// The name people read.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Half256 => "half-blocks, 26 greys",
            Self::Half64 => "half-blocks, 64 greys",
            Self::Rgb => "half-blocks, 256 greys",
            Self::Octant => "octants",
            Self::Braille => "braille",
            Self::Ascii => "letters",
        }
    }
}
