//! What a run needs to continue as if it had never stopped: weights, running moments, optimiser, schedule, position.
//!
//! Random numbers need no state: they follow from seed, epoch and item. The card is TOML, not JSON, because its numbers
//! read back bit for bit.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RunDir;
use super::adam::AdamState;
use super::engine::EngineState;
use super::error::TrainingError;
use super::schedule::Schedule;
use crate::network::{Architecture, NamedTensor, NetworkError, Weights, read_tensors, write_tensors};
use crate::preprocess::Intensities;

const FORMAT: u32 = 1;
const FIRST: &str = "adam.first.";
const SECOND: &str = "adam.second.";

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Complete epochs.
    pub(crate) epochs: u32,
    /// Complete steps of the epoch under way.
    pub(crate) steps: usize,
    /// Optimiser steps since the run began.
    pub(crate) total_steps: u64,
    /// Sum of the losses of the steps of the epoch under way.
    pub(crate) loss_sum: f64,
    pub(crate) schedule: Schedule,
    pub(crate) intensities: Intensities,
    #[serde(default)]
    pub(crate) best: Option<Best>,
}

/// The epoch whose weights are kept as the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Best {
    pub(crate) epoch: u32,
    /// The monitored loss: validation, or training where nothing validates.
    pub(crate) loss: f64,
    #[serde(default)]
    pub(crate) dice: Option<f64>,
    pub(crate) threshold: f32,
}

#[derive(Serialize, Deserialize)]
struct Card {
    format: u32,
    updates: u64,
    progress: Progress,
}

impl RunDir {
    /// The model: weights of the best epoch so far, a [`crate::network::ModelFile`].
    pub fn best_model(&self) -> PathBuf {
        self.checkpoints().join("best.safetensors")
    }

    /// What the run continues from.
    pub fn last_checkpoint(&self) -> PathBuf {
        self.checkpoints().join("last.safetensors")
    }
}

/// Writes a checkpoint, complete or not at all.
pub(crate) fn save(path: &Path, progress: &Progress, state: &EngineState) -> Result<(), TrainingError> {
    let card = Card { format: FORMAT, updates: state.adam.updates, progress: progress.clone() };
    let text = toml::to_string(&card).map_err(|error| unusable(path, error.to_string()))?;
    let weights = state.weights.tensors();
    let moment = |prefix: &str, which: usize| -> Vec<NamedTensor> {
        let named = |(weight, pair): (&NamedTensor, &Option<[Vec<f32>; 2]>)| {
            let data = pair.as_ref()?[which].clone();
            Some(NamedTensor { name: format!("{prefix}{}", weight.name), shape: weight.shape.clone(), data })
        };
        weights.iter().zip(&state.adam.moments).filter_map(named).collect()
    };
    let tensors = [weights.to_vec(), moment(FIRST, 0), moment(SECOND, 1)].concat();
    Ok(write_tensors(path, &tensors, text)?)
}

/// Reads a checkpoint of a run with `architecture`.
pub(crate) fn load(
    path: &Path,
    architecture: &Architecture,
) -> Result<(Progress, EngineState), TrainingError> {
    let (tensors, text) = read_tensors(path)?;
    let card: Card = toml::from_str(&text).map_err(|error| unusable(path, error.message().to_owned()))?;
    if card.format != FORMAT {
        return Err(unusable(
            path,
            format!("it has format {}, this version of deepseg reads {FORMAT}", card.format),
        ));
    }
    let take = |prefix: &str, tensor: &NamedTensor, from: &mut Vec<NamedTensor>| {
        let at = from.iter().position(|t| t.name.strip_prefix(prefix) == Some(tensor.name.as_str()))?;
        let moment = from.swap_remove(at);
        (moment.shape == tensor.shape).then_some(moment.data)
    };
    let (mut moments, weights): (Vec<_>, Vec<_>) =
        tensors.into_iter().partition(|tensor| tensor.name.starts_with("adam."));
    let weights = Weights::for_architecture(architecture, weights)
        .map_err(|error: NetworkError| unusable(path, error.to_string()))?;
    let pairs = weights
        .tensors()
        .iter()
        .map(|tensor| Some([take(FIRST, tensor, &mut moments)?, take(SECOND, tensor, &mut moments)?]));
    let adam = AdamState { moments: pairs.collect(), updates: card.updates };
    Ok((card.progress, EngineState { weights, adam }))
}

fn unusable(path: &Path, reason: String) -> TrainingError {
    TrainingError::Checkpoint { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::TrainConfig;

    fn state() -> (Progress, EngineState) {
        let weights = Weights::initial(&Architecture::small(), 4);
        let mut state = EngineState::fresh(weights);
        for (tensor, moments) in state.weights.tensors().iter().zip(&mut state.adam.moments) {
            if !tensor.name.contains("running") {
                *moments =
                    Some([tensor.data.clone(), tensor.data.iter().map(|value| value * value).collect()]);
            }
        }
        state.adam.updates = 77;
        let mut schedule = Schedule::new(&TrainConfig { lr: 0.1 + 0.2, ..Default::default() });
        schedule.after_epoch(&TrainConfig::default(), 1, 1.0 / 3.0);
        let progress = Progress {
            epochs: 3,
            steps: 5,
            total_steps: 77,
            loss_sum: 2.0 / 3.0,
            schedule,
            intensities: Intensities { landmarks: None, mean: 1.0 / 7.0, std: 5e-324 },
            best: Some(Best { epoch: 2, loss: 0.1 + 0.7, dice: None, threshold: 0.3 }),
        };
        (progress, state)
    }

    #[test]
    fn everything_comes_back_bit_for_bit() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("last.safetensors");
        let (progress, state) = state();
        save(&path, &progress, &state).unwrap();
        assert_eq!(load(&path, &Architecture::small()).unwrap(), (progress, state));
    }

    #[test]
    fn a_checkpoint_of_another_network_is_refused_by_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("last.safetensors");
        let (progress, state) = state();
        save(&path, &progress, &state).unwrap();
        let message = load(&path, &Architecture::t2_ax()).unwrap_err().to_string();
        assert!(message.contains("last.safetensors") && message.contains("resume"), "{message}");
    }
}
