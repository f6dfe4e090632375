//! Intensity standardisation after Nyul & Udupa (1999/2000) as the Spinal Cord Toolbox's lesion networks were trained with:
//! a crop's percentiles go to fixed landmarks, piecewise linearly, with exponential tails. Arithmetic on numbers only.

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::dataset::Contrast;

use super::Percentiles;

/// Upper end of the standard scale; the lower end is 0.
const SCALE_END: f64 = 2611.0;

/// Where the eleven [`Percentiles`] of every crop go on the standard scale; never decreasing, 0 to 2611.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Landmarks(pub [f64; 11]);

impl Landmarks {
    /// The landmarks of the published networks (SCT `deepseg_lesion`), or `None` for a contrast that has none.
    pub fn preset(contrast: &Contrast) -> Option<Self> {
        match contrast {
            Contrast::T2 => Some(Self([
                0.0,
                136.832187,
                312.158435,
                448.968030,
                568.657779,
                696.671586,
                859.221138,
                1074.463414,
                1373.289174,
                1811.522669,
                SCALE_END,
            ])),
            Contrast::T2Ax => Some(Self([
                0.0,
                112.195357,
                291.611185,
                446.727066,
                581.103970,
                702.979079,
                833.318257,
                1011.856313,
                1268.801813,
                1687.137075,
                SCALE_END,
            ])),
            Contrast::T2s => Some(Self([
                0.0,
                123.246969,
                226.422561,
                338.361023,
                532.341924,
                788.693675,
                1096.975553,
                1407.979466,
                1716.524530,
                2079.788451,
                SCALE_END,
            ])),
            Contrast::T1 | Contrast::Other(_) => None,
        }
    }

    /// Landmarks of a training set (Nyul & Udupa): each crop's percentiles stretched so that the 1st is 0 and the 99th 2611, then
    /// averaged. Crops without any contrast are left out; `None` when none is left.
    pub fn learn(crops: &[Percentiles]) -> Option<Self> {
        let mut sum = [0.0; 11];
        let mut used = 0.0;
        for Percentiles(p) in crops.iter().filter(|p| p.0[10] > p.0[0]) {
            used += 1.0;
            for (total, value) in sum.iter_mut().zip(p) {
                *total += (value - p[0]) / (p[10] - p[0]) * SCALE_END;
            }
        }
        (used > 0.0).then(|| Self(sum.map(|total| total / used)))
    }
}

/// Maps intensities onto the standard scale, in place.
///
/// Between the 1st and 99th percentile piecewise linear, as `numpy.interp`: where percentiles coincide, the last of them
/// counts. Below and above exponential tails towards the ends of the scale. The upper tail leans on the 80th and 90th
/// percentile, not on the 90th and 99th: a quirk of the original, kept because the published networks were trained with it. So
/// the mapping rises within each of its three parts but steps down at the 1st and at the 99th percentile. Where the original
/// divides by zero (coinciding percentiles under a tail) the tail is flat at its end of the scale, its limit. Finite input stays finite.
pub fn standardise(image: &mut Array3<f32>, percentiles: &Percentiles, landmarks: &Landmarks) {
    let (p, l) = (&percentiles.0, &landmarks.0);
    let below = Tail::new([p[0], p[1]], [l[0], l[1]], l[0]);
    let above = Tail::new([p[8], p[9]], [l[8], l[9]], l[10]);
    image.par_mapv_inplace(|value| {
        let x = f64::from(value);
        let mapped = if x < p[0] {
            below.at(x)
        } else if x > p[10] {
            above.at(x)
        } else {
            between(p, l, x)
        };
        mapped as f32
    });
}

/// Linear interpolation of `l` over `p` at `p[0] <= x <= p[10]`.
fn between(p: &[f64; 11], l: &[f64; 11], x: f64) -> f64 {
    let low = p.partition_point(|bound| *bound <= x).saturating_sub(1);
    if low >= 10 || p[low] == x {
        return l[low.min(10)];
    }
    l[low] + (l[low + 1] - l[low]) / (p[low + 1] - p[low]) * (x - p[low])
}

/// `end + (y2 - end) * exp(m (x - x2) / (y2 - end))`: through (x2, y2) with the slope m of the chord, towards `end`.
struct Tail {
    end: f64,
    reach: f64,
    rate: f64,
    x2: f64,
}

impl Tail {
    fn new([x1, x2]: [f64; 2], [y1, y2]: [f64; 2], end: f64) -> Self {
        let reach = y2 - end;
        let rate = (y2 - y1) / (x2 - x1) / reach;
        if rate.is_finite() {
            Self { end, reach, rate, x2 }
        } else {
            // A chord without width or reach: the tail is at its end at once.
            Self { end, reach: 0.0, rate: 0.0, x2 }
        }
    }

    fn at(&self, x: f64) -> f64 {
        self.end + self.reach * (self.rate * (x - self.x2)).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(values: &[f32], p: [f64; 11], l: [f64; 11]) -> Vec<f32> {
        let mut image = Array3::from_shape_vec((values.len(), 1, 1), values.to_vec()).unwrap();
        standardise(&mut image, &Percentiles(p), &Landmarks(l));
        image.into_raw_vec_and_offset().0
    }

    fn t2s() -> [f64; 11] {
        Landmarks::preset(&Contrast::T2s).unwrap().0
    }

    #[test]
    fn percentiles_go_to_landmarks_and_midpoints_to_midpoints() {
        let p: [f64; 11] = std::array::from_fn(|i| 10.0 * i as f64);
        let at = map(&[0.0, 10.0, 55.0, 100.0], p, t2s());
        let expected = [0.0, t2s()[1], (t2s()[5] + t2s()[6]) / 2.0, 2611.0];
        assert!(at.iter().zip(expected).all(|(a, e)| (f64::from(*a) - e).abs() < 1e-3));
    }

    #[test]
    fn the_tails_by_the_published_formula() {
        let p: [f64; 11] = std::array::from_fn(|i| 10.0 * i as f64);
        let l = t2s();
        // y = s + beta exp(gamma x) with w = m x2 - s + b, beta = w exp(-m x2 / w), gamma = m / w.
        let formula = |x: f64, x1: f64, x2: f64, y1: f64, y2: f64, s: f64| {
            let m = (y2 - y1) / (x2 - x1);
            let w = m * x2 - s + (y1 - m * x1);
            s + w * (-m * x2 / w).exp() * (m / w * x).exp()
        };
        let found = map(&[-7.0, 130.0], p, l);
        assert!((f64::from(found[0]) - formula(-7.0, 0.0, 10.0, l[0], l[1], l[0])).abs() < 1e-3);
        assert!((f64::from(found[1]) - formula(130.0, 80.0, 90.0, l[8], l[9], l[10])).abs() < 1e-3);
    }

    #[test]
    fn coinciding_percentiles_take_the_last_landmark_and_flat_tails() {
        let mut p: [f64; 11] = std::array::from_fn(|i| 10.0 * i as f64);
        (p[0], p[1], p[2], p[3]) = (5.0, 5.0, 5.0, 5.0);
        (p[8], p[9]) = (90.0, 90.0);
        let found = map(&[-3.0, 5.0, 90.0, 101.0], p, t2s());
        assert_eq!(found, [0.0, t2s()[3] as f32, t2s()[9] as f32, 2611.0]);
        assert_eq!(map(&[4.0], [4.0; 11], t2s()), [2611.0], "a flat crop");
    }

    #[test]
    fn learning_averages_the_stretched_percentiles() {
        let even: [f64; 11] = std::array::from_fn(|i| i as f64);
        let mut late = [0.0; 11];
        late[10] = 8.0;
        let Landmarks(l) =
            Landmarks::learn(&[Percentiles(even), Percentiles(late), Percentiles([3.0; 11])]).unwrap();
        assert_eq!((l[0], l[10]), (0.0, 2611.0));
        assert!((l[5] - 2611.0 / 4.0).abs() < 1e-9);
        assert_eq!(Landmarks::learn(&[Percentiles([3.0; 11])]), None);
    }

    proptest! {
        #[test]
        fn finite_and_rising_within_each_part(
            mut p in prop::array::uniform11(-50i16..50), mut values in prop::collection::vec(-99i16..99, 2..60),
        ) {
            p.sort_unstable();
            values.sort_unstable();
            let p = p.map(f64::from);
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let mapped = map(&values, p, t2s());
            prop_assert!(mapped.iter().all(|v| v.is_finite() && (-1e-3..=2611.001).contains(v)));
            let part = |v: f32| (f64::from(v) >= p[0]) as u8 + (f64::from(v) > p[10]) as u8;
            for (v, m) in values.windows(2).zip(mapped.windows(2)) {
                prop_assert!(part(v[0]) != part(v[1]) || m[0] <= m[1]);
            }
        }
    }
}
