//! Four updates of one tensor against `torch.optim` in double precision: the gradients of update k (from 0) are
//! `[0.1 (k+1), -0.3, 0.2 (-1)^k]`, the rate is 0.1.

use burn::backend::Flex;
use burn::tensor::TensorData;

use super::*;
use crate::network::host_values;

fn tensor(values: [f32; 3]) -> Tensor<Flex, 1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [3]), &Default::default())
}

fn after_four(config: &OptimiserConfig) -> Vec<f32> {
    let mut optimiser = Optimiser::restored(config, &OptimiserState::fresh(1), &Default::default());
    let mut value = tensor([1.0, -2.0, 0.5]);
    for k in 0..4 {
        // Through the host and back: what a checkpoint does between any two updates.
        optimiser = Optimiser::restored(config, &optimiser.state().unwrap(), &Default::default());
        let sign = if k % 2 == 0 { 1.0 } else { -1.0 };
        optimiser.begin_update();
        value = optimiser.updated(0, value, tensor([0.1 * (k + 1) as f32, -0.3, 0.2 * sign]), 0.1);
    }
    host_values(value).unwrap()
}

#[test]
fn every_optimiser_follows_pytorch() {
    let with = |kind, weight_decay, momentum, nesterov| OptimiserConfig {
        kind,
        weight_decay,
        momentum,
        nesterov,
        ..Default::default()
    };
    let (adam, adam_w, sgd) = (OptimiserKind::Adam, OptimiserKind::AdamW, OptimiserKind::Sgd);
    for (config, want) in [
        (with(adam, 0.0, 0.9, true), [0.611640672126, -1.600000013333, 0.376946986149]),
        (with(adam_w, 0.05, 0.9, true), [0.594724454702, -1.563289026984, 0.36862964556]),
        (with(sgd, 0.0, 0.0, true), [0.9, -1.88, 0.5]),
        (with(sgd, 0.05, 0.9, false), [0.770489489375, -1.640799305, 0.445590609062]),
        (with(sgd, 0.0, 0.9, true), [0.732969, -1.635677, 0.470678]),
    ] {
        let got = after_four(&config);
        for (got, want) in got.iter().zip(want) {
            assert!((f64::from(*got) - want).abs() < 2e-6, "{config:?}: {got} instead of {want}");
        }
    }
}
