//! A slice as the detection sees it: square pixels, stretched from front to back, with smooth gradients. Knows no circles.

use crate::centerline::propseg::scene::Scene;
use std::ops::RangeInclusive;

/// Size of a pixel, mm.
pub(super) const PIXEL_MM: f64 = 0.7;
/// Width (standard deviation, pixels) of the Gaussian before gradients are taken.
const SIGMA: f64 = 2.0;
/// Pixels below this share of the slice's range are background and no edge.
const BACKGROUND: f64 = 1.0 / 20.0;
/// An edge changes by more than this (of 1000) per pixel.
const LEAST_CHANGE: f64 = 1.0;

/// Square pixels, `[x, y]`.
pub(super) struct Plane {
    pub width: usize,
    pub height: usize,
    values: Vec<f64>,
}

/// A place where the intensity changes, and the unit direction in which it grows; pixels.
pub(super) struct Edge {
    pub at: [f64; 2],
    pub grows: [f64; 2],
}

/// Which pixels of a scene a plane shows.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// The part along x, mm; along y all is seen.
    pub x: RangeInclusive<f64>,
    /// Height of the slice, mm.
    pub z: f64,
    /// A flat cord becomes round when y is drawn out by this factor.
    pub stretch: f64,
}

impl View {
    /// Where a pixel lies in the scene, mm.
    pub fn place(&self, [x, y]: [f64; 2]) -> [f64; 3] {
        [self.x.start() + x * PIXEL_MM, y * PIXEL_MM / self.stretch, self.z]
    }
}

impl Plane {
    /// A plane with a value for each pixel.
    pub fn of(width: usize, height: usize, value: impl Fn([f64; 2]) -> f64) -> Plane {
        let pixel = |n: usize| value([(n % width) as f64, (n / width) as f64]);
        Plane { width, height, values: (0..width * height).map(pixel).collect() }
    }

    /// What a view shows of a scene.
    pub fn seen(scene: &Scene, view: &View) -> Plane {
        let pixels = |mm: f64| (mm / PIXEL_MM) as usize + 1;
        let width = pixels(view.x.end() - view.x.start());
        let height = pixels(scene.far_corner()[1] * view.stretch);
        Plane::of(width, height, |pixel| scene.linear(view.place(pixel)))
    }

    pub fn at(&self, x: usize, y: usize) -> f64 {
        self.values[y * self.width + x]
    }

    pub fn at_mut(&mut self, x: usize, y: usize) -> &mut f64 {
        &mut self.values[y * self.width + x]
    }

    /// Pixels and their values.
    pub fn pixels(&self) -> impl Iterator<Item = ([usize; 2], f64)> + '_ {
        self.values.iter().enumerate().map(|(n, v)| ([n % self.width, n / self.width], *v))
    }

    /// Blurred by a Gaussian; edges repeat.
    pub fn blurred(&self, sigma: f64) -> Plane {
        let reach = (3.0 * sigma).ceil() as i32;
        let bell = |i: i32| (-f64::from(i * i) / (2.0 * sigma * sigma)).exp();
        let total: f64 = (-reach..=reach).map(bell).sum();
        let weights: Vec<f64> = (-reach..=reach).map(|i| bell(i) / total).collect();
        self.rows_mixed(&weights).transposed().rows_mixed(&weights).transposed()
    }

    /// Every pixel the weighted sum of those around it in its row.
    fn rows_mixed(&self, weights: &[f64]) -> Plane {
        let reach = weights.len() / 2;
        let mut values = Vec::with_capacity(self.values.len());
        for row in self.values.chunks_exact(self.width) {
            let (first, last) = (row[0], row[row.len() - 1]);
            let beyond = |value: f64| std::iter::repeat_n(value, reach);
            let padded: Vec<f64> = beyond(first).chain(row.iter().copied()).chain(beyond(last)).collect();
            let mixed = |around: &[f64]| around.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>();
            values.extend(padded.windows(weights.len()).map(mixed));
        }
        Plane { values, ..*self }
    }

    fn transposed(&self) -> Plane {
        let values = (0..self.width).flat_map(|x| (0..self.height).map(move |y| self.at(x, y))).collect();
        Plane { width: self.height, height: self.width, values }
    }

    /// Every pixel at which the blurred intensity changes, background left out.
    pub fn edges(&self) -> Vec<Edge> {
        let (low, high) = self.values.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        let smooth = self.blurred(SIGMA);
        let edge = |x: usize, y: usize| {
            let gradient = [
                (smooth.at(x + 1, y) - smooth.at(x - 1, y)) / 2.0,
                (smooth.at(x, y + 1) - smooth.at(x, y - 1)) / 2.0,
            ];
            let steep = gradient.iter().any(|g| g.abs() > LEAST_CHANGE);
            // The scene may be a negative: background is what is near 0 in either sign.
            let lit = self.at(x, y).abs() > (high - low) * BACKGROUND;
            let length = gradient[0].hypot(gradient[1]);
            (steep && lit).then(|| Edge { at: [x as f64, y as f64], grows: gradient.map(|g| g / length) })
        };
        let inner = |n: usize| 1..n.saturating_sub(1);
        inner(self.height)
            .flat_map(|y| inner(self.width).filter_map(move |x| edge(x, y)).collect::<Vec<_>>())
            .collect()
    }
}
