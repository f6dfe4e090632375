//! Whatever happens in a trainer, its run gets a last word: an error or a panic becomes `finished{failed, message}`.

use super::event::FinishStatus;
use super::writer::RunWriter;
use crate::fault::caught;
use std::fmt::Display;

/// Runs `body`, and makes sure that the run ends with a `finished` event: `body`'s own, or failed with its error or panic, or
/// done.
///
/// # Errors
/// The sentence that was written when `body` failed or panicked.
pub fn guarded<T, E: Display>(
    run: &mut RunWriter,
    body: impl FnOnce(&mut RunWriter) -> Result<T, E>,
) -> Result<T, String> {
    let outcome = match caught(|| body(run)) {
        Ok(result) => result.map_err(|e| e.to_string()),
        Err(said) => Err(format!("the trainer broke: {}", said.as_deref().unwrap_or("no message"))),
    };
    if !run.is_finished() {
        let last_word = match &outcome {
            Ok(_) => run.finish(FinishStatus::Done, ""),
            Err(message) => run.finish(FinishStatus::Failed, message.as_str()),
        };
        if let Err(e) = last_word {
            tracing::error!("{e}");
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Event, EventKind, RunDir, TrainConfig};

    fn last_word(body: impl FnOnce(&mut RunWriter) -> Result<(), String>) -> (Result<(), String>, EventKind) {
        let place = tempfile::tempdir().unwrap();
        let mut run = RunWriter::create(RunDir::new(place.path()), &TrainConfig::default()).unwrap();
        let outcome = guarded(&mut run, body);
        let text = std::fs::read(run.dir().events()).unwrap();
        let last = text.trim_ascii_end().rsplit(|b| *b == b'\n').next().unwrap();
        (outcome, Event::from_line(last).unwrap().kind)
    }

    #[test]
    fn every_ending_has_a_last_word() {
        let (outcome, word) = last_word(|_| panic!("index {} too large", 7));
        assert!(outcome.is_err());
        let EventKind::Finished { status: FinishStatus::Failed, message } = word else { panic!("{word:?}") };
        assert!(message.contains("index 7 too large"), "{message}");

        let (_, word) = last_word(|_| Err("no crops".into()));
        assert_eq!(word, EventKind::Finished { status: FinishStatus::Failed, message: "no crops".into() });

        let (_, word) = last_word(|_| Ok(()));
        assert_eq!(word, EventKind::Finished { status: FinishStatus::Done, message: String::new() });

        let (_, word) =
            last_word(|run| run.finish(FinishStatus::Stopped, "asked").map_err(|e| e.to_string()));
        assert_eq!(word, EventKind::Finished { status: FinishStatus::Stopped, message: "asked".into() });
    }
}
