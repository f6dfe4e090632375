//! `deepseg stop R`: ask a run to end, and with `--now` see to it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::output::{self, CommandResult, Outcome};
use super::run_report;
use crate::runs::{self, LOOK_INTERVAL, Live, Liveness};
use crate::training::RunDir;

/// A trainer that has not ended this long after `--now` is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Ask a run to finish its step, write a checkpoint and end
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run directory
    #[arg(value_name = "R")]
    run: PathBuf,
    /// End at once, without a checkpoint; a trainer that does not listen is killed after 5 s
    #[arg(long)]
    now: bool,
    /// Seconds to wait for the end [with --now it is always waited for]
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Print one JSON object: run, status, epochs, best
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Writes the request and waits for the end.
    pub fn run(self) -> CommandResult {
        let dir = RunDir::new(self.run);
        Live::open(dir.clone())?;
        runs::request_stop(&dir, self.now)?;
        if !self.now && !gone_within(&dir, Duration::from_secs(self.wait)) {
            output::note("asked to stop; it ends after its current step");
        }
        if self.now && !gone_within(&dir, GRACE) {
            output::note("the trainer does not listen; killing it");
            runs::kill(&dir)?;
            gone_within(&dir, GRACE);
        }
        let status = Live::open(dir)?.status();
        run_report::print(&status, self.json)?;
        Ok(Outcome::Done)
    }
}

fn gone_within(dir: &RunDir, patience: Duration) -> bool {
    let begin = Instant::now();
    loop {
        if runs::liveness(dir) == Liveness::Gone {
            return true;
        }
        if begin.elapsed() >= patience {
            return false;
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}
