//! A run told in lines of text, for consoles and logs. Pure: nothing is printed here.

use super::history::History;
use crate::training::{Event, EventKind, FinishStatus};
use std::time::Duration;

/// The line for an event, if it deserves one; `history` has taken it in already. Steps have none (see [`spoken`] for the live line).
pub fn narrate(event: &Event, history: &History) -> Option<String> {
    match &event.kind {
        EventKind::Prepare { done, total, what } if done == total => Some(format!("{what}: {total} done")),
        EventKind::Started { epochs, device, train_patches, val_patches, resumed, .. } => {
            let verb = if *resumed { "resumed" } else { "started" };
            Some(format!(
                "{verb}: {epochs} epochs, {device}, {train_patches} training and {val_patches} validation patches"
            ))
        }
        EventKind::Epoch { train_loss, val_loss, val_dice, lr, seconds, .. } => Some(format!(
            "epoch {}/{}  loss {}  val {}  dice {}  lr {lr:.1e}  {}{}",
            event.epoch,
            history.target_epochs,
            number(*train_loss),
            number(*val_loss),
            number(*val_dice),
            short_time(*seconds),
            if history.best().is_some_and(|b| b.epoch == event.epoch) { "  best" } else { "" },
        )),
        EventKind::Warning { message } => Some(format!("warning: {message}")),
        EventKind::Finished { status, message } => Some(finished_line(*status, message)),
        _ => None,
    }
}

/// Where the run is, in less than a line: for a line that is overwritten.
pub fn spoken(history: &History, eta: Option<Duration>) -> String {
    if let Some((done, total, what)) = &history.preparing {
        return format!("{what} {done}/{total}");
    }
    let steps = history.steps_per_epoch.max(1);
    let epochs_done = history.epochs.last().map_or(0, |e| e.epoch);
    let in_epoch = history.step.saturating_sub(u64::from(epochs_done) * steps).min(steps);
    let loss = history.steps.last().and_then(|s| s.loss);
    let eta = eta.map_or(String::new(), |t| format!("  {} left", short_time(t.as_secs_f64())));
    format!(
        "epoch {}/{}  step {in_epoch}/{steps}  loss {}{eta}",
        (epochs_done + 1).min(history.target_epochs),
        history.target_epochs,
        number(loss)
    )
}

fn finished_line(status: FinishStatus, message: &str) -> String {
    let word = match status {
        FinishStatus::Done => "done",
        FinishStatus::Stopped => "stopped",
        FinishStatus::Failed => "failed",
    };
    if message.is_empty() { word.into() } else { format!("{word}: {message}") }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "-".into(), |v| format!("{v:.4}"))
}

/// A duration a person reads at a glance: `42 s`, `3 min 5 s`, `2 h 10 min`.
pub fn short_time(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "-".into();
    }
    let whole = seconds.round().max(0.0) as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, _) if seconds < 10.0 => format!("{seconds:.1} s"),
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let cases = [(0.25, "0.2 s"), (59.4, "59 s"), (185.0, "3 min 5 s"), (7801.0, "2 h 10 min")];
        for (seconds, text) in cases {
            assert_eq!(short_time(seconds), text);
        }
    }

    #[test]
    fn an_epoch_is_a_line_and_says_when_it_is_best() {
        let mut history = History { target_epochs: 9, ..History::default() };
        let line = r#"{"seq":1,"time":2,"epoch":3,"step":4,"kind":"epoch","train_loss":null,"val_loss":null,"val_dice":null,"lr":0.001,"seconds":2,"patches_per_second":1}"#;
        let event = Event::from_line(line.as_bytes()).unwrap();
        history.apply(&event);
        let told = narrate(&event, &history).unwrap();
        assert!(told.starts_with("epoch 3/9  loss -  val -"), "{told}");
        assert!(!told.contains("best"));
        let better = line.replace("\"val_loss\":null", "\"val_loss\":0.25");
        let event = Event::from_line(better.as_bytes()).unwrap();
        history.apply(&event);
        assert!(narrate(&event, &history).unwrap().ends_with("best"));
    }
}
