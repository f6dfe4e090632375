//! Marks to and from the toolbox's files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::lists::Lists;
use super::matching::Finder;
use super::report::{Claim, Claims};
use super::{Entry, QcKind, QcMarks, Verdict, flags, report};
use crate::dataset::{DatasetError, Project, Scan, ScanId};
use crate::files::write_bytes;

/// What is said of a corrected file, which the correction script moves to a heading of its own.
const CORRECTED: &str = "corrected by hand";

/// What a list means that does not say so itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The verdict of all its files. `None`: as its name says (`qc_fail.yml`, `qc_artifact.yml`, `qc_pass.yml`).
    pub verdict: Option<Verdict>,
    /// The kind of a list without headings.
    pub kind: QcKind,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The scans and kinds that have the file's mark now.
    pub marked: Vec<(ScanId, QcKind)>,
    /// What could not be used.
    pub unmatched: Vec<Unmatched>,
    /// Lines passed over because the file has a later one for the same scan and kind.
    pub older: usize,
}

/// A line that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unmatched {
    /// What the file says.
    pub name: String,
    /// Why it could not be used.
    pub why: String,
}

impl QcMarks {
    /// Takes the marks of a file of the toolbox: `qc_report.json`, `qc_flags.json`, or a YAML list.
    ///
    /// Marks that the file does not speak of stay. A comment goes with the verdict it explained. Fails, without changing a mark,
    /// when the file cannot be understood.
    pub fn import(
        &mut self,
        project: &Project,
        file: &Path,
        meaning: &Meaning,
    ) -> Result<Imported, DatasetError> {
        let text = std::fs::read_to_string(file).map_err(DatasetError::io(file))?;
        let Claims { claims, odd } = claims(file, &text, meaning)
            .map_err(|message| DatasetError::Marks { path: file.to_owned(), message })?;
        let mut imported = Imported { unmatched: odd, ..Imported::default() };
        let newest = newest(project, claims, &mut imported);
        let news: Vec<_> = newest.into_iter().filter(|(place, claim)| !self.has(place, claim)).collect();
        let source = file.file_name().unwrap_or_default().to_string_lossy();
        let places: Vec<_> = news.iter().map(|(place, _)| place.clone()).collect();
        self.change(places, |position, mark| {
            let claim = &news[position].1;
            if mark.verdict != claim.verdict || !claim.comment.is_empty() {
                mark.comment.clone_from(&claim.comment);
            }
            (mark.verdict, mark.rank, mark.by) = (claim.verdict, claim.rank, source.clone().into_owned());
            mark.entry = claim.entry.clone().or(mark.entry.take());
        })?;
        Ok(imported)
    }

    /// Whether a place has this mark already.
    fn has(&self, (scan, kind): &(ScanId, QcKind), claim: &Claim) -> bool {
        let same_entry = |known: &Option<Box<Entry>>| claim.entry.is_none() || claim.entry == *known;
        self.mark(scan, kind).is_some_and(|mark| {
            mark.verdict == claim.verdict && mark.rank == claim.rank && same_entry(&mark.entry)
        })
    }

    /// Writes the marks into a folder in every form that the toolbox reads, and returns the files.
    ///
    /// `qc_fail.yml`, `qc_artifact.yml` and `qc_pass.yml` list images by kind, `qc_report.json` and `qc_flags.json` restore a
    /// report's marks, `exclude.yml` and `include.yml` name the subjects (and sessions) for `sct_run_batch`: those with a fail or
    /// artifact, and those with passes only. A list without entries is written too, so that an older one does not stay.
    pub fn export(&self, project: &Project, folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
        let lines = self.lines(project);
        let listed =
            Verdict::ALL.map(|verdict| (format!("qc_{verdict}.yml"), by_kind(&lines, verdict).text()));
        let [exclude, include] =
            batches(&lines).map(|names| Lists::Plain(names.into_iter().collect()).text());
        let marks = || lines.iter().map(|line| (&line.entry, line.verdict, line.rank));
        let mut files = Vec::from(listed);
        files.push(("exclude.yml".to_owned(), exclude));
        files.push(("include.yml".to_owned(), include));
        files.push(("qc_report.json".to_owned(), report::write(marks()).to_string()));
        files.push(("qc_flags.json".to_owned(), flags::write(marks()).to_string()));
        let write = |(name, text): (String, String)| {
            let path = folder.join(name);
            write_bytes(&path, text.as_bytes()).map_err(DatasetError::io(&path))?;
            Ok(path)
        };
        files.into_iter().map(write).collect()
    }

    /// The marks of scans that the project still has, as lines of a report.
    fn lines<'a>(&'a self, project: &'a Project) -> Vec<Line<'a>> {
        let line = |(id, kind, mark): (&ScanId, &'a QcKind, &super::Mark)| {
            let scan = project.scan(id).ok()?;
            let own = || Entry::of(scan, kind, mark);
            let entry = mark.entry.as_deref().cloned().unwrap_or_else(own);
            Some(Line { scan, kind, entry, verdict: mark.verdict, rank: mark.rank })
        };
        self.all().filter_map(line).collect()
    }
}

struct Line<'a> {
    scan: &'a Scan,
    kind: &'a QcKind,
    entry: Entry,
    verdict: Option<Verdict>,
    rank: Option<u8>,
}

fn by_kind(lines: &[Line<'_>], verdict: Verdict) -> Lists {
    let mut headed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.verdict == Some(verdict)) {
        headed.entry(line.kind.heading().to_owned()).or_default().push(line.scan.image.display().to_string());
    }
    Lists::Headed(headed)
}

/// Subjects (and sessions) to leave out and to take.
fn batches(lines: &[Line<'_>]) -> [BTreeSet<String>; 2] {
    let name = |line: &Line<'_>| match &line.scan.session {
        Some(session) => format!("{}/{session}", line.scan.subject),
        None => line.scan.subject.clone(),
    };
    let with = |wanted: &dyn Fn(Verdict) -> bool| -> BTreeSet<String> {
        lines.iter().filter(|line| line.verdict.is_some_and(wanted)).map(name).collect()
    };
    let (bad, good) = (with(&|v| v != Verdict::Pass), with(&|v| v == Verdict::Pass));
    let good = good.difference(&bad).cloned().collect();
    [bad, good]
}

/// What a file claims, whichever form it has.
fn claims(file: &Path, text: &str, meaning: &Meaning) -> Result<Claims, String> {
    if file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
        let json: Value = serde_json::from_str(text.trim_start_matches('\u{FEFF}'))
            .map_err(|e| format!("is not JSON ({e}); save it from the report again"))?;
        return match json {
            Value::Object(keys) if !keys.contains_key("datasets") => Ok(flags::read(&keys)),
            report => report::read(report),
        };
    }
    let lists = Lists::read(text)?;
    let verdict = meaning.verdict.or_else(|| verdict_of_name(file)).ok_or(
        "does not say in its name whether its files pass or fail; say it with --mark pass, fail or artifact",
    )?;
    Ok(listed(lists, verdict, meaning))
}

/// `qc_fail.yml`, and `qc_fail (2).yml` as browsers call a second one.
fn verdict_of_name(file: &Path) -> Option<Verdict> {
    let name = file.file_name()?.to_string_lossy().to_lowercase();
    Verdict::ALL.into_iter().find(|verdict| name.starts_with(&format!("qc_{verdict}")))
}

fn listed(lists: Lists, verdict: Verdict, meaning: &Meaning) -> Claims {
    let claim = |name: String, kind: &QcKind, verdict: Verdict, comment: &str| {
        let (kind, verdict, comment) = (kind.clone(), Some(verdict), comment.to_owned());
        Claim { name, kind, verdict, rank: None, comment, entry: None }
    };
    let mut claims = Claims::default();
    match lists {
        Lists::Plain(names) => {
            claims.claims.extend(names.into_iter().map(|name| claim(name, &meaning.kind, verdict, "")));
        }
        Lists::Headed(headed) => {
            for (heading, names) in headed {
                let (kind, verdict, comment) = match heading.strip_prefix("CORR_") {
                    Some(rest) => (QcKind::from(format!("FILES_{rest}")), Verdict::Pass, CORRECTED),
                    None if heading.starts_with("FILES_") => (QcKind::from(heading), verdict, ""),
                    None => {
                        let why = "is no heading of files: those begin with FILES_ or CORR_".to_owned();
                        claims.odd.push(Unmatched { name: heading, why });
                        continue;
                    }
                };
                claims.claims.extend(names.into_iter().map(|name| claim(name, &kind, verdict, comment)));
            }
        }
    }
    claims
}

/// For each scan and kind the claim with the latest date, or the last in the file; fills in the rest of `imported`.
fn newest(
    project: &Project,
    claims: Vec<Claim>,
    imported: &mut Imported,
) -> BTreeMap<(ScanId, QcKind), Claim> {
    let finder = Finder::of(project);
    let mut newest: BTreeMap<(ScanId, QcKind), Claim> = BTreeMap::new();
    let date = |claim: &Claim| claim.entry.as_ref().map(|entry| entry.date.clone());
    for claim in claims {
        match finder.find(&claim.name) {
            Err(why) => imported.unmatched.push(Unmatched { name: claim.name, why }),
            Ok(scans) => {
                for scan in scans {
                    let place = (scan, claim.kind.clone());
                    let known = newest.get(&place);
                    imported.older += usize::from(known.is_some());
                    if known.is_none_or(|known| date(known) <= date(&claim)) {
                        newest.insert(place, claim.clone());
                    }
                }
            }
        }
    }
    imported.marked = newest.keys().cloned().collect();
    newest
}
