//! The files in which the toolbox's HTML report keeps all of its marks: `qc_report.json` since version 7, and what both have in
//! common with `qc_flags.json` of the versions before (see `flags`). Text only: nothing is known here of scans.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::mark::HIGHEST_RANK;
use super::{Entry, QcKind, Unmatched, Verdict};

/// What a file says about one of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    /// The file or subject, by a path or a name.
    pub name: String,
    pub kind: QcKind,
    pub verdict: Option<Verdict>,
    pub rank: Option<u8>,
    pub comment: String,
    pub entry: Option<Box<Entry>>,
}

/// Everything a file says, and what of it makes no sense.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    pub claims: Vec<Claim>,
    pub odd: Vec<Unmatched>,
}

impl Claims {
    /// Adds what a line of a report says; one without mark and rank says nothing.
    pub(super) fn add(&mut self, entry: Entry, sign: &Value, rank: &Value) {
        match (read_sign(sign), read_rank(rank)) {
            (Ok(None), Ok(None)) => {}
            (Ok(verdict), Ok(rank)) => {
                let (name, kind) = (entry.image(), QcKind::of_command(&entry.command));
                let entry = Some(Box::new(entry));
                self.claims.push(Claim { name, kind, verdict, rank, comment: String::new(), entry });
            }
            (Err(why), _) | (_, Err(why)) => self.odd.push(Unmatched { name: entry.image(), why }),
        }
    }
}

#[derive(Deserialize)]
struct Report {
    datasets: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: Entry,
    #[serde(default)]
    qc: Value,
    #[serde(default)]
    rank: Value,
}

/// Reads `{"datasets": [...]}`.
pub(super) fn read(report: Value) -> Result<Claims, String> {
    let report: Report =
        serde_json::from_value(report).map_err(|e| format!("is not a report of the toolbox ({e})"))?;
    let mut claims = Claims::default();
    report.datasets.into_iter().for_each(|line| claims.add(line.entry, &line.qc, &line.rank));
    Ok(claims)
}

/// A report that restores these marks; it says nothing about how the table is sorted.
pub(super) fn write<'a>(lines: impl Iterator<Item = (&'a Entry, Option<Verdict>, Option<u8>)>) -> Value {
    let line = |(entry, verdict, rank): (&Entry, Option<Verdict>, Option<u8>)| {
        let mut line = match serde_json::to_value(entry) {
            Ok(Value::Object(keys)) => keys,
            _ => Map::new(),
        };
        line.insert("rank".into(), rank.into());
        line.insert("qc".into(), verdict.map_or("", Verdict::sign).into());
        line.insert("id".into(), entry.id().into());
        Value::Object(line)
    };
    json!({ "datasets": lines.map(line).collect::<Vec<_>>(), "tableState": null })
}

fn read_sign(sign: &Value) -> Result<Option<Verdict>, String> {
    match sign {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => Verdict::of_sign(text).map(Some).ok_or_else(|| {
            format!("its mark {text:?} is none of {}", Verdict::ALL.map(Verdict::sign).join(" "))
        }),
        other => Err(format!("its mark {other} is no text")),
    }
}

/// A rank as a number or as text; empty and null are none.
fn read_rank(rank: &Value) -> Result<Option<u8>, String> {
    let text = match rank {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let fine = text.parse::<u8>().ok().filter(|rank| *rank <= HIGHEST_RANK);
    fine.map(Some).ok_or_else(|| format!("its rank {text} is not one of 0 to {HIGHEST_RANK}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_line_by_line() {
        let claims = read(json!({"tableState": {"sorting": []}, "datasets": [
            {"path": "/p/sub-01/anat", "cmdline": "sct_propseg", "command": "sct_propseg", "inputFile": "sub-01_T2w.nii.gz",
             "date": "2025-01-31 12:00:00", "rank": "3", "qc": "\u{274C}", "id": "x", "new": {}},
            {"command": "sct_deepseg_lesion", "inputFile": "a.nii", "qc": "", "rank": 0},
            {"command": "sct_propseg", "inputFile": "b.nii", "qc": "", "rank": null},
            {"command": "sct_propseg", "inputFile": "c.nii", "qc": "maybe", "rank": 11},
            {"command": "sct_propseg", "inputFile": "d.nii", "qc": "\u{2705}", "rank": 11},
        ]}))
        .unwrap();
        let said: Vec<_> =
            claims.claims.iter().map(|c| (c.name.as_str(), &c.kind, c.verdict, c.rank)).collect();
        assert_eq!(
            said,
            [
                ("/p/sub-01/anat/sub-01_T2w.nii.gz", &QcKind::Seg, Some(Verdict::Fail), Some(3)),
                ("a.nii", &QcKind::Lesion, None, Some(0)),
            ]
        );
        assert!(
            claims.odd[0].why.contains("\"maybe\"") && claims.odd[1].why.contains("rank 11"),
            "{:?}",
            claims.odd
        );
        assert!(read(json!({"datasets": 1})).unwrap_err().contains("not a report"));
    }

    #[test]
    fn lines_keep_the_toolboxs_order_of_keys() {
        let entry = Entry { path: "/p".into(), date: "d".into(), ..Entry::default() };
        let written = write([(&entry, Some(Verdict::Artifact), None)].into_iter());
        let keys: Vec<&str> =
            written["datasets"][0].as_object().unwrap().keys().map(String::as_str).collect();
        let expected = "path cmdline command sctVersion dataset subject contrast inputFile plane backgroundImage \
                        overlayImage date rank qc id";
        assert_eq!(keys.join(" "), expected);
        assert_eq!(read(written).unwrap().claims[0].entry, Some(Box::new(entry)));
    }
}
