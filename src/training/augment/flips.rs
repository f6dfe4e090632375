//! Turning axes of a patch round.

use ndarray::{Array3, Axis};
use rand::Rng;

use super::{AugmentConfig, Dice, Stream};

/// Which axes of a patch are turned round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flips([bool; 3]);

impl Flips {
    /// Draws each axis with its own probability; an axis that is off still takes its number, so that switching one off
    /// leaves the others as they were.
    pub(super) fn draw(config: &AugmentConfig, dice: Dice) -> Self {
        let mut rng = dice.of(Stream::Flips);
        Self([config.flip_x, config.flip_y, config.flip_z].map(|p| rng.random::<f64>() < p))
    }

    /// Turns the array's axes round in place (a change of strides, no copy).
    pub(super) fn apply<T>(self, array: &mut Array3<T>) {
        for (axis, flip) in self.0.into_iter().enumerate() {
            if flip {
                array.invert_axis(Axis(axis));
            }
        }
    }

    /// In words, when there is one.
    pub(super) fn words(self) -> Option<String> {
        let axes: Vec<&str> =
            ["x", "y", "z"].into_iter().zip(self.0).filter_map(|(axis, flip)| flip.then_some(axis)).collect();
        (!axes.is_empty()).then(|| format!("flipped along {}", axes.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(config: &AugmentConfig, patches: u64) -> Vec<[bool; 3]> {
        (0..patches).map(|item| Flips::draw(config, Dice { seed: 5, epoch: 1, item }).0).collect()
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
        let off = AugmentConfig { flip_x: 0.0, flip_y: 0.0, flip_z: 0.0, ..Default::default() };
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
