//! Losses on probabilities: the whole batch flattened, as in the published networks' training.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;

use super::{LossConfig, LossKind};

/// Keeps logarithms finite (Keras' fuzz).
const FUZZ: f64 = 1e-7;

/// The loss of probabilities against 0/1 targets of the same shape: a tensor of one value, 0 when perfect.
///
/// Dice: `1 - (2 sum(p y) + smooth) / (sum p + sum y + smooth)` over the batch (the recipe's loss, which lies 1 lower; the
/// gradient is the same).
pub(crate) fn loss<B: Backend>(config: &LossConfig, p: Tensor<B, 5>, y: Tensor<B, 5>) -> Tensor<B, 1> {
    let dice = dice_loss(p.clone(), y.clone(), config.smooth);
    match config.kind {
        LossKind::Dice => dice,
        LossKind::DiceBce => dice + cross_entropy(p, y),
    }
}

fn dice_loss<B: Backend>(p: Tensor<B, 5>, y: Tensor<B, 5>, smooth: f64) -> Tensor<B, 1> {
    let both = (p.clone() * y.clone()).sum();
    let total = p.sum() + y.sum();
    let dice = (both * 2.0 + smooth) / (total + smooth);
    dice.neg() + 1.0
}

fn cross_entropy<B: Backend>(p: Tensor<B, 5>, y: Tensor<B, 5>) -> Tensor<B, 1> {
    let p = p.clamp(FUZZ, 1.0 - FUZZ);
    let outside = (p.clone().neg() + 1.0).log() * (y.clone().neg() + 1.0);
    (p.log() * y + outside).mean().neg()
}
