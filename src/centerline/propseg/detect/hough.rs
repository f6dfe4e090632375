//! Circles in a plane by their edges' votes (Hough): every edge votes for the centres it could lie around. Knows no cord.

use super::plane::{Edge, Plane};
use std::ops::RangeInclusive;

/// An edge may point this far (radians) past the centre, tried in steps.
const ANGLES: [f64; 4] = [-0.075, -0.025, 0.025, 0.075];
/// Votes are blurred by a Gaussian of this standard deviation, pixels (a variance of 10).
const BLUR: f64 = 3.162;
/// At most so many circles per plane, looked for so many times.
const MOST: usize = 20;
const TRIES: usize = 100;

/// A circle, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Circle {
    pub centre: [f64; 2],
    pub radius: f64,
    /// What speaks for it, blurred votes.
    pub votes: f64,
}

/// Which side of a circle is the darker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dark {
    Inside,
    Outside,
}

/// The circles with radii in `radii` that most edges lie on, best first.
pub(super) fn circles(
    edges: &[Edge],
    size: [usize; 2],
    radii: RangeInclusive<f64>,
    dark: Dark,
) -> Vec<Circle> {
    let [width, height] = size;
    let (mut votes, mut lengths) = (Plane::of(width, height, |_| 0.0), Plane::of(width, height, |_| 0.0));
    for (centre, radius) in edges.iter().flat_map(|edge| candidates(edge, &radii, dark)) {
        let [x, y] = centre.map(|c| c.round());
        if x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64 {
            *votes.at_mut(x as usize, y as usize) += 1.0;
            *lengths.at_mut(x as usize, y as usize) += radius;
        }
    }
    let (votes, lengths) = (votes.blurred(BLUR), lengths.blurred(BLUR));
    let means = Plane::of(width, height, |[x, y]| {
        let (x, y) = (x as usize, y as usize);
        lengths.at(x, y) / votes.at(x, y).max(1e-9)
    });
    peaks(votes, &means)
}

/// Every centre an edge could belong to, and the radius it would have there.
fn candidates<'a>(
    edge: &'a Edge,
    radii: &RangeInclusive<f64>,
    dark: Dark,
) -> impl Iterator<Item = ([f64; 2], f64)> + use<'a> {
    let sign = if dark == Dark::Inside { -1.0 } else { 1.0 };
    let (least, most) = (*radii.start(), *radii.end());
    let steps = (most - least).max(0.0) as usize;
    ANGLES.iter().flat_map(move |angle| {
        let (sin, cos) = angle.sin_cos();
        let [x, y] = edge.grows;
        let towards = [sign * (x * cos - y * sin), sign * (x * sin + y * cos)];
        (0..=steps).map(move |step| {
            let radius = least + step as f64;
            ([edge.at[0] + radius * towards[0], edge.at[1] + radius * towards[1]], radius)
        })
    })
}

/// The highest places, each emptied with its surroundings before the next is looked for; those at the border are no circles.
fn peaks(mut votes: Plane, radii: &Plane) -> Vec<Circle> {
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let highest =
            votes.pixels().fold(([0, 0], 0.0), |best, next| if next.1 > best.1 { next } else { best });
        let ([x, y], height) = highest;
        if height <= 0.0 || found.len() == MOST {
            break;
        }
        let circle = Circle { centre: [x as f64, y as f64], radius: radii.at(x, y), votes: height };
        empty(&mut votes, &circle);
        if x > 0 && y > 0 && x + 1 < votes.width && y + 1 < votes.height {
            found.push(circle);
        }
    }
    found
}

fn empty(votes: &mut Plane, circle: &Circle) {
    let reach = 1.1 * circle.radius.max(1.0);
    let [x, y] = circle.centre;
    let span = |at: f64, n: usize| (at - reach).max(0.0) as usize..((at + reach) as usize + 1).min(n);
    for j in span(y, votes.height) {
        for i in span(x, votes.width) {
            if (i as f64 - x).hypot(j as f64 - y) <= reach {
                *votes.at_mut(i, j) = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_and_its_bright_ring_are_found_as_two_circles_about_one_centre() {
        let middle = [41.0, 33.0];
        let plane = Plane::of(90, 80, |[x, y]| {
            let off = (x - middle[0]).hypot(y - middle[1]);
            if off < 6.0 {
                300.0
            } else if off < 12.0 {
                900.0
            } else {
                400.0
            }
        });
        let edges = plane.edges();
        let small = circles(&edges, [90, 80], 3.0..=9.0, Dark::Inside)[0];
        let large = circles(&edges, [90, 80], 9.0..=15.0, Dark::Outside)[0];
        for circle in [small, large] {
            assert!((circle.centre[0] - middle[0]).hypot(circle.centre[1] - middle[1]) < 1.5, "{circle:?}");
        }
        assert!((small.radius - 6.0).abs() < 1.0 && (large.radius - 12.0).abs() < 1.0, "{small:?} {large:?}");
        assert!(circles(&[], [90, 80], 3.0..=9.0, Dark::Inside).is_empty());
    }
}
