//! Slices at another pixel size, by OpenCV's arithmetic, which the published references were made with. Knows pixels only.

use ndarray::{Array2, ArrayView2};

/// Sixteenths of thousands: OpenCV's fixed-point unit of a weight.
const UNIT: f32 = 2048.0;

/// Where an output pixel lies between two input pixels, which are the same at the edges.
#[derive(Clone, Copy)]
struct Between {
    low: usize,
    high: usize,
    fraction: f32,
}

impl Between {
    /// The position in 32 bits, as OpenCV rounds it.
    fn new(position: f32, n: usize) -> Self {
        let low = position.floor();
        if low < 0.0 {
            return Self { low: 0, high: 0, fraction: 0.0 };
        }
        let last = n - 1;
        if low >= last as f32 {
            return Self { low: last, high: last, fraction: 0.0 };
        }
        Self { low: low as usize, high: low as usize + 1, fraction: position - low }
    }

    /// Weights of both neighbours in [`UNIT`]s.
    fn fixed(self) -> [i32; 2] {
        [1.0 - self.fraction, self.fraction].map(|weight| (weight * UNIT).round_ties_even() as i32)
    }
}

/// Number of pixels after scaling `n` by `factor`, at least 1.
pub(super) fn scaled(n: usize, factor: f64) -> usize {
    (n as f64 * factor).round_ties_even().max(1.0) as usize
}

/// An 8-bit slice with `factor` times as many pixels along each axis: linear, not smoothed before, in fixed point. No axis
/// may be empty.
pub(super) fn resize_grey(slice: &Array2<u8>, factors: [f64; 2]) -> Array2<u8> {
    let (nx, ny) = slice.dim();
    let spread = |n: usize, factor: f64| -> Vec<Between> {
        let places = (0..scaled(n, factor)).map(|i| ((i as f64 + 0.5) / factor - 0.5) as f32);
        places.map(|place| Between::new(place, n)).collect()
    };
    let (xs, ys) = (spread(nx, factors[0]), spread(ny, factors[1]));
    Array2::from_shape_fn((xs.len(), ys.len()), |(i, j)| {
        let (x, y) = (xs[i], ys[j]);
        let [left, right] = x.fixed();
        let row = |y: usize| left * i32::from(slice[[x.low, y]]) + right * i32::from(slice[[x.high, y]]);
        let [below, above] = y.fixed();
        let part = |weight: i32, row: i32| (weight * (row >> 4)) >> 16;
        ((part(below, row(y.low)) + part(above, row(y.high)) + 2) >> 2).clamp(0, 255) as u8
    })
}

/// A slice of numbers brought to `shape` pixels: linear. No axis may be empty.
pub(super) fn resize_to(slice: ArrayView2<'_, f32>, shape: [usize; 2]) -> Array2<f32> {
    let (nx, ny) = slice.dim();
    let spread = |from: usize, to: usize| -> Vec<Between> {
        let ratio = from as f64 / to as f64;
        (0..to).map(|i| Between::new(((i as f64 + 0.5) * ratio - 0.5) as f32, from)).collect()
    };
    let (xs, ys) = (spread(nx, shape[0]), spread(ny, shape[1]));
    Array2::from_shape_fn(shape, |(i, j)| {
        let (x, y) = (xs[i], ys[j]);
        let row = |y: usize| slice[[x.low, y]] * (1.0 - x.fraction) + slice[[x.high, y]] * x.fraction;
        row(y.low) * (1.0 - y.fraction) + row(y.high) * y.fraction
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use proptest::prelude::*;

    #[test]
    fn the_same_size_changes_nothing() {
        let slice = Array2::from_shape_fn((16, 16), |(x, y)| (16 * x + y) as u8);
        assert_eq!(resize_grey(&slice, [1.0, 1.0]), slice);
        let numbers = slice.mapv(f32::from);
        assert_eq!(resize_to(numbers.view(), [16, 16]), numbers);
    }

    #[test]
    fn halves_and_doubles_by_hand() {
        let slice = array![[0_u8], [10], [20], [40]];
        assert_eq!(resize_grey(&slice, [0.5, 1.0]), array![[5], [30]]);
        assert_eq!(resize_grey(&array![[0_u8], [100]], [2.0, 1.0]), array![[0], [25], [75], [100]]);
        assert_eq!(resize_to(array![[0.0_f32], [1.0]].view(), [4, 1]), array![[0.0], [0.25], [0.75], [1.0]]);
    }

    proptest! {
        #[test]
        fn grey_levels_stay_within_one_of_exact_interpolation(
            values in prop::collection::vec(any::<u8>(), 30),
            factors in prop::array::uniform2(0.05..3.0f64),
        ) {
            let slice = Array2::from_shape_vec((5, 6), values).unwrap();
            let resized = resize_grey(&slice, factors);
            let numbers = slice.mapv(f64::from).insert_axis(ndarray::Axis(2));
            for ((i, j), grey) in resized.indexed_iter() {
                let at = [(i, factors[0]), (j, factors[1])].map(|(i, f)| (i as f64 + 0.5) / f - 0.5);
                let exact = crate::volume::sample_linear(&numbers.view(), [at[0], at[1], 0.0]);
                prop_assert!((f32::from(*grey) - exact).abs() <= 1.01);
            }
        }
    }
}
