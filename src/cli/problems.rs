//! How problems of a dataset look on a terminal: grouped by kind, so that a fault of a thousand scans is one paragraph.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use super::output;
use crate::dataset::{Code, Fix, Problem, Severity};

/// Problems of one kind that are spelt out; `--json` has all.
const SPELT_OUT: usize = 12;

/// Prints problems, the worst kind first.
pub(super) fn print<'a>(problems: impl Iterator<Item = &'a Problem>, project: &Path) {
    let mut kinds: BTreeMap<(Reverse<Severity>, Code), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        kinds.entry((Reverse(problem.severity), problem.code)).or_default().push(problem);
    }
    for ((severity, code), problems) in kinds {
        output::line(format_args!("{} {code} ({})", severity.0, problems.len()));
        print_kind(&problems, project);
    }
}

fn print_kind(problems: &[&Problem], project: &Path) {
    let same_fix = problems.iter().all(|p| p.fix == problems[0].fix);
    for problem in problems.iter().take(SPELT_OUT) {
        output::line(format_args!("  {}", problem.message));
        if !same_fix {
            output::line(format_args!("    -> {}", problem.fix));
        }
    }
    if problems.len() > SPELT_OUT {
        output::line(format_args!("  … and {} more; --json lists all", problems.len() - SPELT_OUT));
    }
    if same_fix {
        output::line(format_args!("  -> {}", problems[0].fix));
    } else if let Some(fix) = for_all(problems) {
        output::line(format_args!("  -> for all of them: `{}`", fix.command_for_all(project)));
    }
}

/// The fix that every problem offers, when it may be taken for all at once.
fn for_all(problems: &[&Problem]) -> Option<Fix> {
    let fix = problems[0].offer.filter(|fix| *fix != Fix::Exclude)?;
    problems.iter().all(|p| p.offer == Some(fix)).then_some(fix)
}
