//! `deepseg stop R`: ask a run to end, and with `--now` see to it.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::output::{self, CommandResult, Outcome};
use super::run_report;
use super::slurm::with_queue;
use crate::runs::slurm::Stopping;
use crate::runs::sweep::{self, SweepDir, SweepStatus};
use crate::runs::{self, LOOK_INTERVAL, Live, Liveness, RunState};
use crate::training::RunDir;

/// A trainer that has not ended this long after `--now` is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Ask a run to finish its step, write a checkpoint and end
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run directory, or that of a sweep
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
        if SweepDir::is_one(&self.run) {
            return self.stop_sweep(&SweepDir::new(&self.run));
        }
        let dir = RunDir::new(&self.run);
        Live::open(dir.clone())?;
        let stopped = runs::slurm::stop(std::slice::from_ref(&dir), self.now)?;
        match stopped.first().copied().unwrap_or(Stopping::NotInQueue) {
            Stopping::NotInQueue => runs::request_stop(&dir, self.now)?,
            Stopping::Cancelled => return self.end(dir, "taken out of Slurm's queue"),
            Stopping::Ended => {
                return self.end(dir, "its job is cancelled; it has some seconds for a checkpoint");
            }
            Stopping::Asked if runs::liveness(&dir) == Liveness::Gone => {
                return self.end(dir, "asked to stop; it ends after its current step");
            }
            Stopping::Asked => {}
        }
        if !self.now && !gone_within(&dir, Duration::from_secs(self.wait)) {
            output::note("asked to stop; it ends after its current step");
        }
        if self.now && !gone_within(&dir, GRACE) {
            output::note("the trainer does not listen; killing it");
            runs::kill(&dir)?;
            gone_within(&dir, GRACE);
        }
        self.report(dir)
    }

    fn stop_sweep(&self, dir: &SweepDir) -> CommandResult {
        sweep::stop_sweep(dir, self.now)?;
        let begin = Instant::now();
        let works = |status: &SweepStatus| status.queue || status.count(RunState::has_trainer) > 0;
        while works(&SweepStatus::of(dir.clone())?) && begin.elapsed() < Duration::from_secs(self.wait) {
            std::thread::sleep(LOOK_INTERVAL);
        }
        super::sweep_report::print(
            &super::sweep_report::with_queue(SweepStatus::of(dir.clone())?),
            self.json,
        )?;
        Ok(Outcome::Done)
    }

    fn end(&self, dir: RunDir, words: &str) -> CommandResult {
        output::note(words);
        self.report(dir)
    }

    fn report(&self, dir: RunDir) -> CommandResult {
        let status = with_queue(vec![Live::open(dir)?.status()]);
        status.iter().try_for_each(|s| run_report::print(s, self.json))?;
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
