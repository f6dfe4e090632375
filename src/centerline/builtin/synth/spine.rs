//! Where the cord of a scene runs, and the coordinates that bend with it. All anatomy is drawn straight in these.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A point seen from the cord, mm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// To the left of the cord's centre.
    pub(super) u: f32,
    /// In front of it.
    pub(super) v: f32,
    /// Along it, upwards.
    pub(super) w: f32,
}

/// The cord's centre as a function of z, mm: a tilted, bent and waved line.
#[derive(Clone, Debug)]
pub(super) struct Spine {
    offset: [f32; 2],
    slope: [f32; 2],
    bend: [f32; 2],
    wave: [f32; 2],
    length: f32,
    phase: f32,
    /// Sine and cosine of the turn about the cord.
    turn: [f32; 2],
}

impl Spine {
    /// A spine whose cord crosses z = 0 at `offset`.
    pub(super) fn random(offset: [f32; 2], rng: &mut ChaCha8Rng) -> Self {
        let mut either =
            |most: f32| most * (rng.random_range(-1.0..1.0f32) + rng.random_range(-1.0..1.0f32)) / 2.0;
        let slope = [either(0.3), either(0.7)];
        let bend = [either(0.004), either(0.012)];
        let wave = [either(2.0), either(3.0)];
        let turn = <[f32; 2]>::from(either(0.45).sin_cos());
        let (length, phase) = (rng.random_range(10.0..30.0), rng.random_range(0.0..6.3));
        Self { offset, slope, bend, wave, length, phase, turn }
    }

    /// x and y of the cord's centre at height z.
    pub(super) fn center(&self, z: f32) -> [f32; 2] {
        let wave = (z / self.length + self.phase).sin() - self.phase.sin();
        std::array::from_fn(|k| {
            self.offset[k] + self.slope[k] * z + self.bend[k] * z * z / 2.0 + self.wave[k] * wave
        })
    }

    fn slope(&self, z: f32) -> [f32; 2] {
        let wave = (z / self.length + self.phase).cos() / self.length;
        std::array::from_fn(|k| self.slope[k] + self.bend[k] * z + self.wave[k] * wave)
    }

    /// A point (mm) seen from the cord; cross-sections are square to it.
    pub(super) fn place(&self, [x, y, z]: [f32; 3]) -> Place {
        let (center, slope) = (self.center(z), self.slope(z));
        let steep = slope.map(|s| 1.0 / (1.0 + s * s).sqrt());
        let (dx, dy) = ((x - center[0]) * steep[0], (y - center[1]) * steep[1]);
        let [sin, cos] = self.turn;
        Place { u: cos * dx + sin * dy, v: cos * dy - sin * dx, w: z + slope[0] * dx + slope[1] * dy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn the_center_is_the_origin_of_the_bent_coordinates() {
        let spine = Spine::random([3.0, -4.0], &mut ChaCha8Rng::seed_from_u64(4));
        let [x, y] = spine.center(0.0);
        assert!((x - 3.0).abs() < 1e-5 && (y + 4.0).abs() < 1e-5);
        for z in [-40.0, 0.0, 25.0] {
            let [x, y] = spine.center(z);
            let place = spine.place([x, y, z]);
            assert!(place.u.abs() < 1e-4 && place.v.abs() < 1e-4 && (place.w - z).abs() < 1e-4);
            assert!(spine.place([x, y + 5.0, z]).v > 3.0, "front is front");
        }
    }
}
