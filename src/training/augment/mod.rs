//! Random changes of training patches. Stateless: what happens to a patch follows from (seed, epoch, patch) alone, so it is
//! the same for any number of threads, after a resume, and whether or not other changes are on.
//!
//! A patch is warped (image and mask together, each voxel sampled once), then changed as scanners differ: gamma, contrast, bias
//! field, blur, noise, low resolution; last it is flipped. Intensities are z-scored, so that "no signal" is not 0 but
//! [`Scanner::black`]; each change says what it works about.

mod changes;
mod config;
mod field;
mod filter;
mod flips;
mod intensity;
#[cfg(test)]
mod tests;
mod warp;

pub(crate) use changes::{Changes, Scanner};
pub use config::{AugmentConfig, AugmentPreset};

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Domains of randomness, so that two uses of one seed share nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Order = 1,
    Flips = 2,
    Foreground = 3,
    Affine = 4,
    Elastic = 5,
    Gamma = 6,
    Contrast = 7,
    Bias = 8,
    Blur = 9,
    Noise = 10,
    LowResolution = 11,
}

/// One use of the run's seed: what is drawn for one item in one epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dice {
    pub(crate) seed: u64,
    pub(crate) epoch: u32,
    pub(crate) item: u64,
}

impl Dice {
    /// The random numbers of one domain.
    pub(crate) fn of(self, stream: Stream) -> ChaCha8Rng {
        let mut key = [0; 32];
        let words = [self.seed, stream as u64, u64::from(self.epoch), self.item];
        for (to, word) in key.chunks_exact_mut(8).zip(words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(key)
    }
}
