//! `--slurm` and its options, the same for every command that can be handed to a cluster; and the queue's word on runs.

use std::path::PathBuf;

use super::output::{self, Failure};
use crate::dataset::Project;
use crate::runs::RunStatus;
use crate::runs::slurm::{JobId, JobScript, Queue, SlurmJob, SlurmOptions, refine};

/// What is asked of the cluster; what is not given comes from the section [slurm] of deepseg.toml, then from the cluster.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Slurm (defaults from the section [slurm] of deepseg.toml)")]
pub(super) struct SlurmArgs {
    /// Hand the work to Slurm instead of doing it here
    #[arg(long)]
    pub(super) slurm: bool,
    /// Partition
    #[arg(long, requires = "slurm")]
    partition: Option<String>,
    /// Account that is charged
    #[arg(long, requires = "slurm")]
    account: Option<String>,
    /// GPUs, or a kind and a number: 1, a100:1
    #[arg(long, requires = "slurm", value_name = "N")]
    gpus: Option<String>,
    /// Processors
    #[arg(long, requires = "slurm", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cpus: Option<u32>,
    /// Memory: 16G
    #[arg(long, requires = "slurm")]
    mem: Option<String>,
    /// Time limit: 12:00:00; a training that meets it goes back into the queue and continues
    #[arg(long, requires = "slurm")]
    time: Option<String>,
    /// Machines to run on
    #[arg(long, requires = "slurm", value_name = "NAMES")]
    nodelist: Option<String>,
    /// Any other option of sbatch, e.g. "--qos=long"; may be repeated
    #[arg(long, requires = "slurm", value_name = "OPTION", allow_hyphen_values = true)]
    sbatch_option: Vec<String>,
}

impl SlurmArgs {
    /// Processors asked for.
    pub(super) fn processors(&self) -> Option<usize> {
        self.cpus.and_then(|n| n.try_into().ok())
    }

    /// These options over the project's.
    pub(super) fn over_those_of(&self, project: &Project) -> Result<SlurmOptions, Failure> {
        let given = SlurmOptions {
            partition: self.partition.clone(),
            account: self.account.clone(),
            gpus: self.gpus.clone(),
            cpus: self.cpus,
            mem: self.mem.clone(),
            time: self.time.clone(),
            nodelist: self.nodelist.clone(),
            options: self.sbatch_option.clone(),
            setup: Vec::new(),
        };
        Ok(given.over(project.section("slurm")?))
    }
}

/// Prints the script instead of handing it in.
pub(super) fn show(script: &JobScript) -> Result<(), Failure> {
    let text = script.text().map_err(|e| Failure::usage(e.to_string()))?;
    Ok(output::raw(text.as_bytes())?)
}

/// This program, as a job can call it.
pub(super) fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|e| Failure::work(format!("this program cannot be found to be started again ({e})")))
}

/// The runs with what the queue says of those that are jobs and not done.
pub(super) fn with_queue(all: Vec<RunStatus>) -> Vec<RunStatus> {
    let mut queue = Queue::default();
    let all = seen_in(&mut queue, all);
    if let Some(trouble) = queue.trouble() {
        output::note(trouble);
    }
    all
}

/// The runs with what `queue` says, asked anew where it is time to.
pub(super) fn seen_in(queue: &mut Queue, all: Vec<RunStatus>) -> Vec<RunStatus> {
    let jobs: Vec<JobId> = all.iter().filter(|s| worth_asking(s)).filter_map(job).collect();
    queue.look(&jobs);
    all.into_iter().map(|status| if worth_asking(&status) { refine(status, queue) } else { status }).collect()
}

fn worth_asking(status: &RunStatus) -> bool {
    status.state != crate::runs::RunState::Done
}

fn job(status: &RunStatus) -> Option<JobId> {
    SlurmJob::of(&status.dir).map(|job| job.id)
}
