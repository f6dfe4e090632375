//! A smooth random field over a patch: a uniform cubic B-spline whose coefficients lie on a coarse lattice. It never leaves
//! the range of its coefficients.

/// Coefficients on a lattice that reaches one cell beyond the patch on the low side and two on the high side.
#[derive(Clone, Debug)]
pub(super) struct Field {
    coefficients: Vec<f32>,
    counts: [usize; 3],
    axes: [Vec<Weights>; 3],
}

/// The first of the four coefficients along an axis that make a voxel's value, and their weights.
type Weights = (usize, [f32; 4]);

impl Field {
    /// A field over `shape` with lattice points `step` voxels apart; `draw` gives each coefficient.
    pub(super) fn draw(shape: [usize; 3], step: f32, mut draw: impl FnMut() -> f32) -> Self {
        let axes = shape.map(|n| (0..n).map(|index| weights(index as f32 / step)).collect::<Vec<_>>());
        let counts = [0, 1, 2].map(|axis| axes[axis].last().map_or(0, |(first, _)| first + 4));
        let coefficients = (0..counts.iter().product()).map(|_| draw()).collect();
        Self { coefficients, counts, axes }
    }

    /// Ready to be read line by line.
    pub(super) fn lines(&self) -> Lines<'_> {
        let [_, y, z] = self.counts;
        Lines {
            field: self,
            slab: vec![0.0; y * z],
            line: vec![0.0; z],
            values: vec![0.0; self.axes[2].len()],
        }
    }
}

/// Reads a field along z, one (x, y) after the other; what neighbours share is computed once.
#[derive(Debug)]
pub(super) struct Lines<'f> {
    field: &'f Field,
    slab: Vec<f32>,
    line: Vec<f32>,
    values: Vec<f32>,
}

impl Lines<'_> {
    /// Goes to the plane `x`.
    pub(super) fn at_x(&mut self, x: usize) {
        let (first, weights) = self.field.axes[0][x];
        let plane = self.slab.len();
        blend(&mut self.slab, &self.field.coefficients[first * plane..], weights);
    }

    /// The values along z at `y` of the plane gone to.
    pub(super) fn at_y(&mut self, y: usize) -> &[f32] {
        let (first, weights) = self.field.axes[1][y];
        let count = self.line.len();
        blend(&mut self.line, &self.slab[first * count..], weights);
        for (value, (first, w)) in self.values.iter_mut().zip(&self.field.axes[2]) {
            let c = &self.line[*first..first + 4];
            *value = w[0] * c[0] + w[1] * c[1] + w[2] * c[2] + w[3] * c[3];
        }
        &self.values
    }
}

/// Weighted sum of the first four runs of `from`, each as long as `into`.
fn blend(into: &mut [f32], from: &[f32], weights: [f32; 4]) {
    let count = into.len();
    for (index, value) in into.iter_mut().enumerate() {
        *value = (0..4).map(|k| weights[k] * from[k * count + index]).sum();
    }
}

/// Weights of the uniform cubic B-spline at lattice coordinate `at`, 0 or more.
fn weights(at: f32) -> Weights {
    let first = at.floor();
    let t = at - first;
    let (t2, t3) = (t * t, t * t * t);
    let weights = [1.0 - 3.0 * t + 3.0 * t2 - t3, 4.0 - 6.0 * t2 + 3.0 * t3, 1.0 + 3.0 * (t + t2 - t3), t3];
    (first as usize, weights.map(|w| w / 6.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(field: &Field, shape: [usize; 3]) -> Vec<f32> {
        let mut lines = field.lines();
        let mut all = Vec::new();
        for x in 0..shape[0] {
            lines.at_x(x);
            (0..shape[1]).for_each(|y| all.extend_from_slice(lines.at_y(y)));
        }
        all
    }

    #[test]
    fn one_coefficient_everywhere_gives_that_value_everywhere() {
        let shape = [5, 9, 13];
        let field = Field::draw(shape, 3.7, || 2.5);
        assert!(values(&field, shape).iter().all(|v| (v - 2.5).abs() < 1e-5));
    }

    #[test]
    fn a_slope_of_coefficients_gives_a_slope_of_values() {
        let (shape, step) = ([4, 6, 40], 8.0);
        let mut number = 0;
        let along_z = || {
            number += 1;
            ((number - 1) % 8) as f32
        };
        // 39 / 8 = 4, so eight coefficients along z. B-splines reproduce straight lines, a lattice point later.
        let field = Field::draw(shape, step, along_z);
        for (index, value) in values(&field, shape).iter().enumerate() {
            let z = (index % 40) as f32;
            assert!((value - (z / step + 1.0)).abs() < 1e-4, "{z}: {value}");
        }
    }

    #[test]
    fn it_is_smooth_and_stays_within_its_coefficients() {
        let shape = [6, 6, 64];
        let mut sign = 1.0f32;
        let field = Field::draw(shape, 16.0, || {
            sign = -sign;
            sign
        });
        let values = values(&field, shape);
        assert!(values.iter().all(|v| v.abs() <= 1.0));
        let steepest = values.chunks(64).flat_map(|line| line.windows(2)).map(|w| (w[1] - w[0]).abs());
        let steepest = steepest.fold(0.0, f32::max);
        assert!(steepest > 0.005 && steepest < 2.0 / 16.0, "{steepest}");
    }
}
