//! Lesion-wise agreement: 6-connected components found, missed and invented, as the SCT group's MetricsReloaded fork counts.

use ndarray::ArrayView3;
use serde::{Deserialize, Serialize};

use crate::volume::{Components, Connectivity, Grid, Millimetres, Volume};

/// A reference lesion is found when at least this fraction of its voxels is predicted.
const FOUND_FRACTION: f64 = 0.1;

/// The world's inferior to superior axis, along which a lesion's length is measured.
const SUPERIOR: usize = 2;

/// One component of the reference or of the prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lesion {
    /// Volume, mm3.
    pub volume_mm3: f64,
    /// Extent along the voxel axis nearest to the body's long axis, mm: slices spanned times their spacing.
    pub length_mm: f64,
    /// World position (RAS+ mm) of its centre of mass.
    pub centre: Millimetres,
    /// Fraction of its voxels that are inside the other mask.
    pub overlap: f64,
    /// A reference lesion: found (`overlap` is at least 0.1). A predicted one: true (it touches the reference).
    pub matched: bool,
}

/// Lesion-wise scores of a prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LesionScores {
    /// Found / all reference lesions. 1 with both masks empty, none when only the reference is.
    pub sensitivity: Option<f64>,
    /// Found / (found + false). 1 with both masks empty, 0 when nothing is found.
    pub ppv: f64,
    /// `found / (found + (false + missed) / 2)`. 1 with both masks empty.
    pub f1: f64,
    /// Every reference lesion.
    pub reference: Vec<Lesion>,
    /// Every predicted component.
    pub predicted: Vec<Lesion>,
}

impl LesionScores {
    /// Compares masks (not 0 = inside) that lie on one grid.
    pub fn of(predicted: &Volume<u8>, reference: &Volume<u8>) -> Self {
        let found = lesions(reference, &predicted.data.view(), |overlap| overlap >= FOUND_FRACTION);
        let drawn = lesions(predicted, &reference.data.view(), |overlap| overlap > 0.0);
        let mut scores =
            Self { sensitivity: Some(1.0), ppv: 1.0, f1: 1.0, reference: found, predicted: drawn };
        if !scores.reference.is_empty() || !scores.predicted.is_empty() {
            let [tp, fn_, fp] = [scores.found(), scores.missed(), scores.invented()].map(|n| n as f64);
            scores.sensitivity = (!scores.reference.is_empty()).then(|| tp / (tp + fn_));
            scores.ppv = if tp > 0.0 { tp / (tp + fp) } else { 0.0 };
            scores.f1 = if tp > 0.0 { tp / (tp + (fp + fn_) / 2.0) } else { 0.0 };
        }
        scores
    }

    /// Reference lesions that were found.
    pub fn found(&self) -> usize {
        self.reference.iter().filter(|l| l.matched).count()
    }

    /// Reference lesions that were missed.
    pub fn missed(&self) -> usize {
        self.reference.len() - self.found()
    }

    /// Predicted components that touch no reference voxel.
    pub fn invented(&self) -> usize {
        self.predicted.iter().filter(|l| !l.matched).count()
    }
}

/// The components of a mask, in the order of [`Components`], with their share in `other`.
fn lesions(mask: &Volume<u8>, other: &ArrayView3<'_, u8>, matches: impl Fn(f64) -> bool) -> Vec<Lesion> {
    let components = Components::of(&mask.data.view(), Connectivity::Faces);
    let mut tallies = vec![Tally::default(); components.count()];
    for ((i, j, k), label) in components.labels.indexed_iter().filter(|(_, label)| **label > 0) {
        tallies[*label as usize - 1].add([i, j, k], other[[i, j, k]] != 0);
    }
    tallies.iter().map(|tally| tally.lesion(&mask.grid, &matches)).collect()
}

/// What is counted of one component, voxel by voxel.
#[derive(Clone, Default)]
struct Tally {
    voxels: usize,
    shared: usize,
    sum: [f64; 3],
    range: Option<([usize; 3], [usize; 3])>,
}

impl Tally {
    fn add(&mut self, voxel: [usize; 3], shared: bool) {
        self.voxels += 1;
        self.shared += usize::from(shared);
        let (mut low, mut high) = self.range.unwrap_or((voxel, voxel));
        for axis in 0..3 {
            self.sum[axis] += voxel[axis] as f64;
            low[axis] = low[axis].min(voxel[axis]);
            high[axis] = high[axis].max(voxel[axis]);
        }
        self.range = Some((low, high));
    }

    fn lesion(&self, grid: &Grid, matches: impl Fn(f64) -> bool) -> Lesion {
        let overlap = self.shared as f64 / self.voxels as f64;
        let long = grid.orientation().axis_along(SUPERIOR);
        let slices = self.range.map_or(0, |(low, high)| high[long] - low[long] + 1);
        Lesion {
            volume_mm3: self.voxels as f64 * grid.voxel_volume(),
            length_mm: slices as f64 * grid.spacing()[long],
            centre: grid.world(self.sum.map(|sum| sum / self.voxels as f64)),
            overlap,
            matched: matches(overlap),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;

    /// A mask of columns along x: each entry is (y, x range).
    fn mask(columns: &[(usize, std::ops::Range<usize>)]) -> Volume<u8> {
        let grid = Grid { shape: [40, 9, 1], affine: Affine::scaling([0.5, 0.5, 4.0], [0.0; 3]) };
        let mut mask = Volume::filled(grid, 0);
        for (y, range) in columns {
            range.clone().for_each(|x| mask.data[[x, *y, 0]] = 1);
        }
        mask
    }

    #[test]
    fn found_from_a_tenth_on_and_false_without_any_touch() {
        // Reference: 20, 20 and 10 voxels. Predicted: 2 of 20 (found), 1 of 20 (missed, but its component touches), none of
        // the 10, and one component in the void.
        let reference = mask(&[(0, 0..20), (2, 0..20), (4, 0..10)]);
        let predicted = mask(&[(0, 18..24), (2, 19..24), (6, 0..5)]);
        let scores = LesionScores::of(&predicted, &reference);
        assert_eq!((scores.found(), scores.missed(), scores.invented()), (1, 2, 1));
        assert_eq!(scores.sensitivity, Some(1.0 / 3.0));
        assert_eq!(scores.ppv, 0.5);
        assert_eq!(scores.f1, 1.0 / (1.0 + 1.5));
        assert_eq!(scores.reference.iter().map(|l| l.overlap).collect::<Vec<_>>(), [0.1, 0.05, 0.0]);
    }

    #[test]
    fn one_component_may_find_two_lesions() {
        let reference = mask(&[(0, 0..5), (2, 0..5)]);
        let predicted = mask(&[(0, 0..5), (1, 0..5), (2, 0..5)]);
        let scores = LesionScores::of(&predicted, &reference);
        assert_eq!((scores.sensitivity, scores.ppv, scores.f1), (Some(1.0), 1.0, 1.0));
        assert_eq!(scores.predicted.len(), 1);
    }

    #[test]
    fn empty_masks_by_convention() {
        let (none, some) = (mask(&[]), mask(&[(0, 0..5)]));
        let all = |s: LesionScores| (s.sensitivity, s.ppv, s.f1);
        assert_eq!(all(LesionScores::of(&none, &none)), (Some(1.0), 1.0, 1.0));
        assert_eq!(all(LesionScores::of(&some, &none)), (None, 0.0, 0.0));
        assert_eq!(all(LesionScores::of(&none, &some)), (Some(0.0), 0.0, 0.0));
    }

    #[test]
    fn sizes_are_in_millimetres_along_the_body_whatever_the_axes() {
        let grid = Grid { shape: [6, 6, 6], affine: Affine::scaling([0.5, 1.0, 3.0], [10.0, 20.0, 30.0]) };
        let mut volume = Volume::filled(grid, 0u8);
        (1..4).for_each(|k| volume.data[[2, 3, k]] = 1);
        for code in ["LPI", "SAR", "PIL"] {
            let turned = volume.reoriented(code.parse().unwrap());
            let lesion = LesionScores::of(&turned, &turned).reference[0];
            assert_eq!((lesion.volume_mm3, lesion.length_mm), (4.5, 9.0), "{code}");
            assert_eq!(lesion.centre, [11.0, 23.0, 36.0], "{code}");
        }
    }
}
