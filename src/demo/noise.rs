//! Repeatable randomness in space: a value for every point, the same for every thread and every order of asking.
//! Knows nothing of anatomy; the anatomy uses it for texture, septa and irregular outlines.

/// A field of random values fixed by its seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    seed: u64,
}

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A smooth value in -1..1 that changes over about one unit of `at`.
    pub(super) fn smooth(&self, at: [f64; 3]) -> f64 {
        let base = at.map(f64::floor);
        let w: [f64; 3] = std::array::from_fn(|k| fade(at[k] - base[k]));
        let cell = base.map(|b| b as i64);
        let corner = |dx, dy, dz| self.lattice([cell[0] + dx, cell[1] + dy, cell[2] + dz]);
        let along_x = |dy, dz| lerp(corner(0, dy, dz), corner(1, dy, dz), w[0]);
        let along_y = |dz| lerp(along_x(0, dz), along_x(1, dz), w[1]);
        lerp(along_y(0), along_y(1), w[2])
    }

    /// Distance (in units of `at`) from a point to the nearest wall between irregular cells of about unit size:
    /// the difference of the distances to the two nearest scattered seeds, halved (Worley 1996).
    pub(super) fn wall_distance(&self, at: [f64; 2]) -> f64 {
        let (cx, cy) = (at[0].floor() as i64, at[1].floor() as i64);
        let (mut first, mut second) = (f64::MAX, f64::MAX);
        for dy in -1..=1 {
            for dx in -1..=1 {
                let (i, j) = (cx + dx, cy + dy);
                let jitter = |salt| 0.5 + 0.4 * self.lattice([i, j, salt]);
                let (sx, sy) = (i as f64 + jitter(1), j as f64 + jitter(2));
                let distance = (at[0] - sx).hypot(at[1] - sy);
                second = second.min(distance.max(first));
                first = first.min(distance);
            }
        }
        (second - first) / 2.0
    }

    /// One value in -1..1 per lattice point: each coordinate times an odd constant, then SplitMix64's finaliser.
    fn lattice(&self, cell: [i64; 3]) -> f64 {
        let mixed = |k: usize, odd: u64| (cell[k] as u64).wrapping_mul(odd);
        let mut h = self.seed.wrapping_add(mixed(0, 0x9E37_79B9_7F4A_7C15));
        h = h.wrapping_add(mixed(1, 0xC2B2_AE3D_27D4_EB4F)).wrapping_add(mixed(2, 0xD6E8_FEB8_6659_FD93));
        h = (h ^ (h >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        h = (h ^ (h >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        h ^= h >> 31;
        (h >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn fade(t: f64) -> f64 {
    t * t * (3.0 - 2.0 * t)
}

fn lerp(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_in_range_and_join_without_steps() {
        let noise = Noise::new(7);
        for k in 0..2000 {
            let x = k as f64 * 0.013 - 9.0;
            let here = noise.smooth([x, 0.3, -2.0]);
            let next = noise.smooth([x + 1e-4, 0.3, -2.0]);
            assert!((-1.0..=1.0).contains(&here));
            assert!((here - next).abs() < 1e-3, "a step at {x}");
        }
    }

    #[test]
    fn another_seed_is_another_field() {
        let at = [0.4, 1.7, 3.2];
        assert_ne!(Noise::new(1).smooth(at), Noise::new(2).smooth(at));
    }
}
