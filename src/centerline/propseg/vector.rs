//! Three numbers as a point or a direction in millimetres. Knows nothing of tubes or images.

/// A point or a direction, mm along the image's three axes.
pub(super) type Vector = [f64; 3];

pub(super) fn plus(a: Vector, b: Vector) -> Vector {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub(super) fn minus(a: Vector, b: Vector) -> Vector {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub(super) fn times(a: Vector, factor: f64) -> Vector {
    a.map(|x| x * factor)
}

pub(super) fn dot(a: Vector, b: Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

pub(super) fn length(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

pub(super) fn distance(a: Vector, b: Vector) -> f64 {
    length(minus(a, b))
}

/// The direction of `a`; zero has none and stays zero.
pub(super) fn unit(a: Vector) -> Vector {
    let length = length(a);
    if length > 0.0 { times(a, 1.0 / length) } else { a }
}

/// The mean of some points; of none the origin.
pub(super) fn mean(points: &[Vector]) -> Vector {
    let sum = points.iter().fold([0.0; 3], |sum, point| plus(sum, *point));
    times(sum, 1.0 / points.len().max(1) as f64)
}
