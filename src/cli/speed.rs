//! `deepseg speed`: how many patches a second this machine trains on and predicts.

use super::output::{self, CommandResult, Failure, Outcome, Progress};
use crate::network::Precision;
use crate::training::{Speed, SpeedTrial};

/// Time training and prediction on this machine, with random patches
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The network: small, t2s, t2_ax, or a TOML file that describes one
    #[arg(long, default_value = "t2s", value_name = "NETWORK")]
    network: String,
    /// Patches at once; several sizes are timed one after the other
    #[arg(long, default_value = "2", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..))]
    batch: Vec<u32>,
    /// Voxels along each side of a patch
    #[arg(long, default_value_t = 48, value_name = "VOXELS")]
    patch: usize,
    /// auto, cpu, cuda or cuda:1
    #[arg(long, default_value = "auto")]
    device: String,
    /// Timed repetitions, after two to warm up
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// What convolutions multiply in training: f32, or on a GPU bf16
    #[arg(long, default_value = "f32", value_parser = precision)]
    precision: Precision,
    /// Time burn's own operations instead of ours
    #[arg(long)]
    stock: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn precision(text: &str) -> Result<Precision, String> {
    match text {
        "f32" => Ok(Precision::F32),
        "bf16" => Ok(Precision::Bf16),
        _ => Err("f32 or bf16".to_owned()),
    }
}

impl Args {
    /// Prints a row for training and one for prediction per size of batch.
    pub fn run(self) -> CommandResult {
        let trial = SpeedTrial {
            network: self.network.clone(),
            patch: self.patch,
            device: self.device.clone(),
            precision: self.precision,
            stock: self.stock,
            runs: self.runs as usize,
        };
        let (mut rows, mut device) = (Vec::new(), String::new());
        let total = self.batch.len() * 2 * (trial.runs + 2);
        let progress = Progress::new("timing");
        let mut done = 0;
        for &batch in &self.batch {
            let mut step = || {
                done += 1;
                progress.show(done, total, &format!("{batch} at once"));
            };
            let found = trial.time(batch as usize, &mut step);
            let (found, note) = found.map_err(|error| {
                progress.finish();
                Failure::from(error)
            })?;
            rows.extend(found);
            device = note;
        }
        progress.finish();
        if self.json {
            self.print_json(&rows, &device)?
        } else {
            self.print_table(&rows, &device)
        }
        Ok(Outcome::Done)
    }

    fn operations(&self) -> &'static str {
        if self.stock { "stock" } else { "own" }
    }

    fn print_table(&self, rows: &[Speed], device: &str) {
        output::line(format_args!(
            "{device}; network {}, patches of {2}x{2}x{2}, {1} operations",
            self.network,
            self.operations(),
            self.patch
        ));
        output::line(format_args!("{:<12}{:>6}{:>12}{:>12}{:>12}", "", "batch", "ms", "patches/s", "memory"));
        for row in rows {
            let memory =
                row.peak_memory.map_or("?".to_owned(), |bytes| format!("{:.2} GB", bytes as f64 / 1e9));
            let (median, rate) = (row.median() * 1e3, row.patches_per_second());
            output::line(format_args!(
                "{:<12}{:>6}{median:>12.1}{rate:>12.2}{memory:>12}",
                what(row),
                row.batch
            ));
        }
    }

    fn print_json(&self, rows: &[Speed], device: &str) -> Result<(), Failure> {
        let row = |row: &Speed| {
            serde_json::json!({
                "what": what(row),
                "batch": row.batch,
                "seconds": row.seconds,
                "median": row.median(),
                "patches_per_second": row.patches_per_second(),
                "peak_memory_bytes": row.peak_memory,
            })
        };
        output::json(&serde_json::json!({
            "device": device,
            "network": self.network,
            "patch": self.patch,
            "precision": self.precision,
            "operations": self.operations(),
            "rows": rows.iter().map(row).collect::<Vec<_>>(),
        }))
    }
}

fn what(row: &Speed) -> &'static str {
    if row.training { "training" } else { "prediction" }
}
