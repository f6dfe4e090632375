//! The natural cubic spline: of all smooth curves through the centres the one that bends least, straight beyond its ends.
//!
//! Meant for few centres that somebody placed on purpose; it follows the noise of many. Knows one coordinate at a time.

use std::ops::Range;

/// Values on every slice of the spline through `values` at strictly increasing `z`; at least one. One centre is held, two
/// give a straight line.
pub(super) fn fit(z: &[f64], values: &[f64], slices: Range<usize>) -> Vec<f64> {
    let bends = bends(z, values);
    slices.map(|slice| at(z, values, &bends, slice as f64)).collect()
}

/// Second derivatives at the centres; none at both ends. Solves the symmetric tridiagonal system of a continuous slope
/// (de Boor, A Practical Guide to Splines, ch. IV) by elimination: its diagonal dominates, so no pivoting is needed.
fn bends(z: &[f64], values: &[f64]) -> Vec<f64> {
    let n = z.len();
    let mut bends = vec![0.0; n];
    let gap = |i: usize| z[i + 1] - z[i];
    let slope = |i: usize| (values[i + 1] - values[i]) / gap(i);
    let (mut upper, mut right) = (vec![0.0; n], vec![0.0; n]);
    for i in 1..n.saturating_sub(1) {
        let pivot = 2.0 * (gap(i - 1) + gap(i)) - gap(i - 1) * upper[i - 1];
        upper[i] = gap(i) / pivot;
        right[i] = (6.0 * (slope(i) - slope(i - 1)) - gap(i - 1) * right[i - 1]) / pivot;
    }
    for i in (1..n.saturating_sub(1)).rev() {
        bends[i] = right[i] - upper[i] * bends[i + 1];
    }
    bends
}

fn at(z: &[f64], values: &[f64], bends: &[f64], x: f64) -> f64 {
    let Some(last) = z.len().checked_sub(2) else { return values[0] };
    let i = z.partition_point(|known| *known <= x).saturating_sub(1).min(last);
    let gap = z[i + 1] - z[i];
    let (a, b) = ((z[i + 1] - x) / gap, (x - z[i]) / gap);
    // The weight of a bend; beyond the ends, where a share is negative, its tangent: the curve goes on straight.
    let weight = |share: f64| if share > 0.0 { share.powi(3) - share } else { -share };
    let bent = weight(a) * bends[i] + weight(b) * bends[i + 1];
    a * values[i] + b * values[i + 1] + bent * gap * gap / 6.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equals_a_spline_computed_by_hand() {
        // Through (0, 0), (2, 4), (4, 0) the only bend is -3; s(1) = 2 + 3/4.
        let curve = fit(&[0.0, 2.0, 4.0], &[0.0, 4.0, 0.0], 0..7);
        for (k, expected) in [0.0, 2.75, 4.0, 2.75, 0.0, -3.0, -6.0].into_iter().enumerate() {
            assert!((curve[k] - expected).abs() < 1e-12, "{curve:?}");
        }
    }

    proptest! {
        #[test]
        fn meets_every_centre_with_a_continuous_slope(
            steps in prop::collection::vec((1usize..9, -6.0..6.0f64), 1..9)
        ) {
            let mut at = 0;
            let centres: Vec<(usize, f64)> = steps.into_iter().map(|(gap, v)| { at += gap; (at, v) }).collect();
            let z: Vec<f64> = centres.iter().map(|c| c.0 as f64).collect();
            let values: Vec<f64> = centres.iter().map(|c| c.1).collect();
            let curve = fit(&z, &values, 0..at + 5);
            prop_assert!(centres.iter().all(|(z, v)| (curve[*z] - v).abs() < 1e-9));
            let bends = bends(&z, &values);
            let near = |x: f64| super::at(&z, &values, &bends, x);
            for z in &z {
                let (before, after) = (near(*z) - near(z - 1e-5), near(z + 1e-5) - near(*z));
                prop_assert!((before - after).abs() < 1e-7, "{before} {after} at {z}");
            }
        }

        #[test]
        fn a_line_stays_a_line(slope in -3.0..3.0f64, start in -9.0..9.0f64, n in 1usize..6) {
            let z: Vec<f64> = (0..n).map(|i| (3 * i * (i + 1)) as f64).collect();
            let values: Vec<f64> = z.iter().map(|z| start + slope * z).collect();
            let slope = if n == 1 { 0.0 } else { slope };
            for (k, v) in fit(&z, &values, 0..99).into_iter().enumerate() {
                prop_assert!((v - start - slope * k as f64).abs() < 1e-9);
            }
        }
    }
}
