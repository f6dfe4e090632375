//! Order statistics by numpy's linear rule.

use serde::{Deserialize, Serialize};

/// Median and quartiles of the values that exist.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quartiles {
    /// How many values.
    pub count: usize,
    /// 25th percentile.
    pub q1: f64,
    /// 50th percentile.
    pub median: f64,
    /// 75th percentile.
    pub q3: f64,
}

impl Quartiles {
    /// Of some values; `None` of none.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        let [q1, median, q3] = [25.0, 50.0, 75.0].map(|q| percentile(&mut values, q));
        Some(Self { count: values.len(), q1: q1?, median: median?, q3: q3? })
    }
}

/// The percentile `q` (0..100) of the values, interpolated linearly as numpy does; `None` of none. Sorts them.
pub(super) fn percentile(values: &mut [f64], q: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let position = q / 100.0 * values.len().checked_sub(1)? as f64;
    let (low, part) = (position.floor() as usize, position.fract());
    let high = (low + 1).min(values.len() - 1);
    Some(values[low] + part * (values[high] - values[low]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_numpy_does() {
        let q = Quartiles::of(vec![4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!((q.count, q.q1, q.median, q.q3), (4, 1.75, 2.5, 3.25));
        assert_eq!(Quartiles::of(vec![7.0]).map(|q| (q.q1, q.q3)), Some((7.0, 7.0)));
        assert_eq!(Quartiles::of(vec![]), None);
    }
}
