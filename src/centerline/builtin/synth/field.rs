//! Smooth randomness in space: texture, warps and irregular outlines of the synthetic scenes. Knows nothing of anatomy.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Lattice points per axis; the field repeats after as many cells, which no scene is large enough to show.
const SIDE: usize = 16;

/// A field of values -1..1 that changes over about one cell.
#[derive(Clone, Debug)]
pub(super) struct Field {
    cell: [f32; 3],
    lattice: Vec<f32>,
}

impl Field {
    /// Uniform random values on a lattice with cells of the given size, mm.
    pub(super) fn random(cell: [f32; 3], rng: &mut ChaCha8Rng) -> Self {
        Self { cell, lattice: (0..SIDE.pow(3)).map(|_| rng.random_range(-1.0..1.0)).collect() }
    }

    /// The value at a point (mm).
    pub(super) fn at(&self, point: [f32; 3]) -> f32 {
        // Far enough from 0 that cutting off the fraction is rounding down.
        let scaled: [f32; 3] = std::array::from_fn(|k| point[k] / self.cell[k] + 64.5 * SIDE as f32);
        let base = scaled.map(|s| s as i32);
        let [x, y, z] = base.map(|b| b as usize % SIDE);
        let w: [f32; 3] = std::array::from_fn(|k| fade(scaled[k] - base[k] as f32));
        let row = |i: usize, j: usize| {
            let line = &self.lattice[((x + i) % SIDE * SIDE + (y + j) % SIDE) * SIDE..][..SIDE];
            lerp(line[z], line[(z + 1) % SIDE], w[2])
        };
        lerp(lerp(row(0, 0), row(0, 1), w[1]), lerp(row(1, 0), row(1, 1), w[1]), w[0])
    }
}

fn fade(t: f32) -> f32 {
    t * t * (3.0 - 2.0 * t)
}

fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_field_is_smooth_and_within_its_range() {
        let field = Field::random([10.0, 5.0, 20.0], &mut ChaCha8Rng::seed_from_u64(1));
        for k in 0..4000 {
            let at = [0.1 * k as f32 - 200.0, -3.0, 0.05 * k as f32];
            let (here, next) = (field.at(at), field.at([at[0] + 0.01, at[1], at[2]]));
            assert!((-1.0..=1.0).contains(&here));
            assert!((here - next).abs() < 0.01, "a step at {at:?}");
        }
    }
}
