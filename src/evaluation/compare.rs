//! Everything that is measured of one prediction, and the one table of measures that reports, summaries and screens read.

use serde::{Deserialize, Serialize};

use crate::volume::{Grid, Volume};

use super::{EvaluationError, LesionScores, SurfaceDistances, VoxelScores};

/// Scores of one prediction against its reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Voxel by voxel, and the volumes.
    #[serde(flatten)]
    pub voxel: VoxelScores,
    /// Surface distances; none when only one mask is empty.
    pub surface: Option<SurfaceDistances>,
    /// Lesion by lesion.
    pub lesion: LesionScores,
}

/// One number of [`Scores`] with its name; higher is better except for distances and errors.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Column in reports, with its unit.
    pub name: &'static str,
    /// The number, when it is defined.
    pub value: fn(&Scores) -> Option<f64>,
}

/// Every measure, in the order in which they are shown.
pub const MEASURES: [Measure; 14] = [
    Measure { name: "dice", value: |s| Some(s.voxel.dice) },
    Measure { name: "sensitivity", value: |s| Some(s.voxel.sensitivity) },
    Measure { name: "ppv", value: |s| Some(s.voxel.ppv) },
    Measure { name: "relative_volume_error", value: |s| s.voxel.relative_volume_error },
    Measure { name: "lesion_sensitivity", value: |s| s.lesion.sensitivity },
    Measure { name: "lesion_ppv", value: |s| Some(s.lesion.ppv) },
    Measure { name: "lesion_f1", value: |s| Some(s.lesion.f1) },
    Measure { name: "hausdorff95_mm", value: |s| s.surface.map(|d| d.hausdorff95_mm) },
    Measure { name: "mean_surface_distance_mm", value: |s| s.surface.map(|d| d.mean_mm) },
    Measure { name: "reference_mm3", value: |s| Some(s.voxel.reference_mm3) },
    Measure { name: "predicted_mm3", value: |s| Some(s.voxel.predicted_mm3) },
    Measure { name: "reference_lesions", value: |s| Some(s.lesion.reference.len() as f64) },
    Measure { name: "missed_lesions", value: |s| Some(s.lesion.missed() as f64) },
    Measure { name: "false_lesions", value: |s| Some(s.lesion.invented() as f64) },
];

impl Scores {
    /// Whether the reference marks nothing: a healthy control, counted on its own.
    pub fn is_control(&self) -> bool {
        self.lesion.reference.is_empty()
    }
}

/// Compares masks (not 0 = inside) of the same voxels; the prediction may be stored in another axis order or direction.
pub fn compare(predicted: &Volume<u8>, reference: &Volume<u8>) -> Result<Scores, EvaluationError> {
    let predicted = predicted.reoriented(reference.grid.orientation());
    same_voxels(&predicted.grid, &reference.grid)?;
    // One grid from here on: lengths and volumes are the reference's.
    let predicted = Volume { grid: reference.grid, ..predicted };
    let (p, r) = (predicted.data.view(), reference.data.view());
    Ok(Scores {
        voxel: VoxelScores::of(&p, &r, reference.grid.voxel_volume()),
        surface: SurfaceDistances::of(&p, &r, reference.grid.spacing()),
        lesion: LesionScores::of(&predicted, reference),
    })
}

/// Refuses grids of different shape, and headers that put any corner half a voxel or more apart.
fn same_voxels(a: &Grid, b: &Grid) -> Result<(), EvaluationError> {
    let Some(difference) = a.difference(b) else { return Ok(()) };
    let apart = || {
        let map = a.voxel_to(b)?;
        let corner =
            |n: usize, axis: usize| if n >> axis & 1 == 1 { (a.shape[axis] - 1) as f64 } else { 0.0 };
        let shift = (0..8).flat_map(|n| {
            let from: [f64; 3] = std::array::from_fn(|axis| corner(n, axis));
            let to = map.apply(from);
            (0..3).map(move |axis| (to[axis] - from[axis]).abs())
        });
        Some(shift.fold(0.0, f64::max))
    };
    let near = difference.shapes.is_none() && apart().is_some_and(|voxels| voxels < 0.5);
    if near { Ok(()) } else { Err(EvaluationError::Grids(difference)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;

    fn mask() -> Volume<u8> {
        let grid = Grid { shape: [8, 9, 10], affine: Affine::scaling([0.5, 0.5, 3.0], [0.0; 3]) };
        let mut mask = Volume::filled(grid, 0);
        (2..6).for_each(|k| mask.data[[3, 4, k]] = 1);
        mask
    }

    #[test]
    fn a_perfect_prediction_in_any_orientation() {
        for code in ["LPI", "AIL", "SRP"] {
            let scores = compare(&mask().reoriented(code.parse().unwrap()), &mask()).unwrap();
            let best = ["dice", "sensitivity", "ppv", "lesion_sensitivity", "lesion_ppv", "lesion_f1"];
            for measure in MEASURES.iter().filter(|m| best.contains(&m.name)) {
                assert_eq!((measure.value)(&scores), Some(1.0), "{}", measure.name);
            }
            assert_eq!(scores.surface, Some(SurfaceDistances { hausdorff95_mm: 0.0, mean_mm: 0.0 }));
            assert!(!scores.is_control());
        }
    }

    #[test]
    fn slightly_different_headers_pass_and_other_places_do_not() {
        let mut near = mask();
        near.grid.affine.0[0][3] += 0.2;
        assert!(compare(&near, &mask()).is_ok());
        near.grid.affine.0[0][3] += 0.1;
        let message = compare(&near, &mask()).unwrap_err().to_string();
        assert!(message.contains("origin by 0.300 mm") && message.contains("resample"), "{message}");
        let small = Volume::filled(Grid { shape: [8, 9, 9], ..mask().grid }, 0);
        assert!(compare(&small, &mask()).is_err());
    }
}
