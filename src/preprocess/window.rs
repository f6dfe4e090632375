//! Where a window of fixed size sits around a centre near the edges of an axis. One rule, the Spinal Cord Toolbox's, kept
//! exactly so that crops are comparable; it knows nothing of images.

/// First index of the window of `size` voxels around `centre` on an axis of `dim` voxels.
///
/// The rule: `c` = the whole part of `centre`; the window is `c - size/2 + 1 .. c + size/2 + 1`. Past the high edge it ends
/// at the edge (starting at 0 when the axis is shorter than the window); below 0 it starts at 0.
pub(super) fn window_start(centre: f64, size: usize, dim: usize) -> usize {
    let half = (size / 2) as i64;
    let middle = centre.trunc() as i64;
    let past_the_high_edge = middle + half + 1 > dim as i64;
    let start = if past_the_high_edge { dim as i64 - size as i64 } else { middle - half + 1 };
    start.max(0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_at_every_kind_of_place() {
        assert_eq!(window_start(198.0, 48, 384), 175, "in the middle");
        assert_eq!(window_start(198.99, 48, 384), 175, "the fraction is cut off, not rounded");
        assert_eq!(window_start(10.0, 48, 384), 0, "near the low edge");
        assert_eq!(window_start(359.0, 48, 384), 336, "just inside the high edge");
        assert_eq!(window_start(360.0, 48, 384), 336, "past the high edge");
        assert_eq!(window_start(15.0, 48, 30), 0, "axis shorter than the window");
        assert_eq!(window_start(-3.0, 48, 384), 0, "centre outside");
        assert_eq!(window_start(500.0, 48, 384), 336, "centre outside, high");
    }

    proptest! {
        #[test]
        fn the_window_is_inside_and_holds_its_centre(dim in 48usize..400, at in 0.0f64..1.0) {
            let centre = at * (dim - 1) as f64;
            let start = window_start(centre, 48, dim);
            prop_assert!(start + 48 <= dim);
            prop_assert!((start..start + 48).contains(&(centre.trunc() as usize)));
        }
    }
}
