//! Voxel-wise agreement of two masks.

use ndarray::{ArrayView3, Zip};
use serde::{Deserialize, Serialize};

use crate::volume::dice;

/// Voxel-wise scores of a prediction. With both masks empty all agreement is 1; with only one of them empty it is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoxelScores {
    /// `2 |P and R| / (|P| + |R|)`, 0..1.
    pub dice: f64,
    /// `|P and R| / |R|`, 0..1.
    pub sensitivity: f64,
    /// Positive predictive value `|P and R| / |P|`, 0..1.
    pub ppv: f64,
    /// `(|P| - |R|) / |R|`: negative when too little is predicted. 0 with both empty, none when only the reference is.
    pub relative_volume_error: Option<f64>,
    /// Volume of the reference, mm3.
    pub reference_mm3: f64,
    /// Volume of the prediction, mm3.
    pub predicted_mm3: f64,
}

impl VoxelScores {
    /// Compares masks (not 0 = inside) of one shape; `voxel_mm3` is the volume of a voxel.
    pub fn of(predicted: &ArrayView3<'_, u8>, reference: &ArrayView3<'_, u8>, voxel_mm3: f64) -> Self {
        let (mut both, mut p, mut r) = (0usize, 0usize, 0usize);
        Zip::from(predicted).and(reference).for_each(|a, b| {
            both += usize::from(*a != 0 && *b != 0);
            p += usize::from(*a != 0);
            r += usize::from(*b != 0);
        });
        Self {
            dice: dice(both, p, r),
            sensitivity: fraction(both, r, p),
            ppv: fraction(both, p, r),
            relative_volume_error: match (p, r) {
                (0, 0) => Some(0.0),
                (_, 0) => None,
                _ => Some((p as f64 - r as f64) / r as f64),
            },
            reference_mm3: r as f64 * voxel_mm3,
            predicted_mm3: p as f64 * voxel_mm3,
        }
    }
}

/// `both / of`; of nothing: 1 when the other mask is empty too, else 0.
fn fraction(both: usize, of: usize, other: usize) -> f64 {
    match (of, other) {
        (0, 0) => 1.0,
        (0, _) => 0.0,
        _ => both as f64 / of as f64,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    fn scores(predicted: &[u8], reference: &[u8]) -> VoxelScores {
        let line = |v: &[u8]| Array3::from_shape_vec((v.len(), 1, 1), v.to_vec()).unwrap();
        VoxelScores::of(&line(predicted).view(), &line(reference).view(), 0.5)
    }

    #[test]
    fn by_hand() {
        let s = scores(&[1, 1, 1, 0, 0], &[0, 1, 1, 1, 1]);
        assert_eq!((s.dice, s.sensitivity, s.ppv), (4.0 / 7.0, 0.5, 2.0 / 3.0));
        assert_eq!(s.relative_volume_error, Some(-0.25), "negative: too little was predicted");
        assert_eq!((s.reference_mm3, s.predicted_mm3), (2.0, 1.5));
    }

    #[test]
    fn empty_masks_by_convention() {
        let agree = |s: VoxelScores| (s.dice, s.sensitivity, s.ppv, s.relative_volume_error);
        assert_eq!(agree(scores(&[0, 0], &[0, 0])), (1.0, 1.0, 1.0, Some(0.0)));
        assert_eq!(agree(scores(&[1, 0], &[0, 0])), (0.0, 0.0, 0.0, None));
        assert_eq!(agree(scores(&[0, 0], &[1, 0])), (0.0, 0.0, 0.0, Some(-1.0)));
    }
}
