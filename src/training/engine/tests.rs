//! One step against PyTorch in double precision (`tests/data/unet_golden.safetensors`, made by
//! `benches/unet_golden.py`): forward, loss, every gradient, three Adam steps, running moments.

use std::path::Path;

use super::*;
use crate::kernels::with_stock;
use crate::network::{NamedTensor, read_tensors};
use crate::training::OptimiserKind;

struct Golden(Vec<NamedTensor>);

impl Golden {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/unet_golden.safetensors");
        Self(read_tensors(&path).unwrap().0)
    }

    /// Tensors whose name starts with `prefix`, without it.
    fn named(&self, prefix: &str) -> Vec<NamedTensor> {
        let strip = |tensor: &NamedTensor| {
            let name = tensor.name.strip_prefix(prefix)?.to_owned();
            Some(NamedTensor { name, ..tensor.clone() })
        };
        self.0.iter().filter_map(strip).collect()
    }

    fn one(&self, name: &str) -> NamedTensor {
        self.0.iter().find(|tensor| tensor.name == name).unwrap().clone()
    }

    fn weights(&self, prefix: &str) -> Weights {
        Weights::for_architecture(&setup().architecture, self.named(prefix)).unwrap()
    }

    fn batch(&self) -> Batch {
        let images = self.one("images");
        let shape = [images.shape[2], images.shape[3], images.shape[4]];
        Batch { images: images.data, targets: self.one("targets").data, count: images.shape[0], shape }
    }
}

fn setup() -> EngineSetup {
    // Large enough that the biases before a normalisation, whose true gradient is 0, stay where they are.
    let optimiser = OptimiserConfig { epsilon: 1e-4, ..Default::default() };
    let architecture = Architecture::unet3d(2, 2).unwrap();
    EngineSetup { fresh: false, ..EngineSetup::scratch(architecture, optimiser, LossConfig::default()) }
}

fn assert_near(what: &str, got: &[f32], want: &[f32], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "{what}");
    let scale = want.iter().fold(1e-3f32, |scale, value| scale.max(value.abs()));
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance * scale, "{what}[{index}]: {got} instead of {want}");
    }
}

fn follows_pytorch<B: Kernels>(device: B::Device) {
    let golden = Golden::read();
    let state = EngineState::fresh(golden.weights("before."));
    let mut placed = Placed::<B>::new(setup(), &state, device.clone());
    assert_near("prediction", &placed.predict(golden.batch()).unwrap(), &golden.one("predicted").data, 1e-5);

    let [images, targets] = golden.batch().tensors::<Autodiff<B>>(&device);
    let x = placed.net.clone().forward_training(images, RunningMoments::Known).finest;
    let loss = loss(&setup().loss, x.clone(), targets);
    let p = burn::tensor::activation::sigmoid(x.inner());
    assert_near("forward", &host_values(p).unwrap(), &golden.one("forward").data, 1e-5);
    let mut grads = loss.backward();
    let slots = setup().architecture.slots();
    for (slot, tensor) in placed.net.learnt() {
        let name = &slots[slot].name;
        let grad = tensor.grad_remove(&mut grads).map(|grad| host_values(grad).unwrap()).unwrap();
        assert_near(name, &grad, &golden.one(&format!("grad.{name}")).data, 1e-4);
    }

    let losses: Vec<f32> =
        (0..3).map(|_| placed.step(golden.batch(), Some(1e-2)).unwrap().loss as f32).collect();
    assert_near("losses", &losses, &golden.one("losses").data, 1e-5);
    let after = placed.state().unwrap().weights;
    for (got, want) in after.tensors().iter().zip(golden.weights("after.").tensors()) {
        assert_near(&want.name, &got.data, &want.data, 1e-4);
    }
}

#[test]
fn our_kernels_follow_pytorch() {
    follows_pytorch::<Flex>(Default::default());
}

#[test]
fn stock_operations_follow_pytorch() {
    with_stock(|| follows_pytorch::<Flex>(Default::default()));
}

#[test]
fn the_same_steps_give_the_same_bits() {
    let golden = Golden::read();
    let run = || {
        let state = EngineState::fresh(golden.weights("before."));
        let mut engine = engine(setup(), &state, &Device::CPU);
        for _ in 0..4 {
            engine.step(golden.batch(), Some(1e-2)).unwrap();
        }
        engine.state().unwrap()
    };
    assert_eq!(run(), run());
}

/// Momentum, an average and clipped groups of two batches.
fn with_every_state() -> EngineSetup {
    let optimiser = OptimiserConfig { kind: OptimiserKind::Sgd, clip: 0.1, ema: 0.9, ..setup().optimiser };
    EngineSetup { optimiser, ..setup() }
}

#[test]
fn a_state_taken_to_the_host_and_back_continues_bit_for_bit() {
    let golden = Golden::read();
    for setup in [setup(), with_every_state()] {
        let fresh = EngineState::fresh(golden.weights("before."));
        let mut straight = engine(setup.clone(), &fresh, &Device::CPU);
        straight.step(golden.batch(), Some(1e-2)).unwrap();
        straight.step(golden.batch(), None).unwrap();
        let mut resumed = engine(setup, &straight.state().unwrap(), &Device::CPU);
        for engine in [&mut straight, &mut resumed] {
            engine.step(golden.batch(), Some(1e-2)).unwrap();
        }
        assert_eq!(straight.state().unwrap(), resumed.state().unwrap());
        assert_eq!(straight.predict(golden.batch()).unwrap(), resumed.predict(golden.batch()).unwrap());
    }
}

#[test]
fn a_group_of_equal_batches_moves_as_one_batch_does() {
    let golden = Golden::read();
    let fresh = EngineState::fresh(golden.weights("before."));
    let mut single = engine(setup(), &fresh, &Device::CPU);
    let once = single.step(golden.batch(), Some(1e-2)).unwrap();
    let mut group = engine(setup(), &fresh, &Device::CPU);
    let first = group.step(golden.batch(), None).unwrap();
    assert_eq!((first.gradient, group.state().unwrap().optimiser.updates), (None, 0));
    let last = group.step(golden.batch(), Some(1e-2)).unwrap();
    assert!((last.gradient.unwrap() - once.gradient.unwrap()).abs() < 1e-6);
    let [group, single] = [group.state().unwrap(), single.state().unwrap()];
    assert_eq!((group.optimiser.updates, group.batches), (1, 2));
    for (got, want) in group.weights.tensors().iter().zip(single.weights.tensors()) {
        if !want.name.contains("running") {
            assert_near(&want.name, &got.data, &want.data, 1e-5);
        }
    }
}

#[test]
fn the_average_predicts_and_lies_between_the_weights_it_has_seen() {
    let golden = Golden::read();
    let setup = with_every_state();
    let fresh = EngineState::fresh(golden.weights("before."));
    let mut engine = engine(setup, &fresh, &Device::CPU);
    engine.step(golden.batch(), Some(1e-1)).unwrap();
    let state = engine.state().unwrap();
    // The first update of an average: (1 + 1) / (10 + 1) of itself.
    let (before, after) = (&fresh.weights.tensors()[0].data, &state.weights.tensors()[0].data);
    let want: Vec<f32> = before.iter().zip(after).map(|(b, a)| b * 2.0 / 11.0 + a * 9.0 / 11.0).collect();
    assert_near("average", &state.model().tensors()[0].data, &want, 1e-6);
    assert_ne!(state.model(), &state.weights);
}

#[test]
fn a_gradient_that_is_no_number_changes_nothing() {
    let golden = Golden::read();
    let mut engine = engine(setup(), &EngineState::fresh(golden.weights("before.")), &Device::CPU);
    let mut batch = golden.batch();
    batch.images[17] = f32::INFINITY;
    let stepped = engine.step(batch, Some(1e-2)).unwrap();
    assert!(!stepped.gradient.unwrap().is_finite(), "{stepped:?}");
    let learnt = |weights: &Weights| -> Vec<NamedTensor> {
        weights.tensors().iter().filter(|tensor| !tensor.name.contains("running")).cloned().collect()
    };
    assert_eq!(learnt(&engine.state().unwrap().weights), learnt(&golden.weights("before.")));
}

#[test]
fn frozen_weights_and_moments_stay_and_the_others_see_them_as_constants() {
    let golden = Golden::read();
    let state = EngineState::fresh(golden.weights("before."));
    let slots = setup().architecture.slots();
    // Every normalisation is frozen: training then computes what prediction does, whose loss can be probed.
    let paces = slots.iter().map(|slot| if slot.name.contains(".norm.") { 0.0 } else { 1.0 }).collect();
    let optimiser = OptimiserConfig { kind: OptimiserKind::Sgd, momentum: 0.0, ..Default::default() };
    let setup = EngineSetup { paces, optimiser, ..setup() };
    let mut engine = engine(setup.clone(), &state, &Device::CPU);
    let loss = engine.step(golden.batch(), Some(1.0)).unwrap().loss;
    let after = engine.state().unwrap().weights;
    let probe = |slot: usize, by: f32| {
        let mut tensors = state.weights.tensors().to_vec();
        tensors[slot].data[0] += by;
        let weights = Weights::for_architecture(&setup.architecture, tensors).unwrap();
        let engine = super::engine(setup.clone(), &EngineState::fresh(weights), &Device::CPU);
        crate::training::loss::host_loss(
            &setup.loss,
            &engine.predict(golden.batch()).unwrap(),
            &golden.batch().targets,
        )
    };
    assert!((loss - probe(0, 0.0)).abs() < 1e-5);
    for (slot, (now, then)) in after.tensors().iter().zip(state.weights.tensors()).enumerate() {
        if now.name.contains(".norm.") {
            assert_eq!(now, then);
        } else {
            let slope = (probe(slot, 5e-3) - probe(slot, -5e-3)) / 1e-2;
            let moved = f64::from(then.data[0] - now.data[0]);
            assert!(
                (slope - moved).abs() < 2e-4 + 0.03 * slope.abs(),
                "{}: {moved} instead of {slope}",
                now.name
            );
        }
    }
}

#[test]
fn a_frozen_encoder_is_left_alone_while_the_decoder_learns() {
    let golden = Golden::read();
    let state = EngineState::fresh(golden.weights("before."));
    let slots = setup().architecture.slots();
    let paces = slots.iter().map(|slot| if slot.name.starts_with("enc.") { 0.0 } else { 1.0 }).collect();
    let mut engine = engine(EngineSetup { paces, ..setup() }, &state, &Device::CPU);
    engine.step(golden.batch(), Some(1e-2)).unwrap();
    let after = engine.state().unwrap().weights;
    for (now, then) in after.tensors().iter().zip(state.weights.tensors()) {
        assert_eq!(now == then, now.name.starts_with("enc."), "{}", now.name);
    }
}
