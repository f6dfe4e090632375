//! The eleven percentiles that describe a crop's intensities. Arithmetic on numbers only.

use serde::{Deserialize, Serialize};

/// Which percentiles: 1, 10, 20 .. 90, 99.
pub const PERCENTS: [f64; 11] = [1.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 99.0];

/// Percentiles 1, 10, 20 .. 90, 99 of a crop, in the file's intensity unit; never decreasing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Percentiles(pub [f64; 11]);

impl Percentiles {
    /// Percentiles of all values (zeros included), by linear interpolation between order statistics: Hyndman and Fan's
    /// type 7, numpy's default. `None` without values.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a f32>) -> Option<Self> {
        let mut values: Vec<f32> = values.into_iter().copied().collect();
        let last = values.len().checked_sub(1)?;
        let positions = PERCENTS.map(|percent| percent / 100.0 * last as f64);
        let mut ranks: Vec<usize> =
            positions.iter().flat_map(|p| [p.floor() as usize, (p.floor() as usize + 1).min(last)]).collect();
        ranks.sort_unstable();
        ranks.dedup();
        put_in_place(&mut values, 0, &ranks);
        Some(Self(positions.map(|position| {
            let low = position.floor() as usize;
            let (below, above) = (f64::from(values[low]), f64::from(values[(low + 1).min(last)]));
            below + (above - below) * (position - low as f64)
        })))
    }
}

/// Partly sorts `values` so that each of the ascending `ranks` (counted from `offset`) holds what full sorting would put there:
/// select the middle rank, then go on in either side. About n log(ranks) steps instead of n log n.
fn put_in_place(values: &mut [f32], offset: usize, ranks: &[usize]) {
    let Some(&rank) = ranks.get(ranks.len() / 2) else { return };
    let (below, _, above) = values.select_nth_unstable_by(rank - offset, f32::total_cmp);
    let (lower, upper) = ranks.split_at(ranks.len() / 2);
    put_in_place(below, offset, lower);
    put_in_place(above, rank + 1, upper.get(1..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn by_hand() {
        let values: Vec<f32> = (0..101).rev().map(|v| v as f32).collect();
        assert_eq!(Percentiles::of(&values).unwrap().0, PERCENTS);
        assert_eq!(Percentiles::of(&[3.0, 1.0]).unwrap().0[5], 2.0);
        assert_eq!(Percentiles::of(&[7.0]).unwrap().0, [7.0; 11]);
        assert_eq!(Percentiles::of(&[]), None);
    }

    proptest! {
        #[test]
        fn equal_to_sorting_everything(values in prop::collection::vec(-5i16..40, 1..300)) {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f32::total_cmp);
            let found = Percentiles::of(&values).unwrap().0;
            for (percent, value) in PERCENTS.iter().zip(found) {
                let position = percent / 100.0 * (sorted.len() - 1) as f64;
                let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
                let expected = f64::from(low) + f64::from(high - low) * position.fract();
                prop_assert!((value - expected).abs() < 1e-9);
            }
        }
    }
}
