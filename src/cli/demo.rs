//! `deepseg demo`: the whole job on a synthetic cohort. It makes the cohort and then gives the very commands a user would give
//! on data of his own, showing each, so that what it does can be repeated by hand.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Parser;
use clap::builder::RangedU64ValueParser;
use serde_json::json;

use super::output::{self, CommandResult, Failure, Outcome, Progress};
use super::{Cli, dispatch, run_report};
use crate::demo::{CohortReport, DEFAULT_FOLDER, DEFAULT_SEED, DEFAULT_SUBJECTS, DemoFolder, make_cohort};
use crate::evaluation::Summary;
use crate::runs::{Live, RunStatus};
use crate::training::RunDir;

/// A new run's settings: a small network, and more and larger steps than the recipe's because the patches are few. Gradients are
/// cut: a wild early step with the Dice loss may end in a network that never finds anything.
const FRESH: &str =
    "--network small --seed 1 --batch 1 --lr 0.005 --set schedule.kind=cosine --set optimiser.clip=1";

/// Make a synthetic cohort with known truth and run the whole job on it
///
/// Cohort, project, check, crops, training, evaluation on unseen subjects; then the workbench, when there is a terminal. Run it
/// again and it goes on where it was.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The demo's folder: new, empty, or of an earlier demo
    #[arg(long, value_name = "D", default_value = DEFAULT_FOLDER)]
    dir: PathBuf,
    /// Subjects in the cohort, at least 4: from then on some are kept for testing
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SUBJECTS, value_parser = RangedU64ValueParser::<usize>::new().range(4..=99))]
    subjects: usize,
    /// Seed of the cohort; the same seed gives the same files
    #[arg(long, value_name = "S", default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// Epochs to train
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
    /// auto, cpu, cuda or cuda:1
    #[arg(long, default_value = "auto")]
    device: String,
    /// Do not open the workbench at the end
    #[arg(long)]
    headless: bool,
    /// Print one JSON object: dataset, project, run, subjects, lesions, faults, epochs, best, status, test_dice; opens no workbench
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Runs every stage; stops at the first that fails or is interrupted.
    pub fn run(self) -> CommandResult {
        let folder = DemoFolder::claim(&self.dir)?;
        let (project, run) = (folder.project(), RunDir::new(folder.project().join("runs").join("demo")));
        let cohort = self.cohort(&folder)?;
        for (title, command) in self.commands(&folder, &run) {
            let outcome = show_and_run(title, command, self.json)?;
            if outcome != Outcome::Done {
                output::note("the demo ends here; the same command goes on where it was");
                return Ok(outcome);
            }
        }
        if self.json {
            output::json(&self.summary(&folder, &cohort, &Live::open(run)?.status()))?;
            return Ok(Outcome::Done);
        }
        if self.headless || !std::io::stdout().is_terminal() {
            output::note(format_args!("look at it: deepseg {}", project.display()));
            return Ok(Outcome::Done);
        }
        show_and_run("the workbench", vec![project.into()], false)
    }

    fn cohort(&self, folder: &DemoFolder) -> Result<CohortReport, Failure> {
        output::note(format_args!("— a synthetic cohort in {}", folder.dataset().display()));
        let bar = Progress::new("subjects");
        let show = |done, total| bar.show(done, total, "");
        let cohort = make_cohort(&folder.dataset(), self.subjects, self.seed, &show)?;
        bar.finish();
        let (lesions, volume) = cohort.lesion_load();
        let faults = cohort.faults().count();
        output::note(format_args!(
            "{} subjects, {lesions} lesions of {volume:.0} mm3 in all; {faults} of the masks carry a fault on purpose",
            cohort.subjects.len()
        ));
        Ok(cohort)
    }

    /// The commands of the job, in order.
    fn commands(&self, folder: &DemoFolder, run: &RunDir) -> Vec<(&'static str, Vec<OsString>)> {
        let (dataset, project) = (folder.dataset(), folder.project());
        let on_project = |name: &str| vec![name.into(), project.clone().into()];
        let mut init = vec!["init".into(), dataset.into(), "--project".into(), project.clone().into()];
        init.extend(words("--contrast t2 --image T2w --mask lesion-manual --cord seg-manual"));
        let mut evaluate = on_project("evaluate");
        evaluate.extend(["--run".into(), run.path().into()]);
        evaluate.extend(words(&format!("--split test --device {}", self.device)));
        vec![
            ("a project beside the data, which is only read", init),
            ("what is wrong with the data", on_project("check")),
            ("crops around the cord", on_project("preprocess")),
            ("training", self.training(&project, run)),
            ("the model on subjects it has never seen", evaluate),
        ]
    }

    /// Begins the run, or goes on with it when there is one.
    fn training(&self, project: &Path, run: &RunDir) -> Vec<OsString> {
        let mut train = vec!["train".into(), project.into(), "--run-dir".into(), run.path().into()];
        train.extend(words(&format!("--epochs {} --device {}", self.epochs, self.device)));
        // A frozen configuration is what makes a run one that can be gone on with.
        train.extend(words(if run.config().exists() { "--resume" } else { FRESH }));
        train
    }

    fn summary(&self, folder: &DemoFolder, cohort: &CohortReport, run: &RunStatus) -> serde_json::Value {
        let faults: Vec<_> =
            cohort.faults().map(|(id, fault)| json!({"subject": id, "fault": fault})).collect();
        let mut summary = run_report::as_json(run);
        let (lesions, volume) = cohort.lesion_load();
        let own = json!({
            "dataset": folder.dataset(), "project": folder.project(), "seed": cohort.seed,
            "subjects": cohort.subjects.len(), "lesions": lesions, "lesion_volume_mm3": volume, "faults": faults,
            "test_dice": test_dice(&run.dir),
        });
        if let (Some(all), serde_json::Value::Object(own)) = (summary.as_object_mut(), own) {
            all.extend(own);
        }
        summary
    }
}

/// Median Dice over the test side's scans with lesions, from the tables that evaluation left; `None` when it has none.
fn test_dice(run: &RunDir) -> Option<f64> {
    let table = std::fs::read(run.path().join("evaluation").join("test").join("summary.json")).ok()?;
    let summary: Summary = serde_json::from_slice(&table).ok()?;
    summary.quartiles("dice").map(|dice| dice.median)
}

/// Says what is done and with which command, then gives it. With `aside`, its result goes where the notes go.
fn show_and_run(title: &str, command: Vec<OsString>, aside: bool) -> CommandResult {
    let shown: Vec<_> = command.iter().map(|word| word.to_string_lossy()).collect();
    output::note(format_args!("\n— {title}\n  $ deepseg {}", shown.join(" ")));
    output::results_aside(aside);
    let parsed = Cli::try_parse_from(std::iter::once(OsString::from("deepseg")).chain(command))?;
    let outcome = dispatch(parsed);
    output::results_aside(false);
    outcome
}

/// The words of a command that holds no spaces within a word.
fn words(command: &str) -> Vec<OsString> {
    command.split_whitespace().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_demonstration_is_one_that_exists() {
        let args = Args {
            dir: "d".into(),
            subjects: 4,
            seed: 1,
            epochs: 1,
            device: "cpu".into(),
            headless: true,
            json: false,
        };
        let folder = DemoFolder::claim(Path::new("/nonexistent/demo")).unwrap();
        for (title, command) in args.commands(&folder, &RunDir::new("/nonexistent/run")) {
            let parsed = Cli::try_parse_from(std::iter::once(OsString::from("deepseg")).chain(command));
            assert!(parsed.is_ok(), "{title}: {}", parsed.unwrap_err());
        }
    }
}
