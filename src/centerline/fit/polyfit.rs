//! One least-squares polynomial, built from polynomials that are orthogonal on the data (Forsythe 1957): no matrix to
//! solve, and a degree that the data cannot support simply adds nothing.

use std::ops::Range;

/// Values on every slice of the polynomial of `degree` nearest to the data. z is scaled to -1..1 first.
pub(super) fn fit(z: &[f64], values: &[f64], slices: Range<usize>, degree: usize) -> Vec<f64> {
    let (low, high) = (z[0], z[z.len() - 1]);
    let scaled = |z: f64| if high > low { (2.0 * z - low - high) / (high - low) } else { 0.0 };
    let data: Vec<f64> = z.iter().map(|z| scaled(*z)).collect();
    let target: Vec<f64> = slices.map(|slice| scaled(slice as f64)).collect();

    let mut fitted = vec![0.0; target.len()];
    let mut current = Pair { on_data: vec![1.0; data.len()], on_target: vec![1.0; target.len()] };
    let mut previous = Pair { on_data: vec![0.0; data.len()], on_target: vec![0.0; target.len()] };
    let mut previous_norm = 1.0;
    for order in 0..=degree.min(z.len() - 1) {
        let norm = dot(&current.on_data, &current.on_data);
        let weight = dot(&current.on_data, values) / norm;
        fitted.iter_mut().zip(&current.on_target).for_each(|(sum, p)| *sum += weight * p);
        let centre = current.on_data.iter().zip(&data).map(|(p, t)| p * p * t).sum::<f64>() / norm;
        let back = if order == 0 { 0.0 } else { norm / previous_norm };
        let next = Pair {
            on_data: step(&data, centre, back, &current.on_data, &previous.on_data),
            on_target: step(&target, centre, back, &current.on_target, &previous.on_target),
        };
        previous = std::mem::replace(&mut current, next);
        previous_norm = norm;
    }
    fitted
}

/// One orthogonal polynomial, at the data and where the fit is wanted.
struct Pair {
    on_data: Vec<f64>,
    on_target: Vec<f64>,
}

/// The three-term recurrence to the next polynomial: `(t - centre) * current - back * previous`.
fn step(t: &[f64], centre: f64, back: f64, current: &[f64], previous: &[f64]) -> Vec<f64> {
    t.iter().zip(current).zip(previous).map(|((t, p), q)| (t - centre) * p - back * q).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::super::{Fit, tests::*};

    #[test]
    fn equals_the_synthetic_values() {
        let curve = Fit::Polyfit { degree: 5 }.through(&sine(), 0..58, 1.0);
        assert_x(&curve, &[(0, 19.943935), (10, 24.780656), (29, 17.788365), (57, 23.581098)]);
    }
}
