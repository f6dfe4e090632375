//! Smoothing splines after Dierckx ("Curve and Surface Fitting with Splines", 1993, chapter 5): the smoothest spline whose
//! squared residual is `s`. Knots are added where the residual is largest until a least-squares spline is close enough;
//! then the jumps of its third derivative are traded against the residual until that is `s`.

use super::banded::Banded;
use super::basis::{Spline, basis, jump};
use std::ops::Range;

/// The residual may miss `s` by this share.
const TOLERANCE: f64 = 0.001;
const MAX_STEPS: usize = 20;

/// Values on every slice. The residual allowed is `smooth * slice_mm / 3`, less where centres are missing.
pub(super) fn fit(z: &[f64], values: &[f64], slices: Range<usize>, smooth: f64, slice_mm: f64) -> Vec<f64> {
    if z.len() == 1 {
        return vec![values[0]; slices.len()];
    }
    let degree = if z.len() <= 3 { 1 } else { 3 };
    let filled = z.len() as f64 / slices.len() as f64;
    let spline = smoothing_spline(z, values, degree, filled * filled * smooth * slice_mm / 3.0);
    slices.map(|slice| spline.at(slice as f64)).collect()
}

/// The smoothing spline through at least `degree + 1` points with increasing z; `s` = 0 interpolates.
fn smoothing_spline(z: &[f64], values: &[f64], degree: usize, s: f64) -> Spline {
    let data = Data { z, values, degree };
    if s <= 0.0 {
        return data.least_squares(&Breaks::interpolating(z.len(), degree)).0;
    }
    let tolerance = TOLERANCE * s;
    let mut breaks = Breaks::none(z.len());
    let (mut spline, mut system) = data.least_squares(&breaks);
    let polynomial_residual = system.residual;
    let mut residual = polynomial_residual;
    let mut growth = 1;
    loop {
        let excess = residual - s;
        if excess.abs() < tolerance || (excess < 0.0 && breaks.is_none()) {
            return spline;
        }
        if excess < 0.0 {
            return data.relax(&spline, &system, s, polynomial_residual);
        }
        if breaks.is_interpolating(degree) || !breaks.refine(&data.squared_errors(&spline), growth, degree) {
            return spline;
        }
        let before = residual;
        (spline, system) = data.least_squares(&breaks);
        residual = system.residual;
        growth = next_growth(growth, before - residual, residual - s, tolerance);
    }
}

/// How many knots to add next: as many as the last ones' gain suggests, between half and twice as many.
fn next_growth(growth: usize, gain: f64, excess: f64, tolerance: f64) -> usize {
    let suggested = if gain > tolerance { (growth as f64 * excess / gain) as usize } else { growth * 2 };
    suggested.max(growth / 2).max(1).min(growth * 2)
}

/// The indices of the data points that carry knots, the two ends included.
struct Breaks(Vec<usize>);

impl Breaks {
    fn none(points: usize) -> Self {
        Breaks(vec![0, points - 1])
    }

    /// Knots on all points but the `(degree + 1) / 2 - 1` next to each end: as many coefficients as points.
    fn interpolating(points: usize, degree: usize) -> Self {
        let skipped = degree.div_ceil(2);
        Breaks([0].into_iter().chain(skipped..points - skipped).chain([points - 1]).collect())
    }

    fn is_none(&self) -> bool {
        self.0.len() == 2
    }

    fn is_interpolating(&self, degree: usize) -> bool {
        let points = self.0[self.0.len() - 1] + 1;
        self.0.len() + degree > points
    }

    fn knots(&self, z: &[f64], degree: usize) -> Vec<f64> {
        let ends = |index: usize| std::iter::repeat_n(z[index], degree);
        let (first, last) = (self.0[0], self.0[self.0.len() - 1]);
        ends(first).chain(self.0.iter().map(|i| z[*i])).chain(ends(last)).collect()
    }

    /// Adds `count` knots, each in the middle of the piece with the largest share of the squared errors; a point on a knot
    /// counts half for each side, and a divided piece shares its errors by its points. False when no piece can be divided.
    fn refine(&mut self, errors: &[f64], count: usize, degree: usize) -> bool {
        let mut pieces = self.piece_errors(errors);
        for added in 0..count {
            let inside = |i: usize, breaks: &[usize]| breaks[i + 1] - breaks[i] - 1;
            let mut worst: Option<usize> = None;
            for i in 0..pieces.len() {
                let floor = worst.map_or(0.0, |w| pieces[w]);
                if inside(i, &self.0) > 0 && pieces[i] > floor {
                    worst = Some(i);
                }
            }
            let Some(i) = worst else { return added > 0 };
            let points = inside(i, &self.0);
            let half = points / 2 + 1;
            let share = pieces[i] / points as f64;
            pieces[i] = share * (half - 1) as f64;
            pieces.insert(i + 1, share * (points - half) as f64);
            self.0.insert(i + 1, self.0[i] + half);
            if self.is_interpolating(degree) {
                *self = Breaks::interpolating(errors.len(), degree);
                return true;
            }
        }
        true
    }

    fn piece_errors(&self, errors: &[f64]) -> Vec<f64> {
        let last = errors.len() - 1;
        let weight = |i: usize| if i == 0 || i == last { 1.0 } else { 0.5 };
        self.0
            .windows(2)
            .map(|w| {
                let ends = weight(w[0]) * errors[w[0]] + weight(w[1]) * errors[w[1]];
                ends + errors[w[0] + 1..w[1]].iter().sum::<f64>()
            })
            .collect()
    }
}

struct Data<'a> {
    z: &'a [f64],
    values: &'a [f64],
    degree: usize,
}

impl Data<'_> {
    fn least_squares(&self, breaks: &Breaks) -> (Spline, Banded) {
        let knots = breaks.knots(self.z, self.degree);
        let mut system = Banded::new(knots.len() - self.degree - 1);
        for (z, value) in self.z.iter().zip(self.values) {
            let (first, row) = basis(&knots, self.degree, *z);
            system.add(first, row, *value);
        }
        (Spline { knots, degree: self.degree, coefficients: system.solve() }, system)
    }

    fn squared_errors(&self, spline: &Spline) -> Vec<f64> {
        self.z.iter().zip(self.values).map(|(z, v)| (spline.at(*z) - v).powi(2)).collect()
    }

    /// The spline on the same knots that minimises jumps² + p * residual, with p such that the residual is `s`.
    fn relax(&self, closest: &Spline, system: &Banded, s: f64, polynomial_residual: f64) -> Spline {
        let mut search = Search::new(polynomial_residual - s, system.residual - s, TOLERANCE * s);
        let mut p = closest.coefficients.len() as f64 / system.trace();
        let mut spline = self.with_jumps(closest, system, p);
        for _ in 1..MAX_STEPS {
            let excess = self.squared_errors(&spline).iter().sum::<f64>() - s;
            if excess.abs() < TOLERANCE * s {
                break;
            }
            let Some(next) = search.next(p, excess) else { break };
            p = next;
            spline = self.with_jumps(closest, system, p);
        }
        spline
    }

    fn with_jumps(&self, closest: &Spline, system: &Banded, p: f64) -> Spline {
        let mut system = system.clone();
        let knots = &closest.knots;
        for at in self.degree + 1..knots.len() - self.degree - 1 {
            let row = jump(knots, self.degree, at).map(|v| v / p);
            system.add(at - self.degree - 1, row, 0.0);
        }
        Spline { coefficients: system.solve(), ..closest.clone() }
    }
}

/// The search for p: the excess of the residual over `s` falls as p grows, from the polynomial's (p = 0, `low`) to the
/// least-squares spline's (p infinite, `high`); the next p comes from a rational function through three known values.
struct Search {
    tolerance: f64,
    low: (f64, f64),
    /// `None`: infinite p.
    high_p: Option<f64>,
    high_excess: f64,
    low_is_bracket: bool,
    high_is_bracket: bool,
}

impl Search {
    const SHRINK: f64 = 0.04;

    fn new(polynomial_excess: f64, closest_excess: f64, tolerance: f64) -> Self {
        Search {
            tolerance,
            low: (0.0, polynomial_excess),
            high_p: None,
            high_excess: closest_excess,
            low_is_bracket: false,
            high_is_bracket: false,
        }
    }

    /// The p to try after `p` gave `excess`; `None` when rounding leaves nothing to gain.
    fn next(&mut self, p: f64, excess: f64) -> Option<f64> {
        if !self.high_is_bracket {
            if excess - self.high_excess <= self.tolerance {
                // p is so large that the spline is the least-squares one already.
                (self.high_p, self.high_excess) = (Some(p), excess);
                let smaller = p * Self::SHRINK;
                return Some(if smaller <= self.low.0 { self.low.0 * 0.9 + p * 0.1 } else { smaller });
            }
            self.high_is_bracket = excess < 0.0;
        }
        if !self.low_is_bracket {
            if self.low.1 - excess <= self.tolerance {
                // p is so small that the spline is the polynomial still.
                self.low = (p, excess);
                let larger = p / Self::SHRINK;
                return Some(match self.high_p {
                    Some(high) if larger >= high => p * 0.1 + high * 0.9,
                    _ => larger,
                });
            }
            self.low_is_bracket = excess > 0.0;
        }
        if excess >= self.low.1 || excess <= self.high_excess {
            return None;
        }
        let next = self.rational_root(p, excess);
        if excess < 0.0 {
            (self.high_p, self.high_excess) = (Some(p), excess);
        } else {
            self.low = (p, excess);
        }
        Some(next)
    }

    /// The root of (u p + v) / (p + w) through the two ends and the newest value.
    fn rational_root(&self, p2: f64, f2: f64) -> f64 {
        let ((p1, f1), f3) = (self.low, self.high_excess);
        match self.high_p {
            None => (p1 * (f1 - f3) * f2 - p2 * (f2 - f3) * f1) / ((f1 - f2) * f3),
            Some(p3) => {
                let (h1, h2, h3) = (f1 * (f2 - f3), f2 * (f3 - f1), f3 * (f1 - f2));
                -(p1 * p2 * h3 + p2 * p3 * h1 + p3 * p1 * h2) / (p1 * h1 + p2 * h2 + p3 * h3)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fit, tests::*};
    use super::*;

    /// (smooth, knots, x(0), x(10), x(29), x(57)) from scipy 1.x splrep/splev on the synthetic curve.
    const SCIPY: [(f64, usize, [f64; 4]); 5] = [
        (0.0, 24, [20.0, 24.744694231, 17.676080916, 23.729265666]),
        (1.0, 12, [19.921943020, 24.746385104, 17.700341556, 23.748831752]),
        (5.0, 11, [19.934787121, 24.772843464, 17.610122954, 23.789866536]),
        (20.0, 11, [19.762322644, 24.857982435, 17.646720329, 23.998330814]),
        (30.0, 10, [20.026523303, 24.788002099, 17.390254441, 24.151146566]),
    ];

    #[test]
    fn equals_scipy_on_the_synthetic_curve() {
        let (z, x): (Vec<f64>, Vec<f64>) = sine().iter().map(|c| (c[2], c[0])).unzip();
        for (smooth, knots, expected) in SCIPY {
            let curve = Fit::Bspline { smooth }.through(&sine(), 0..58, 1.0);
            assert_x(&curve, &[(0, expected[0]), (10, expected[1]), (29, expected[2]), (57, expected[3])]);
            let s = (20.0_f64 / 58.0).powi(2) * smooth / 3.0;
            assert_eq!(smoothing_spline(&z, &x, 3, s).knots.len(), knots, "smooth {smooth}");
        }
    }

    #[test]
    fn equals_scipy_on_few_uneven_points() {
        let (z, v) = ([0.0, 1.0, 2.5, 4.0, 7.0], [1.0, 3.0, -1.0, 2.0, 0.5]);
        let at = |n: usize, degree, s, x| smoothing_spline(&z[..n], &v[..n], degree, s).at(x);
        for (n, degree, s, x, expected) in [
            (5, 3, 0.0, 0.5, 3.0590909090909086),
            (5, 3, 0.0, 6.0, 6.110774410774411),
            (4, 3, 0.0, 3.0, -1.6333333333333337),
            (3, 1, 0.0, 2.0, 0.33333333333333337),
            (3, 1, 1.0, 0.5, 1.8377891358646834),
            (3, 1, 1.0, 2.5, -0.6755782717293662),
            (3, 1, 100.0, 2.0, 0.21052631578947356),
        ] {
            let got = at(n, degree, s, x);
            assert!((got - expected).abs() < 1e-9, "n {n}, s {s}, x {x}: {got}, scipy {expected}");
        }
    }
}
