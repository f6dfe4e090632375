//! `deepseg preprocess P`: crops for every scan of a project.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use crate::centerline::Method;
use crate::dataset::{Project, ScanId};
use crate::preprocess::{BatchOptions, BatchReport, Share, run_batch};
use crate::runs::slurm::Array;

use super::chosen::chosen;
use super::interrupt;
use super::output::{self, CommandResult, Failure, Outcome};
use super::preprocess_array as array;
use super::slurm::SlurmArgs;

/// Make the crops that training and the workbench use: 0.5 mm, 48 x 48 around the cord.
///
/// What is current is kept; interrupted work goes on where it stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Project directory
    project: PathBuf,
    /// Only the scans of this subject (sub-01 or 01), or the scan with this id
    #[arg(long, value_name = "S")]
    subject: Option<String>,
    /// Choose where the centerline comes from, for these scans from now on: a method's name (see `deepseg centerline --help`) or
    /// auto (the first of the project's chain that is believable)
    #[arg(long, value_name = "M")]
    method: Option<String>,
    /// Scans at a time (default: one per processor)
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    jobs: usize,
    /// Make crops again although they are current
    #[arg(long)]
    force: bool,
    /// Only share K of N of the scans, for several machines at once
    #[arg(long, value_name = "K/N")]
    shard: Option<Share>,
    /// Also write the JSON object to this file
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    slurm: SlurmArgs,
    /// With --slurm: tasks of the job array, each with its share of the scans
    #[arg(long, requires = "slurm", value_name = "N", default_value_t = 10)]
    tasks: usize,
    /// With --slurm: tasks at a time [default: as many as the cluster has room for]
    #[arg(long, requires = "slurm", value_name = "N")]
    at_once: Option<usize>,
    /// With --slurm: print the script and hand nothing in
    #[arg(long, requires = "slurm")]
    dry_run: bool,
    /// How the newest job array of this project is: the reports of its tasks as one
    #[arg(long, conflicts_with_all = ["slurm", "shard", "force", "method"])]
    summary: bool,
    /// Print one JSON object: done, cached, no_centerline [id], failed [id, stage, message], seconds
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Runs the batch; problems when any scan failed, interrupted when Ctrl-C stopped it.
    pub fn run(self) -> CommandResult {
        let mut project = Project::open(&self.project)?;
        if self.summary {
            return array::summary(&project, self.json);
        }
        if let Some(method) = &self.method {
            choose_method(&mut project, self.subject.as_deref(), method)?;
        }
        let mut scans = chosen(&project, self.subject.as_deref())?;
        if self.slurm.slurm {
            return self.submit(&project, scans.len());
        }
        if let Some(share) = self.shard {
            scans = share.of(&scans);
        }
        let stop = interrupt::flag()?;
        let bar = output::Progress::new("preprocess");
        let options = BatchOptions { jobs: self.jobs, force: self.force };
        let report = run_batch(
            &project,
            &scans,
            &options,
            &|progress| bar.show(progress.finished, progress.total, progress.scan.as_str()),
            &stop,
        )?;
        bar.finish();
        if let Some(path) = &self.report {
            crate::files::write_bytes(path, &serde_json::to_vec_pretty(&report)?)?;
        }
        if self.json {
            output::json(&report)?
        } else {
            print(&report)
        }
        Ok(match (stop.load(Ordering::Relaxed), report.failed.is_empty()) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Problems,
        })
    }

    /// Hands the scans to a job array, in no more tasks than there are scans.
    fn submit(&self, project: &Project, scans: usize) -> CommandResult {
        let mut options: Vec<String> = Vec::new();
        if let Some(subject) = &self.subject {
            options.extend(["--subject".into(), subject.clone()]);
        }
        if self.force {
            options.push("--force".into());
        }
        let jobs = if self.jobs > 0 { Some(self.jobs) } else { self.slurm.processors() };
        options.extend(["--jobs".into(), jobs.unwrap_or(1).to_string()]);
        let tasks = Array { tasks: self.tasks.clamp(1, scans.max(1)), at_once: self.at_once };
        array::submit(project, tasks, &self.slurm, options, (self.dry_run, self.json))
    }
}

/// Records the method as the decision for the chosen scans, so that the crops stay current afterwards.
fn choose_method(project: &mut Project, subject: Option<&str>, method: &str) -> Result<(), Failure> {
    let method = Method::choice(method).map_err(|e| Failure::usage(e.to_string()))?;
    let ids: Vec<_> = chosen(project, subject)?.into_iter().map(|scan| scan.id.clone()).collect();
    Ok(project.choose_centerline(&ids, method.map(Method::name))?)
}

pub(super) fn print(report: &BatchReport) {
    output::line(format_args!(
        "{} made, {} current, {} failed in {:.1} s",
        report.done,
        report.cached,
        report.failed.len(),
        report.seconds
    ));
    if report.left > 0 {
        output::line(format_args!("{} left; run the same command again to go on", report.left));
    }
    if !report.no_centerline.is_empty() {
        let ids: Vec<_> = report.no_centerline.iter().map(ScanId::as_str).collect();
        output::line(format_args!(
            "{} have no centerline, and no method of the project's chain can be used on them: {}",
            ids.len(),
            ids.join(", ")
        ));
    }
    let width = report.failed.iter().map(|scan| scan.id.as_str().chars().count()).max().unwrap_or(0);
    for scan in &report.failed {
        output::line(format_args!("  {:width$}  {:10}  {}", scan.id, scan.stage, scan.message));
    }
}
