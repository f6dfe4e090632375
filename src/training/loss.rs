//! Losses of logits, of which the sigmoid is the probability p: the whole batch flattened, as in the published networks' training. An empty mask gives no surprise:
//! `smooth` keeps every quotient finite, and predicting nothing where nothing is costs 0.

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

use super::{LossConfig, LossKind};
use crate::kernels::{Kernels, overlap_sums};

/// Keeps logarithms finite (Keras' fuzz).
const FUZZ: f64 = 1e-7;

/// The loss of logits against 0/1 targets of the same shape: a tensor of one value, 0 when perfect.
///
/// * Dice: `1 - (2 sum(p y) + smooth) / (sum p + sum y + smooth)` over the batch (the recipe's loss, which lies 1 lower; the
///   gradient is the same).
/// * Dice + BCE: plus the mean of `-y ln p - (1-y) ln(1-p)`.
/// * Dice + focal: plus the mean of `-a_t (1-p_t)^gamma ln p_t`, where `p_t` is `p` and `a_t` is `focal_alpha` on lesion voxels,
///   `1-p` and `1-focal_alpha` elsewhere (Lin et al. 2017, equation 5).
/// * Tversky: `1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth)` with `TP = sum(p y)`, `FP = sum(p (1-y))`,
///   `FN = sum((1-p) y)`: alpha weighs false positives, beta false negatives (Salehi et al. 2017, equation 4).
pub(crate) fn loss<B: Kernels>(config: &LossConfig, logits: Tensor<B, 5>, y: Tensor<B, 5>) -> Tensor<B, 1> {
    let overlap = Overlap::of(logits.clone(), y.clone());
    match config.kind {
        LossKind::Dice => overlap.dice(config),
        LossKind::DiceBce => overlap.dice(config) + cross_entropy(sigmoid(logits), y),
        LossKind::DiceFocal => overlap.dice(config) + focal(config, sigmoid(logits), y),
        LossKind::Tversky => overlap.tversky(config),
    }
}

/// Sums over the batch, each a tensor of one value.
struct Overlap<B: Kernels> {
    /// Of p y.
    both: Tensor<B, 1>,
    /// Of p.
    predicted: Tensor<B, 1>,
    /// Of y.
    wanted: Tensor<B, 1>,
}

impl<B: Kernels> Overlap<B> {
    fn of(logits: Tensor<B, 5>, y: Tensor<B, 5>) -> Self {
        let sums = overlap_sums(logits, y);
        let [both, predicted, wanted] = [0, 1, 2].map(|index| sums.clone().narrow(0, index, 1));
        Self { both, predicted, wanted }
    }

    fn dice(self, config: &LossConfig) -> Tensor<B, 1> {
        let total = self.predicted + self.wanted;
        let dice = (self.both * 2.0 + config.smooth) / (total + config.smooth);
        dice.neg() + 1.0
    }

    fn tversky(self, config: &LossConfig) -> Tensor<B, 1> {
        let false_positives = self.predicted - self.both.clone();
        let false_negatives = self.wanted - self.both.clone();
        let missed = false_positives * config.tversky_alpha + false_negatives * config.tversky_beta;
        let index = (self.both.clone() + config.smooth) / (self.both + missed + config.smooth);
        index.neg() + 1.0
    }
}

fn cross_entropy<B: Kernels>(p: Tensor<B, 5>, y: Tensor<B, 5>) -> Tensor<B, 1> {
    let p = p.clamp(FUZZ, 1.0 - FUZZ);
    let outside = (p.clone().neg() + 1.0).log() * (y.clone().neg() + 1.0);
    (p.log() * y + outside).mean().neg()
}

fn focal<B: Kernels>(config: &LossConfig, p: Tensor<B, 5>, y: Tensor<B, 5>) -> Tensor<B, 1> {
    let p = p.clamp(FUZZ, 1.0 - FUZZ);
    let q = p.clone().neg() + 1.0;
    let gamma = config.focal_gamma;
    let inside = q.clone().powf_scalar(gamma) * p.clone().log() * y.clone() * config.focal_alpha;
    let outside = p.powf_scalar(gamma) * q.log() * (y.neg() + 1.0) * (1.0 - config.focal_alpha);
    (inside + outside).mean().neg()
}

/// The loss of one patch, in f64, for values already on the host.
pub(crate) fn host_loss(config: &LossConfig, p: &[f32], y: &[f32]) -> f64 {
    let mut sums = Sums::default();
    for (&p, &y) in p.iter().zip(y) {
        sums.add(config, f64::from(p), f64::from(y));
    }
    let mean = |sum: f64| sum / p.len().max(1) as f64;
    let smooth = config.smooth;
    let dice = 1.0 - (2.0 * sums.both + smooth) / (sums.predicted + sums.wanted + smooth);
    match config.kind {
        LossKind::Dice => dice,
        LossKind::DiceBce => dice + mean(sums.entropy),
        LossKind::DiceFocal => dice + mean(sums.focal),
        LossKind::Tversky => {
            let false_positives = config.tversky_alpha * (sums.predicted - sums.both);
            let false_negatives = config.tversky_beta * (sums.wanted - sums.both);
            1.0 - (sums.both + smooth) / (sums.both + false_positives + false_negatives + smooth)
        }
    }
}

/// What every loss is made of.
#[derive(Default)]
struct Sums {
    both: f64,
    predicted: f64,
    wanted: f64,
    entropy: f64,
    focal: f64,
}

impl Sums {
    fn add(&mut self, config: &LossConfig, p: f64, y: f64) {
        self.both += p * y;
        self.predicted += p;
        self.wanted += y;
        let p = p.clamp(FUZZ, 1.0 - FUZZ);
        let (inside, outside) = (y * p.ln(), (1.0 - y) * (1.0 - p).ln());
        self.entropy -= inside + outside;
        if config.kind == LossKind::DiceFocal {
            let alpha = config.focal_alpha;
            self.focal -= alpha * (1.0 - p).powf(config.focal_gamma) * inside;
            self.focal -= (1.0 - alpha) * p.powf(config.focal_gamma) * outside;
        }
    }
}

#[cfg(test)]
mod tests;
