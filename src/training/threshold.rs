//! The probability above which a voxel is lesion, chosen where the model was not fitted.
//!
//! Every candidate is scored while predictions go by, one pass per subject, so that no prediction has to be kept.

/// Candidates lie every `1 / STEPS`, ends excluded.
const STEPS: usize = 20;
/// Index of the candidate 0.5.
const HALF: usize = STEPS / 2 - 1;

/// Dice of each candidate threshold, summed over subjects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ThresholdScores {
    sums: [f64; STEPS - 1],
    subjects: usize,
}

impl ThresholdScores {
    /// Counts a subject: probabilities against a 0/1 mask, voxel by voxel.
    ///
    /// Dice of `p >= threshold`; both empty is 1, an empty mask with a prediction 0.
    pub(crate) fn add(&mut self, voxels: impl Iterator<Item = (f32, bool)>) {
        let mut counts = [[0u64; STEPS]; 2];
        for (p, lesion) in voxels {
            counts[usize::from(lesion)][reached(p)] += 1;
        }
        let reference: u64 = counts[1].iter().sum();
        let (mut both, mut predicted) = (0, 0);
        for candidate in (0..STEPS - 1).rev() {
            both += counts[1][candidate + 1];
            predicted += counts[0][candidate + 1] + counts[1][candidate + 1];
            let total = predicted + reference;
            self.sums[candidate] += if total == 0 { 1.0 } else { 2.0 * both as f64 / total as f64 };
        }
        self.subjects += 1;
    }

    /// Mean Dice at 0.5; `None` without subjects.
    pub(crate) fn mean_at_half(&self) -> Option<f64> {
        self.mean(HALF)
    }

    /// The threshold with the highest mean Dice, and that Dice; of equals, the one nearest to 0.5.
    pub(crate) fn best(&self) -> Option<(f32, f64)> {
        let mut candidates: Vec<usize> = (0..STEPS - 1).collect();
        candidates.sort_by_key(|&candidate| candidate.abs_diff(HALF));
        let scored = candidates.into_iter().filter_map(|candidate| Some((candidate, self.mean(candidate)?)));
        let (candidate, dice) = scored.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
        Some((threshold(candidate), dice))
    }

    fn mean(&self, candidate: usize) -> Option<f64> {
        (self.subjects > 0).then(|| self.sums[candidate] / self.subjects as f64)
    }
}

fn threshold(candidate: usize) -> f32 {
    (candidate + 1) as f32 / STEPS as f32
}

/// How many candidates a probability reaches.
fn reached(p: f32) -> usize {
    // The product may round across a candidate; the comparison decides.
    let guess = ((p * STEPS as f32) as usize).min(STEPS - 1);
    match guess {
        _ if guess < STEPS - 1 && p >= threshold(guess) => guess + 1,
        1.. if p < threshold(guess - 1) => guess - 1,
        _ => guess,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scored(subjects: &[(&[f32], &[bool])]) -> ThresholdScores {
        let mut scores = ThresholdScores::default();
        subjects.iter().for_each(|(p, y)| scores.add(p.iter().copied().zip(y.iter().copied())));
        scores
    }

    #[test]
    fn the_threshold_separates_what_can_be_separated() {
        let y = [false, false, false, true, true];
        assert_eq!(scored(&[(&[0.1, 0.22, 0.28, 0.31, 0.9], &y)]).best(), Some((0.3, 1.0)));
    }

    #[test]
    fn a_tie_goes_to_one_half_and_nothing_gives_nothing() {
        assert_eq!(scored(&[(&[0.01, 0.99], &[false, true])]).best(), Some((0.5, 1.0)));
        assert_eq!(ThresholdScores::default().best(), None);
    }

    #[test]
    fn healthy_subjects_count_as_the_field_counts_them() {
        assert_eq!(scored(&[(&[0.1, 0.2], &[false, false])]).mean_at_half(), Some(1.0));
        assert_eq!(scored(&[(&[0.1, 0.9], &[false, false])]).mean_at_half(), Some(0.0));
        assert_eq!(scored(&[(&[0.1, 0.2], &[false, true])]).mean_at_half(), Some(0.0));
    }

    proptest! {
        #[test]
        fn binning_agrees_with_comparing(p in 0.0..=1.0f32, step in 0..=20u32) {
            for p in [p, step as f32 / 20.0] {
                let compared = (0..STEPS - 1).filter(|&candidate| p >= threshold(candidate)).count();
                prop_assert_eq!(reached(p), compared);
            }
        }
    }
}
