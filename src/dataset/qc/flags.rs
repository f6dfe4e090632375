//! `qc_flags.json` of the toolbox's reports before version 7: one key for each mark, made of the line's date, file and command.

use serde_json::{Map, Value};

use super::report::Claims;
use super::{Entry, Verdict};

/// What ends the keys of marks and of ranks.
const MARK: &str = "_qc";
const RANK: &str = "_rank";

/// Reads a flat object; keys that are neither marks nor ranks are passed over.
pub(super) fn read(flags: &Map<String, Value>) -> Claims {
    let mut claims = Claims::default();
    let line_of = |key: &String| key.strip_suffix(MARK).or(key.strip_suffix(RANK)).map(str::to_owned);
    let mut lines: Vec<String> = flags.keys().filter_map(line_of).collect();
    lines.sort_unstable();
    lines.dedup();
    for line in lines {
        let value = |ending: &str| flags.get(&format!("{line}{ending}")).unwrap_or(&Value::Null);
        claims.add(entry(&line), value(MARK), value(RANK));
    }
    claims
}

/// The object that restores these marks.
pub(super) fn write<'a>(lines: impl Iterator<Item = (&'a Entry, Option<Verdict>, Option<u8>)>) -> Value {
    let mut flags = Map::new();
    for (entry, verdict, rank) in lines {
        let line = format!("{}_{}_{}", entry.date, entry.input_file, entry.command);
        flags.insert(format!("{line}{MARK}"), verdict.map_or("", Verdict::sign).into());
        flags.insert(format!("{line}{RANK}"), rank.map_or(Value::from(""), Value::from));
    }
    Value::Object(flags)
}

/// A line's date (without `_`), file (with any) and command (of the toolbox, so it begins with `sct_`).
fn entry(line: &str) -> Entry {
    let (rest, command) = match line.rfind("_sct_") {
        Some(at) => (&line[..at], &line[at + 1..]),
        None => line.rsplit_once('_').unwrap_or((line, "")),
    };
    let (date, file) = rest.split_once('_').unwrap_or(("", rest));
    Entry {
        date: date.to_owned(),
        input_file: file.to_owned(),
        command: command.to_owned(),
        ..Entry::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::qc::QcKind;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn keys_are_taken_apart() {
        let flags = json!({
            "2023-09-14 10:11:12_sub-01_T2w.nii.gz_sct_label_vertebrae_qc": "\u{26A0}\u{FE0F}",
            "2023-09-14 10:11:12_sub-01_T2w.nii.gz_sct_label_vertebrae_rank": 7,
            "2023-09-14 10:11:13_t2.nii.gz_sct_propseg_qc": "",
            "odd": [], "_qc": "\u{2705}",
        });
        let claims = read(flags.as_object().unwrap()).claims;
        assert_eq!(claims.len(), 2, "{claims:?}");
        let found = claims.iter().find(|claim| claim.name == "sub-01_T2w.nii.gz").unwrap();
        assert_eq!(
            (&found.kind, found.verdict, found.rank),
            (&QcKind::Label, Some(Verdict::Artifact), Some(7))
        );
    }

    proptest! {
        #[test]
        fn lines_are_read_back(
            date in "2[0-9]{3}-[01][0-9]-[0-3][0-9] 1[0-9]:00:00", file in "[a-z0-9_-]{1,12}\\.nii(\\.gz)?",
            command in "sct_[a-z]{1,8}", verdict in 0..4_usize, rank in prop::option::of(0..10_u8),
        ) {
            let entry = Entry { date, input_file: file, command, ..Entry::default() };
            let verdict = Verdict::ALL.get(verdict).copied();
            let written = write([(&entry, verdict, rank)].into_iter());
            let claims = read(written.as_object().unwrap()).claims;
            let said: Vec<_> = claims.into_iter().map(|c| (*c.entry.unwrap(), c.verdict, c.rank)).collect();
            let expected: Vec<_> = (verdict.is_some() || rank.is_some()).then_some((entry, verdict, rank)).into_iter().collect();
            prop_assert_eq!(said, expected);
        }
    }
}
