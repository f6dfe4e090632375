//! Training of the built-in centerline detector on synthetic scenes: repeatable from a seed, without any image.
//!
//! The weights that ship with the program were made by this loop; the command is in `assets/DETECTOR.md`.

mod feed;
mod score;

use std::path::PathBuf;

use serde::Serialize;

use super::engine::{EngineSetup, EngineState, engine};
use super::error::TrainingError;
use super::{LossConfig, LossKind, OptimiserConfig, StopSignal};
use crate::centerline::SPACING;
use crate::network::{
    Architecture, Device, DeviceChoice, NetworkError, Weights, read_tensors, write_tensors,
};
use feed::Feed;
use score::score;

/// Steps over which the learning rate rises from 0.
const WARM_UP: f64 = 100.0;

/// What a training of the detector is made of.
#[derive(Clone, Debug)]
pub struct DetectorTraining {
    /// Optimiser steps; the learning rate falls to 0 over them.
    pub steps: u64,
    /// Seed of weights and scenes.
    pub seed: u64,
    /// The highest learning rate.
    pub lr: f64,
    /// The network.
    pub architecture: Architecture,
    /// Weights to go on from instead of fresh ones.
    pub from: Option<PathBuf>,
    /// The weights' file, written anew every `every` steps.
    pub output: PathBuf,
    /// Steps between two looks at scenes kept aside.
    pub every: u64,
}

/// Where a training stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DetectorProgress {
    /// Steps done.
    pub step: u64,
    /// Mean loss of the steps since the last report.
    pub loss: f64,
    /// Mean Dice of the cord (0..1) on scenes kept aside.
    pub dice: f64,
    /// Highest probability in scenes kept aside that have no cord: their mean, and the worst.
    pub false_alarm: [f64; 2],
}

/// What travels with the weights.
#[derive(Serialize)]
struct Card<'a> {
    format: u32,
    architecture: &'a Architecture,
    /// Working grid, mm.
    spacing: f64,
    seed: u64,
    steps: u64,
}

/// Trains until the steps are done or a stop is asked for, and writes the weights; `report` hears of every look at the scenes
/// kept aside.
pub fn train_detector(
    training: &DetectorTraining,
    stop: &StopSignal,
    mut report: impl FnMut(DetectorProgress),
) -> Result<(), TrainingError> {
    let (device, _) = Device::choose(DeviceChoice::Cpu)?;
    let loss = LossConfig { kind: LossKind::DiceBce, ..Default::default() };
    let setup = EngineSetup {
        fresh: training.from.is_none(),
        ..EngineSetup::scratch(training.architecture.clone(), OptimiserConfig::default(), loss)
    };
    let mut engine = engine(setup, &EngineState::fresh(training.weights()?), &device);
    let mut losses = Vec::new();
    let mut feed = Feed::begin(training.seed);
    for step in 0..training.steps {
        let batch = feed.take();
        let stepped = feed.ahead(step + 1, || engine.step(batch, Some(training.rate(step))))?;
        losses.push(stepped.loss);
        let last = step + 1 == training.steps || stop.requested().is_some();
        if last || (step + 1).is_multiple_of(training.every) {
            training.write(&engine.state()?.weights, step + 1)?;
            let (dice, false_alarm) = score(engine.as_ref(), training.seed)?;
            let mean = losses.iter().sum::<f64>() / losses.len() as f64;
            losses.clear();
            report(DetectorProgress { step: step + 1, loss: mean, dice, false_alarm });
        }
        if last {
            break;
        }
    }
    Ok(())
}

impl DetectorTraining {
    fn weights(&self) -> Result<Weights, NetworkError> {
        match &self.from {
            None => Ok(Weights::initial(&self.architecture, self.seed)),
            Some(path) => Weights::for_architecture(&self.architecture, read_tensors(path)?.0),
        }
    }

    /// Rises, then half a cosine down to 0.
    fn rate(&self, step: u64) -> f64 {
        let done = step as f64 / self.steps.max(1) as f64;
        let rise = ((step + 1) as f64 / WARM_UP).min(1.0);
        self.lr * rise * 0.5 * (1.0 + (std::f64::consts::PI * done).cos())
    }

    fn write(&self, weights: &Weights, steps: u64) -> Result<(), NetworkError> {
        let card =
            Card { format: 1, architecture: &self.architecture, spacing: SPACING, seed: self.seed, steps };
        let card = serde_json::to_string(&card)
            .map_err(|error| NetworkError::malformed(&self.output, error.to_string()))?;
        write_tensors(&self.output, weights.tensors(), card)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::centerline::{detector_network, example};
    use crate::network::Predictor;

    fn training(place: &tempfile::TempDir, name: &str, steps: u64) -> DetectorTraining {
        DetectorTraining {
            steps,
            seed: 5,
            lr: 2e-3,
            architecture: Architecture::unet3d(2, 1).unwrap(),
            from: None,
            output: place.path().join(name),
            every: 1000,
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_a_stop_keeps_what_there_is() {
        let place = tempfile::tempdir().unwrap();
        let run = |name: &str, stop: &StopSignal| {
            let training = training(&place, name, 2);
            let mut reports = Vec::new();
            train_detector(&training, stop, |progress| reports.push(progress)).unwrap();
            (std::fs::read(&training.output).unwrap(), reports)
        };
        let (first, reports) = run("a", &StopSignal::manual());
        assert_eq!(first, run("b", &StopSignal::manual()).0);
        assert_eq!(reports.len(), 1);
        assert!(
            reports[0].step == 2 && reports[0].loss.is_finite() && (0.0..=1.0).contains(&reports[0].dice)
        );
        let stopped = StopSignal::manual();
        stopped.ask(super::super::StopRequest::Clean);
        let (bytes, reports) = run("c", &stopped);
        assert!(reports[0].step == 1 && bytes != first);
    }

    /// The program that finds cords has no tensor library: its own evaluator must answer as the network that was trained.
    #[test]
    fn the_shipped_weights_answer_alike_in_both_evaluators() {
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/detector.safetensors"));
        let (tensors, card) = read_tensors(path).unwrap();
        let card: serde_json::Value = serde_json::from_str(&card).unwrap();
        assert_eq!(card["spacing"], SPACING);
        let architecture: Architecture = serde_json::from_value(card["architecture"].clone()).unwrap();
        let weights = Weights::for_architecture(&architecture, tensors).unwrap();
        let (device, _) = Device::choose(DeviceChoice::Cpu).unwrap();
        let trained = Predictor::new(&architecture, &weights, &device).unwrap();
        let (graph, multiple) = detector_network(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(multiple, architecture.patch_multiple());
        let shape = [3 * multiple, 3 * multiple, 4 * multiple];
        let [x, y, z] = shape;
        let mut most = 0.0f32;
        for image in (0..6).map(|index| example(11, index, shape).image) {
            let expected = trained.probabilities(image.iter().copied().collect(), 1, shape).unwrap();
            let answer = graph.run(image.into_shape_with_order((1, x, y, z)).unwrap()).unwrap();
            assert!(answer.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4));
            most = expected.into_iter().fold(most, f32::max);
        }
        assert!(most > 0.5, "no scene shows a cord: {most}");
    }

    #[test]
    fn the_rate_rises_and_falls_to_nothing() {
        let place = tempfile::tempdir().unwrap();
        let training = training(&place, "w", 1000);
        assert!(training.rate(0) < training.rate(50) && training.rate(50) < training.rate(99));
        assert!(training.rate(150) > training.rate(900) && training.rate(999) < 1e-6);
    }
}
