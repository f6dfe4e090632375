//! Lesions by size: small ones are hard to find, and a few large ones hide that.

use serde::{Deserialize, Serialize};

use super::{Lesion, SubjectScores};

/// Lower ends (mm3) of the size bins; the last has no upper end.
pub const SIZE_EDGES_MM3: [f64; 4] = [0.0, 20.0, 100.0, 500.0];

/// Lesions of one size over a cohort.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SizeBin {
    /// Smallest volume in the bin, mm3.
    pub from_mm3: f64,
    /// The next bin's smallest volume, mm3; none for the last.
    pub to_mm3: Option<f64>,
    /// Reference lesions of this size.
    pub reference: usize,
    /// Those of them that were found.
    pub found: usize,
    /// Predicted components of this size.
    pub predicted: usize,
    /// Those of them that touch no reference voxel.
    pub false_predicted: usize,
}

impl SizeBin {
    /// Found / reference lesions of this size.
    pub fn sensitivity(&self) -> Option<f64> {
        (self.reference > 0).then(|| self.found as f64 / self.reference as f64)
    }

    fn count(&mut self, subject: &SubjectScores) {
        let bin = *self;
        let holds = |lesion: &&Lesion| {
            lesion.volume_mm3 >= bin.from_mm3 && bin.to_mm3.is_none_or(|to| lesion.volume_mm3 < to)
        };
        for lesion in subject.scores.lesion.reference.iter().filter(holds) {
            self.reference += 1;
            self.found += usize::from(lesion.matched);
        }
        for lesion in subject.scores.lesion.predicted.iter().filter(holds) {
            self.predicted += 1;
            self.false_predicted += usize::from(!lesion.matched);
        }
    }
}

/// Counts the lesions of all subjects by size.
pub(super) fn by_size(subjects: &[SubjectScores]) -> Vec<SizeBin> {
    let mut bins: Vec<SizeBin> = SIZE_EDGES_MM3
        .iter()
        .enumerate()
        .map(|(i, from)| SizeBin {
            from_mm3: *from,
            to_mm3: SIZE_EDGES_MM3.get(i + 1).copied(),
            reference: 0,
            found: 0,
            predicted: 0,
            false_predicted: 0,
        })
        .collect();
    bins.iter_mut().for_each(|bin| subjects.iter().for_each(|subject| bin.count(subject)));
    bins
}
