//! What a run needs to continue as if it had never stopped: weights and their average, running moments, optimiser, gradients of
//! an unfinished group, schedule, position.
//!
//! Random numbers need no state: they follow from seed, epoch and item. The card is TOML, not JSON, because its numbers
//! read back bit for bit.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RunDir;
use super::early_stop::EarlyStop;
use super::engine::EngineState;
use super::error::TrainingError;
use super::flat::Flat;
use super::gradients::GradientState;
use super::optimiser::OptimiserState;
use super::schedule::Schedule;
use crate::network::{Architecture, NamedTensor, NetworkError, Weights, read_tensors, write_tensors};
use crate::preprocess::Intensities;

/// Format 1 had Adam's moments under other names, and no average, no gradients and no early stop; it is still read.
const FORMAT: u32 = 2;

/// Before the names of everything but the weights.
const STATE: &str = "state.";
const FIRST: &str = "state.first.";
const SECOND: &str = "state.second.";
const GRADIENT: &str = "state.gradient.";
const AVERAGE: &str = "state.average.";

/// What format 1 wrote instead of `state.`.
const STATE_1: &str = "adam.";

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Complete epochs.
    pub(crate) epochs: u32,
    /// Complete steps of the epoch under way.
    pub(crate) steps: usize,
    /// Steps since the run began.
    pub(crate) total_steps: u64,
    /// Sum of the losses of the steps of the epoch under way.
    pub(crate) loss_sum: f64,
    /// Epochs the run was to reach; 0 from a version that did not say.
    #[serde(default)]
    pub(crate) planned: u32,
    pub(crate) schedule: Schedule,
    #[serde(default)]
    pub(crate) early_stop: EarlyStop,
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
    /// Batches seen; as many as updates in format 1.
    #[serde(default)]
    batches: Option<u64>,
    /// Batches in the unfinished group.
    #[serde(default)]
    gathered: u32,
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
    let card = Card {
        format: FORMAT,
        updates: state.optimiser.updates,
        batches: Some(state.batches),
        gathered: state.gradients.batches,
        progress: progress.clone(),
    };
    let text = toml::to_string(&card).map_err(|error| unusable(path, error.to_string()))?;
    let weights = &state.weights;
    let average = state
        .average
        .iter()
        .flat_map(Weights::tensors)
        .map(|tensor| NamedTensor { name: format!("{AVERAGE}{}", tensor.name), ..tensor.clone() });
    let tensors = [
        weights.tensors().to_vec(),
        named(FIRST, weights, &state.optimiser.first),
        named(SECOND, weights, &state.optimiser.second),
        named(GRADIENT, weights, &state.gradients.sums),
        average.collect(),
    ];
    Ok(write_tensors(path, &tensors.concat(), text)?)
}

/// `values` under the names and in the shapes of the weights they belong to.
fn named(prefix: &str, weights: &Weights, values: &Flat) -> Vec<NamedTensor> {
    let one = |(weight, data): (&NamedTensor, &Option<Vec<f32>>)| {
        let data = data.clone()?;
        Some(NamedTensor { name: format!("{prefix}{}", weight.name), shape: weight.shape.clone(), data })
    };
    weights.tensors().iter().zip(values).filter_map(one).collect()
}

/// Reads a checkpoint of a run with `architecture`.
pub(crate) fn load(
    path: &Path,
    architecture: &Architecture,
) -> Result<(Progress, EngineState), TrainingError> {
    let (tensors, text) = read_tensors(path)?;
    let card: Card = toml::from_str(&text).map_err(|error| unusable(path, error.message().to_owned()))?;
    if !(1..=FORMAT).contains(&card.format) {
        let format = card.format;
        let reason = format!("it has format {format}, this version of deepseg reads up to {FORMAT}");
        return Err(unusable(path, reason));
    }
    let (mut others, weights): (Vec<_>, Vec<_>) =
        tensors.into_iter().map(today).partition(|tensor| tensor.name.starts_with(STATE));
    let fits = |tensors| {
        Weights::for_architecture(architecture, tensors)
            .map_err(|error: NetworkError| unusable(path, error.to_string()))
    };
    let weights = fits(weights)?;
    let average = take_all(AVERAGE, &mut others);
    let average = (!average.is_empty()).then(|| fits(average)).transpose()?;
    let mut take = |prefix: &str| -> Flat {
        weights.tensors().iter().map(|tensor| take_one(prefix, tensor, &mut others)).collect()
    };
    let optimiser = OptimiserState { first: take(FIRST), second: take(SECOND), updates: card.updates };
    let gradients = GradientState { sums: take(GRADIENT), batches: card.gathered };
    let batches = card.batches.unwrap_or(card.updates);
    Ok((card.progress, EngineState { weights, average, optimiser, gradients, batches }))
}

/// A tensor under the name it has today.
fn today(tensor: NamedTensor) -> NamedTensor {
    match tensor.name.strip_prefix(STATE_1) {
        Some(rest) => NamedTensor { name: format!("{STATE}{rest}"), ..tensor },
        None => tensor,
    }
}

/// The tensors whose name begins with `prefix`, without it.
fn take_all(prefix: &str, from: &mut Vec<NamedTensor>) -> Vec<NamedTensor> {
    let strip = |tensor: NamedTensor| {
        let name = tensor.name.strip_prefix(prefix)?.to_owned();
        Some(NamedTensor { name, ..tensor })
    };
    from.extract_if(.., |tensor| tensor.name.starts_with(prefix)).filter_map(strip).collect()
}

/// The values that belong to `weight`, where there are any of its shape.
fn take_one(prefix: &str, weight: &NamedTensor, from: &mut Vec<NamedTensor>) -> Option<Vec<f32>> {
    let at = from.iter().position(|t| t.name.strip_prefix(prefix) == Some(weight.name.as_str()))?;
    let found = from.swap_remove(at);
    (found.shape == weight.shape).then_some(found.data)
}

fn unusable(path: &Path, reason: String) -> TrainingError {
    TrainingError::Checkpoint { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{EarlyStopConfig, TrainConfig};

    /// Every kind of state, each with values of its own.
    fn state() -> (Progress, EngineState) {
        let weights = Weights::initial(&Architecture::small(), 4);
        let mut state = EngineState::fresh(weights);
        for (slot, tensor) in state.weights.tensors().iter().enumerate() {
            if !tensor.name.contains("running") {
                let times = |factor: f32| Some(tensor.data.iter().map(|value| value * factor).collect());
                state.optimiser.first[slot] = times(0.3);
                state.optimiser.second[slot] = times(0.7);
                state.gradients.sums[slot] = times(1.1);
            }
        }
        state.average = Some(Weights::initial(&Architecture::small(), 5));
        (state.optimiser.updates, state.gradients.batches, state.batches) = (77, 3, 157);
        let mut schedule = Schedule::new(&TrainConfig { lr: 0.1 + 0.2, ..Default::default() });
        schedule.after_epoch(&TrainConfig::default(), 1, 1.0 / 3.0);
        let mut early_stop = EarlyStop::default();
        early_stop.after_epoch(&EarlyStopConfig::default(), 1.0 / 3.0);
        let progress = Progress {
            epochs: 3,
            steps: 5,
            total_steps: 157,
            loss_sum: 2.0 / 3.0,
            planned: 8,
            schedule,
            early_stop,
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

    #[test]
    fn the_first_format_is_read_and_one_to_come_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("last.safetensors");
        let architecture = Architecture::unet3d(1, 1).unwrap();
        let weights = Weights::initial(&architecture, 4);
        let [first, second] = ["adam.first.", "adam.second."].map(|prefix| {
            let ones = |tensor: &NamedTensor| Some(vec![prefix.len() as f32; tensor.data.len()]);
            named(prefix, &weights, &weights.tensors().iter().map(ones).collect())
        });
        let tensors = [weights.tensors().to_vec(), first, second].concat();
        let card = |format: u32| {
            format!(
                "format = {format}\nupdates = 9\n[progress]\nepochs = 2\nsteps = 1\ntotal_steps = 9\nloss_sum = 0.5\n\
                 [progress.schedule]\nrate = 0.25\nwaited = 1\n[progress.intensities]\nmean = 1.0\nstd = 2.0\n"
            )
        };
        write_tensors(&path, &tensors, card(1)).unwrap();
        let (progress, state) = load(&path, &architecture).unwrap();
        assert_eq!((progress.epochs, state.optimiser.updates, state.batches), (2, 9, 9));
        assert_eq!(state.optimiser.first[0].as_ref().unwrap()[0], 11.0);
        assert_eq!(state.optimiser.second[0].as_ref().unwrap()[0], 12.0);
        write_tensors(&path, &tensors, card(3)).unwrap();
        let message = load(&path, &architecture).unwrap_err().to_string();
        assert!(message.contains("format 3"), "{message}");
    }
}
