//! `deepseg train-detector -o FILE`: makes the weights of the built-in centerline detector again, from a seed.

use std::path::PathBuf;

use super::output::{self, CommandResult, Failure, Outcome};
use crate::network::Architecture;
use crate::training::{DetectorTraining, RunDir, StopSignal, train_detector};

/// Train the built-in centerline detector on synthetic scenes; Ctrl-C writes what there is and ends.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the weights (.safetensors)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Optimiser steps
    #[arg(long, default_value_t = 6000)]
    steps: u64,
    /// Seed of the scenes and of fresh weights
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    lr: f64,
    /// Resolutions of the network
    #[arg(long, default_value_t = 4)]
    depth: usize,
    /// Channels of the network's first block
    #[arg(long, default_value_t = 4)]
    base: usize,
    /// Go on from these weights
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Steps between two reports; the weights are written at each
    #[arg(long, default_value_t = 100)]
    every: u64,
}

impl Args {
    /// Trains, telling each look at scenes kept aside.
    pub fn run(self) -> CommandResult {
        let folder = self.output.parent().map(PathBuf::from).unwrap_or_default();
        let stop = StopSignal::new(&RunDir::new(folder))?;
        let training = DetectorTraining {
            steps: self.steps,
            seed: self.seed,
            lr: self.lr,
            architecture: Architecture::unet3d(self.depth, self.base)?,
            from: self.from,
            output: self.output,
            every: self.every.max(1),
        };
        train_detector(&training, &stop, |progress| {
            let [mean, worst] = progress.false_alarm;
            output::note(format!(
                "step {}/{}: loss {:.4}, Dice {:.3}, highest without a cord {mean:.2} (worst {worst:.2})",
                progress.step, training.steps, progress.loss, progress.dice
            ));
        })
        .map_err(Failure::from)?;
        Ok(if stop.requested().is_some() { Outcome::Interrupted } else { Outcome::Done })
    }
}
