//! Subjects that look like several sessions of one person: a split by subject would put that person on both sides.

use std::collections::{BTreeMap, BTreeSet};

use crate::dataset::{Code, Problem, Scan};

/// One problem for each person who seems to have several names.
pub(super) fn under_several_names(scans: &[Scan]) -> Vec<Problem> {
    let mut names: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for scan in scans {
        names.entry(without_session(&scan.subject)).or_default().insert(&scan.subject);
    }
    let several = names.values().filter(|names| names.len() > 1);
    several.map(|names| problem(&names.iter().copied().collect::<Vec<_>>().join(", "))).collect()
}

fn problem(names: &str) -> Problem {
    Problem::new(
        Code::SamePerson,
        format!("{names} look like sessions of one person, who could then be in training and test at once"),
        "if they are, name the files in a list (`--list`) with the person as subject and a column session",
    )
}

/// The name without a session number at its end: `sub-9611Ses2` is `sub-9611`.
fn without_session(subject: &str) -> &str {
    let rest = subject.trim_end_matches(|c: char| c.is_ascii_digit());
    if rest.len() == subject.len() {
        return subject;
    }
    let rest = rest.trim_end_matches(['-', '_']);
    let person = ["session", "ses"].iter().find_map(|word| {
        let at = rest.len().checked_sub(word.len()).filter(|at| rest.is_char_boundary(*at))?;
        rest[at..].eq_ignore_ascii_case(word).then(|| rest[..at].trim_end_matches(['-', '_']))
    });
    person.filter(|p| !p.is_empty() && *p != "sub").unwrap_or(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_numbers_are_told_from_names() {
        for (subject, person) in [
            ("sub-9611Ses2", "sub-9611"),
            ("P1_session-03", "P1"),
            ("sub-9611", "sub-9611"),
            ("sub-ses1", "sub-ses1"),
            ("é1", "é1"),
            ("Ses1", "Ses1"),
        ] {
            assert_eq!(without_session(subject), person, "{subject}");
        }
    }
}
