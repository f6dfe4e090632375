//! Where the body's plane of symmetry is: in a wide image the cord is looked for near it only. Knows no circles.

use crate::centerline::propseg::scene::Scene;
use std::ops::RangeInclusive;

/// Narrower images are searched entirely, mm.
const WIDE_MM: f64 = 60.0;
/// How far either side of the plane to search, mm.
const HALF_MM: f64 = 25.0;
/// How much on either side of a plane is compared, mm, and at which distance samples are taken.
const COMPARED_MM: f64 = 30.0;
const SAMPLE_MM: f64 = 1.5;

/// The part of the x axis (mm) to search on slices at the heights `z` (mm).
pub(super) fn band(scene: &Scene, z: &[f64]) -> RangeInclusive<f64> {
    let width = scene.far_corner()[0];
    if width <= WIDE_MM {
        return 0.0..=width;
    }
    let steps = (width / 2.0 / SAMPLE_MM) as usize;
    let planes = (0..=steps).map(|n| width / 4.0 + n as f64 * SAMPLE_MM);
    let rated = planes.map(|x| (likeness(scene, x, z), x));
    let (_, plane) =
        rated.fold((f64::MIN, width / 2.0), |best, next| if next.0 > best.0 { next } else { best });
    (plane - HALF_MM).max(0.0)..=(plane + HALF_MM).min(width)
}

/// Correlation of what lies left and right of the plane at `x`.
fn likeness(scene: &Scene, x: f64, z: &[f64]) -> f64 {
    let far = scene.far_corner();
    let reach = COMPARED_MM.min(x).min(far[0] - x);
    let samples = |mm: f64| (1..=(mm / SAMPLE_MM) as usize).map(|n| n as f64 * SAMPLE_MM);
    let places =
        z.iter().flat_map(|z| samples(far[1]).flat_map(move |y| samples(reach).map(move |off| (off, y, *z))));
    let pairs = places.map(|(off, y, z)| [x - off, x + off].map(|x| scene.nearest([x, y, z])));
    correlation(pairs)
}

fn correlation(pairs: impl Iterator<Item = [f64; 2]>) -> f64 {
    let (mut n, mut sum, mut squares, mut product) = (0.0, [0.0; 2], [0.0; 2], 0.0);
    for [a, b] in pairs {
        n += 1.0;
        sum = [sum[0] + a, sum[1] + b];
        squares = [squares[0] + a * a, squares[1] + b * b];
        product += a * b;
    }
    let covariance = product - sum[0] * sum[1] / n;
    let spread = (squares[0] - sum[0] * sum[0] / n) * (squares[1] - sum[1] * sum[1] / n);
    if spread > 0.0 { covariance / spread.sqrt() } else { f64::MIN }
}
