//! Networks of every kind against PyTorch in double precision (the numbers that `benches/network_golden.py` prints), and that
//! each kind learns.

use super::*;
use crate::kernels::with_stock;

/// Described, then: mean prediction, the prediction of one voxel, training loss, norm of all gradients, their product with a
/// wave, loss after one step of Adam.
const GOLDEN: [(&str, [f64; 6]); 5] = [
    (
        "depth = 2\nbase = 3\nnorm = 'instance'\nactivation = 'leaky_relu'",
        [0.3565607, 0.1096356, 0.8071902, 1.099514, 0.02837802, 0.7474251],
    ),
    (
        "depth = 3\nbase = 2\nresidual = true\ndown = 'strided'\nup = 'transposed'",
        [0.4166054, 0.4432261, 0.8344439, 0.551196, 0.3648175, 0.7498295],
    ),
    (
        "depth = 4\nbase = 2\ndeep_supervision = true",
        [0.4673588, 0.4721369, 0.5845843, 2.462693, 1.242544, 0.5821265],
    ),
    (
        "depth = 3\nbase = 2\nnorm = 'instance'\nactivation = 'leaky_relu'\nresidual = true\ndown = 'strided'\n\
         up = 'transposed'\ndeep_supervision = true",
        [0.3644007, 0.3090945, 0.7337362, 0.5508058, 0.5604079, 0.6495829],
    ),
    (
        "depth = 1\nbase = 3\nnorm = 'instance'\nresidual = true",
        [0.296796, 0.4228406, 0.8677452, 0.3972029, 0.1861031, 0.7888226],
    ),
];

const SHAPE: [usize; 3] = [8, 16, 16];

fn wave(count: usize, phase: f64) -> impl Iterator<Item = f64> {
    (1..=count).map(move |index| (12.9898 * index as f64 + phase).sin())
}

fn phase(name: &str) -> f64 {
    (name.bytes().enumerate().map(|(index, byte)| (index + 1) * usize::from(byte)).sum::<usize>() % 1000)
        as f64
}

/// Kernels within Glorot's limit, everything else near what a fresh network has.
fn weights(architecture: &Architecture) -> Weights {
    let mut tensors = Weights::initial(architecture, 0).tensors().to_vec();
    for tensor in &mut tensors {
        let (offset, factor) = match tensor.name.rsplit('.').next() {
            Some("weight") if tensor.shape.len() == 5 => {
                let field: usize = tensor.shape[2..].iter().product();
                (0.0, (6.0 / ((tensor.shape[0] + tensor.shape[1]) * field) as f64).sqrt())
            }
            Some("weight") => (1.0, 0.3),
            Some("running_var") => (1.0, 0.5),
            Some("running_mean") => (0.0, 0.2),
            _ => (0.0, if tensor.name.contains(".norm.") { 0.2 } else { 0.1 }),
        };
        let values = wave(tensor.data.len(), phase(&tensor.name));
        tensor.data = values.map(|value| (offset + factor * value) as f32).collect();
    }
    Weights::for_architecture(architecture, tensors).unwrap()
}

fn batch() -> Batch {
    let count = 2 * SHAPE.iter().product::<usize>();
    Batch {
        images: wave(count, 5.0).map(|value| value as f32).collect(),
        targets: wave(count, 6.0).map(|value| f32::from(u8::from(value > 0.9))).collect(),
        count: 2,
        shape: SHAPE,
    }
}

fn setup(described: &str) -> EngineSetup {
    let optimiser = OptimiserConfig { epsilon: 1e-4, ..Default::default() };
    let scratch = EngineSetup::scratch(toml::from_str(described).unwrap(), optimiser, LossConfig::default());
    EngineSetup { fresh: false, ..scratch }
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum::<f64>() / values.len() as f64
}

/// Norm of all gradients, and the sum of their products with a wave.
fn gradients<B: Kernels>(placed: &mut Placed<B>) -> [f64; 2] {
    let [images, targets] = batch().tensors::<Autodiff<B>>(&placed.device);
    let outputs = placed.net.clone().forward_training(images, RunningMoments::Known);
    let loss = supervised(outputs, targets, |x, y| loss(&placed.setup.loss, x, y));
    let mut grads = loss.backward();
    let slots = placed.setup.architecture.slots();
    let (mut squares, mut mixed) = (0.0, 0.0);
    for (slot, tensor) in placed.net.learnt() {
        let grad = host_values(tensor.grad_remove(&mut grads).unwrap()).unwrap();
        for (value, wave) in grad.iter().zip(wave(grad.len(), phase(&slots[slot].name) + 1.0)) {
            squares += f64::from(*value).powi(2);
            mixed += f64::from(*value) * wave;
        }
    }
    [squares.sqrt(), mixed]
}

fn follows_pytorch<B: Kernels>(device: B::Device) {
    for (described, want) in GOLDEN {
        let setup = setup(described);
        let state = EngineState::fresh(weights(&setup.architecture));
        let mut placed = Placed::<B>::new(setup, &state, device.clone());
        let predicted = placed.predict(batch()).unwrap();
        let voxel = predicted[SHAPE.iter().product::<usize>() + (3 * SHAPE[1] + 5) * SHAPE[2] + 7];
        let [norm, mixed] = gradients(&mut placed);
        let [first, second] = [(); 2].map(|()| placed.step(batch(), Some(1e-2)).unwrap().loss);
        let got = [mean(&predicted), f64::from(voxel), first, norm, mixed, second];
        for (index, (got, want)) in got.iter().zip(want).enumerate() {
            assert!((got - want).abs() < 2e-4, "{described}\n[{index}]: {got} instead of {want}");
        }
    }
}

#[test]
fn our_kernels_follow_pytorch_in_every_kind() {
    follows_pytorch::<Flex>(Default::default());
}

#[test]
fn stock_operations_follow_pytorch_in_every_kind() {
    with_stock(|| follows_pytorch::<Flex>(Default::default()));
}

#[test]
fn every_choice_learns_what_is_easy() {
    let choices = [
        "norm = 'instance'",
        "activation = 'leaky_relu'",
        "residual = true",
        "down = 'strided'",
        "up = 'transposed'",
        "deep_supervision = true",
    ];
    for choice in choices {
        let setup = EngineSetup { fresh: true, ..setup(&format!("depth = 3\nbase = 2\n{choice}")) };
        let state = EngineState::fresh(Weights::initial(&setup.architecture, 1));
        let mut engine = engine(setup, &state, &Device::CPU);
        let bright = Batch {
            targets: batch().images.iter().map(|&v| f32::from(u8::from(v > 0.5))).collect(),
            ..batch()
        };
        let losses: Vec<f64> =
            (0..12).map(|_| engine.step(bright.clone(), Some(1e-2)).unwrap().loss).collect();
        assert!(losses.iter().all(|loss| loss.is_finite()), "{choice}: {losses:?}");
        assert!(losses[11] < losses[0] - 0.05, "{choice}: {losses:?}");
    }
}
