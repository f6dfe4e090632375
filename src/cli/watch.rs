//! `deepseg watch R`: follow a run until it ends. Any number of viewers may; none disturbs the trainer.

use std::path::PathBuf;

use super::narrator::Teller;
use super::output::{CommandResult, Outcome};
use super::run_report;
use crate::runs::{LOOK_INTERVAL, Live, RunState};
use crate::training::RunDir;

/// Follow a run until it ends (ending the viewer does not end the run)
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run directory
    #[arg(value_name = "R")]
    run: PathBuf,
    /// Print one JSON object when the run has ended
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Tells the run on stderr; its end on stdout.
    pub fn run(self) -> CommandResult {
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
