//! `deepseg check P`: look at every image and mask, list what is wrong, and take fixes as decisions.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::interrupt;
use super::output::{self, CommandResult, Failure, Outcome, Progress};
use super::problems;
use crate::dataset::{CheckReport, DatasetError, Fix, Project, ScanId, ScanReport, check};

/// Look at every image and mask, and list what is wrong with the fix for each
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(value_name = "P")]
    project: PathBuf,
    /// Take a fix: use-image-header, binarise, replace-non-finite, keep-as-negative or exclude. The data is not changed
    #[arg(long, value_name = "FIX", conflicts_with = "undo")]
    fix: Option<Fix>,
    /// Take a fix back
    #[arg(long, value_name = "FIX")]
    undo: Option<Fix>,
    /// The scan a fix is for; may be repeated [default: every scan it is offered for]
    #[arg(long, value_name = "ID")]
    scan: Vec<String>,
    /// Print one JSON object: scans, errors, warnings
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Checks all scans, or takes the fix and checks again.
    pub fn run(self) -> CommandResult {
        let mut project = Project::open(&self.project)?;
        let named: Vec<ScanId> = self.scan.iter().map(|id| ScanId::new(id)).collect();
        if let Some(fix) = self.undo {
            let ids = if named.is_empty() { everyone(&project) } else { named };
            project.undo_fix(&ids, fix)?;
        } else if let Some(fix) = self.fix {
            let ids = if named.is_empty() { offered(&project, fix)? } else { named };
            project.take_fix(&ids, fix)?;
            output::note(format_args!("took {fix} for {} scans", ids.len()));
        } else if !named.is_empty() {
            return Err(Failure::usage(
                "--scan says for which scan --fix or --undo is; give one of them too",
            ));
        }
        let Some(report) = look(&project)? else { return Ok(Outcome::Interrupted) };
        if self.json {
            output::json(&report)?
        } else {
            print(&report, project.dir())
        }
        Ok(if report.errors > 0 { Outcome::Problems } else { Outcome::Done })
    }
}

fn everyone(project: &Project) -> Vec<ScanId> {
    project.scans().iter().map(|scan| scan.id.clone()).collect()
}

/// The scans a fix is offered for. To leave scans out is a decision about each.
fn offered(project: &Project, fix: Fix) -> Result<Vec<ScanId>, Failure> {
    if fix == Fix::Exclude {
        return Err(Failure::usage(DatasetError::FixNeedsScan(fix).to_string()));
    }
    let report =
        look(project)?.ok_or_else(|| Failure::work("interrupted before the scans were looked at"))?;
    let offers = |scan: &&ScanReport| scan.problems.iter().any(|p| p.offer == Some(fix));
    Ok(report.scans.iter().filter(offers).map(|scan| scan.id.clone()).collect())
}

/// The report, or `None` when the user interrupted.
fn look(project: &Project) -> Result<Option<CheckReport>, Failure> {
    let bar = Progress::new("check");
    let cancel = interrupt::flag()?;
    let report = check(project, &|tick| bar.show(tick.done, tick.total, ""), &cancel);
    bar.finish();
    Ok((!cancel.load(Ordering::Relaxed)).then_some(report))
}

fn print(report: &CheckReport, project: &Path) {
    let width = report.scans.iter().map(|s| s.id.as_str().chars().count()).max().unwrap_or(0);
    for scan in &report.scans {
        let orientation = scan.orientation.as_ref().map(|o| format!("{} (nibabel {})", o.sct, o.nibabel));
        let state = match (scan.excluded, orientation) {
            (true, _) => "excluded".to_owned(),
            (false, Some(names)) => names,
            (false, None) => "cannot be read".to_owned(),
        };
        let codes: Vec<&str> = scan.problems.iter().map(|p| p.code.name()).collect();
        output::line(
            format_args!("{:width$}  {state:<18}  {}", scan.id, codes.join(", ")).to_string().trim_end(),
        );
    }
    output::line("");
    problems::print(report.scans.iter().flat_map(|s| &s.problems), project);
    output::line(format_args!(
        "{} scans, {} errors, {} warnings",
        report.scans.len(),
        report.errors,
        report.warnings
    ));
}
