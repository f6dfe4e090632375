//! Losses against values worked out elsewhere (the formulas in PyTorch, double precision), on device and host.

use burn::backend::Flex;
use burn::tensor::TensorData;

use super::*;

const KINDS: [LossKind; 4] = [LossKind::Dice, LossKind::DiceBce, LossKind::DiceFocal, LossKind::Tversky];

fn tensor(values: &[f32]) -> Tensor<Flex, 5> {
    let data = TensorData::new(values.to_vec(), [1, 1, 4, 4, values.len() / 16]);
    Tensor::from_data(data, &Default::default())
}

/// The logits of probabilities.
fn logits(p: &[f32]) -> Tensor<Flex, 5> {
    tensor(&p.iter().map(|p| (p / (1.0 - p)).ln()).collect::<Vec<_>>())
}

/// Probabilities and a target with 13 of 64 voxels.
fn example() -> (Vec<f32>, Vec<f32>) {
    let p = (0..64).map(|i| ((i * 37 % 64) as f32 + 0.5) / 64.0).collect();
    let y = (0..64).map(|i| f32::from(u8::from(i % 5 == 0))).collect();
    (p, y)
}

#[test]
fn dice_is_the_recipes_formula() {
    let config = LossConfig::default();
    let got = host_loss(&config, &[0.5, 1.0, 0.0, 0.25], &[1.0, 1.0, 0.0, 0.0]);
    assert!((got - (1.0 - (2.0 * 1.5 + 1.0) / (1.75 + 2.0 + 1.0))).abs() < 1e-12);
}

#[test]
fn every_loss_has_its_reference_value() {
    let (p, y) = example();
    let reference = [0.6925951086956521, 1.737498522893033, 1.1039918815259804, 0.6157201776649746];
    for (kind, want) in KINDS.into_iter().zip(reference) {
        let config = LossConfig { kind, ..Default::default() };
        let host = host_loss(&config, &p, &y);
        let device = f64::from(loss(&config, logits(&p), tensor(&y)).into_scalar());
        assert!((host - want).abs() < 1e-6, "{kind:?} on the host: {host} instead of {want}");
        assert!((device - want).abs() < 1e-5, "{kind:?} on the device: {device} instead of {want}");
    }
}

#[test]
fn an_empty_mask_costs_nothing_when_nothing_is_predicted_and_something_when_it_is() {
    let empty = [0.0f32; 64];
    for kind in KINDS {
        let config = LossConfig { kind, ..Default::default() };
        assert!(host_loss(&config, &empty, &empty).abs() < 1e-6, "{kind:?}");
        let (half, full) = ([0.5f32; 64], [1.0f32; 64]);
        let (some, all) = (host_loss(&config, &half, &empty), host_loss(&config, &full, &empty));
        assert!(0.1 < some && some < all && all.is_finite(), "{kind:?}: {some} {all}");
    }
}

#[test]
fn gradients_stay_numbers_at_the_ends() {
    use burn::backend::Autodiff;
    let ends: Vec<f32> = (0..64).map(|i| f32::from(u8::from(i % 2 == 0))).collect();
    let opposite: Vec<f32> = ends.iter().map(|value| 1.0 - value).collect();
    // Of these the sigmoid is 0 or 1 to every digit.
    let certain: Vec<f32> = ends.iter().map(|value| 400.0 * value - 200.0).collect();
    for kind in KINDS {
        let config = LossConfig { kind, focal_gamma: 0.5, ..Default::default() };
        for target in [&ends, &opposite] {
            let data = |values: &[f32]| TensorData::new(values.to_vec(), [1, 1, 4, 4, 4]);
            let x =
                Tensor::<Autodiff<Flex>, 5>::from_data(data(&certain), &Default::default()).require_grad();
            let y = Tensor::from_data(data(target), &Default::default());
            let gradient = x.grad(&loss(&config, x.clone(), y).backward()).unwrap();
            let values = gradient.into_data().into_vec::<f32>().unwrap();
            assert!(values.iter().all(|value| value.is_finite()), "{kind:?}");
        }
    }
}

#[test]
fn tversky_with_equal_halves_is_dice_and_its_weights_are_the_right_way_round() {
    let (p, y) = example();
    let tversky = |alpha, beta| LossConfig {
        kind: LossKind::Tversky,
        tversky_alpha: alpha,
        tversky_beta: beta,
        ..Default::default()
    };
    let dice = LossConfig { smooth: 2.0, ..Default::default() };
    assert!((host_loss(&tversky(0.5, 0.5), &p, &y) - host_loss(&dice, &p, &y)).abs() < 1e-12);
    let (everywhere, lesion) = ([1.0f32; 64], y);
    let false_positives = |config: &LossConfig| host_loss(config, &everywhere, &lesion);
    assert!(false_positives(&tversky(0.9, 0.1)) > false_positives(&tversky(0.1, 0.9)));
}
