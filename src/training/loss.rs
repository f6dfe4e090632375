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

/// The loss of one patch, in f64, for values already on the host.
pub(crate) fn host_loss(config: &LossConfig, p: &[f32], y: &[f32]) -> f64 {
    let (mut both, mut total, mut entropy) = (0.0, 0.0, 0.0);
    for (&p, &y) in p.iter().zip(y) {
        let (p, y) = (f64::from(p), f64::from(y));
        both += p * y;
        total += p + y;
        let safe = p.clamp(FUZZ, 1.0 - FUZZ);
        entropy -= y * safe.ln() + (1.0 - y) * (1.0 - safe).ln();
    }
    let dice = 1.0 - (2.0 * both + config.smooth) / (total + config.smooth);
    match config.kind {
        LossKind::Dice => dice,
        LossKind::DiceBce => dice + entropy / p.len().max(1) as f64,
    }
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::tensor::TensorData;

    use super::*;

    #[test]
    fn dice_is_the_recipes_formula() {
        let config = LossConfig::default();
        let got = host_loss(&config, &[0.5, 1.0, 0.0, 0.25], &[1.0, 1.0, 0.0, 0.0]);
        assert!((got - (1.0 - (2.0 * 1.5 + 1.0) / (1.75 + 2.0 + 1.0))).abs() < 1e-12);
        assert_eq!(host_loss(&config, &[0.0; 4], &[0.0; 4]), 0.0);
    }

    #[test]
    fn host_and_device_agree() {
        let p: Vec<f32> = (0..64).map(|i| (i as f32 * 0.37).sin() * 0.5 + 0.5).collect();
        let y: Vec<f32> = (0..64).map(|i| f32::from(u8::from(i % 5 == 0))).collect();
        for kind in [LossKind::Dice, LossKind::DiceBce] {
            let config = LossConfig { kind, ..Default::default() };
            let [a, b] = [&p, &y].map(|values| {
                Tensor::<Flex, 5>::from_data(
                    TensorData::new(values.clone(), [1, 1, 4, 4, 4]),
                    &Default::default(),
                )
            });
            let device = f64::from(loss(&config, a, b).into_scalar());
            assert!((device - host_loss(&config, &p, &y)).abs() < 1e-5, "{kind:?}: {device}");
        }
    }
}
