//! B-spline curves in space with as few control points as describe the centres well, the toolbox's `nurbs`.
//!
//! Its ways are kept, odd ones too, so that curves equal its own: the last centre is not fitted but becomes the last control
//! point, the knots of the finished curve follow its control polygon and not the fit, and each slice takes the mean of the
//! samples nearest to it, which at the two ends lie on one side only.

use super::banded::Banded;
use super::basis::{Spline, basis};
use std::ops::Range;

const DEGREE: usize = 3;
/// Fewest and most control points tried.
const FEWEST: usize = 4;
const MOST: usize = 49;
/// Adding control points stops when two more lowered the error (voxels²) by no more than this.
const ENOUGH: f64 = 0.01;
/// Control points scattered this many times wider than the centres are refused.
const WILD: f64 = 10.0;
/// Samples along a curve that is tried, and along the final one.
const TRIAL_SAMPLES: usize = 1000;
const SAMPLES: usize = 3000;

type Point = [f64; 3];

/// x and y on every slice, from the centres on every slice, gaps bridged. Too few slices for a curve with four control
/// points stay as they are.
pub(super) fn fit(centres: Vec<[f64; 2]>, slices: Range<usize>) -> Vec<[f64; 2]> {
    let data: Vec<Point> = centres.iter().zip(slices.clone()).map(|([x, y], z)| [*x, *y, z as f64]).collect();
    match best(&data, &slices) {
        Some(curve) => curve.per_slice(SAMPLES, &slices),
        None => centres,
    }
}

/// The curve with the smallest error, among growing numbers of control points until more bring little.
fn best(data: &[Point], slices: &Range<usize>) -> Option<Curve> {
    let mut errors: Vec<f64> = Vec::new();
    let mut best: Option<(f64, Curve)> = None;
    for count in FEWEST..=MOST.min(data.len().saturating_sub(2)) {
        let curve = Curve::through(data, count);
        let error = curve.as_ref().map_or(f64::INFINITY, |curve| {
            let off = curve.per_slice(TRIAL_SAMPLES, slices);
            let squares = off.iter().zip(data).map(|(c, d)| (c[0] - d[0]).powi(2) + (c[1] - d[1]).powi(2));
            squares.sum::<f64>() / data.len() as f64
        });
        if let Some(curve) = curve.filter(|_| best.as_ref().is_none_or(|(least, _)| error < *least)) {
            best = Some((error, curve));
        }
        errors.push(error);
        if let [.., a, b, c] = errors[..]
            && a >= b
            && b >= c
            && a - c <= ENOUGH
        {
            break;
        }
    }
    best.map(|(_, curve)| curve)
}

/// One spline per axis, on common knots.
struct Curve([Spline; 3]);

impl Curve {
    /// The curve with `count` control points nearest to the data; `None` when it is wild or folds back on itself.
    fn through(data: &[Point], count: usize) -> Option<Curve> {
        let chords = lengths(data);
        let total: f64 = chords.iter().sum();
        let along: Vec<f64> = cumulated(&chords).map(|s| s / total).collect();
        let control = control_points(data, &along, &weights(&chords), &fit_knots(&along, count));
        if is_wild(&control, data) {
            return None;
        }
        let knots = polygon_knots(&control);
        let axis = |axis: usize| Spline {
            knots: knots.clone(),
            degree: DEGREE,
            coefficients: control.iter().map(|p| p[axis]).collect(),
        };
        knots.is_sorted().then(|| Curve([0, 1, 2].map(axis)))
    }

    fn at(&self, t: f64) -> Point {
        [0, 1, 2].map(|axis| self.0[axis].at(t))
    }

    /// `count` points at equal distances along the curve.
    fn samples(&self, count: usize) -> Vec<Point> {
        let end = self.0[0].knots[self.0[0].knots.len() - 1];
        let step = |i: usize| i as f64 / (count - 1) as f64;
        let t: Vec<f64> = (0..count).map(|i| end * step(i)).collect();
        let points: Vec<Point> = t.iter().map(|t| self.at(*t)).collect();
        let along: Vec<f64> = cumulated(&lengths(&points)).collect();
        let length = along[count - 1];
        let mut above = 1;
        (0..count)
            .map(|i| {
                let wanted = length * step(i);
                while above + 1 < count && along[above] < wanted {
                    above += 1;
                }
                let gap = along[above] - along[above - 1];
                let share = if gap > 0.0 { (wanted - along[above - 1]) / gap } else { 0.0 };
                self.at(t[above - 1] + share * (t[above] - t[above - 1]))
            })
            .collect()
    }

    /// x and y on every slice: the mean of the samples nearest to it; without any, the mean of the slices beside it.
    fn per_slice(&self, samples: usize, slices: &Range<usize>) -> Vec<[f64; 2]> {
        let mut sums = vec![[0.0; 3]; slices.len()];
        for [x, y, z] in self.samples(samples) {
            let slice = z.round_ties_even() - slices.start as f64;
            if slice >= 0.0 && slice < slices.len() as f64 {
                let sum = &mut sums[slice as usize];
                *sum = [sum[0] + x, sum[1] + y, sum[2] + 1.0];
            }
        }
        let mean = |i: usize| sums.get(i).filter(|s| s[2] > 0.0).map(|s| [s[0] / s[2], s[1] / s[2]]);
        let beside = |i: usize| {
            let below = (0..i).rev().find_map(mean);
            let above = (i + 1..sums.len()).find_map(mean);
            match (below, above) {
                (Some(a), Some(b)) => [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0],
                (a, b) => a.or(b).unwrap_or_default(),
            }
        };
        (0..sums.len()).map(|i| mean(i).unwrap_or_else(|| beside(i))).collect()
    }
}

/// Distances from each point to the next.
fn lengths(points: &[Point]) -> Vec<f64> {
    let length = |w: &[Point]| (0..3).map(|i| (w[1][i] - w[0][i]).powi(2)).sum::<f64>().sqrt();
    points.windows(2).map(length).collect()
}

/// 0, then the sums of the first one, two, … lengths.
fn cumulated(lengths: &[f64]) -> impl Iterator<Item = f64> + '_ {
    let mut sum = 0.0;
    std::iter::once(0.0).chain(lengths.iter().map(move |length| {
        sum += length;
        sum
    }))
}

/// The weight of each point: the mean of its two chords; the end points take their neighbours'.
fn weights(chords: &[f64]) -> Vec<f64> {
    let inner: Vec<f64> = chords.windows(2).map(|w| (w[0] + w[1]) / 2.0).collect();
    let (first, last) = (inner.first().copied(), inner.last().copied());
    first.into_iter().chain(inner).chain(last).collect()
}

/// Knots for the fit: even, and moved in tenths towards the density of the data (Piegl and Tiller, "The NURBS Book", 9.68 and
/// 9.69) until every piece holds a datum.
fn fit_knots(along: &[f64], count: usize) -> Vec<f64> {
    let pieces = count - DEGREE;
    let per_piece = along.len() as f64 / pieces as f64;
    let dense = |j: usize| {
        let at = j as f64 * per_piece;
        let (i, share) = (at as usize, at.fract());
        (1.0 - share) * along[i - 1] + share * along[i]
    };
    let knots = |tenths: i32| {
        let inner = (1..pieces).map(|j| {
            let even = j as f64 / pieces as f64;
            even + f64::from(tenths) / 10.0 * (dense(j) - even)
        });
        clamped(inner, 1.0)
    };
    let held = |knots: &Vec<f64>| {
        let piece = |w: &[f64]| along.iter().any(|u| (w[0]..=w[1]).contains(u));
        knots[DEGREE..=count].windows(2).all(piece)
    };
    (0..10).map(knots).find(held).unwrap_or_else(|| knots(10))
}

/// Knots for the finished curve, spread by the chords of its control polygon, from 0 to the number of pieces.
fn polygon_knots(control: &[Point]) -> Vec<f64> {
    let chords = lengths(control);
    let pieces = (control.len() - DEGREE) as f64;
    let scale = pieces / chords.iter().sum::<f64>();
    let before: Vec<f64> = cumulated(&chords[1..]).collect();
    let inner = (1..control.len() - DEGREE).map(|i| scale * (before[i] + i as f64 / pieces * chords[i]));
    clamped(inner, pieces)
}

/// Inner knots with the first and last repeated, so that the curve starts and ends at its outer control points.
fn clamped(inner: impl Iterator<Item = f64>, end: f64) -> Vec<f64> {
    let repeat = |knot| std::iter::repeat_n(knot, DEGREE + 1);
    repeat(0.0).chain(inner).chain(repeat(end)).collect()
}

/// Weighted least squares on all data but the last; the outer control points are the outer data.
fn control_points(data: &[Point], along: &[f64], weights: &[f64], knots: &[f64]) -> Vec<Point> {
    let count = knots.len() - DEGREE - 1;
    let axes = [0, 1, 2].map(|axis| {
        let mut system = Banded::new(count);
        for ((point, u), weight) in data.iter().zip(along).zip(weights).take(data.len() - 1) {
            let (first, row) = basis(knots, DEGREE, *u);
            let root = weight.sqrt();
            system.add(first, row.map(|v| v * root), point[axis] * root);
        }
        system.solve()
    });
    let mut control: Vec<Point> = (0..count).map(|i| [axes[0][i], axes[1][i], axes[2][i]]).collect();
    control[0] = data[0];
    control[count - 1] = data[data.len() - 1];
    control
}

fn is_wild(control: &[Point], data: &[Point]) -> bool {
    let spread = |points: &[Point], axis: usize| {
        let n = points.len() as f64;
        let mean = points.iter().map(|p| p[axis]).sum::<f64>() / n;
        (points.iter().map(|p| (p[axis] - mean).powi(2)).sum::<f64>() / n).sqrt()
    };
    // An axis along which the data do not vary has rounding for a spread.
    (0..3).any(|axis| spread(control, axis) > WILD * spread(data, axis) + 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaning_line_stays_one() {
        let line = (0..30).map(|z| [5.0 + 0.5 * f64::from(z), 9.0]).collect();
        let curve = fit(line, 0..30);
        for (z, [x, y]) in curve.iter().enumerate().take(29).skip(1) {
            assert!((x - 5.0 - 0.5 * z as f64).abs() < 2e-3 && (y - 9.0).abs() < 1e-9, "slice {z}: {x} {y}");
        }
        // The end slices see samples on one side only: a quarter of a slice inwards.
        assert!((curve[0][0] - 5.125).abs() < 2e-3);
    }

    #[test]
    fn equal_distances_along_the_curve() {
        let data: Vec<Point> = (0..40).map(f64::from).map(|z| [10.0 * (z / 9.0).sin(), z / 3.0, z]).collect();
        let samples = Curve::through(&data, 9).unwrap().samples(500);
        let steps = lengths(&samples);
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        assert!(steps.iter().all(|s| (s / mean - 1.0).abs() < 0.01));
        assert_eq!((samples[0], samples[499]), (data[0], data[39]));
    }

    #[test]
    fn every_piece_of_the_fit_holds_a_datum() {
        let crowded: Vec<f64> =
            (0..12).map(|i| if i < 9 { f64::from(i) * 0.01 } else { 0.1 + 0.3 * f64::from(i - 8) }).collect();
        let knots = fit_knots(&crowded, 8);
        for w in knots[DEGREE..=8].windows(2) {
            assert!(crowded.iter().any(|u| (w[0]..=w[1]).contains(u)), "{w:?}");
        }
    }
}
