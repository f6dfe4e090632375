//! Signed distances (mm, negative inside) to the few outlines the anatomy is drawn with, and the soft edge that turns a
//! distance into a covered fraction. Knows nothing of what is drawn.

/// A point in a cross-section, mm: left-right, back-front.
pub(super) type Point2 = [f64; 2];

/// Fraction (0..1) of a sample of half-width `blur` mm that lies inside an outline at signed distance `distance` mm.
pub(super) fn cover(distance: f64, blur: f64) -> f64 {
    (0.5 - 0.5 * distance / blur).clamp(0.0, 1.0)
}

/// Ellipse around the origin with half-axes `radii`; first-order distance f (f - 1) / |grad f|, exact on the outline.
pub(super) fn ellipse(at: Point2, radii: Point2) -> f64 {
    let k0 = (at[0] / radii[0]).hypot(at[1] / radii[1]);
    let k1 = (at[0] / radii[0].powi(2)).hypot(at[1] / radii[1].powi(2));
    if k1 < 1e-9 { -radii[0].min(radii[1]) } else { k0 * (k0 - 1.0) / k1 }
}

/// [`ellipse`] in three dimensions.
pub(super) fn ellipsoid(at: [f64; 3], radii: [f64; 3]) -> f64 {
    let length = |power: i32| (0..3).map(|k| (at[k] / radii[k].powi(power)).powi(2)).sum::<f64>().sqrt();
    let (k0, k1) = (length(1), length(2));
    if k1 < 1e-9 { -radii[0].min(radii[1]).min(radii[2]) } else { k0 * (k0 - 1.0) / k1 }
}

/// Rectangle around the origin with half-sides `half` and corners rounded by `corner`.
pub(super) fn rounded_box(at: Point2, half: Point2, corner: f64) -> f64 {
    let qx = at[0].abs() - half[0] + corner;
    let qy = at[1].abs() - half[1] + corner;
    qx.max(0.0).hypot(qy.max(0.0)) + qx.max(qy).min(0.0) - corner
}

/// Stroke from `a` to `b` whose radius goes from `ra` to `rb`.
pub(super) fn stroke(at: Point2, a: Point2, b: Point2, ra: f64, rb: f64) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let t = (((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (at[0] - a[0] - t * dx).hypot(at[1] - a[1] - t * dy) - (ra + t * (rb - ra))
}

/// Union of two outlines whose inner corner is rounded over about `round` mm.
pub(super) fn melt(a: f64, b: f64, round: f64) -> f64 {
    let h = (round - (a - b).abs()).max(0.0) / round;
    a.min(b) - h * h * round / 4.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_where_they_should_be() {
        assert!(ellipse([3.0, 0.0], [3.0, 2.0]).abs() < 1e-9);
        assert!(ellipsoid([0.0, 0.0, 5.0], [1.0, 2.0, 5.0]).abs() < 1e-9);
        assert!((rounded_box([6.0, 0.0], [4.0, 2.0], 1.0) - 2.0).abs() < 1e-9);
        assert!((stroke([5.0, 3.0], [0.0, 0.0], [10.0, 0.0], 1.0, 3.0) - 1.0).abs() < 1e-9);
        assert!(melt(0.1, 0.1, 1.0) < 0.1);
    }

    #[test]
    fn cover_runs_from_full_to_none_across_the_edge() {
        assert_eq!(cover(-1.0, 0.5), 1.0);
        assert_eq!(cover(0.0, 0.5), 0.5);
        assert_eq!(cover(1.0, 0.5), 0.0);
    }
}
