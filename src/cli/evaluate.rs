//! `deepseg evaluate P --run R`: a run's best model on one side of its split. `--pred A --ref B`: two masks.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::ValueEnum;

use super::interrupt;
use super::output::{self, CommandResult, Failure, Outcome, Progress};
use crate::dataset::{Project, Scan};
use crate::evaluation::{CohortReport, Scores, compare, evaluate_scans};
use crate::inference::LoadedModel;
use crate::network::{Device, DeviceChoice};
use crate::training::{Part, RunDir, TrainConfig};
use crate::volume::read_mask;

/// Score a run's best model on subjects it was not fitted to, worst first, or one mask against another.
///
/// Scores, tables and the predictions (in each image's own space) are kept in RUN/evaluation/SIDE.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Project directory
    #[arg(required_unless_present = "pred")]
    project: Option<PathBuf>,
    /// Run directory, or its name in the project's runs folder (default: the newest)
    #[arg(long, value_name = "R")]
    run: Option<PathBuf>,
    /// Side of the split to score
    #[arg(long, value_enum, default_value = "test")]
    split: Side,
    /// auto, cpu, cuda or cuda:1
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// A predicted mask to compare with --ref
    #[arg(long, requires = "reference", conflicts_with_all = ["project", "run"])]
    pred: Option<PathBuf>,
    /// The reference mask
    #[arg(long = "ref", value_name = "REF", requires = "pred")]
    reference: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Side of a split, as it is asked for.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Side {
    Test,
    Val,
    Train,
}

impl Side {
    fn part(self) -> Part {
        match self {
            Self::Test => Part::Test,
            Self::Val => Part::Val,
            Self::Train => Part::Train,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Val => "val",
            Self::Train => "train",
        }
    }
}

impl Args {
    /// Scores and prints; problems when a scan could not be scored.
    pub fn run(self) -> CommandResult {
        match (&self.pred, &self.reference, &self.project) {
            (Some(predicted), Some(reference), _) => self.pair(predicted, reference),
            (_, _, Some(project)) => self.side(project),
            _ => Err(Failure::usage("name a project, or two masks with --pred and --ref")),
        }
    }

    fn pair(&self, predicted: &Path, reference: &Path) -> CommandResult {
        let scores = compare(&read_mask(predicted)?, &read_mask(reference)?).map_err(|e| {
            Failure::work(format!("{} against {}: {e}", predicted.display(), reference.display()))
        })?;
        if self.json {
            output::json(&scores)?;
        } else {
            output::line(HEADINGS);
            output::line(row("", &scores));
        }
        Ok(Outcome::Done)
    }

    fn side(&self, project: &Path) -> CommandResult {
        let project = Project::open(project)?;
        let run = self.run_of(&project)?;
        let config = TrainConfig::read(&run.config())?;
        let (scans, gone) = scans_of(&project, &config, self.split.part());
        for id in &gone {
            output::note(format_args!("{id} was in this run but is not in the project any more"));
        }
        if scans.is_empty() {
            return Err(Failure::work(format!(
                "{}: its {} side has no scans; choose another with --split",
                run.path().display(),
                self.split.name()
            )));
        }
        let report = self.score(&project, &run, &scans)?;
        if self.json {
            output::json(&report)?;
        } else {
            print(&report, &self.folder(&run));
        }
        Ok(match (report.left, report.failed.len() + gone.len()) {
            (0, 0) => Outcome::Done,
            (0, _) => Outcome::Problems,
            _ => Outcome::Interrupted,
        })
    }

    fn score(&self, project: &Project, run: &RunDir, scans: &[&Scan]) -> Result<CohortReport, Failure> {
        let (device, note) = Device::choose(self.device)?;
        output::note(note);
        let model = LoadedModel::load(run.path(), &device)?;
        let stop = interrupt::flag()?;
        let bar = Progress::new("evaluate");
        let done = AtomicUsize::new(0);
        let report = evaluate_scans(
            project,
            scans,
            &model.model(),
            &self.folder(run),
            &|id| bar.show(done.fetch_add(1, Ordering::Relaxed) + 1, scans.len(), id.as_str()),
            &stop,
        )?;
        bar.finish();
        Ok(report)
    }

    fn folder(&self, run: &RunDir) -> PathBuf {
        run.evaluation(self.split.name())
    }

    /// The run that was named, by path or by name, else the project's newest.
    fn run_of(&self, project: &Project) -> Result<RunDir, Failure> {
        let named = self
            .run
            .as_ref()
            .map(|run| if run.is_dir() { run.clone() } else { project.runs_dir().join(run) });
        let newest =
            || crate::runs::list(&project.runs_dir()).first().map(|status| status.dir.path().to_owned());
        match named.or_else(newest) {
            Some(run) if run.is_dir() => Ok(RunDir::new(run)),
            Some(run) => {
                Err(Failure::usage(format!("there is no run at {}; see `deepseg runs`", run.display())))
            }
            None => Err(Failure::work(format!(
                "{} has no run yet; train one: deepseg train {}",
                project.dir().display(),
                project.dir().display()
            ))),
        }
    }
}

/// The project's scans of one side of a run's split, and the ids that the project has no more.
fn scans_of<'a>(project: &'a Project, config: &TrainConfig, part: Part) -> (Vec<&'a Scan>, Vec<String>) {
    let mut gone = Vec::new();
    let mut scans = Vec::new();
    for entry in config.part(part) {
        match project.scans().iter().find(|scan| scan.id.as_str() == entry.id) {
            Some(scan) => scans.push(scan),
            None => gone.push(entry.id.clone()),
        }
    }
    (scans, gone)
}

const HEADINGS: &str = " Dice  lesion F1  sensitivity    PPV  volume error  lesions found  false";

/// Lesion-wise sensitivity and PPV beside the voxel-wise Dice: what the field reports.
fn row(id: &str, scores: &Scores) -> String {
    let (lesion, voxel) = (&scores.lesion, &scores.voxel);
    let optional = |value: Option<f64>, text: fn(f64) -> String| value.map_or_else(|| "-".to_owned(), text);
    format!(
        "{:5.3} {:10.3} {:>12} {:6.3} {:>13} {:>14} {:6}  {id}",
        voxel.dice,
        lesion.f1,
        optional(lesion.sensitivity, |v| format!("{v:.3}")),
        lesion.ppv,
        optional(voxel.relative_volume_error, |v| format!("{:+.0} %", 100.0 * v)),
        format!("{}/{}", lesion.found(), lesion.reference.len()),
        lesion.invented(),
    )
}

fn print(report: &CohortReport, folder: &Path) {
    let summary = &report.summary;
    if !summary.subjects.is_empty() {
        output::line(format_args!("{HEADINGS}  scan"));
    }
    for subject in &summary.subjects {
        output::line(row(&subject.scan, &subject.scores));
    }
    if let Some(dice) = summary.quartiles("dice") {
        output::line(format_args!(
            "median Dice {:.3} (quartiles {:.3} to {:.3}) over {} scans with lesions",
            dice.median, dice.q1, dice.q3, summary.with_lesions
        ));
    }
    for failed in &report.failed {
        output::line(format_args!("not scored: {}: {}", failed.id, failed.message));
    }
    output::line(format_args!("tables and predictions: {}", folder.display()));
}
