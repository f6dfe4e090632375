//! How problems of a dataset look on a terminal: grouped by kind, so that a fault of a thousand scans is one paragraph.

use std::collections::BTreeMap;

use super::output;
use crate::dataset::{Code, Problem, Severity};

/// Problems of one kind that are spelt out; `--json` has all.
const SPELT_OUT: usize = 12;

/// Prints problems, the worst kind first.
pub(super) fn print<'a>(problems: impl Iterator<Item = &'a Problem>) {
    let mut kinds: BTreeMap<(std::cmp::Reverse<Severity>, Code), Vec<&Problem>> = BTreeMap::new();
    for problem in problems {
        kinds.entry((std::cmp::Reverse(problem.severity), problem.code)).or_default().push(problem);
    }
    for ((severity, code), problems) in kinds {
        output::line(format_args!("{} {code} ({})", severity.0, problems.len()));
        for problem in problems.iter().take(SPELT_OUT) {
            output::line(format_args!("  {}\n    -> {}", problem.message, problem.fix));
        }
        if problems.len() > SPELT_OUT {
            output::line(format_args!("  … and {} more; --json lists all", problems.len() - SPELT_OUT));
        }
    }
}
