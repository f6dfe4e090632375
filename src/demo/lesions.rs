//! Lesions: irregular ellipsoids that lie in the cord and bend with it. Knows the cord's outline, nothing of scanners.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::cord::Cord;
use super::noise::Noise;
use super::shapes::{cover, ellipsoid};
use super::spine::{Place, Spine};
use super::truth::readable;

/// How large a lesion is meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LesionSize {
    /// 1 to 2 mm across.
    Tiny,
    /// 3 to 5 mm long.
    Small,
    /// 7 to 12 mm long.
    Medium,
    /// About two vertebral segments.
    Long,
}

impl LesionSize {
    /// Ranges of the half-axes (mm): left-right, back-front, along.
    fn half_axes(self) -> [std::ops::Range<f64>; 3] {
        match self {
            Self::Tiny => [0.6..0.9, 0.6..0.9, 0.7..1.0],
            Self::Small => [1.0..1.6, 0.9..1.4, 1.6..2.6],
            Self::Medium => [1.5..2.4, 1.2..1.9, 3.5..6.0],
            Self::Long => [1.8..2.6, 1.3..1.8, 14.0..17.0],
        }
    }
}

/// One lesion in the spine's bent coordinates.
#[derive(Clone, Debug)]
pub(super) struct Lesion {
    pub(super) size: LesionSize,
    /// u, v (mm from the centerline) and world z.
    pub(super) center: [f64; 3],
    pub(super) half_axes: [f64; 3],
    /// How far the tissue has changed, 0..1: what the scanner sees, not what the mask says.
    pub(super) severity: f64,
    outline: Noise,
}

/// What a lesion measures: part of the cohort's truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LesionTruth {
    /// How large it was meant to be.
    pub size: LesionSize,
    /// Its middle, RAS world mm.
    pub center_mm: [f64; 3],
    /// Volume inside its continuous outline, mm3.
    pub volume_mm3: f64,
}

/// How far the outline wanders from the ellipsoid, as a share of the shortest half-axis.
const WANDER: f64 = 0.28;
/// Step of the numeric integration of a volume, mm.
const STEP: f64 = 0.2;

impl Lesion {
    /// A lesion of the given size around world `z`, at a random place of the cord's section.
    fn random(size: LesionSize, z: f64, cord: &Cord, rng: &mut ChaCha8Rng) -> Self {
        let half_axes = size.half_axes().map(|range| rng.random_range(range));
        let section = cord.half_axes(z);
        let (angle, radius) = (rng.random_range(0.0..std::f64::consts::TAU), rng.random_range(0.1..0.85));
        let reach = |axis: usize| radius * (section[axis] - 1.1 * half_axes[axis]).max(0.0);
        Self {
            size,
            center: [reach(0) * f64::cos(angle), reach(1) * f64::sin(angle), z],
            half_axes,
            severity: rng.random_range(0.6..1.0),
            outline: Noise::new(rng.random()),
        }
    }

    /// Signed distance (mm) to the lesion's outline, never outside the cord.
    pub(super) fn distance(&self, at: &Place, cord: &Cord) -> f64 {
        let p = [at.u - self.center[0], at.v - self.center[1], at.z - self.center[2]];
        let shortest = self.half_axes[0].min(self.half_axes[1]);
        let grain: [f64; 3] = std::array::from_fn(|k| p[k] / (0.8 * self.half_axes[k].min(5.0)));
        let wander = WANDER * shortest * self.outline.smooth(grain);
        let smooth = ellipsoid(p, self.half_axes);
        (smooth + wander).max(cord.distance(at) + 0.15)
    }

    /// World z range the lesion can touch, mm.
    pub(super) fn z_range(&self) -> std::ops::Range<f64> {
        let reach = self.half_axes[2] + 1.0;
        self.center[2] - reach..self.center[2] + reach
    }

    /// Volume (mm3) inside the outline, by summing small cubes; the bent coordinates keep volumes.
    fn volume_mm3(&self, spine: &Spine, cord: &Cord) -> f64 {
        let steps = |k: usize| ((self.half_axes[k] + 1.0) / STEP).ceil() as i64;
        let (ni, nj, nk) = (steps(0), steps(1), steps(2));
        let mut volume = 0.0;
        for k in -nk..=nk {
            let z = self.center[2] + k as f64 * STEP;
            let center = spine.center(z);
            for j in -nj..=nj {
                for i in -ni..=ni {
                    let u = self.center[0] + i as f64 * STEP;
                    let v = self.center[1] + j as f64 * STEP;
                    let at = spine.place([center[0] + u, center[1] + v, z], STEP / 2.0);
                    volume += cover(self.distance(&at, cord), STEP / 2.0);
                }
            }
        }
        volume * STEP.powi(3)
    }

    /// What this lesion measures.
    pub(super) fn truth(&self, spine: &Spine, cord: &Cord) -> LesionTruth {
        let center = spine.center(self.center[2]);
        LesionTruth {
            size: self.size,
            center_mm: [center[0] + self.center[0], center[1] + self.center[1], self.center[2]].map(readable),
            volume_mm3: readable(self.volume_mm3(spine, cord)),
        }
    }
}

/// Clear cord (mm) kept between two lesions, so that thick slices do not join them.
const GAP: f64 = 4.0;

/// Places lesions of the given sizes one below the other within `z_range` (world mm); what does not fit is left out.
pub(super) fn place(
    sizes: &[LesionSize],
    z_range: [f64; 2],
    cord: &Cord,
    rng: &mut ChaCha8Rng,
) -> Vec<Lesion> {
    let mut lesions: Vec<Lesion> = Vec::new();
    for &size in sizes {
        for _attempt in 0..200 {
            let candidate = Lesion::random(size, rng.random_range(z_range[0]..z_range[1]), cord, rng);
            let range = candidate.z_range();
            let fits = range.start >= z_range[0] && range.end <= z_range[1];
            let clear = lesions.iter().all(|other| {
                let other = other.z_range();
                range.start > other.end + GAP || range.end + GAP < other.start
            });
            if fits && clear {
                lesions.push(candidate);
                break;
            }
        }
    }
    lesions
}
