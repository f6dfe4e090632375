//! The one measure of overlap that training, thresholds and reports share.

/// Dice of two masks of `a` and `b` voxels that share `both`: `2 both / (a + b)`, 0..1; 1 when both are empty.
pub fn dice(both: usize, a: usize, b: usize) -> f64 {
    if a + b == 0 {
        return 1.0;
    }
    2.0 * both as f64 / (a + b) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        assert_eq!([dice(2, 3, 4), dice(0, 0, 0), dice(0, 5, 0), dice(7, 7, 7)], [4.0 / 7.0, 1.0, 0.0, 1.0]);
    }
}
