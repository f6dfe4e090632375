//! What tissues look like in a scene: any contrast a scanner might give, and many it never would.
//!
//! A network that has met every order of intensities cannot rely on one (Billot et al. 2023, "SynthSeg"). Part of the scenes
//! keep near a real sequence, because most images do.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// What a scene is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tissue {
    Air,
    Fat,
    Muscle,
    Fascia,
    Marrow,
    Cortex,
    Disc,
    Epidural,
    Csf,
    White,
    Grey,
    Vessel,
    Organ,
    Brain,
    Lesion,
}

pub(super) const TISSUES: usize = 15;

/// Relative signal of every tissue, in the order of [`Tissue`], for the usual sequences.
const SEQUENCES: [[f32; TISSUES]; 6] = [
    // T2-weighted spin echo
    [0.02, 0.75, 0.25, 0.10, 0.45, 0.05, 0.45, 0.60, 1.00, 0.42, 0.50, 0.10, 0.40, 0.50, 0.75],
    // T1-weighted
    [0.02, 0.95, 0.40, 0.15, 0.60, 0.05, 0.40, 0.70, 0.20, 0.60, 0.52, 0.30, 0.45, 0.55, 0.45],
    // T2*-weighted gradient echo
    [0.02, 0.45, 0.50, 0.20, 0.15, 0.03, 0.55, 0.40, 0.95, 0.55, 0.75, 0.90, 0.50, 0.65, 0.85],
    // mean of diffusion-weighted images
    [0.02, 0.05, 0.12, 0.05, 0.08, 0.03, 0.15, 0.08, 0.12, 0.90, 0.85, 0.10, 0.15, 0.80, 0.95],
    // proton density or magnetisation transfer, gradient echo
    [0.02, 0.60, 0.55, 0.30, 0.40, 0.10, 0.55, 0.50, 0.45, 0.65, 0.70, 0.80, 0.60, 0.65, 0.70],
    // T2-weighted with suppressed fat
    [0.02, 0.05, 0.35, 0.10, 0.30, 0.05, 0.50, 0.10, 1.00, 0.50, 0.55, 0.20, 0.40, 0.50, 0.80],
];

/// Mean signal and grain of every tissue of one scene.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    mean: [f32; TISSUES],
    grain: [f32; TISSUES],
}

impl Palette {
    /// Near a real sequence, arbitrary, or between the two.
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        let real = SEQUENCES.choose(rng).copied().unwrap_or([0.5; TISSUES]);
        let share = [0.0, 0.0, 1.0, rng.random_range(0.0..1.0)][rng.random_range(0..4)];
        let jitter = rng.random_range(0.02..0.15);
        let mut mean = real.map(|signal| {
            let near = signal + jitter * rng.random_range(-1.0..1.0f32);
            let any = rng.random_range(0.0..1.0f32);
            (near + share * (any - near)).max(0.0)
        });
        keep_apart(&mut mean, Tissue::White, Tissue::Csf, 0.07, rng);
        keep_together(&mut mean, rng);
        let rough = rng.random_range(0.01..0.12);
        let grain = mean.map(|signal| rng.random_range(0.0..1.0) * rough * (signal + 0.2));
        Self { mean, grain }
    }

    /// Signal of a tissue where the grain is `grain` (-1..1).
    pub(super) fn signal(&self, tissue: Tissue, grain: f32) -> f32 {
        self.mean[tissue as usize] + self.grain[tissue as usize] * grain
    }
}

/// A cord nobody could tell from its surroundings teaches nothing.
fn keep_apart(mean: &mut [f32; TISSUES], a: Tissue, b: Tissue, least: f32, rng: &mut ChaCha8Rng) {
    let (from, to) = (mean[b as usize], mean[a as usize]);
    if (from - to).abs() < least && rng.random_bool(0.85) {
        mean[b as usize] = if to > 0.5 { to - 2.0 * least } else { to + 2.0 * least };
    }
}

/// Grey matter, and what brain is made of, never differ from white matter as bone does from fat.
fn keep_together(mean: &mut [f32; TISSUES], rng: &mut ChaCha8Rng) {
    let white = mean[Tissue::White as usize];
    for tissue in [Tissue::Grey, Tissue::Brain] {
        let other = &mut mean[tissue as usize];
        *other = white + rng.random_range(0.2..0.9) * (*other - white);
    }
}
