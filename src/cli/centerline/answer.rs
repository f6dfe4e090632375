//! What one method says of one image or scan, as a line and as JSON.

use serde::Serialize;

use crate::centerline::{CenterlineError, Curve, Method, Summary};

/// An answer, or why there is none.
#[derive(Serialize)]
pub(super) struct Answer {
    name: &'static str,
    /// `None`: the method cannot be used here.
    seconds: Option<f64>,
    #[serde(flatten)]
    summary: Option<Summary>,
    problem: Option<String>,
}

impl Answer {
    /// What the method gave.
    pub(super) fn given(method: Method, outcome: Result<&Curve, String>, seconds: f64) -> Self {
        let (summary, problem) = match outcome {
            Ok(curve) => (Some(curve.summary()), None),
            Err(reason) => (None, Some(reason)),
        };
        Answer { name: method.name(), seconds: Some(seconds), summary, problem }
    }

    /// That the method cannot be used here.
    pub(super) fn absent(method: Method, reason: &CenterlineError) -> Self {
        Answer { name: method.name(), seconds: None, summary: None, problem: Some(reason.to_string()) }
    }
}

/// One line a method, the one in use with a star; those that cannot be used in one line at the end.
pub(super) fn lines(answers: &[Answer], used: Option<&str>) -> Vec<String> {
    let (tried, absent): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|a| a.seconds.is_some());
    let line = |answer: &&Answer| {
        let mark = if used == Some(answer.name) { '*' } else { ' ' };
        let (name, seconds) = (answer.name, answer.seconds.unwrap_or_default());
        match (&answer.summary, &answer.problem) {
            (Some(summary), _) => {
                let sure = summary.confidence.unwrap_or_default();
                format!("  {mark} {name:<18} {seconds:>6.2} s  {sure:>5.2}  {}", summary.reasons.join("; "))
            }
            (None, problem) => {
                format!(
                    "  {mark} {name:<18} {seconds:>6.2} s      -  {}",
                    problem.as_deref().unwrap_or_default()
                )
            }
        }
    };
    let mut lines: Vec<String> = tried.iter().map(line).collect();
    let names: Vec<&str> = absent.iter().map(|answer| answer.name).collect();
    lines.extend(
        (!names.is_empty()).then(|| format!("    not usable here (--json says why): {}", names.join(", "))),
    );
    lines
}
