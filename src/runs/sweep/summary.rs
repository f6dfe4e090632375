//! The table of a sweep: per setting the mean and spread of the best epochs over folds and seeds, best first; as JSON and CSV.

use super::{SweepError, SweepStatus};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a setting is repeated over, instead of being compared in.
const REPEATS: [&str; 2] = ["split.fold", "seed"];

/// One setting of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// What it sets: (key, value); empty where only folds or seeds differ.
    pub settings: Vec<(String, String)>,
    /// Runs with a validated epoch, and all of this setting.
    pub runs: usize,
    /// All runs of this setting.
    pub of: usize,
    /// Best validation Dice, 0..1, over the runs.
    pub val_dice: Option<Spread>,
    /// Validation loss of the same epochs.
    pub val_loss: Option<Spread>,
    /// The run with the highest Dice.
    pub best_run: Option<String>,
}

/// Mean and spread of one number over runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Mean.
    pub mean: f64,
    /// Standard deviation of the sample (n - 1); 0 for one run.
    pub sd: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Spread {
    /// Of the finite ones among `values`; `None` where there is none.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        let n = values.len() as f64;
        if values.is_empty() {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 };
        let (min, max) = values.iter().fold((mean, mean), |(low, high), v| (low.min(*v), high.max(*v)));
        Some(Self { mean, sd, min, max })
    }
}

/// The table, highest mean Dice first.
pub fn summary(status: &SweepStatus) -> Vec<Row> {
    let mut groups: BTreeMap<Vec<(String, String)>, Vec<usize>> = BTreeMap::new();
    for (index, point) in status.sweep.points.iter().enumerate() {
        let compared = |(key, _): &&(String, String)| {
            status.sweep.varying.contains(key) && !REPEATS.contains(&key.as_str())
        };
        groups.entry(point.settings.iter().filter(compared).cloned().collect()).or_default().push(index);
    }
    let mut rows: Vec<Row> =
        groups.into_iter().map(|(settings, members)| row(status, settings, &members)).collect();
    let mean = |row: &Row| row.val_dice.map_or(f64::NEG_INFINITY, |s| s.mean);
    rows.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
    rows
}

fn row(status: &SweepStatus, settings: Vec<(String, String)>, members: &[usize]) -> Row {
    let runs = || members.iter().map(|&index| &status.points[index].run);
    let best = || runs().filter_map(|run| run.best);
    let dice = |run: &&crate::runs::RunStatus| run.best.and_then(|b| b.val_dice);
    let highest = runs()
        .filter(|r| dice(r).is_some())
        .max_by(|a, b| dice(a).unwrap_or(0.0).total_cmp(&dice(b).unwrap_or(0.0)));
    Row {
        settings,
        runs: best().count(),
        of: members.len(),
        val_dice: Spread::of(best().filter_map(|b| b.val_dice)),
        val_loss: Spread::of(best().filter_map(|b| b.val_loss)),
        best_run: highest.map(|run| run.name.clone()),
    }
}

/// Writes `summary.json` and `summary.csv` into the sweep.
pub(super) fn write(status: &SweepStatus) -> Result<(), SweepError> {
    let rows = summary(status);
    let json = status.dir.file("summary.json");
    let bytes = serde_json::to_vec_pretty(&rows).map_err(|e| SweepError::write(&json)(e.into()))?;
    crate::files::write_bytes(&json, &bytes).map_err(SweepError::write(&json))?;
    let csv = status.dir.file("summary.csv");
    let bytes = table(&status.sweep.varying, &rows).map_err(|e| SweepError::write(&csv)(e.into()))?;
    crate::files::write_bytes(&csv, &bytes).map_err(SweepError::write(&csv))
}

fn table(varying: &[String], rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let keys: Vec<&String> = varying.iter().filter(|k| !REPEATS.contains(&k.as_str())).collect();
    let numbers = [
        "runs",
        "of",
        "val_dice_mean",
        "val_dice_sd",
        "val_dice_min",
        "val_dice_max",
        "val_loss_mean",
        "val_loss_sd",
        "best_run",
    ];
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(keys.iter().map(|k| k.as_str()).chain(numbers))?;
    for row in rows {
        let value =
            |key: &str| row.settings.iter().find(|(k, _)| k == key).map_or(String::new(), |(_, v)| v.clone());
        let number = |v: Option<f64>| v.map_or(String::new(), |v| v.to_string());
        let (dice, loss) = (row.val_dice, row.val_loss);
        let cells = [
            row.runs.to_string(),
            row.of.to_string(),
            number(dice.map(|s| s.mean)),
            number(dice.map(|s| s.sd)),
            number(dice.map(|s| s.min)),
            number(dice.map(|s| s.max)),
            number(loss.map(|s| s.mean)),
            number(loss.map(|s| s.sd)),
            row.best_run.clone().unwrap_or_default(),
        ];
        out.write_record(keys.iter().map(|k| value(k)).chain(cells))?;
    }
    out.into_inner().map_err(|e| e.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_samples() {
        let s = Spread::of([0.5, 0.7, f64::NAN, 0.6].into_iter()).unwrap();
        assert!((s.mean - 0.6).abs() < 1e-12 && (s.sd - 0.1).abs() < 1e-12, "{s:?}");
        assert_eq!((s.min, s.max), (0.5, 0.7));
        assert_eq!(Spread::of([0.4].into_iter()).unwrap().sd, 0.0);
        assert_eq!(Spread::of([f64::NAN].into_iter()), None);
    }
}
