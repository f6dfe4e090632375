//! Least squares with a banded matrix, one equation at a time, by Givens rotations: the upper triangle is kept small and
//! the equations themselves are never stored. Knows nothing of splines.

/// The widest row: a cubic's jump condition touches five coefficients.
pub(super) const WIDTH: usize = 5;

/// A run of coefficients of one equation, from its first unknown on.
pub(super) type Row = [f64; WIDTH];

/// The triangle R and the rotated right-hand side of a growing least-squares problem.
#[derive(Clone)]
pub(super) struct Banded {
    /// Row i of R, from its diagonal on.
    rows: Vec<Row>,
    rhs: Vec<f64>,
    /// Sum of squares that no choice of unknowns removes.
    pub residual: f64,
}

impl Banded {
    pub(super) fn new(unknowns: usize) -> Self {
        Banded { rows: vec![[0.0; WIDTH]; unknowns], rhs: vec![0.0; unknowns], residual: 0.0 }
    }

    /// Adds the equation `sum(row[i] * unknown[first + i]) = value`.
    pub(super) fn add(&mut self, first: usize, mut row: Row, mut value: f64) {
        for column in first..self.rows.len() {
            if row.iter().all(|v| *v == 0.0) {
                break;
            }
            if row[0] != 0.0 {
                self.rotate(column, &mut row, &mut value);
            }
            row.rotate_left(1);
            row[WIDTH - 1] = 0.0;
        }
        self.residual += value * value;
    }

    /// Turns the equation and R's row in their common plane until the equation no longer holds the unknown `column`.
    fn rotate(&mut self, column: usize, row: &mut Row, value: &mut f64) {
        let own = &mut self.rows[column];
        let length = own[0].hypot(row[0]);
        let (cos, sin) = (own[0] / length, row[0] / length);
        for (a, b) in own.iter_mut().zip(row.iter_mut()) {
            (*a, *b) = (cos * *a + sin * *b, cos * *b - sin * *a);
        }
        row[0] = 0.0;
        let rhs = &mut self.rhs[column];
        (*rhs, *value) = (cos * *rhs + sin * *value, cos * *value - sin * *rhs);
    }

    /// The unknowns, by back substitution; one that no equation mentions is 0.
    pub(super) fn solve(&self) -> Vec<f64> {
        let mut unknowns = vec![0.0; self.rows.len()];
        for i in (0..unknowns.len()).rev() {
            let row = &self.rows[i];
            let known: f64 = row[1..].iter().zip(&unknowns[i + 1..]).map(|(r, u)| r * u).sum();
            unknowns[i] = if row[0] == 0.0 { 0.0 } else { (self.rhs[i] - known) / row[0] };
        }
        unknowns
    }

    /// Sum of R's diagonal.
    pub(super) fn trace(&self) -> f64 {
        self.rows.iter().map(|row| row[0]).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_an_overdetermined_line() {
        // intercept + slope * t through (0, 1), (1, 3), (2, 4): slope 1.5, intercept 7/6, residual 1/6.
        let mut system = Banded::new(2);
        for (t, v) in [(0.0, 1.0), (1.0, 3.0), (2.0, 4.0)] {
            system.add(0, [1.0, t, 0.0, 0.0, 0.0], v);
        }
        let solution = system.solve();
        assert!((solution[0] - 7.0 / 6.0).abs() < 1e-12 && (solution[1] - 1.5).abs() < 1e-12);
        assert!((system.residual - 1.0 / 6.0).abs() < 1e-12);
    }
}
