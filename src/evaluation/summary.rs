//! A cohort's scores in the form they are read: worst first, medians with quartiles, controls and sizes on their own.

use serde::{Deserialize, Serialize};

use super::bins::by_size;
use super::{Controls, MEASURES, Quartiles, Scores, SizeBin};

/// The scores of one scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubjectScores {
    /// The scan, as it is listed.
    pub scan: String,
    /// Its scores.
    #[serde(flatten)]
    pub scores: Scores,
}

/// Median and quartiles of one measure over the subjects with lesions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MeasureSummary {
    /// Name in [`MEASURES`].
    pub measure: String,
    /// None when no subject has a value.
    #[serde(flatten)]
    pub quartiles: Option<Quartiles>,
}

/// Everything that is said of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Subjects whose reference has a lesion.
    pub with_lesions: usize,
    /// Over those subjects, in the order of [`MEASURES`].
    pub measures: Vec<MeasureSummary>,
    /// Subjects without.
    pub controls: Controls,
    /// Lesions of all subjects by volume.
    pub by_size: Vec<SizeBin>,
    /// Every scan, worst Dice first; scans of equal Dice by lesion F1, then by name.
    pub subjects: Vec<SubjectScores>,
}

impl Summary {
    /// Quartiles of a measure by its name in [`MEASURES`].
    pub fn quartiles(&self, measure: &str) -> Option<Quartiles> {
        self.measures.iter().find(|m| m.measure == measure)?.quartiles
    }
}

/// Summarises the scores of a cohort.
pub fn summarise(subjects: &[SubjectScores]) -> Summary {
    let mut subjects = subjects.to_vec();
    subjects.sort_by(|a, b| {
        let (s, t) = (&a.scores, &b.scores);
        let by_dice = s.voxel.dice.total_cmp(&t.voxel.dice);
        by_dice.then(s.lesion.f1.total_cmp(&t.lesion.f1)).then(a.scan.cmp(&b.scan))
    });
    let ill: Vec<&Scores> = subjects.iter().map(|s| &s.scores).filter(|s| !s.is_control()).collect();
    let measures = MEASURES.iter().map(|measure| MeasureSummary {
        measure: measure.name.to_owned(),
        quartiles: Quartiles::of(ill.iter().filter_map(|scores| (measure.value)(scores)).collect()),
    });
    Summary {
        with_lesions: ill.len(),
        measures: measures.collect(),
        controls: Controls::among(&subjects),
        by_size: by_size(&subjects),
        subjects,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::evaluation::compare;
    use crate::volume::{Affine, Grid, Volume};

    /// Scores of lines of voxels (1 mm3 each): `predicted` and `reference` are ranges along x, one lesion each.
    pub(crate) fn subject(
        scan: &str,
        predicted: std::ops::Range<usize>,
        reference: std::ops::Range<usize>,
    ) -> SubjectScores {
        let grid = Grid { shape: [200, 1, 1], affine: Affine::IDENTITY };
        let line = |range: std::ops::Range<usize>| {
            let mut mask = Volume::filled(grid, 0u8);
            range.for_each(|x| mask.data[[x, 0, 0]] = 1);
            mask
        };
        SubjectScores { scan: scan.into(), scores: compare(&line(predicted), &line(reference)).unwrap() }
    }

    fn cohort() -> Vec<SubjectScores> {
        vec![
            subject("good", 0..10, 0..10),
            subject("half", 0..10, 5..15),
            subject("missed", 0..0, 0..30),
            subject("healthy", 0..0, 0..0),
            subject("haunted", 40..64, 0..0),
        ]
    }

    #[test]
    fn worst_first_and_controls_apart() {
        let summary = summarise(&cohort());
        let order: Vec<_> = summary.subjects.iter().map(|s| s.scan.as_str()).collect();
        assert_eq!(order, ["haunted", "missed", "half", "good", "healthy"]);
        assert_eq!(summary.with_lesions, 3);
        let dice = summary.quartiles("dice").unwrap();
        assert_eq!((dice.count, dice.q1, dice.median, dice.q3), (3, 0.25, 0.5, 0.75));
        let controls = summary.controls;
        assert_eq!((controls.subjects, controls.with_false_lesions, controls.false_lesions), (2, 1, 1));
        assert_eq!((controls.false_mm3, controls.false_lesions_each()), (24.0, Some(0.5)));
    }

    #[test]
    fn lesions_are_counted_by_their_size() {
        let bins = summarise(&cohort()).by_size;
        let counts: Vec<_> =
            bins.iter().map(|b| (b.reference, b.found, b.predicted, b.false_predicted)).collect();
        assert_eq!(counts, [(2, 2, 2, 0), (1, 0, 1, 1), (0, 0, 0, 0), (0, 0, 0, 0)]);
        assert_eq!(
            (bins[0].sensitivity(), bins[1].sensitivity(), bins[2].sensitivity()),
            (Some(1.0), Some(0.0), None)
        );
    }

    #[test]
    fn distances_count_only_where_there_are_two_surfaces() {
        assert_eq!(summarise(&cohort()).quartiles("hausdorff95_mm").unwrap().count, 2);
        assert_eq!(summarise(&[]).quartiles("dice"), None);
    }
}
