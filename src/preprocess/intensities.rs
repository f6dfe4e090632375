//! From a crop's own intensities to what a network sees: standardised, then centred and scaled. A model stores these
//! numbers, and prediction repeats them.

use ndarray::Array3;
use serde::{Deserialize, Serialize};

use crate::dataset::Contrast;

use super::{Crop, Landmarks, standardise};

/// The intensity constants of a model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intensities {
    /// Where percentiles go before centring; `None` leaves intensities as in the file.
    pub landmarks: Option<Landmarks>,
    /// Mean of the (standardised) training crops.
    pub mean: f64,
    /// Standard deviation of the (standardised) training crops, above 0.
    pub std: f64,
}

impl Intensities {
    /// The constants of the published networks, or `None` for a contrast that has none.
    pub fn preset(contrast: &Contrast) -> Option<Self> {
        let (mean, std) = match contrast {
            Contrast::T2 => (871.309, 557.916),
            Contrast::T2Ax => (835.592, 528.386),
            Contrast::T2s => (1011.31, 678.985),
            Contrast::T1 | Contrast::Other(_) => return None,
        };
        Some(Self { landmarks: Landmarks::preset(contrast), mean, std })
    }

    /// Mean and standard deviation of training crops, after standardising to `landmarks`. Crops of one value alone, or none,
    /// give a standard deviation of 1, so that dividing by it is always possible.
    pub fn measure<'a>(landmarks: Option<Landmarks>, crops: impl IntoIterator<Item = &'a Crop>) -> Self {
        let plain = Self { landmarks, mean: 0.0, std: 1.0 };
        let mut moments = Moments::default();
        for crop in crops {
            moments.add(&plain.apply(crop));
        }
        let std = moments.std();
        Self { landmarks, mean: moments.mean, std: if std > 0.0 { std } else { 1.0 } }
    }

    /// The array a network sees: size x size x `frame.network_depth`, standardised, centred and scaled.
    pub fn apply(&self, crop: &Crop) -> Array3<f32> {
        let mut image = crop.image.clone();
        if let Some(landmarks) = &self.landmarks {
            standardise(&mut image, &crop.percentiles, landmarks);
        }
        let mut image = crop.frame.to_network(image);
        let (mean, scale) = (self.mean as f32, (1.0 / self.std) as f32);
        image.mapv_inplace(|value| (value - mean) * scale);
        image
    }
}

/// Running mean and spread over many arrays, combined array by array (Chan, Golub & LeVeque 1979).
#[derive(Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, values: &Array3<f32>) {
        let count = values.len() as f64;
        if count == 0.0 {
            return;
        }
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        let squares = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>();
        let total = self.count + count;
        let shift = mean - self.mean;
        self.mean += shift * count / total;
        self.squares += squares + shift * shift * self.count * count / total;
        self.count = total;
    }

    fn std(&self) -> f64 {
        if self.count > 0.0 { (self.squares / self.count).sqrt() } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::testing::small_crop;

    #[test]
    fn measured_crops_come_out_with_mean_0_and_spread_1() {
        let crops = [small_crop(1.0), small_crop(3.5)];
        for landmarks in [None, Landmarks::preset(&Contrast::T2)] {
            let intensities = Intensities::measure(landmarks, &crops);
            let seen: Vec<f64> =
                crops.iter().flat_map(|c| intensities.apply(c).into_iter().map(f64::from)).collect();
            let mean = seen.iter().sum::<f64>() / seen.len() as f64;
            let spread = seen.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / seen.len() as f64;
            assert!(mean.abs() < 1e-4 && (spread - 1.0).abs() < 1e-3, "{mean} {spread}");
        }
    }

    #[test]
    fn a_flat_training_set_can_still_be_divided_by() {
        assert_eq!(Intensities::measure(None, &[small_crop(0.0)]).std, 1.0);
        assert_eq!(Intensities::measure(None, []).std, 1.0);
    }

    #[test]
    fn the_published_constants() {
        let t2s = Intensities::preset(&Contrast::T2s).unwrap();
        assert_eq!((t2s.mean, t2s.std), (1011.31, 678.985));
        assert_eq!(Intensities::preset(&Contrast::T1), None);
    }
}
