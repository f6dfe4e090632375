//! How far a curve is from the truth.

use deepseg::centerline::Curve;
use serde::Serialize;

use super::cases::Case;

/// Distances of one curve.
#[derive(Clone, Serialize)]
pub struct Outcome {
    /// Mean and largest distance, mm, over the slices that have both; `None` without any.
    pub mean: Option<f64>,
    pub max: Option<f64>,
    /// Share of the slices with truth on which the curve lies within the mask (within 4 mm of the centre without one).
    pub coverage: f64,
}

/// One answer to one case.
#[derive(Clone, Serialize)]
pub struct Score {
    /// `None`: the method answered that it found no cord.
    pub outcome: Option<Outcome>,
    pub confidence: f32,
    pub reasons: Vec<String>,
    pub seconds: f64,
}

impl Score {
    pub fn of(case: &Case, curve: Option<&Curve>, seconds: f64) -> Score {
        let reasons = curve.and_then(|c| c.confidence.as_ref()).map(|c| c.reasons.clone());
        Score {
            outcome: curve.map(|curve| outcome(case, curve)),
            confidence: curve.map_or(0.0, Curve::believed),
            reasons: reasons.unwrap_or_default(),
            seconds,
        }
    }
}

fn outcome(case: &Case, curve: &Curve) -> Outcome {
    let spacing = case.image.grid.spacing();
    let (mut distances, mut inside, mut slices) = (Vec::new(), 0, 0);
    for (z, truth) in case.truth.iter().enumerate() {
        let Some(truth) = truth else { continue };
        slices += 1;
        let Some(at) = curve.at(z) else { continue };
        let far = ((at[0] - truth[0]) * spacing[0]).hypot((at[1] - truth[1]) * spacing[1]);
        distances.push(far);
        let within = |mask: &deepseg::volume::Volume<u8>| {
            let voxel = at.map(|v| v.round().max(0.0) as usize);
            mask.data.get([voxel[0], voxel[1], z]).is_some_and(|v| *v > 0)
        };
        inside += usize::from(
            case.mask
                .as_ref()
                .filter(|m| m.data.iter().filter(|v| **v > 0).count() > 2 * slices)
                .map_or(far < 4.0, within),
        );
    }
    let mean = (!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64);
    let max = distances.iter().copied().fold(None, |most: Option<f64>, d| Some(most.map_or(d, |m| m.max(d))));
    Outcome { mean, max, coverage: f64::from(inside as u32) / f64::from(slices.max(1) as u32) }
}
