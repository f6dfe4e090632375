//! `deepseg runs P`: the runs of a project and their states; with `--compare`, some of them side by side.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::output::{self, CommandResult, Failure, Outcome};
use super::run_report;
use super::slurm::with_queue;
use crate::runs::sweep::{self, SweepStatus};
use crate::runs::{self, Difference, RunCard, RunStatus, differences, short_time};

/// List the training runs of a project, newest first, or compare some
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(value_name = "P", default_value = ".")]
    project: PathBuf,
    /// Compare these runs (names, parts of names or directories): best values, and the settings in which they differ
    #[arg(long, value_name = "R", num_args = 1..)]
    compare: Vec<String>,
    /// Print one JSON object: runs; with --compare also differences
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Lists or compares the runs on stdout.
    pub fn run(self) -> CommandResult {
        let project = crate::dataset::Project::open(&self.project)?;
        if !self.compare.is_empty() {
            return self.side_by_side(&project.runs_dir());
        }
        let all = with_queue(runs::list(&project.runs_dir()));
        let sweeps: Vec<SweepStatus> =
            sweep::sweeps(project.dir()).into_iter().filter_map(|dir| SweepStatus::of(dir).ok()).collect();
        if self.json {
            let all: Vec<Value> = all.iter().map(run_report::as_json).collect();
            let sweeps: Vec<Value> = sweeps.iter().map(super::sweep_report::in_short).collect();
            output::json(&json!({ "runs": all, "sweeps": sweeps }))?;
        } else {
            if all.is_empty() {
                output::note("no runs yet; start one with `deepseg train`");
            }
            for status in &sweeps {
                output::line(format_args!(
                    "sweep {:<34} {:<9} {}",
                    status.dir.name(),
                    status.word(),
                    status.tally()
                ));
            }
            all.iter().map(row).for_each(output::line);
        }
        Ok(Outcome::Done)
    }

    fn side_by_side(&self, place: &std::path::Path) -> CommandResult {
        let card = |name: &String| Ok::<_, Failure>(RunCard::read(runs::find(place, name)?)?);
        let cards = self.compare.iter().map(card).collect::<Result<Vec<_>, _>>()?;
        let settings: Vec<_> = cards.iter().map(|card| &*card.settings).collect();
        let differences = differences(&settings);
        if self.json {
            let cards: Vec<Value> = cards.iter().map(card_as_json).collect();
            let differences: Vec<Value> =
                differences.iter().map(|d| json!({ "key": d.key, "values": d.values })).collect();
            output::json(&json!({ "runs": cards, "differences": differences }))?;
        } else {
            table(&card_rows(&cards)).iter().for_each(output::line);
            output::line("");
            match differences.is_empty() {
                true => output::line("the settings are the same"),
                false => table(&difference_rows(&differences, cards.len())).iter().for_each(output::line),
            }
        }
        Ok(Outcome::Done)
    }
}

fn row(status: &RunStatus) -> String {
    let dice = status.best.and_then(|b| b.val_dice).map_or("-".into(), |d| format!("{d:.3}"));
    let eta = status.eta.map_or(String::new(), |t| format!("{} left", short_time(t.as_secs_f64())));
    let epochs = format!("{}/{}", status.epoch, status.epochs);
    let queue = status.queue.as_ref().map_or(String::new(), |job| job.words());
    let row = format!(
        "{:<40} {:<9} epoch {epochs:<9} dice {dice:<6} {eta} {queue}",
        status.name,
        status.state.word()
    );
    row.trim_end().to_owned()
}

/// A run's JSON object with the settings a table shows.
fn card_as_json(card: &RunCard) -> Value {
    let mut object = run_report::as_json(&card.status);
    object["seconds"] = json!(card.seconds);
    object["network"] = json!(card.network());
    for (name, key) in [("lr", "lr"), ("seed", "seed"), ("fold", "split.fold")] {
        object[name] = json!(card.settings.get(key));
    }
    object
}

/// Letters stand for the runs in both tables.
fn letter(n: usize) -> String {
    char::from_u32('a' as u32 + n as u32 % 26).unwrap_or('a').to_string()
}

fn card_rows(cards: &[RunCard]) -> Vec<Vec<String>> {
    let heading =
        ["", "run", "status", "dice", "loss", "best", "epochs", "time", "network", "lr", "seed", "fold"];
    let number = |value: Option<f64>, digits| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    let row = |(n, card): (usize, &RunCard)| {
        let best = card.status.best.map_or("-".to_owned(), |b| b.epoch.to_string());
        let mut row = vec![letter(n), card.status.name.clone(), card.status.state.word().to_owned()];
        row.extend([number(card.dice(), 3), number(card.loss(), 4), best]);
        row.extend([format!("{}/{}", card.status.epoch, card.status.epochs), short_time(card.seconds)]);
        row.extend([card.network(), card.setting("lr").into(), card.setting("seed").into()]);
        row.push(card.setting("split.fold").into());
        row
    };
    let rows = cards.iter().enumerate().map(row);
    std::iter::once(heading.map(str::to_owned).to_vec()).chain(rows).collect()
}

fn difference_rows(differences: &[Difference], runs: usize) -> Vec<Vec<String>> {
    let heading = std::iter::once("setting".to_owned()).chain((0..runs).map(letter)).collect();
    let row = |d: &Difference| {
        let values = d.values.iter().map(|v| v.clone().unwrap_or_else(|| "-".to_owned()));
        std::iter::once(d.key.clone()).chain(values).collect()
    };
    std::iter::once(heading).chain(differences.iter().map(row)).collect()
}

/// Columns as wide as their widest cell, two spaces between them.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}
