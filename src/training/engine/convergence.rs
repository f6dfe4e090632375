//! Learning with our kernels and with burn's own operations: 200 steps from one seed, on patches that can be learnt.
//! `benches/convergence.sh` prints the curves.

use super::*;
use crate::kernels::with_stock;

const STEPS: usize = 200;
const SIDE: usize = 16;

/// How far two losses of one step may lie apart: rounding differs, and training amplifies it. From step to step the curves
/// themselves move by about five times as much.
const BOUND: f64 = 0.01;

/// A bright ball somewhere in waves; the ball is the lesion.
fn patches(step: usize) -> Batch {
    let mut batch = Batch { images: Vec::new(), targets: Vec::new(), count: 2, shape: [SIDE; 3] };
    for entry in 0..batch.count {
        let at = |axis: usize| 4.0 + ((step * 7 + entry * 5 + axis * 3) % 9) as f32;
        for index in 0..SIDE.pow(3) {
            let voxel = [index / (SIDE * SIDE), index / SIDE % SIDE, index % SIDE].map(|n| n as f32);
            let far = (0..3).map(|axis| (voxel[axis] - at(axis)).powi(2)).sum::<f32>();
            let wave = (0.9 * voxel[0]).sin() * (1.1 * voxel[1] + step as f32).cos() + 0.3 * voxel[2].sin();
            batch.images.push(wave + if far < 9.0 { 1.5 } else { 0.0 });
            batch.targets.push(f32::from(u8::from(far < 9.0)));
        }
    }
    batch
}

fn losses<B: Kernels>(device: B::Device) -> Vec<f64> {
    let architecture = Architecture::unet3d(3, 4).unwrap();
    let state = EngineState::fresh(Weights::initial(&architecture, 7));
    let setup = EngineSetup::scratch(architecture, OptimiserConfig::default(), LossConfig::default());
    let mut placed = Placed::<B>::new(setup, &state, device);
    (0..STEPS).map(|step| placed.step(patches(step), Some(2e-3)).unwrap().loss).collect()
}

fn assert_close(what: &str, ours: &[f64], stock: &[f64]) {
    let differences = ours.iter().zip(stock).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f64::max);
    for step in (0..STEPS).step_by(20).chain([STEPS - 1]) {
        println!("{what:<6} step {:>3}  stock {:.4}  ours {:.4}", step + 1, stock[step], ours[step]);
    }
    println!("{what:<6} largest difference of {STEPS} steps: {largest:.5} (bound {BOUND})");
    assert!(largest < BOUND, "{what}: the losses lie {largest} apart");
}

#[test]
fn two_hundred_steps_with_our_kernels_and_with_stock_operations_agree() {
    let stock = with_stock(|| losses::<Flex>(Default::default()));
    assert!(stock[STEPS - 1] < 0.6 * stock[0], "nothing was learnt: {} to {}", stock[0], stock[STEPS - 1]);
    assert_close("CPU", &losses::<Flex>(Default::default()), &stock);
    #[cfg(feature = "cuda")]
    match crate::kernels::cuda::device_count() {
        Ok(_) => {
            let (device, note) = crate::kernels::cuda::device(0);
            assert_eq!(note, None);
            assert_close("CUDA", &losses::<crate::kernels::cuda::Gpu>(device), &stock);
        }
        Err(why) => println!("skipped: no CUDA device ({why})"),
    }
}
