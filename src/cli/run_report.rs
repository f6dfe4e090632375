//! What commands say about a run: the JSON object and the closing line.

use serde_json::{Value, json};

use super::output::{self, Failure};
use crate::runs::{RunState, RunStatus};

/// A command's last word on a run: one JSON object, or the closing sentence.
pub(super) fn print(status: &RunStatus, as_object: bool) -> Result<(), Failure> {
    if as_object {
        output::json(&as_json(status))
    } else {
        output::line(ending(status));
        Ok(())
    }
}

/// run, epochs, best {epoch, val_loss, val_dice}, status; and what else a list wants to know.
pub(super) fn as_json(status: &RunStatus) -> Value {
    let best =
        status.best.map(|b| json!({ "epoch": b.epoch, "val_loss": b.val_loss, "val_dice": b.val_dice }));
    let message = if let RunState::Failed(message) = &status.state { message.as_str() } else { "" };
    json!({
        "run": status.dir.path(),
        "name": status.name,
        "status": status.state.word(),
        "message": message,
        "epochs": status.epoch,
        "target_epochs": status.epochs,
        "steps": status.step,
        "best": best,
        "eta_seconds": status.eta.map(|t| t.as_secs()),
        "device": status.device,
        "last_event": status.last_time,
        "warnings": status.warnings,
        "queue": status.queue,
    })
}

/// The closing sentence for a run that no longer goes.
fn ending(status: &RunStatus) -> String {
    let place = status.dir.path().display();
    let best = status.best.map_or(String::new(), |b| {
        let dice = b.val_dice.map_or(String::new(), |d| format!(", validation Dice {d:.3}"));
        format!("; best epoch {}{dice}", b.epoch)
    });
    match &status.state {
        RunState::Crashed => format!(
            "crashed after {} epochs (no last word, nobody holds the run){best}; go on with `deepseg train --resume --run-dir {place}`",
            status.epoch
        ),
        RunState::Stopped => format!(
            "stopped after {} epochs{best}; go on with `deepseg train --resume --run-dir {place}`",
            status.epoch
        ),
        RunState::Waiting => format!("waiting for its turn; {place}"),
        RunState::Failed(message) => format!("failed after {} epochs: {message}", status.epoch),
        other => format!("{}: {} epochs{best}; {place}", other.word(), status.epoch),
    }
}
