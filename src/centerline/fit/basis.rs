//! B-spline basis functions and splines built of them (de Boor and Cox's recurrence). Knows nothing of fitting.

use super::banded::{Row, WIDTH};

/// A spline of degree at most 3: ascending knots, the outer `degree + 1` of each side repeated, and its coefficients.
#[derive(Clone, Debug)]
pub(super) struct Spline {
    pub knots: Vec<f64>,
    pub degree: usize,
    pub coefficients: Vec<f64>,
}

impl Spline {
    /// Value at `x`; beyond the outer knots the first and last pieces go on.
    pub(super) fn at(&self, x: f64) -> f64 {
        let (first, row) = basis(&self.knots, self.degree, x);
        row.iter().zip(&self.coefficients[first..]).map(|(b, c)| b * c).sum()
    }
}

/// The `degree + 1` basis functions that live on the piece holding `x`, and the index of the first of them.
pub(super) fn basis(knots: &[f64], degree: usize, x: f64) -> (usize, Row) {
    let last_piece = knots.len() - degree - 2;
    let piece = knots[..=last_piece].partition_point(|t| *t <= x).saturating_sub(1).clamp(degree, last_piece);
    let mut row = [0.0; WIDTH];
    row[0] = 1.0;
    for order in 1..=degree {
        let lower = row;
        row[0] = 0.0;
        for i in 0..order {
            let right = knots[piece + 1 + i];
            let left = knots[piece + 1 + i - order];
            let share = lower[i] / (right - left);
            row[i] += share * (right - x);
            row[i + 1] = share * (x - left);
        }
    }
    (piece - degree, row)
}

/// How much the highest derivative jumps at the interior knot `at`, per coefficient `at - degree - 1 ..= at`: the numbers
/// that a smoothing spline drives to zero. Scaled by the mean piece length, as Dierckx does, to keep them near 1.
pub(super) fn jump(knots: &[f64], degree: usize, at: usize) -> Row {
    let last = knots.len() - degree - 1;
    let pieces = (last - degree) as f64;
    let scale = (pieces / (knots[last] - knots[degree])).powi(degree as i32);
    let mut row = [0.0; WIDTH];
    for (j, cell) in row.iter_mut().take(degree + 2).enumerate() {
        let support = at + j - degree - 1..=at + j;
        let width = knots[*support.end()] - knots[*support.start()];
        let distances: f64 = support.filter(|i| *i != at).map(|i| knots[at] - knots[i]).product();
        *cell = width / (distances * scale);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOTS: [f64; 11] = [0.0, 0.0, 0.0, 0.0, 1.0, 2.5, 4.0, 7.0, 7.0, 7.0, 7.0];

    #[test]
    fn basis_sums_to_one_everywhere() {
        for x in [0.0, 0.3, 1.0, 2.4, 3.9, 6.9, 7.0] {
            assert!((basis(&KNOTS, 3, x).1.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_single_cubic_has_no_jump() {
        // The coefficients of the cubic f(x) = x are the averages of three successive knots.
        let line: Vec<f64> = KNOTS.windows(3).skip(1).take(7).map(|w| w.iter().sum::<f64>() / 3.0).collect();
        let spline = Spline { knots: KNOTS.to_vec(), degree: 3, coefficients: line.clone() };
        assert!((spline.at(3.3) - 3.3).abs() < 1e-12);
        for at in 4..7 {
            let total: f64 = jump(&KNOTS, 3, at).iter().zip(&line[at - 4..]).map(|(b, c)| b * c).sum();
            assert!(total.abs() < 1e-9, "jump {total} at knot {at}");
        }
    }
}
