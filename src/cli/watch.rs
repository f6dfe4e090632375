//! `deepseg watch R`: follow a run until it ends. Any number of viewers may; none disturbs the trainer.

use std::path::PathBuf;
use std::time::Duration;

use super::narrator::Teller;
use super::output::{self, CommandResult, Outcome};
use super::run_report;
use super::sweep_report;
use crate::runs::slurm::Queue;
use crate::runs::sweep::{SweepDir, SweepStatus};
use crate::runs::{LOOK_INTERVAL, Live, RunState};
use crate::training::RunDir;

/// Follow a run until it ends (ending the viewer does not end the run)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run directory, or that of a sweep
    #[arg(value_name = "R")]
    run: PathBuf,
    /// Print one JSON object when the run has ended
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Tells the run on stderr; its end on stdout.
    pub fn run(self) -> CommandResult {
        if SweepDir::is_one(&self.run) {
            return watch_sweep(&SweepDir::new(&self.run), self.json);
        }
        let dir = RunDir::new(self.run);
        Live::open(dir.clone())?;
        let mut teller = Teller::new(Live::new(dir));
        let status = loop {
            let told = teller.tell();
            let status = teller.queue_too();
            if told && !status.state.is_alive() {
                break status;
            }
            if told {
                std::thread::sleep(LOOK_INTERVAL);
            }
        };
        teller.clear();
        run_report::print(&status, self.json)?;
        Ok(match status.state {
            RunState::Failed(_) | RunState::Crashed => Outcome::Problems,
            _ => Outcome::Done,
        })
    }
}

/// Looking at every run of a sweep costs more than looking at one.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Tells each change of the count until nothing of the sweep works or waits for its turn in a queue.
fn watch_sweep(dir: &SweepDir, as_object: bool) -> CommandResult {
    let (mut queue, mut told) = (Queue::default(), String::new());
    let status = loop {
        let mut status = SweepStatus::of(dir.clone())?;
        sweep_report::refined(&mut status, &mut queue);
        if status.tally() != told {
            told = status.tally();
            output::note(&told);
        }
        if !matches!(status.word(), "running" | "waiting") {
            break status;
        }
        std::thread::sleep(SWEEP_INTERVAL);
    };
    sweep_report::print(&status, as_object)?;
    Ok(if status.word() == "failed" { Outcome::Problems } else { Outcome::Done })
}
