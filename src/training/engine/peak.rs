//! Memory of a process of its own that does nothing but train or predict: the estimate against its peak, and that steps take
//! nothing new once they have what they need.

use std::process::Command;
use std::sync::atomic::Ordering;

use super::*;
use crate::kernels::MADE;
use crate::network::Demand;

const NETWORK: &str = "DEEPSEG_TEST_PEAK_NETWORK";
const TRAINS: &str = "DEEPSEG_TEST_PEAK_TRAINS";
const SIDE: usize = 32;
const COUNT: usize = 2;

/// The highest resident size of this process so far, bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
#[ignore = "started by the test below, in a process of its own"]
fn child() {
    let architecture: Architecture = toml::from_str(&std::env::var(NETWORK).unwrap()).unwrap();
    let state = EngineState::fresh(Weights::initial(&architecture, 1));
    let setup = EngineSetup::scratch(architecture, OptimiserConfig::default(), LossConfig::default());
    let mut engine = engine(setup, &state, &Device::CPU);
    let count = COUNT * SIDE.pow(3);
    let images = (0..count).map(|index| (index as f32).sin()).collect();
    let targets = (0..count).map(|index| f32::from(u8::from(index % 9 == 0))).collect();
    let batch = Batch { images, targets, count: COUNT, shape: [SIDE; 3] };
    if std::env::var(TRAINS).unwrap() == "true" {
        // The optimiser has moments of its own from the second step on.
        engine.step(batch.clone(), Some(1e-3)).unwrap();
        engine.step(batch.clone(), Some(1e-3)).unwrap();
        let before = MADE.load(Ordering::Relaxed);
        engine.step(batch.clone(), Some(1e-3)).unwrap();
        engine.step(batch, Some(1e-3)).unwrap();
        println!("made={}", MADE.load(Ordering::Relaxed) - before);
    } else {
        engine.predict(batch).unwrap();
    }
    println!("peak={}", peak());
}

/// What the process said behind `name`.
fn measured(network: &str, trains: bool, name: &str) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "training::engine::peak::child", "--ignored", "--nocapture"])
        .env(NETWORK, network)
        .env(TRAINS, trains.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let number = text.split(name).nth(1).and_then(|rest| rest.split_whitespace().next());
    number.unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr))).parse().unwrap()
}

#[test]
fn steps_take_no_new_memory_for_tensors_after_the_second() {
    for network in
        ["depth = 3\nbase = 8", "depth = 2\nbase = 4\nnorm = 'instance'\nresidual = true\ndown = 'strided'"]
    {
        assert_eq!(measured(network, true, "made="), 0, "{network}");
    }
}

#[test]
fn the_estimate_is_near_the_measured_peak() {
    let networks = [
        "depth = 3\nbase = 16",
        "depth = 2\nbase = 16\nnorm = 'instance'\nresidual = true\nup = 'transposed'\ndown = 'strided'",
        "depth = 4\nbase = 16\ndeep_supervision = true\nactivation = 'leaky_relu'",
    ];
    for (network, trains) in networks.iter().flat_map(|network| [(network, true), (network, false)]) {
        let architecture: Architecture = toml::from_str(network).unwrap();
        let estimate = architecture.memory(&Demand {
            batch: COUNT,
            patch: [SIDE; 3],
            training: trains,
            precision: Precision::F32,
        });
        let measured = measured(network, trains, "peak=");
        let ratio = estimate as f64 / measured as f64;
        assert!(
            (0.75..1.4).contains(&ratio),
            "{network}, training {trains}: {estimate} instead of {measured}"
        );
    }
}
