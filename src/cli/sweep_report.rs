//! What commands say about a sweep: its trainings, the table of its settings, the JSON object.

use serde_json::{Value, json};

use super::output::{self, Failure};
use super::{run_report, slurm};
use crate::runs::RunState;
use crate::runs::slurm::Queue;
use crate::runs::sweep::{self, Point, SweepStatus};

/// The trainings of a sweep that is only shown.
pub(super) fn show(points: &[Point], as_object: bool) -> Result<(), Failure> {
    if as_object {
        let all: Vec<Value> = points.iter().map(|p| settings_json(&p.settings)).collect();
        return output::json(&json!({ "points": all }));
    }
    for (number, point) in (1..).zip(points) {
        output::line(format_args!("{number:>4}  {}", point.words()));
    }
    output::note(format_args!("{} trainings; all settings are fine", points.len()));
    Ok(())
}

/// Says on stderr how far the sweep is.
pub(super) fn tell(status: &SweepStatus) {
    output::note(status.tally());
}

/// The sweep with what Slurm says of its tasks.
pub(super) fn with_queue(mut status: SweepStatus) -> SweepStatus {
    refined(&mut status, &mut Queue::default());
    status
}

/// Adds what `queue` says, asked anew where it is time to.
pub(super) fn refined(status: &mut SweepStatus, queue: &mut Queue) {
    let runs = status.points.iter().map(|p| p.run.clone()).collect();
    for (point, run) in status.points.iter_mut().zip(slurm::seen_in(queue, runs)) {
        point.run = run;
    }
}

/// The table of points, then of settings; or both as one object.
pub(super) fn print(status: &SweepStatus, as_object: bool) -> Result<(), Failure> {
    if as_object {
        return output::json(&as_json(status));
    }
    output::line(format_args!("{} {}: {}", status.dir.name(), status.word(), status.tally()));
    for (number, point) in (1..).zip(&status.points) {
        let dice = point.run.best.and_then(|b| b.val_dice).map_or("-".into(), |d| format!("{d:.3}"));
        let message = if let RunState::Failed(message) = &point.run.state { message.as_str() } else { "" };
        let row =
            format!("{number:>4}  {:<8} dice {dice:<6} {}  {message}", point.run.state.word(), point.words);
        output::line(row.trim_end());
    }
    for row in sweep::summary(status) {
        let Some(dice) = row.val_dice else { continue };
        let words: Vec<String> = row.settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let setting = if words.is_empty() { "all".to_owned() } else { words.join(" ") };
        output::line(format_args!(
            "dice {:.3} ± {:.3} over {} of {} runs: {setting}",
            dice.mean, dice.sd, row.runs, row.of
        ));
    }
    Ok(())
}

pub(super) fn as_json(status: &SweepStatus) -> Value {
    let point = |(entry, now): (&sweep::PointEntry, &sweep::PointStatus)| {
        let mut object = run_report::as_json(&now.run);
        object["settings"] = settings_json(&entry.settings);
        object
    };
    json!({
        "sweep": status.dir.path(),
        "name": status.dir.name(),
        "status": status.word(),
        "done": status.count(|s| *s == RunState::Done),
        "points": status.sweep.points.iter().zip(&status.points).map(point).collect::<Vec<_>>(),
        "table": sweep::summary(status),
    })
}

/// A sweep in a list: where it is and how far.
pub(super) fn in_short(status: &SweepStatus) -> Value {
    json!({
        "sweep": status.dir.path(),
        "name": status.dir.name(),
        "status": status.word(),
        "done": status.count(|s| *s == RunState::Done),
        "runs": status.sweep.points.iter().map(|p| p.run.as_str()).collect::<Vec<_>>(),
    })
}

fn settings_json(settings: &[(String, String)]) -> Value {
    settings
        .iter()
        .map(|(key, value)| (key.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
