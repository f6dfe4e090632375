//! How fast this machine trains and predicts: real steps of a network on random patches, without any data of a project.

use std::time::Instant;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::engine::{Batch, Engine, EngineSetup, EngineState, engine};
use super::error::TrainingError;
use super::monitor::Peak;
use super::placement::place;
use super::setup::architecture;
use super::wishes::{WishError, network_choice};
use super::{CropConfig, PatchConfig, TrainConfig};
use crate::kernels::with_stock;
use crate::network::{Precision, Weights};

/// Learning rate of the steps; nothing is learnt from noise whatever it is.
const RATE: f64 = 1e-4;

/// What is to be timed.
#[derive(Clone, Debug)]
pub struct SpeedTrial {
    /// A preset's name, or a TOML file that describes a network.
    pub network: String,
    /// Voxels along each side of a patch.
    pub patch: usize,
    /// As `--device`.
    pub device: String,
    /// What convolutions multiply in training.
    pub precision: Precision,
    /// Whether burn's own operations are timed instead of ours.
    pub stock: bool,
    /// Timed repetitions, after two to warm up.
    pub runs: usize,
}

/// What was found for one kind of work and size of batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Steps of training, or predictions.
    pub training: bool,
    /// Patches at once.
    pub batch: usize,
    /// Wall time of each repetition.
    pub seconds: Vec<f64>,
    /// The most memory that was in use, where the device says: of the process on a CPU, on the whole device on a GPU.
    pub peak_memory: Option<u64>,
}

impl Speed {
    /// Median seconds of a repetition.
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Patches a second at the median.
    pub fn patches_per_second(&self) -> f64 {
        self.batch as f64 / self.median()
    }
}

/// Why nothing could be timed.
#[derive(Debug, thiserror::Error)]
pub enum SpeedError {
    /// The network is not one.
    #[error(transparent)]
    Wish(#[from] WishError),
    /// It does not run here.
    #[error(transparent)]
    Training(#[from] TrainingError),
}

impl SpeedTrial {
    /// Times training and prediction with patches `batch` at a time; `done` hears of every repetition. Also in words what the
    /// device is.
    ///
    /// # Errors
    /// A network that cannot be built, does not fit or fails on the device.
    pub fn time(&self, batch: usize, done: &mut dyn FnMut()) -> Result<([Speed; 2], String), SpeedError> {
        let config = TrainConfig {
            network: network_choice(&self.network)?,
            patch: PatchConfig { size: self.patch, ..Default::default() },
            crop: CropConfig { size: self.patch, ..Default::default() },
            device: self.device.clone(),
            precision: self.precision,
            batch,
            ..Default::default()
        };
        let architecture = architecture(&config)?;
        let (device, note) = place(&config, &architecture)?;
        let state = EngineState::fresh(Weights::initial(&architecture, 1));
        let setup = EngineSetup::scratch(architecture, config.optimiser.clone(), config.loss.clone());
        let setup = EngineSetup { precision: self.precision, ..setup };
        let work = || {
            let peak = Peak::new(&device);
            let mut engine = engine(setup, &state, &device);
            self.both(engine.as_mut(), &peak, &noise(batch, self.patch), done)
        };
        let found = if self.stock { with_stock(work) } else { work() };
        Ok((found?, note))
    }

    fn both(
        &self,
        engine: &mut dyn Engine,
        peak: &Peak<'_>,
        batch: &Batch,
        done: &mut dyn FnMut(),
    ) -> Result<[Speed; 2], TrainingError> {
        let mut timed = |training: bool, engine: &mut dyn Engine| {
            peak.begin();
            let mut seconds = Vec::with_capacity(self.runs);
            for _ in 0..self.runs + 2 {
                let batch = batch.clone();
                let begin = Instant::now();
                if training {
                    engine.step(batch, Some(RATE))?;
                } else {
                    engine.predict(batch)?;
                }
                seconds.push(begin.elapsed().as_secs_f64());
                done();
            }
            seconds.drain(..2);
            let (batch, peak_memory) = (batch.count, peak.bytes());
            Ok::<_, TrainingError>(Speed { training, batch, seconds, peak_memory })
        };
        Ok([timed(true, engine)?, timed(false, engine)?])
    }
}

/// Patches of noise, 1 voxel in 20 lesion.
fn noise(count: usize, side: usize) -> Batch {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let voxels = count * side.pow(3);
    let images = (0..voxels).map(|_| rng.random_range(-2.0..2.0)).collect();
    let targets = (0..voxels).map(|_| f32::from(u8::from(rng.random_bool(0.05)))).collect();
    Batch { images, targets, count, shape: [side; 3] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> SpeedTrial {
        SpeedTrial {
            network: "small".into(),
            patch: 8,
            device: "cpu".into(),
            precision: Precision::F32,
            stock: false,
            runs: 3,
        }
    }

    #[test]
    fn every_repetition_is_counted_and_the_two_to_warm_up_are_not_timed() {
        let mut heard = 0;
        for stock in [false, true] {
            let trial = SpeedTrial { stock, ..trial() };
            let (found, note) = trial.time(2, &mut || heard += 1).unwrap();
            assert!(note.starts_with("CPU"), "{note}");
            for (speed, training) in found.iter().zip([true, false]) {
                assert_eq!((speed.training, speed.batch, speed.seconds.len()), (training, 2, 3));
                assert!(speed.patches_per_second() > 0.0 && speed.peak_memory.unwrap() > 1 << 20);
            }
        }
        assert_eq!(heard, 2 * 2 * 5);
    }

    #[test]
    fn what_cannot_be_timed_is_said() {
        let refusal = |trial: SpeedTrial| trial.time(1, &mut || ()).unwrap_err().to_string();
        assert!(refusal(SpeedTrial { patch: 6, ..trial() }).contains("multiples of 4"));
        assert!(refusal(SpeedTrial { network: "huge".into(), ..trial() }).contains("huge"));
        assert!(refusal(SpeedTrial { precision: Precision::Bf16, ..trial() }).contains("bf16"));
    }
}
