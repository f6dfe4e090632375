//! Where a cord may be when nobody says: dark discs in bright rings that lie one above the other on several slices. Knows the
//! scene; nothing of tubes.

mod chains;
mod hough;
mod plane;
mod symmetry;

use super::scene::Scene;
use super::vector::{Vector, minus, unit};
use chains::Node;
use hough::Dark;
use plane::{PIXEL_MM, Plane, View};
use rayon::prelude::*;

/// Slices looked at around a height, and their distance (mm) where the image has no thicker slices.
const SLICES: usize = 5;
const GAP_MM: f64 = 4.0;
/// How flat the cord may be: y is drawn out by these factors.
const STRETCHES: [f64; 5] = [1.0, 1.25, 1.5, 1.75, 2.0];
/// Radius of the cord, and how far beyond it (pixels) the fluid's outer edge lies; both may differ by so many pixels.
const RADIUS_MM: f64 = 4.0;
const RING: f64 = 6.0;
const SPREAD: f64 = 3.0;

/// A place on a cord that was found, and the direction upwards.
pub(super) type Start = (Vector, Vector);

/// Where a cord may be around a height (a share of the image's), the likeliest first.
pub(super) fn starts(scene: &Scene, share: f64) -> Vec<Start> {
    let far = scene.far_corner();
    let gap = GAP_MM.max(scene.spacing()[2]);
    let middle = (SLICES / 2) as f64;
    let heights: Vec<f64> = (0..SLICES).map(|n| share * far[2] + (n as f64 - middle) * gap).collect();
    let heights: Vec<f64> = heights.into_iter().filter(|z| (0.0..=far[2]).contains(z)).collect();
    let x = symmetry::band(scene, &heights);
    let view = |stretch| heights.iter().map(|z| View { x: x.clone(), z: *z, stretch }).collect::<Vec<_>>();
    let chain = |stretch: &f64| {
        let slices: Vec<Vec<Node>> = view(*stretch).iter().map(|view| nodes(scene, view)).collect();
        chains::longest(&slices, gap)
    };
    let mut found: Vec<Vec<Node>> = STRETCHES.par_iter().map(chain).collect();
    // A single circle says little, unless there is but one slice.
    found.retain(|chain| chain.len() >= heights.len().min(2) && !chain.is_empty());
    let votes = |chain: &[Node]| chain.iter().map(|n| n.votes).sum::<f64>();
    found.sort_by(|a, b| b.len().cmp(&a.len()).then(votes(b).total_cmp(&votes(a))));
    found.iter().map(|chain| start(chain)).collect()
}

fn start(chain: &[Node]) -> Start {
    let along = minus(chain[chain.len() - 1].centre, chain[0].centre);
    let up = if along[2] > 0.0 { unit(along) } else { [0.0, 0.0, 1.0] };
    (chain[chain.len() / 2].centre, up)
}

/// Small dark discs on a slice that lie in a larger bright one.
fn nodes(scene: &Scene, view: &View) -> Vec<Node> {
    let plane = Plane::seen(scene, view);
    let (edges, size) = (plane.edges(), [plane.width, plane.height]);
    let radius = RADIUS_MM / PIXEL_MM;
    let radii = |middle: f64| (middle - SPREAD).max(1.0)..=middle + SPREAD;
    let cords = hough::circles(&edges, size, radii(radius), Dark::Inside);
    let rings = hough::circles(&edges, size, radii(radius + RING), Dark::Outside);
    let node = |cord: &hough::Circle| {
        let around = rings.iter().filter(|ring| {
            let off = (ring.centre[0] - cord.centre[0]).hypot(ring.centre[1] - cord.centre[1]);
            0.8 * (off + cord.radius) <= ring.radius
        });
        let votes = around.map(|ring| ring.votes).reduce(f64::max)?;
        let centre = view.place(cord.centre);
        Some(Node { centre, radius: cord.radius * PIXEL_MM, votes: cord.votes + votes })
    };
    cords.iter().filter_map(node).collect()
}
