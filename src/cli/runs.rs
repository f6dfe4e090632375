//! `deepseg runs P`: the runs of a project and their states.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::output::{self, CommandResult, Outcome};
use super::run_report;
use crate::runs::{self, RunStatus, short_time};

/// List the training runs of a project, newest first
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(value_name = "P", default_value = ".")]
    project: PathBuf,
    /// Print one JSON object: runs
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Lists the runs on stdout.
    pub fn run(self) -> CommandResult {
        let project = crate::dataset::Project::open(&self.project)?;
        let all = runs::list(&project.runs_dir());
        if self.json {
            let all: Vec<Value> = all.iter().map(run_report::as_json).collect();
            output::json(&json!({ "runs": all }))?;
        } else {
            if all.is_empty() {
                output::note("no runs yet; start one with `deepseg train`");
            }
            all.iter().map(row).for_each(output::line);
        }
        Ok(Outcome::Done)
    }
}

fn row(status: &RunStatus) -> String {
    let dice = status.best.and_then(|b| b.val_dice).map_or("-".into(), |d| format!("{d:.3}"));
    let eta = status.eta.map_or(String::new(), |t| format!("{} left", short_time(t.as_secs_f64())));
    let epochs = format!("{}/{}", status.epoch, status.epochs);
    let row =
        format!("{:<40} {:<9} epoch {epochs:<9} dice {dice:<6} {eta}", status.name, status.state.word());
    row.trim_end().to_owned()
}
