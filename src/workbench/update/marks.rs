//! Quality-control marks by key: a verdict, a rank, a comment.

use super::super::actions::Action;
use super::super::message::Effect;
use super::super::model::{MarkChange, QcNote};
use super::super::state::{Level, Modal, State};
use super::say;
use crate::dataset::qc::Verdict;

/// Does an action on the chosen scan's mark; `None` when it is none.
pub(super) fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::MarkPass => Some(verdict(state, Verdict::Pass)),
        Action::MarkFail => Some(verdict(state, Verdict::Fail)),
        Action::MarkArtifact => Some(verdict(state, Verdict::Artifact)),
        Action::Comment => {
            let text = state.subjects.current().map(|row| row.qc.comment.clone()).unwrap_or_default();
            state.modal = Some(Modal::Comment { text });
            Some(Vec::new())
        }
        Action::Rank => {
            state.modal = Some(Modal::Rank);
            Some(Vec::new())
        }
        _ => None,
    }
}

/// Gives the verdict; asked for the one there is, takes it back.
fn verdict(state: &State, verdict: Verdict) -> Vec<Effect> {
    let now = state.subjects.current().and_then(|row| row.qc.verdict);
    change(state, MarkChange::Verdict((now != Some(verdict)).then_some(verdict)))
}

/// Changes the mark of the chosen scan.
pub(super) fn change(state: &State, change: MarkChange) -> Vec<Effect> {
    let scan = state.subjects.current();
    scan.map(|row| Effect::Mark { id: row.id.clone(), change }).into_iter().collect()
}

/// Takes the rank that was typed, if it is one, and closes the question.
pub(super) fn rank(state: &mut State, typed: Option<char>) -> Vec<Effect> {
    let rank = typed.and_then(|c| c.to_digit(10)).and_then(|digit| u8::try_from(digit).ok());
    if typed.is_some() && rank.is_none() {
        return Vec::new();
    }
    state.modal = None;
    change(state, MarkChange::Rank(rank))
}

/// A mark was written.
pub(super) fn marked(state: &mut State, id: &str, result: Result<QcNote, String>) {
    match result {
        Ok(qc) => state.subjects.annotate(id, qc),
        Err(message) => say(state, Level::Error, message),
    }
}
