//! Mean and variance of a convolution's result, measured where it is written, while it is still in the cache: row by row around
//! each row's own mean, then merged (Chan, Golub & LeVeque 1979), so that a mean far from 0 costs no digits.

use super::super::norm;

/// What is known of some values.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Part {
    count: f64,
    mean: f64,
    /// Sum of squared differences from the mean.
    spread: f64,
}

impl Part {
    #[inline(always)]
    pub(super) fn of(values: &[f32]) -> Self {
        let count = values.len() as f64;
        let centre = (norm::sum(values) / count) as f32;
        let (offset, squares) = norm::sums_around(values, centre);
        // Around the rounded mean: take its offset out again.
        Self { count, mean: f64::from(centre) + offset / count, spread: squares - offset * offset / count }
    }

    /// Both together.
    pub(in super::super) fn with(self, other: Self) -> Self {
        let count = self.count + other.count;
        if self.count == 0.0 || other.count == 0.0 {
            return if self.count == 0.0 { other } else { self };
        }
        let apart = other.mean - self.mean;
        Self {
            count,
            mean: self.mean + apart * other.count / count,
            spread: self.spread + other.spread + apart * apart * self.count * other.count / count,
        }
    }

    /// Mean and biased variance.
    pub(in super::super) fn moments(self) -> (f32, f32) {
        (self.mean as f32, (self.spread / self.count.max(1.0)) as f32)
    }
}
