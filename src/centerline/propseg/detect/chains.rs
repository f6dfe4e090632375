//! Circles one above the other: a cord shows on several slices in nearly the same place. Knows no image.

use crate::centerline::propseg::vector::{Vector, distance, dot, minus, unit};

/// Neighbours' radii differ by no more than this share.
const SAME_RADIUS: f64 = 0.2;
/// Cosine of the most a chain may bend (15 degrees).
const MOST_BEND: f64 = 0.9659;

/// A circle that may be the cord's, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    pub centre: Vector,
    pub radius: f64,
    pub votes: f64,
}

/// The longest chain through the slices (from below, `gap` mm apart), the one with the most votes among equals. Every chain
/// starts anywhere and skips no slice.
pub(super) fn longest(slices: &[Vec<Node>], gap: f64) -> Vec<Node> {
    let mut best = Vec::new();
    for (start, nodes) in slices.iter().enumerate() {
        for node in nodes {
            let chain = extended(vec![*node], &slices[start + 1..], gap);
            best = better(best, chain);
        }
    }
    best
}

fn extended(chain: Vec<Node>, above: &[Vec<Node>], gap: f64) -> Vec<Node> {
    let Some((next, rest)) = above.split_first() else { return chain };
    let fitting = next.iter().filter(|node| follows(&chain, node, gap));
    let longer = fitting.map(|node| {
        let mut chain = chain.clone();
        chain.push(*node);
        extended(chain, rest, gap)
    });
    longer.collect::<Vec<_>>().into_iter().fold(chain, better)
}

fn follows(chain: &[Node], node: &Node, gap: f64) -> bool {
    let Some(last) = chain.last() else { return true };
    let near = distance(last.centre, node.centre) <= std::f64::consts::SQRT_2 * gap;
    let alike = (node.radius / last.radius.max(1e-9) - 1.0).abs() <= SAME_RADIUS;
    let straight = chain.len().checked_sub(2).is_none_or(|before| {
        let step = |a: &Node, b: &Node| unit(minus(b.centre, a.centre));
        dot(step(&chain[before], last), step(last, node)) >= MOST_BEND
    });
    near && alike && straight
}

fn better(a: Vec<Node>, b: Vec<Node>) -> Vec<Node> {
    let votes = |chain: &[Node]| chain.iter().map(|node| node.votes).sum::<f64>();
    let more = b.len() > a.len() || (b.len() == a.len() && votes(&b) > votes(&a));
    if more { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(x: f64, z: f64, radius: f64, votes: f64) -> Node {
        Node { centre: [x, 20.0, z], radius, votes }
    }

    #[test]
    fn the_longest_straight_chain_of_like_circles_wins() {
        let slices = [
            vec![node(10.0, 0.0, 4.0, 1.0), node(40.0, 0.0, 4.0, 9.0)],
            vec![node(10.5, 4.0, 4.2, 1.0), node(40.0, 4.0, 6.0, 9.0), node(13.9, 4.0, 4.0, 50.0)],
            vec![node(11.0, 8.0, 4.1, 1.0), node(60.0, 8.0, 4.0, 9.0)],
        ];
        let chain = longest(&slices, 4.0);
        assert_eq!(chain.iter().map(|n| n.centre[0]).collect::<Vec<_>>(), [10.0, 10.5, 11.0]);
        assert!(longest(&[vec![], vec![]], 4.0).is_empty());
    }
}
