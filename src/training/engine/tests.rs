//! One step against PyTorch in double precision (`tests/data/unet_golden.safetensors`, made by
//! `benches/unet_golden.py`): forward, loss, every gradient, three Adam steps, running moments.

use std::path::Path;

use super::*;
use crate::network::{NamedTensor, read_tensors};

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
    EngineSetup {
        architecture: Architecture::unet3d(2, 2).unwrap(),
        // Large enough that the biases before a normalisation, whose true gradient is 0, stay where they are.
        optimiser: OptimiserConfig { epsilon: 1e-4, ..Default::default() },
        loss: LossConfig::default(),
        fresh: false,
    }
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
    let p = placed.net.clone().forward_training(images, RunningMoments::Known);
    let loss = loss(&setup().loss, p.clone(), targets);
    assert_near("forward", &host_values(p.inner()).unwrap(), &golden.one("forward").data, 1e-5);
    let mut grads = loss.backward();
    let slots = setup().architecture.slots();
    for (slot, tensor) in placed.net.learnt() {
        let name = &slots[slot].name;
        let grad = tensor.grad_remove(&mut grads).map(|grad| host_values(grad).unwrap()).unwrap();
        assert_near(name, &grad, &golden.one(&format!("grad.{name}")).data, 1e-4);
    }

    let losses: Vec<f32> = (0..3).map(|_| placed.step(golden.batch(), 1e-2).unwrap() as f32).collect();
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
    follows_pytorch::<Dispatch>(burn::DispatchDevice::Flex(Default::default()));
}

#[test]
fn the_same_steps_give_the_same_bits() {
    let golden = Golden::read();
    let run = || {
        let state = EngineState::fresh(golden.weights("before."));
        let mut engine = engine(setup(), &state, &Device::CPU);
        for _ in 0..4 {
            engine.step(golden.batch(), 1e-2).unwrap();
        }
        engine.state().unwrap()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_state_taken_to_the_host_and_back_continues_bit_for_bit() {
    let golden = Golden::read();
    let mut straight = engine(setup(), &EngineState::fresh(golden.weights("before.")), &Device::CPU);
    straight.step(golden.batch(), 1e-2).unwrap();
    let mut resumed = engine(setup(), &straight.state().unwrap(), &Device::CPU);
    for engine in [&mut straight, &mut resumed] {
        engine.step(golden.batch(), 1e-2).unwrap();
    }
    assert_eq!(straight.state().unwrap(), resumed.state().unwrap());
}
