//! Subjects without a lesion: what a model invents there is the only thing to count.

use serde::{Deserialize, Serialize};

use super::SubjectScores;

/// Predictions in subjects whose reference is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Controls {
    /// How many such subjects.
    pub subjects: usize,
    /// Those in whom anything was predicted.
    pub with_false_lesions: usize,
    /// Predicted components in all of them.
    pub false_lesions: usize,
    /// Predicted volume in all of them, mm3.
    pub false_mm3: f64,
}

impl Controls {
    /// Counts the controls among the subjects.
    pub(super) fn among(subjects: &[SubjectScores]) -> Self {
        let mut counted = Self::default();
        for scores in subjects.iter().map(|s| &s.scores).filter(|s| s.is_control()) {
            counted.subjects += 1;
            counted.with_false_lesions += usize::from(!scores.lesion.predicted.is_empty());
            counted.false_lesions += scores.lesion.predicted.len();
            counted.false_mm3 += scores.voxel.predicted_mm3;
        }
        counted
    }

    /// False lesions per control; `None` without controls.
    pub fn false_lesions_each(&self) -> Option<f64> {
        (self.subjects > 0).then(|| self.false_lesions as f64 / self.subjects as f64)
    }
}
