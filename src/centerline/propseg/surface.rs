//! What the image says about a tube's surface: where the cord's edge is near each triangle, how strong the contrast across a
//! ring is, and how well the surface lies on an edge at all. Knows nothing of how a tube moves.

use super::energy::Pull;
use super::scene::Scene;
use super::tube::Tube;
use super::vector::{Vector, dot, length, minus, plus, times, unit};

/// The edge is looked for along a triangle's normal, so many steps of so many mm either way.
const STEPS: i32 = 15;
const STEP_MM: f64 = 0.2;
/// The contrast of a ring is taken on rays this many radii long.
const RAY_RADII: f64 = 2.5;
/// Triangles on either side whose edges are compared, and how far (mm) one may lie from the usual.
const NEIGHBOURS: usize = 4;
const APART_MM: f64 = 1.0;

/// How much intensity per mm an edge must gain for every mm2 it is farther away, from the contrast there; PropSeg's own
/// polynomial.
pub(super) fn trade_off(contrast: f64) -> f64 {
    (1e-4 * contrast * contrast + 0.02 * contrast - 1.6242).max(0.0)
}

/// Each triangle's way to the edge that is strongest for its distance. Left out are triangles near none, and those whose edge
/// lies far from their neighbours': they look through a gap at something beyond.
pub(super) fn pulls(scene: &Scene, tube: &Tube, trade_off: f64) -> Vec<Pull> {
    let found: Vec<Option<Edge>> =
        tube.triangles().map(|t| nearest_edge(scene, tube, t, trade_off)).collect();
    let around = 2 * tube.around();
    let fits = |(n, edge): (usize, &Option<Edge>)| {
        let edge = edge.as_ref()?;
        let strip = n / around * around;
        let beside = (0..=2 * NEIGHBOURS).map(|k| strip + (n - strip + around + k - NEIGHBOURS) % around);
        let mut offsets: Vec<f64> = beside.filter_map(|m| found[m].as_ref()).map(|e| e.offset).collect();
        let middle = offsets.len() / 2;
        let usual = *offsets.select_nth_unstable_by(middle, f64::total_cmp).1;
        ((edge.offset - usual).abs() <= APART_MM).then_some(edge.pull)
    };
    found.iter().enumerate().filter_map(fits).collect()
}

/// An edge, so many mm outwards of a triangle.
struct Edge {
    offset: f64,
    pull: Pull,
}

fn nearest_edge(scene: &Scene, tube: &Tube, triangle: [usize; 3], trade_off: f64) -> Option<Edge> {
    let (middle, normal) = tube.facet(triangle);
    let mut best: Option<Edge> = None;
    for step in -STEPS..=STEPS {
        let offset = f64::from(step) * STEP_MM;
        let target = plus(middle, times(normal, offset));
        let gradient = scene.gradient(target);
        let weight = dot(normal, gradient) - trade_off * offset * offset;
        if weight > best.as_ref().map_or(0.0, |b| b.pull.weight) {
            best = Some(Edge { offset, pull: Pull { triangle, direction: unit(gradient), target, weight } });
        }
    }
    best
}

/// The contrast between the cord in a ring and what surrounds it, 0..1000: along rays from its middle, the best step from
/// below to above; the mean of all rays.
pub(super) fn contrast(scene: &Scene, tube: &Tube, ring: usize) -> f64 {
    let middle = tube.centre(ring);
    let reach = RAY_RADII * tube.radius(ring);
    let along = |vertex: &Vector| ray_contrast(scene, middle, unit(minus(*vertex, middle)), reach);
    tube.ring(ring).iter().map(along).sum::<f64>() / tube.around() as f64
}

fn ray_contrast(scene: &Scene, from: Vector, direction: Vector, reach: f64) -> f64 {
    let at = |mm: u32| scene.nearest(plus(from, times(direction, f64::from(mm))));
    let profile: Vec<f64> = (0..).take_while(|mm| f64::from(*mm) < reach).map(at).collect();
    let rises = profile.windows(2).enumerate().map(|(i, w)| (i + 1, w[1] - w[0]));
    let Some((split, _)) = rises.reduce(|best, next| if next.1 > best.1 { next } else { best }) else {
        return 0.0;
    };
    let low = profile[..split].iter().copied().fold(f64::INFINITY, f64::min);
    let high = profile[split..].iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (high - low).abs()
}

/// How much of the image's change at the surface goes straight outwards: 1 when the tube lies on an edge everywhere,
/// near 0 in noise. From ring `ring` to the next.
pub(super) fn evidence(scene: &Scene, tube: &Tube, ring: usize) -> f64 {
    let here = tube.triangles().skip(2 * tube.around() * ring).take(2 * tube.around());
    let (mut outwards, mut all) = (0.0, 0.0);
    for triangle in here {
        let (middle, normal) = tube.facet(triangle);
        let gradient = scene.gradient(middle);
        outwards += dot(gradient, normal);
        all += length(gradient);
    }
    if all > 0.0 { outwards / all } else { 0.0 }
}

/// How strong an edge (intensity per mm, outwards) the weaker parts of the surface lie on: a fifth of it on less. Half a cord
/// has a side without an edge, whatever the others are.
pub(super) fn firmness(scene: &Scene, tube: &Tube) -> f64 {
    let across = |triangle| {
        let (middle, normal) = tube.facet(triangle);
        dot(scene.gradient(middle), normal)
    };
    let mut edges: Vec<f64> = tube.triangles().map(across).collect();
    let fifth = edges.len() / 5;
    if edges.is_empty() { 0.0 } else { *edges.select_nth_unstable_by(fifth, f64::total_cmp).1 }
}

/// The sum of the change (per mm) at all triangles, whatever its direction.
pub(super) fn total_gradient(scene: &Scene, tube: &Tube) -> f64 {
    tube.triangles().map(|triangle| length(scene.gradient(tube.facet(triangle).0))).sum()
}
