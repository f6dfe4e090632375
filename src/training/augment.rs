//! Random changes of training patches. Stateless: what happens to a patch follows from (seed, epoch, patch) alone, so it is
//! the same for any number of threads, after a resume, and whether or not other changes are on.

use ndarray::{Array3, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::AugmentConfig;

/// Domains of randomness, so that two uses of one seed share nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Order = 1,
    Flips = 2,
}

/// The random numbers of one use, in one epoch, for one item.
pub(crate) fn random(seed: u64, stream: Stream, epoch: u32, item: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    let words = [seed, stream as u64, u64::from(epoch), item];
    for (to, word) in key.chunks_exact_mut(8).zip(words) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Which axes of a patch are turned round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flips([bool; 3]);

impl Flips {
    /// Draws each axis with its own probability; an axis that is off still takes its number, so that switching one off
    /// leaves the others as they were.
    pub(crate) fn draw(config: &AugmentConfig, seed: u64, epoch: u32, patch: u64) -> Self {
        let mut rng = random(seed, Stream::Flips, epoch, patch);
        Self([config.flip_x, config.flip_y, config.flip_z].map(|p| rng.random::<f64>() < p))
    }

    /// Turns the array's axes round in place (a change of strides, no copy).
    pub(crate) fn apply<T>(self, array: &mut Array3<T>) {
        for (axis, flip) in self.0.into_iter().enumerate() {
            if flip {
                array.invert_axis(Axis(axis));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(config: &AugmentConfig, patches: u64) -> Vec<[bool; 3]> {
        (0..patches).map(|patch| Flips::draw(config, 5, 1, patch).0).collect()
    }

    #[test]
    fn each_axis_is_flipped_about_half_the_time_and_independently() {
        let draws = drawn(&AugmentConfig::default(), 4000);
        for pattern in 0..8 {
            let wanted = [0, 1, 2].map(|axis| pattern >> axis & 1 == 1);
            let share = draws.iter().filter(|flips| **flips == wanted).count() as f64 / 4000.0;
            assert!((share - 0.125).abs() < 0.03, "{wanted:?}: {share}");
        }
    }

    #[test]
    fn off_is_off_and_leaves_the_other_axes_alone() {
        let off = AugmentConfig { flip_x: 0.0, flip_y: 0.0, flip_z: 0.0 };
        assert!(drawn(&off, 200).iter().all(|flips| *flips == [false; 3]));
        let without_x = AugmentConfig { flip_x: 0.0, ..Default::default() };
        for (all, some) in drawn(&AugmentConfig::default(), 200).iter().zip(drawn(&without_x, 200)) {
            assert_eq!([all[1], all[2]], [some[1], some[2]]);
        }
    }

    #[test]
    fn a_flip_turns_its_own_axis() {
        let original = Array3::from_shape_fn((2, 3, 4), |(x, y, z)| x * 100 + y * 10 + z);
        let mut turned = original.clone();
        Flips([true, false, true]).apply(&mut turned);
        assert_eq!(turned[[0, 1, 0]], original[[1, 1, 3]]);
    }
}
