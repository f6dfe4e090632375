//! What was drawn for one patch, in the order in which it is applied, and in words.

use ndarray::Array3;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::super::patches::Sample;
use super::field::Field;
use super::flips::Flips;
use super::warp::Warp;
use super::{AugmentConfig, Dice, Stream, filter, intensity};

/// The distance of a bias field's lattice points, mm: coils are larger than a patch.
const BIAS_GRID_MM: f64 = 12.0;

/// What the changes must know of how the crops were made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner {
    /// Voxel size of the crops, mm.
    pub(crate) spacing_mm: f64,
    /// The z-score of intensity 0.
    pub(crate) black: f32,
}

/// The changes of one patch.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    scanner: Scanner,
    warp: Option<Warp>,
    /// Exponent.
    gamma: Option<f32>,
    /// Factor.
    contrast: Option<f32>,
    bias: Option<Field>,
    /// Standard deviation, voxels.
    blur: Option<f32>,
    noise: Option<Noise>,
    coarse: Option<Coarse>,
    flips: Flips,
}

/// Noise.
#[derive(Clone, Copy, Debug)]
struct Noise {
    /// Standard deviation, z-score.
    deviation: f32,
    seed: u64,
}

/// A lower resolution.
#[derive(Clone, Copy, Debug)]
struct Coarse {
    /// Thick slices, or else wide voxels in the plane.
    through_plane: bool,
    factor: f32,
}

impl Changes {
    /// What happens to a patch of `shape`.
    pub(crate) fn draw(config: &AugmentConfig, dice: Dice, shape: [usize; 3], scanner: Scanner) -> Self {
        let spacing = scanner.spacing_mm;
        Self {
            scanner,
            warp: Warp::draw(config, dice, shape, spacing),
            gamma: happens(dice, Stream::Gamma, config.gamma, |rng| factor(rng, config.gamma_range)),
            contrast: happens(dice, Stream::Contrast, config.contrast, |rng| {
                factor(rng, config.contrast_range)
            }),
            bias: happens(dice, Stream::Bias, config.bias, |rng| {
                let step = (BIAS_GRID_MM / spacing) as f32;
                Field::draw(shape, step, || factor(rng, config.bias_range))
            }),
            blur: happens(dice, Stream::Blur, config.blur, |rng| {
                (rng.random::<f64>() * config.blur_mm / spacing) as f32
            }),
            noise: happens(dice, Stream::Noise, config.noise, |rng| Noise {
                deviation: (rng.random::<f64>() * config.noise_std) as f32,
                seed: rng.random(),
            }),
            coarse: happens(dice, Stream::LowResolution, config.low_resolution, |rng| Coarse {
                through_plane: rng.random(),
                factor: rng.random_range(1.0..=config.low_resolution_factor) as f32,
            }),
            flips: Flips::draw(config, dice),
        }
    }

    /// Image and mask of the patch of `size` slices from `start` on, changed.
    pub(crate) fn apply(&self, sample: &Sample, start: usize, size: usize) -> (Array3<f32>, Array3<u8>) {
        let (mut image, mut mask) = match &self.warp {
            Some(warp) => warp.apply(sample, start, size),
            None => sample.patch(start, size),
        };
        if self.changes_intensities() {
            let shape = image.dim();
            let mut values = image.into_iter().collect::<Vec<f32>>();
            self.change_intensities(&mut values, shape.into());
            image = Array3::from_shape_vec(shape, values).unwrap_or_else(|_| Array3::zeros(shape));
        }
        self.flips.apply(&mut image);
        self.flips.apply(&mut mask);
        (image, mask)
    }

    fn changes_intensities(&self) -> bool {
        let brightness = self.gamma.is_some() || self.contrast.is_some() || self.bias.is_some();
        brightness || self.blur.is_some() || self.noise.is_some() || self.coarse.is_some()
    }

    /// As a signal comes about: tissue, coil, blur, noise, and what the console makes of it.
    fn change_intensities(&self, values: &mut Vec<f32>, shape: [usize; 3]) {
        if let Some(exponent) = self.gamma {
            intensity::gamma(values, exponent);
        }
        if let Some(factor) = self.contrast {
            intensity::contrast(values, factor);
        }
        if let Some(field) = &self.bias {
            intensity::bias(values, shape, field, self.scanner.black);
        }
        if let Some(sigma) = self.blur {
            filter::blur(values, shape, sigma);
        }
        if let Some(Noise { deviation, seed }) = self.noise {
            intensity::noise(values, deviation, seed);
        }
        if let Some(Coarse { through_plane, factor }) = self.coarse {
            let axes = if through_plane { 2..3 } else { 0..2 };
            axes.for_each(|axis| filter::coarsen(values, shape, axis, factor));
        }
    }

    /// Each change in a few words; none when the patch is as it was.
    pub(crate) fn words(&self) -> Vec<String> {
        let warp = self.warp.iter().flat_map(Warp::words);
        let others = [
            self.gamma.map(|exponent| format!("gamma {exponent:.2}")),
            self.contrast.map(|factor| format!("contrast {factor:.2}")),
            self.bias.as_ref().map(|_| "bias field".to_owned()),
            self.blur.map(|sigma| format!("blur {:.2} mm", f64::from(sigma) * self.scanner.spacing_mm)),
            self.noise.map(|noise| format!("noise {:.2}", noise.deviation)),
            self.coarse.map(Coarse::words),
            self.flips.words(),
        ];
        warp.chain(others.into_iter().flatten()).collect()
    }
}

impl Coarse {
    fn words(self) -> String {
        let axes = if self.through_plane { "slices" } else { "voxels in the plane" };
        format!("{axes} {:.1} times as large", self.factor)
    }
}

/// Draws whether a change happens, and what it is then.
fn happens<T>(
    dice: Dice,
    stream: Stream,
    probability: f64,
    what: impl FnOnce(&mut ChaCha8Rng) -> T,
) -> Option<T> {
    let mut rng = dice.of(stream);
    (rng.random::<f64>() < probability).then(|| what(&mut rng))
}

/// A factor between 1 / (1 + range) and 1 + range, as often above 1 as below.
fn factor(rng: &mut ChaCha8Rng, range: f64) -> f32 {
    (rng.random_range(-1.0..=1.0) * range.ln_1p()).exp() as f32
}
