//! From probabilities to a curve: the best way through all slices, kept where there is a cord, moved into its middle.

use ndarray::{Array3, s};

use crate::centerline::CenterlineError;
use crate::centerline::dpdt::best_path;

/// Probabilities count up to these odds (natural logarithm): one sure voxel does not outweigh a cord.
const ODDS: f32 = 5.0;
/// Weight of the squared slope against the odds.
const LAMBDA: f64 = 1.0;
/// A slice shows a cord from this probability on.
const SEEN: f32 = 0.5;
/// Shorter stretches without a cord are bridged, mm.
const GAP: f64 = 15.0;
/// A cord seen over less than this (mm) is none, unless the image shows no more.
const LEAST: f64 = 12.0;
/// Half the width of what counts as the cord around the way through, mm: a wide cord, and the slope within a slice.
const REACH: f64 = 8.0;
/// Standard deviation of the window (mm along the cord) in which the curve is a straight line.
const STIFF: f64 = 5.0;

/// The cord's centre on consecutive slices of the working grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trace {
    /// The lowest slice.
    pub(super) first: usize,
    /// x and y, continuous voxels.
    pub(super) xy: Vec<[f64; 2]>,
    /// The highest probability on each slice, 0..1.
    pub(super) seen: Vec<f32>,
}

impl Trace {
    /// The cord in `probability` (voxels of `spacing` mm), or `None` when there is none.
    pub(super) fn of(
        probability: &Array3<f32>,
        spacing: [f64; 3],
        go_on: impl Fn() -> Result<(), CenterlineError>,
    ) -> Result<Option<Self>, CenterlineError> {
        let odds = probability.mapv(|p| (p / (1.0 - p)).ln().clamp(-ODDS, ODDS));
        let path = best_path(odds.view(), spacing, LAMBDA, go_on)?;
        let slices: Vec<Slice> =
            path.iter().enumerate().map(|(z, at)| Slice::around(probability, *at, z, spacing)).collect();
        let seen: Vec<bool> = slices.iter().map(|slice| slice.peak >= SEEN).collect();
        let Some((first, last)) = longest(&seen, (GAP / spacing[2]) as usize) else { return Ok(None) };
        let kept = seen[first..=last].iter().filter(|seen| **seen).count();
        if (kept as f64 * spacing[2]) < LEAST && 2 * kept < seen.len() {
            return Ok(None);
        }
        let slices = &slices[first..=last];
        let xy = smoothed(slices, spacing[2]);
        Ok(Some(Self { first, xy, seen: slices.iter().map(|slice| slice.peak).collect() }))
    }

    /// How many slices the cord was not seen on.
    pub(super) fn bridged(&self) -> usize {
        self.seen.iter().filter(|seen| **seen < SEEN).count()
    }

    /// The centre at a continuous slice, or `None` more than half a slice beyond the ends.
    pub(super) fn at(&self, z: f64) -> Option<[f64; 2]> {
        let (last, position) = (self.xy.len().checked_sub(1)?, z - self.first as f64);
        if !(-0.5..=last as f64 + 0.5).contains(&position) {
            return None;
        }
        let position = position.clamp(0.0, last as f64);
        let low = (position as usize).min(last.saturating_sub(1));
        let (share, a, b) = (position - low as f64, self.xy[low], self.xy[(low + 1).min(last)]);
        Some([0, 1].map(|k| a[k] + share * (b[k] - a[k])))
    }
}

/// What one slice says.
#[derive(Clone, Copy, Debug)]
struct Slice {
    center: [f64; 2],
    /// Sum of probabilities.
    weight: f64,
    peak: f32,
}

impl Slice {
    /// The mean position around a voxel, weighted by the probability.
    fn around(probability: &Array3<f32>, at: [usize; 2], z: usize, spacing: [f64; 3]) -> Self {
        let (nx, ny, _) = probability.dim();
        let reach = [0, 1].map(|k| (REACH / spacing[k]).round() as usize);
        let low = [0, 1].map(|k| at[k].saturating_sub(reach[k]));
        let high = [(at[0] + reach[0] + 1).min(nx), (at[1] + reach[1] + 1).min(ny)];
        let window = probability.slice(s![low[0]..high[0], low[1]..high[1], z]);
        let (mut sum, mut weight, mut peak) = ([0.0; 2], 0.0, 0.0f32);
        for ((x, y), p) in window.indexed_iter() {
            let share = f64::from(*p);
            sum[0] += share * (low[0] + x) as f64;
            sum[1] += share * (low[1] + y) as f64;
            weight += share;
            peak = peak.max(*p);
        }
        let center = if weight > 1e-6 { sum.map(|s| s / weight) } else { at.map(|i| i as f64) };
        Self { center, weight, peak }
    }
}

/// First and last of the longest stretch that begins and ends with a slice seen and has no longer gap than `gap`.
fn longest(seen: &[bool], gap: usize) -> Option<(usize, usize)> {
    let mut stretches: Vec<(usize, usize)> = Vec::new();
    for z in (0..seen.len()).filter(|z| seen[*z]) {
        match stretches.last_mut() {
            Some((_, last)) if z - *last <= gap + 1 => *last = z,
            _ => stretches.push((z, z)),
        }
    }
    stretches.into_iter().rev().max_by_key(|(first, last)| last - first)
}

/// On every slice the straight line that fits the centres around it best: slopes go on to the ends.
fn smoothed(slices: &[Slice], mm: f64) -> Vec<[f64; 2]> {
    let fit = |z: usize| {
        let (mut w, mut wt, mut wtt, mut wx, mut wtx) = (1e-12, 0.0, 0.0, [0.0; 2], [0.0; 2]);
        for (k, slice) in slices.iter().enumerate() {
            let t = (k as f64 - z as f64) * mm / STIFF;
            let weight = slice.weight * (-0.5 * t * t).exp();
            (w, wt, wtt) = (w + weight, wt + weight * t, wtt + weight * t * t);
            for axis in 0..2 {
                wx[axis] += weight * slice.center[axis];
                wtx[axis] += weight * t * slice.center[axis];
            }
        }
        let spread = w * wtt - wt * wt;
        if spread > 1e-6 * w * w {
            [0, 1].map(|axis| (wtt * wx[axis] - wt * wtx[axis]) / spread)
        } else {
            slices[z].center
        }
    };
    (0..slices.len()).map(fit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tube of probability 0.95 around a sloped line, on the slices `z`.
    fn tube(shape: [usize; 3], z: std::ops::Range<usize>) -> Array3<f32> {
        let mut heat = Array3::from_elem(shape, 0.01);
        for ((x, y, k), p) in heat.indexed_iter_mut() {
            let [cx, cy] = line(k as f64);
            if z.contains(&k) && (x as f64 - cx).hypot(y as f64 - cy) < 2.5 {
                *p = 0.95;
            }
        }
        heat
    }

    fn line(z: f64) -> [f64; 2] {
        [12.0 + 0.1 * z, 18.0 - 0.3 * z]
    }

    fn trace(heat: &Array3<f32>) -> Option<Trace> {
        Trace::of(heat, [2.0; 3], || Ok(())).unwrap()
    }

    #[test]
    fn a_tube_is_followed_between_its_ends() {
        let found = trace(&tube([30, 30, 40], 8..33)).unwrap();
        assert_eq!((found.first, found.xy.len(), found.bridged()), (8, 25, 0));
        for z in 8..33 {
            let (at, true_at) = (found.at(z as f64).unwrap(), line(z as f64));
            assert!((at[0] - true_at[0]).hypot(at[1] - true_at[1]) < 0.35, "{z}: {at:?} is not {true_at:?}");
        }
        assert!(found.at(7.4).is_none() && found.at(7.6).is_some() && found.at(33.0).is_none());
    }

    #[test]
    fn short_gaps_are_bridged_and_long_ones_end_the_curve() {
        let mut heat = tube([30, 30, 60], 0..60);
        heat.slice_mut(s![.., .., 10..15]).fill(0.01);
        heat.slice_mut(s![.., .., 40..50]).fill(0.01);
        let found = trace(&heat).unwrap();
        assert_eq!((found.first, found.xy.len(), found.bridged()), (0, 40, 5));
        let (at, middle) = (found.at(12.0).unwrap(), line(12.0));
        assert!((at[0] - middle[0]).hypot(at[1] - middle[1]) < 0.5, "{at:?}");
    }

    #[test]
    fn nothing_and_a_speck_are_no_cord_but_a_thin_image_may_be() {
        assert_eq!(trace(&Array3::from_elem((20, 20, 20), 0.3)), None);
        assert_eq!(trace(&tube([30, 30, 40], 8..11)), None);
        assert_eq!(trace(&tube([30, 30, 3], 0..3)).map(|found| found.xy.len()), Some(3));
        assert_eq!(trace(&tube([30, 30, 1], 0..1)).map(|found| found.xy.len()), Some(1));
    }
}
