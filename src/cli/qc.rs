//! `deepseg qc P`: the quality-control marks of a project; give one, or exchange them with the Spinal Cord Toolbox's files.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Serialize;

use super::output::{self, CommandResult, Failure, Outcome};
use crate::dataset::qc::{Imported, Mark, Meaning, QcKind, QcMarks, Unmatched, Verdict};
use crate::dataset::{Project, ScanId};

/// The word that takes a mark back.
const NO_MARK: &str = "none";

/// List a project's quality-control marks, give one, or exchange them with the Spinal Cord Toolbox's files
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(value_name = "P", default_value = ".")]
    project: PathBuf,
    /// Take the marks of qc_fail.yml, qc_artifact.yml, qc_pass.yml, qc_report.json, qc_flags.json, or of a list of files or
    /// subjects
    #[arg(long, value_name = "FILE", conflicts_with_all = ["export", "comment", "rank"])]
    import: Option<PathBuf>,
    /// Write the marks into a folder: qc_*.yml, qc_report.json, qc_flags.json, and exclude.yml and include.yml for sct_run_batch
    #[arg(long, value_name = "DIR", conflicts_with_all = ["mark", "comment", "rank"])]
    export: Option<PathBuf>,
    /// The mark to give: pass, fail, artifact or none; with --import, what the files of a list deserve
    #[arg(long, value_name = "MARK", value_parser = read_mark)]
    mark: Option<Given>,
    /// A rank from 0 to 9
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=9), requires = "subject")]
    rank: Option<u8>,
    /// Why
    #[arg(long, value_name = "TEXT", requires = "subject")]
    comment: Option<String>,
    /// The subject (or scan) to mark or to list
    #[arg(long, value_name = "S")]
    subject: Option<String>,
    /// What was looked at: seg, lesion, gmseg, label, pmj, centerline, reg or timeseries
    #[arg(long, value_name = "KIND", default_value = "lesion", value_parser = QcKind::from_str)]
    kind: QcKind,
    /// Print one JSON object: marks, and imported or exported
    #[arg(long)]
    json: bool,
}

/// A verdict, or `None` to take one back.
type Given = Option<Verdict>;

fn read_mark(name: &str) -> Result<Given, String> {
    if name == NO_MARK {
        Ok(None)
    } else {
        name.parse().map(Some).map_err(|e: String| format!("{e}, or none"))
    }
}

impl Args {
    /// Does what is asked for and lists the marks.
    pub fn run(self) -> CommandResult {
        let project = Project::open(&self.project)?;
        let mut marks = QcMarks::of_project(&project)?;
        let mut report = Report::default();
        if let Some(file) = &self.import {
            report.imported = Some(self.import(&project, &mut marks, file)?);
        } else if let Some(folder) = &self.export {
            report.exported = Some(marks.export(&project, folder)?);
        } else if self.mark.is_some() || self.comment.is_some() || self.rank.is_some() {
            self.give(&project, &mut marks)?;
        }
        let wanted = self.wanted(&project)?;
        report.marks =
            marks.all().filter(|(id, ..)| wanted.as_ref().is_none_or(|w| w.contains(id))).map(row).collect();
        if self.json {
            output::json(&report)?
        } else {
            report.print()
        }
        let lost = report.imported.as_ref().is_some_and(|imported| !imported.unmatched.is_empty());
        Ok(if lost { Outcome::Problems } else { Outcome::Done })
    }

    fn import(&self, project: &Project, marks: &mut QcMarks, file: &Path) -> Result<Imported, Failure> {
        if self.mark == Some(None) {
            return Err(Failure::usage("a list cannot take marks back: --mark none goes with --subject"));
        }
        let meaning = Meaning { verdict: self.mark.flatten(), kind: self.kind.clone() };
        Ok(marks.import(project, file, &meaning)?)
    }

    fn give(&self, project: &Project, marks: &mut QcMarks) -> Result<(), Failure> {
        let Some(scans) = self.wanted(project)? else {
            return Err(Failure::usage("say which subject --mark is for: --subject S"));
        };
        if self.mark == Some(None) {
            return Ok(marks.set(&scans, &self.kind, None, None)?);
        }
        let places = scans.into_iter().map(|scan| (scan, self.kind.clone()));
        marks.change(places, |_, mark| {
            mark.verdict = self.mark.flatten().or(mark.verdict);
            mark.rank = self.rank.or(mark.rank);
            if let Some(comment) = &self.comment {
                mark.comment = comment.trim().to_owned();
            }
        })?;
        Ok(())
    }

    /// The scans of the subject named; `None` when none was.
    fn wanted(&self, project: &Project) -> Result<Option<Vec<ScanId>>, Failure> {
        let Some(name) = &self.subject else { return Ok(None) };
        let scans = project.scans().iter().filter(|scan| scan.subject == *name || scan.id.as_str() == name);
        let ids: Vec<ScanId> = scans.map(|scan| scan.id.clone()).collect();
        if ids.is_empty() {
            return Err(Failure::usage(format!("the project has no subject or scan called {name:?}")));
        }
        Ok(Some(ids))
    }
}

#[derive(Default, Serialize)]
struct Report<'a> {
    marks: Vec<Row<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imported: Option<Imported>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exported: Option<Vec<PathBuf>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a ScanId,
    kind: &'a QcKind,
    verdict: Option<Verdict>,
    rank: Option<u8>,
    comment: &'a str,
    by: &'a str,
    at: &'a str,
}

fn row<'a>((id, kind, mark): (&'a ScanId, &'a QcKind, &'a Mark)) -> Row<'a> {
    let Mark { verdict, rank, comment, by, at, .. } = mark;
    Row { id, kind, verdict: *verdict, rank: *rank, comment, by, at }
}

impl Report<'_> {
    fn print(&self) {
        if let Some(files) = &self.exported {
            files.iter().for_each(|file| output::line(file.display()));
            return;
        }
        self.marks.iter().for_each(|row| output::line(row.text()));
        if self.marks.is_empty() {
            output::note("no marks yet; give one with --mark, or take a report's with --import");
        }
        if let Some(imported) = &self.imported {
            for Unmatched { name, why } in &imported.unmatched {
                output::note(format_args!("{name}: {why}"));
            }
            let (marked, older, lost) = (imported.marked.len(), imported.older, imported.unmatched.len());
            output::note(format_args!(
                "{marked} marks taken, {older} older lines passed over, {lost} unused"
            ));
        }
    }
}

impl Row<'_> {
    fn text(&self) -> String {
        let verdict = self.verdict.map_or("-", Verdict::name);
        let rank = self.rank.map(|rank| format!(" rank {rank}")).unwrap_or_default();
        let comment = if self.comment.is_empty() { String::new() } else { format!(": {}", self.comment) };
        format!("{:<32}  {:<16}  {verdict:<8}{rank}  {}, {}{comment}", self.id, self.kind, self.by, self.at)
    }
}
