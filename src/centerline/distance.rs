//! The generalised squared distance transform: what it costs at least to come to each pixel of a slice from any other one.
//! Knows numbers only, neither curves nor images.
//!
//! Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions", Theory of Computing 8 (2012): one axis after
//! the other, each row the lower envelope of parabolas, so the effort grows with the number of pixels only.

use ndarray::parallel::prelude::{IntoParallelIterator, ParallelIterator};
use ndarray::{Array2, ArrayView2, Axis};

/// For every pixel p the least of `cost(q) + weight_x (p_x - q_x)^2 + weight_y (p_y - q_y)^2` over all pixels q.
///
/// `cost` is `[x, y]`; an infinite one bars its pixel as a start. The weights must be above 0.
pub(super) fn cheapest_arrivals(cost: Array2<f64>, [weight_x, weight_y]: [f64; 2]) -> Array2<f64> {
    let along_x = envelopes(cost.reversed_axes(), weight_x);
    envelopes(along_x.reversed_axes(), weight_y)
}

/// The distance (pixels) of every pixel that is set to the nearest one that is not; 0 where not set, and everywhere when all
/// are set, since then there is nothing to measure from.
pub(super) fn distance_to_unset(set: ArrayView2<'_, bool>) -> Array2<f32> {
    let start = set.mapv(|set| if set { f64::INFINITY } else { 0.0 });
    let squared = cheapest_arrivals(start, [1.0; 2]);
    squared.mapv(|d| if d.is_finite() { d.sqrt() as f32 } else { 0.0 })
}

/// Replaces every row (along the last axis) by the lower envelope of the parabolas standing on it.
fn envelopes(costs: Array2<f64>, weight: f64) -> Array2<f64> {
    let mut rows = if costs.is_standard_layout() { costs } else { costs.as_standard_layout().into_owned() };
    rows.axis_iter_mut(Axis(0)).into_par_iter().for_each_init(Envelope::default, |envelope, mut row| {
        if let Some(row) = row.as_slice_mut() {
            envelope.replace(row, weight);
        }
    });
    rows
}

/// The parabolas that touch the envelope from left to right, and from where on each does.
#[derive(Default)]
struct Envelope {
    parabolas: Vec<(f64, f64)>,
    from: Vec<f64>,
}

impl Envelope {
    fn replace(&mut self, row: &mut [f64], weight: f64) {
        self.build(row, weight);
        let mut at = 0;
        for (i, value) in row.iter_mut().enumerate() {
            let x = i as f64;
            while at + 1 < self.from.len() && self.from[at + 1] < x {
                at += 1;
            }
            *value = self
                .parabolas
                .get(at)
                .map_or(f64::INFINITY, |(apex, cost)| cost + weight * (x - apex).powi(2));
        }
    }

    fn build(&mut self, row: &[f64], weight: f64) {
        self.parabolas.clear();
        self.from.clear();
        for (i, cost) in row.iter().enumerate().filter(|(_, cost)| cost.is_finite()) {
            let apex = i as f64;
            let mut start = f64::NEG_INFINITY;
            while let (Some((last, height)), Some(from)) = (self.parabolas.last(), self.from.last()) {
                // Where the new parabola dives below the last one.
                start = ((cost - height) / weight + apex * apex - last * last) / (2.0 * (apex - last));
                if start > *from {
                    break;
                }
                start = f64::NEG_INFINITY;
                self.parabolas.pop();
                self.from.pop();
            }
            self.parabolas.push((apex, *cost));
            self.from.push(start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_trying_all(cost: &Array2<f64>, weight: [f64; 2]) -> Array2<f64> {
        Array2::from_shape_fn(cost.dim(), |(x, y)| {
            let price = |(a, b): (usize, usize)| {
                weight[0] * (x as f64 - a as f64).powi(2) + weight[1] * (y as f64 - b as f64).powi(2)
            };
            cost.indexed_iter().map(|(at, cost)| cost + price(at)).fold(f64::INFINITY, f64::min)
        })
    }

    proptest! {
        #[test]
        fn equals_trying_all_starts(
            (nx, ny) in (1..9usize, 1..9usize),
            values in prop::collection::vec(prop_oneof![4 => -5.0..5.0f64, 1 => Just(f64::INFINITY)], 64),
            weight in prop::array::uniform2(prop_oneof![Just(1e-9), 1e-3..4.0f64, Just(1e9)]),
        ) {
            let cost = Array2::from_shape_fn((nx, ny), |(x, y)| values[x * 8 + y]);
            let expected = by_trying_all(&cost, weight);
            for (a, b) in cheapest_arrivals(cost, weight).iter().zip(&expected) {
                prop_assert!(a == b || (a - b).abs() < 1e-6, "{a} is not {b}");
            }
        }
    }

    #[test]
    fn distances_of_a_disc_reach_its_middle() {
        let disc = Array2::from_shape_fn((11, 11), |(x, y)| (x as f64 - 5.0).hypot(y as f64 - 5.0) < 4.0);
        let distance = distance_to_unset(disc.view());
        assert_eq!((distance[[5, 5]], distance[[4, 5]], distance[[0, 0]]), (4.0, 3.0, 0.0));
        assert_eq!(distance[[6, 6]], 8.0_f32.sqrt());
    }

    #[test]
    fn without_an_unset_pixel_there_is_no_distance() {
        assert_eq!(distance_to_unset(Array2::from_elem((3, 2), true).view()).sum(), 0.0);
    }
}
