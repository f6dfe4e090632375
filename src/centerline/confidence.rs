//! How far to trust a curve, from what it was drawn through and from what a cord can do; each doubt is a sentence.

use super::Curve;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Below this share of the slices, the field of view counts as poorly covered.
const GOOD_COVERAGE: f64 = 0.5;
/// A cord seldom runs more than 45 degrees off the slice axis; smaller steps than this (mm) are never suspicious.
const SMALL_STEP_MM: f64 = 2.0;
/// The cord is about 10 mm wide: it cannot bend more sharply than this radius (mm).
const SHARPEST_BEND_MM: f64 = 15.0;
/// Bends are measured between points this far apart (mm), beyond the noise of single slices.
const BEND_REACH_MM: f64 = 10.0;
/// The probability from which the built-in detector counts as seeing the cord.
const SEEN: f32 = 0.3;
/// A curve on which it does so on this share of the slices is not doubted for the rest.
const MOSTLY_SEEN: f64 = 0.8;
/// A cord's centre is at least half a cord (mm) away from where the image ends.
const NEAR_BORDER_MM: f64 = 4.0;
/// A centre this far (mm) off the curve is not the cord's.
const FAR_CENTRE_MM: f64 = 3.0;

/// How far to trust a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// 0 (do not use) to 1 (no doubt): the product of one factor per doubt.
    pub value: f32,
    /// Sentences: first what the curve covers, then each doubt.
    pub reasons: Vec<String>,
}

impl Confidence {
    /// Judges a curve by the centres it was drawn through (`[x, y, z]` in its voxels) and the slices on which the mask was
    /// in several pieces.
    pub(super) fn of(curve: &Curve, centres: &[[f64; 3]], broken: &[usize]) -> Confidence {
        let mut confidence = Confidence::of_shape(curve);
        let doubts = [gaps(curve, centres), pieces(curve, broken), distance(curve, centres)];
        doubts.into_iter().flatten().for_each(|(factor, reason)| confidence.doubt(factor, reason));
        confidence
    }

    /// Judges a curve by itself: what it covers, and whether a cord could run like that.
    pub(super) fn of_shape(curve: &Curve) -> Confidence {
        let (share, covered) = coverage(curve);
        let mut confidence = Confidence { value: 1.0, reasons: vec![covered] };
        let short = (share < GOOD_COVERAGE)
            .then(|| (0.5 + share, String::from("less than half of the slices are covered")));
        let doubts = [short, step(curve), bend(curve)];
        doubts.into_iter().flatten().for_each(|(factor, reason)| confidence.doubt(factor, reason));
        confidence
    }

    /// Hears the built-in detector on a curve that was found in an image: `cord` is its probability (0..1) of cord at a voxel.
    pub(super) fn hear(&mut self, curve: &Curve, cord: impl Fn([f64; 3]) -> f32) {
        let seen: Vec<bool> = curve.voxels().map(|voxel| cord(voxel) >= SEEN).collect();
        let share = seen.iter().filter(|seen| **seen).count() as f64 / seen.len().max(1) as f64;
        if share < MOSTLY_SEEN {
            self.doubt(share / MOSTLY_SEEN, unseen(curve, &seen, share));
        }
    }

    /// Doubts a curve that was found in an image where it runs along the image's border: half of a cord is not seen there.
    pub(super) fn mind_the_border(&mut self, curve: &Curve) {
        let (shape, spacing) = (curve.grid.shape, curve.grid.spacing());
        let near = |at: &[f64; 2], axis: usize| {
            at[axis].min(shape[axis] as f64 - 1.0 - at[axis]) * spacing[axis] < NEAR_BORDER_MM
        };
        let along = curve.xy.iter().filter(|at| near(at, 0) || near(at, 1)).count();
        let share = along as f64 / curve.xy.len().max(1) as f64;
        if share > 0.1 {
            let reason = format!("it runs along the image's border on {:.0} % of its slices", 100.0 * share);
            self.doubt(1.0 - share, reason);
        }
    }

    /// Lowers the value by a factor 0..1, for a reason.
    pub(super) fn doubt(&mut self, factor: f64, reason: String) {
        self.value *= factor.clamp(0.0, 1.0) as f32;
        self.reasons.push(reason);
    }
}

/// Where the built-in detector sees no cord, in words: an end of the curve beyond the cord's, or all over.
fn unseen(curve: &Curve, seen: &[bool], share: f64) -> String {
    let (Some(low), Some(high)) = (seen.iter().position(|s| *s), seen.iter().rposition(|s| *s)) else {
        return "the built-in detector sees no cord anywhere along it".into();
    };
    let percent = 100.0 * (1.0 - share);
    let (below, above) = (low, seen.len() - 1 - high);
    let missing = seen.len() as f64 * (1.0 - share);
    if above as f64 > 0.8 * missing {
        return format!(
            "the built-in detector sees no cord above slice {} (brain, or beyond the cord?), {percent:.0} % of the curve",
            curve.first_z + high
        );
    }
    if below as f64 > 0.8 * missing {
        return format!(
            "the built-in detector sees no cord below slice {} (beyond the cord's end?), {percent:.0} % of the curve",
            curve.first_z + low
        );
    }
    format!("the built-in detector sees no cord on {percent:.0} % of the curve")
}

/// A factor that lowers the confidence, and why.
type Doubt = Option<(f64, String)>;

fn coverage(curve: &Curve) -> (f64, String) {
    let (range, slices) = (curve.z_range(), curve.grid.shape[2]);
    let (low, high) = (range.start, range.end.saturating_sub(1));
    let covered = format!("it covers {} of {slices} slices (z {low} to {high})", range.len());
    (range.len() as f64 / slices.max(1) as f64, covered)
}

fn gaps(curve: &Curve, centres: &[[f64; 3]]) -> Doubt {
    let seen: HashSet<usize> = centres.iter().map(|c| c[2].round().max(0.0) as usize).collect();
    let missing: Vec<usize> = curve.z_range().filter(|z| !seen.contains(z)).collect();
    let share = missing.len() as f64 / curve.xy.len().max(1) as f64;
    let reason = || format!("{} in between had nothing to follow and were bridged", slices(&missing));
    (!missing.is_empty()).then(|| (1.0 - share, reason()))
}

fn pieces(curve: &Curve, broken: &[usize]) -> Doubt {
    let share = broken.len() as f64 / curve.xy.len().max(1) as f64;
    let reason =
        || format!("the mask is in several pieces on {}; their common centre was used", slices(broken));
    (!broken.is_empty()).then(|| (1.0 - 0.5 * share.max(0.1), reason()))
}

fn step(curve: &Curve) -> Doubt {
    let spacing = curve.grid.spacing();
    let limit = spacing[2].max(SMALL_STEP_MM);
    let steps = curve
        .xy
        .windows(2)
        .map(|w| ((w[1][0] - w[0][0]) * spacing[0]).hypot((w[1][1] - w[0][1]) * spacing[1]));
    let (z, largest) = largest(curve.first_z, steps)?;
    (largest > limit).then(|| {
        (limit / largest, format!("it steps {largest:.1} mm aside between slices {z} and {}", z + 1))
    })
}

fn bend(curve: &Curve) -> Doubt {
    let spacing = curve.grid.spacing();
    let mm: Vec<[f64; 3]> = curve.voxels().map(|v| std::array::from_fn(|i| v[i] * spacing[i])).collect();
    let reach = (BEND_REACH_MM / spacing[2]).ceil().max(1.0) as usize;
    let bends = mm.windows(2 * reach + 1).map(|w| curvature(w[0], w[reach], w[2 * reach]));
    let (z, sharpest) = largest(curve.first_z + reach, bends)?;
    let radius = 1.0 / sharpest;
    (radius < SHARPEST_BEND_MM).then(|| {
        (radius / SHARPEST_BEND_MM, format!("it bends with a radius of only {radius:.1} mm at slice {z}"))
    })
}

/// 1 / radius (1/mm) of the circle through three points: four times their triangle's area over the product of its sides.
fn curvature(a: [f64; 3], b: [f64; 3], c: [f64; 3]) -> f64 {
    let minus = |p: [f64; 3], q: [f64; 3]| -> [f64; 3] { std::array::from_fn(|i| p[i] - q[i]) };
    let length = |v: [f64; 3]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (u, v) = (minus(b, a), minus(c, b));
    let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
    2.0 * length(cross) / (length(u) * length(v) * length(minus(c, a)))
}

fn distance(curve: &Curve, centres: &[[f64; 3]]) -> Doubt {
    let spacing = curve.grid.spacing();
    let off = |c: &[f64; 3]| {
        let z = c[2].round().max(0.0) as usize;
        let [x, y] = curve.at(z)?;
        Some((z, ((c[0] - x) * spacing[0]).hypot((c[1] - y) * spacing[1])))
    };
    let (z, farthest) = centres.iter().filter_map(off).max_by(|a, b| a.1.total_cmp(&b.1))?;
    (farthest > FAR_CENTRE_MM).then(|| {
        (
            FAR_CENTRE_MM / farthest,
            format!("the centre found on slice {z} lies {farthest:.1} mm off the curve"),
        )
    })
}

/// The largest value and its slice, when the first value belongs to slice `first`.
fn largest(first: usize, values: impl Iterator<Item = f64>) -> Option<(usize, f64)> {
    (first..).zip(values).filter(|(_, v)| v.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// "slice 4", "slices 4, 5, 9" or "12 slices (z 4, 5, 9, …)".
fn slices(z: &[usize]) -> String {
    let listed = z.iter().take(6).map(usize::to_string).collect::<Vec<_>>().join(", ");
    match z.len() {
        1 => format!("slice {listed}"),
        2..=6 => format!("slices {listed}"),
        n => format!("{n} slices (z {listed}, …)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Grid};

    fn curve(xy: Vec<[f64; 2]>, slice_mm: f64) -> Curve {
        let shape = [60, 60, xy.len()];
        let grid = Grid { shape, affine: Affine::scaling([-1.0, 1.0, slice_mm], [0.0; 3]) };
        Curve { grid, first_z: 0, xy, method: "test".into(), confidence: None }
    }

    fn judge(xy: Vec<[f64; 2]>, slice_mm: f64) -> Confidence {
        let curve = curve(xy, slice_mm);
        let centres: Vec<_> = curve.voxels().collect();
        Confidence::of(&curve, &centres, &[])
    }

    #[test]
    fn a_gentle_curve_is_trusted() {
        let gentle = judge((0..60).map(|z| [30.0, 30.0 + (f64::from(z) / 20.0).sin() * 5.0]).collect(), 1.0);
        assert_eq!(
            gentle,
            Confidence { value: 1.0, reasons: vec!["it covers 60 of 60 slices (z 0 to 59)".into()] }
        );
    }

    #[test]
    fn jumps_and_hairpins_are_doubted() {
        let jump = judge((0..20).map(|z| if z < 10 { [20.0, 30.0] } else { [28.0, 30.0] }).collect(), 1.0);
        assert!(
            jump.value < 0.3 && jump.reasons[1].contains("8.0 mm aside between slices 9 and 10"),
            "{jump:?}"
        );
        let hairpin =
            judge((0..41).map(|z| [30.0, 30.0 + f64::from((z - 20_i32).abs()) * 1.9]).collect(), 1.0);
        assert!(hairpin.value < 0.9 && hairpin.reasons[1].contains("radius of only 11.5 mm"), "{hairpin:?}");
        assert!((curvature([0.0, -5.0, 0.0], [5.0, 0.0, 0.0], [0.0, 5.0, 0.0]) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_detector_is_heard_and_says_where_it_sees_nothing() {
        let curve = curve(vec![[30.0, 30.0]; 40], 2.0);
        let heard = |cord: &dyn Fn(f64) -> bool| {
            let mut confidence = Confidence::of_shape(&curve);
            confidence.hear(&curve, |voxel| f32::from(u8::from(cord(voxel[2]))));
            (confidence.value, confidence.reasons.last().cloned().unwrap_or_default())
        };
        assert_eq!(heard(&|z| z < 36.0).0, 1.0, "a few slices more or less are no doubt");
        let (value, reason) = heard(&|z| z < 20.0);
        assert!((value - 0.625).abs() < 1e-6 && reason.contains("above slice 19 (brain"), "{value} {reason}");
        assert!(heard(&|z| z >= 20.0).1.contains("below slice 20"));
        assert!(heard(&|z| z % 2.0 < 1.0).1.contains("no cord on 50 %"));
        assert_eq!(heard(&|_| false), (0.0, "the built-in detector sees no cord anywhere along it".into()));
    }

    #[test]
    fn a_curve_along_the_border_is_doubted() {
        let judged = |x: f64| {
            let curve = curve(vec![[x, 30.0]; 10], 3.0);
            let mut confidence = Confidence::of_shape(&curve);
            confidence.mind_the_border(&curve);
            confidence.value
        };
        assert_eq!((judged(30.0), judged(5.0), judged(57.0)), (1.0, 1.0, 0.0));
    }

    #[test]
    fn gaps_pieces_short_and_far_centres_are_doubted() {
        let mut curve = curve(vec![[30.0, 30.0]; 10], 3.0);
        let centres = [[30.0, 30.0, 0.0], [30.0, 34.0, 4.0], [30.0, 30.0, 9.0]];
        let doubted = Confidence::of(&curve, &centres, &[4]);
        assert!(doubted.value < 0.3, "{doubted:?}");
        assert!(doubted.reasons[1].starts_with("7 slices (z 1, 2, 3, 5, 6, 7, …) in between"), "{doubted:?}");
        assert!(doubted.reasons[2].contains("several pieces on slice 4"), "{doubted:?}");
        assert!(doubted.reasons[3].contains("slice 4 lies 4.0 mm off"), "{doubted:?}");
        curve.grid.shape[2] = 40;
        let short = Confidence::of(&curve, &curve.voxels().collect::<Vec<_>>(), &[]);
        assert_eq!((short.value, short.reasons.len()), (0.75, 2));
    }
}
