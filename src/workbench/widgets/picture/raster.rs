//! The picture before it becomes characters: one grey level and at most one mark per sample.

use ndarray::Array2;

use super::super::super::slice::Plane;
use super::{Fit, Mode};

/// What a mark stands for. Each has a colour (by role) and a form that needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Crop,
    Mask,
    Prediction,
    /// The centerline as a line (sagittal, coronal).
    Centerline,
    /// The centerline as one point (axial).
    Spot,
    /// A point somebody placed.
    Point,
    Cursor,
}

impl Mark {
    /// Whether sample (x, y) of a line is drawn when there is no colour to tell lines apart: solid, dotted, dashed.
    pub(crate) fn form(self, x: usize, y: usize) -> bool {
        match self {
            Self::Prediction => (x + y).is_multiple_of(2),
            Self::Crop => (x + y) % 6 < 4,
            _ => true,
        }
    }
}

/// Where a mark lies, in plane positions (column, row).
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Outlined: pixels of the plane that belong to the region, `[row, column]`.
    Region(Array2<bool>),
    /// Single points.
    Points(Vec<[f64; 2]>),
    /// Lines through points.
    Lines(Vec<Vec<[f64; 2]>>),
    /// Ticks at the picture's four edges that point at a position and cover nothing near it.
    Ticks([f64; 2]),
}

/// One mark to draw.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) mark: Mark,
    pub(crate) shape: Shape,
}

/// One sample: brightness 0..1, `None` outside the slice; and a mark with its place, which the form depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) level: Option<f32>,
    pub(crate) mark: Option<Mark>,
    pub(crate) at: [usize; 2],
}

/// Samples in rows.
pub(crate) struct Raster {
    size: [usize; 2],
    samples: Vec<Sample>,
}

impl Raster {
    /// Samples the plane and lays the marks over it.
    pub(crate) fn paint(
        plane: &Plane<f32>,
        window: (f32, f32),
        layers: &[Layer],
        fit: &Fit,
        mode: Mode,
    ) -> Self {
        let [columns, rows] = fit.size;
        let mut samples = Vec::with_capacity(columns * rows);
        for y in 0..rows {
            for x in 0..columns {
                let value = mean_around(&plane.pixels, fit.to_plane([x as f64, y as f64]), fit.step);
                let level = value.map(|v| ((v - window.0) / (window.1 - window.0)).clamp(0.0, 1.0));
                samples.push(Sample { level: level.map(finite), mark: None, at: [x, y] });
            }
        }
        let mut raster = Self { size: fit.size, samples };
        layers.iter().for_each(|layer| raster.draw(layer, fit, mode));
        raster
    }

    /// The samples of one cell, row by row.
    pub(crate) fn block(&self, x: usize, y: usize, across: usize, down: usize) -> Vec<Sample> {
        (y..y + down)
            .flat_map(|row| (x..x + across).map(move |column| (column, row)))
            .map(|(column, row)| self.samples[row * self.size[0] + column])
            .collect()
    }

    fn draw(&mut self, layer: &Layer, fit: &Fit, mode: Mode) {
        match &layer.shape {
            Shape::Region(region) => self.outline(layer.mark, region, fit),
            Shape::Points(points) => points.iter().for_each(|p| self.set(layer.mark, fit.to_sample(*p))),
            Shape::Lines(lines) => {
                for pair in lines.iter().flat_map(|line| line.windows(2)) {
                    self.line(layer.mark, fit.to_sample(pair[0]), fit.to_sample(pair[1]), mode);
                }
            }
            Shape::Ticks(position) => self.ticks(layer.mark, *position, fit),
        }
    }

    fn outline(&mut self, mark: Mark, region: &Array2<bool>, fit: &Fit) {
        let [columns, rows] = fit.size;
        let covers: Vec<bool> = (0..rows * columns)
            .map(|i| any_around(region, fit.to_plane([(i % columns) as f64, (i / columns) as f64]), fit.step))
            .collect();
        let inside = |x: isize, y: isize| {
            let within = (0..columns as isize).contains(&x) && (0..rows as isize).contains(&y);
            within && covers[y as usize * columns + x as usize]
        };
        for i in 0..covers.len() {
            let (x, y) = ((i % columns) as isize, (i / columns) as isize);
            let edge = [(1, 0), (-1, 0), (0, 1), (0, -1)].iter().any(|(dx, dy)| !inside(x + dx, y + dy));
            if inside(x, y) && edge {
                self.samples[i].mark = Some(mark);
            }
        }
    }

    fn ticks(&mut self, mark: Mark, position: [f64; 2], fit: &Fit) {
        let [x, y] = fit.to_sample(position);
        let (first, last) = fit.bounds();
        for depth in [0.0, 1.0] {
            self.set(mark, [x, first[1] + depth]);
            self.set(mark, [x, last[1] - depth]);
            self.set(mark, [first[0] + depth, y]);
            self.set(mark, [last[0] - depth, y]);
        }
    }

    fn line(&mut self, mark: Mark, from: [f64; 2], to: [f64; 2], mode: Mode) {
        let longest = (to[0] - from[0]).abs().max((to[1] - from[1]).abs());
        // A line far beyond the picture costs nothing more than one across it.
        let steps = longest.ceil().clamp(1.0, 4096.0) as usize * if mode == Mode::Ascii { 1 } else { 2 };
        for step in 0..=steps {
            let part = step as f64 / steps as f64;
            let at = [0, 1].map(|axis| from[axis] + part * (to[axis] - from[axis]));
            // The centerline is dotted: it lies on the very thing one wants to see.
            if mark != Mark::Centerline || (at[0].round() + at[1].round()).rem_euclid(2.0) < 1.0 {
                self.set(mark, at);
            }
        }
    }

    /// Marks the sample at a position, when the slice has one there.
    fn set(&mut self, mark: Mark, at: [f64; 2]) {
        let [x, y] = at.map(f64::round);
        let within = x >= 0.0 && y >= 0.0 && x < self.size[0] as f64 && y < self.size[1] as f64;
        if within {
            let sample = &mut self.samples[y as usize * self.size[0] + x as usize];
            sample.mark = sample.level.is_some().then_some(mark).or(sample.mark);
        }
    }
}

fn finite(level: f32) -> f32 {
    if level.is_finite() { level } else { 0.0 }
}

/// The mean over the pixels a sample covers, interpolated; `None` when its centre is outside.
fn mean_around(pixels: &Array2<f32>, centre: [f64; 2], step: [f64; 2]) -> Option<f32> {
    let (rows, columns) = pixels.dim();
    let inside = |at: f64, n: usize| (-0.5..n as f64 - 0.5).contains(&at);
    if !inside(centre[0], columns) || !inside(centre[1], rows) {
        return None;
    }
    let taps = step.map(|s| (s.ceil() as usize).clamp(1, 8));
    let mut sum = 0.0;
    for j in 0..taps[1] {
        for i in 0..taps[0] {
            let offset = |k: usize, axis: usize| ((k as f64 + 0.5) / taps[axis] as f64 - 0.5) * step[axis];
            sum += bilinear(pixels, centre[0] + offset(i, 0), centre[1] + offset(j, 1));
        }
    }
    Some(sum / (taps[0] * taps[1]) as f32)
}

fn bilinear(pixels: &Array2<f32>, column: f64, row: f64) -> f32 {
    let (rows, columns) = pixels.dim();
    let split = |at: f64, n: usize| {
        let at = at.clamp(0.0, n as f64 - 1.0);
        let low = at.floor() as usize;
        (low, (low + 1).min(n - 1), (at - at.floor()) as f32)
    };
    let (c0, c1, fc) = split(column, columns);
    let (r0, r1, fr) = split(row, rows);
    let top = pixels[[r0, c0]] * (1.0 - fc) + pixels[[r0, c1]] * fc;
    let bottom = pixels[[r1, c0]] * (1.0 - fc) + pixels[[r1, c1]] * fc;
    top * (1.0 - fr) + bottom * fr
}

/// True when any pixel the sample covers belongs to the region, so that a lesion of one voxel never vanishes.
fn any_around(region: &Array2<bool>, centre: [f64; 2], step: [f64; 2]) -> bool {
    let (rows, columns) = region.dim();
    let span = |axis: usize, n: usize| {
        let reach = (step[axis] - 1.0).max(0.0) / 2.0;
        let (first, last) = ((centre[axis] - reach).round(), (centre[axis] + reach).round());
        (first.max(0.0) as usize, last, n as f64 - 1.0, first)
    };
    let (c0, c1, cmax, _) = span(0, columns);
    let (r0, r1, rmax, _) = span(1, rows);
    if c1 < 0.0 || r1 < 0.0 || c0 as f64 > cmax || r0 as f64 > rmax {
        return false;
    }
    let (c1, r1) = (c1.min(cmax) as usize, r1.min(rmax) as usize);
    (r0..=r1).any(|r| (c0..=c1).any(|c| region[[r, c]]))
}
