//! `qc.json`: the marks of a project, by scan and kind. Machine-written, versioned.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Mark, QcKind, Verdict};
use crate::dataset::{DatasetError, Project, ScanId};
use crate::files::write_bytes;

/// Name of the file in the project folder.
const FILE: &str = "qc.json";
/// The version of the file this program writes and reads.
const VERSION: u32 = 1;

/// The marks of one scan, by kind.
pub type MarkedScan = BTreeMap<QcKind, Mark>;

/// The marks of a project. Every change is written at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QcMarks {
    path: PathBuf,
    scans: BTreeMap<ScanId, MarkedScan>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    version: u32,
    scans: BTreeMap<ScanId, MarkedScan>,
}

impl QcMarks {
    /// The marks of a project; none where nobody gave any.
    pub fn of_project(project: &Project) -> Result<Self, DatasetError> {
        let path = project.dir().join(FILE);
        let scans = read(&path)?;
        Ok(Self { path, scans })
    }

    /// Forgets all marks in a project folder: they were those of another dataset.
    pub(in crate::dataset) fn forget(project_dir: &Path) -> Result<(), DatasetError> {
        let path = project_dir.join(FILE);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DatasetError::io(&path)(error)),
            _ => Ok(()),
        }
    }

    /// The mark of one kind of result of a scan.
    pub fn mark(&self, scan: &ScanId, kind: &QcKind) -> Option<&Mark> {
        self.scans.get(scan)?.get(kind)
    }

    /// Every mark of a scan.
    pub fn of(&self, scan: &ScanId) -> impl Iterator<Item = (&QcKind, &Mark)> {
        self.scans.get(scan).into_iter().flatten()
    }

    /// Every mark, by scan and kind.
    pub fn all(&self) -> impl Iterator<Item = (&ScanId, &QcKind, &Mark)> {
        self.scans.iter().flat_map(|(scan, marks)| marks.iter().map(move |(kind, mark)| (scan, kind, mark)))
    }

    /// Gives scans a verdict (`None`: takes it and the rank back), and a comment where there is one to give.
    pub fn set(
        &mut self,
        scans: &[ScanId],
        kind: &QcKind,
        verdict: Option<Verdict>,
        comment: Option<&str>,
    ) -> Result<(), DatasetError> {
        let changes = scans.iter().map(|scan| (scan.clone(), kind.clone()));
        self.change(changes, |_, mark| {
            mark.verdict = verdict;
            if verdict.is_none() {
                mark.rank = None;
                mark.comment.clear();
            }
            if let Some(comment) = comment {
                mark.comment = comment.trim().to_owned();
            }
        })
    }

    /// Changes marks, says who and when, and writes all. A mark that says nothing afterwards is not kept.
    ///
    /// `change` is told the position in `places`. The file is read first: another process may have written it.
    pub fn change(
        &mut self,
        places: impl IntoIterator<Item = (ScanId, QcKind)>,
        mut change: impl FnMut(usize, &mut Mark),
    ) -> Result<(), DatasetError> {
        let before = read(&self.path)?;
        let mut scans = before.clone();
        for (position, (scan, kind)) in places.into_iter().enumerate() {
            let marks = scans.entry(scan).or_default();
            let mark = marks.entry(kind.clone()).or_default();
            (mark.by, mark.at) = (user(), now());
            change(position, mark);
            if mark.is_empty() {
                marks.remove(&kind);
            }
        }
        scans.retain(|_, marks| !marks.is_empty());
        if scans != before {
            write(&self.path, &scans)?;
        }
        self.scans = scans;
        Ok(())
    }
}

fn read(path: &Path) -> Result<BTreeMap<ScanId, MarkedScan>, DatasetError> {
    let text = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        other => other.map_err(DatasetError::io(path))?,
    };
    let damaged = |message: String| DatasetError::Damaged { path: path.to_owned(), message };
    let stored: Stored = serde_json::from_slice(&text).map_err(|e| {
        damaged(format!("cannot be understood ({e}); restore it from a backup or move it away"))
    })?;
    if stored.version > VERSION {
        let version = stored.version;
        return Err(damaged(format!("was written by a newer deepseg (version {version}); update deepseg")));
    }
    Ok(stored.scans)
}

fn write(path: &Path, scans: &BTreeMap<ScanId, MarkedScan>) -> Result<(), DatasetError> {
    let stored = Stored { version: VERSION, scans: scans.clone() };
    let text = serde_json::to_vec_pretty(&stored).map_err(io::Error::from).map_err(DatasetError::io(path))?;
    write_bytes(path, &text).map_err(DatasetError::io(path))
}

/// The name by which the system knows the user.
pub fn user() -> String {
    let named =
        ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    named.unwrap_or_else(|| "unknown".to_owned())
}

/// The time, to the second.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
