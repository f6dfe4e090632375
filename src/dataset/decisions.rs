//! `decisions.json`: what was decided about single scans, by key or by command. Machine-written, versioned.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{DatasetError, Fix, ScanId};
use crate::files::write_bytes;

/// The version of the file this program writes and reads.
const VERSION: u32 = 1;

/// What was decided about one scan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Decision {
    /// Left out of everything.
    pub excluded: bool,
    /// Fixes taken. [`Fix::Exclude`] is never here: `excluded` says it.
    pub fixes: BTreeSet<Fix>,
    /// The centerline method chosen for this scan; `None`: the project's usual one.
    pub centerline: Option<String>,
}

impl Decision {
    /// Takes a fix.
    pub fn take(&mut self, fix: Fix) {
        self.set(fix, true);
    }

    /// Takes a fix back.
    pub fn undo(&mut self, fix: Fix) {
        self.set(fix, false);
    }

    /// Whether a fix is taken.
    pub fn has(&self, fix: Fix) -> bool {
        if fix == Fix::Exclude { self.excluded } else { self.fixes.contains(&fix) }
    }

    fn set(&mut self, fix: Fix, taken: bool) {
        match (fix, taken) {
            (Fix::Exclude, _) => self.excluded = taken,
            (_, true) => {
                self.fixes.insert(fix);
            }
            (_, false) => {
                self.fixes.remove(&fix);
            }
        }
    }
}

/// The decisions of a project, by scan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Decisions {
    version: u32,
    scans: BTreeMap<ScanId, Decision>,
}

impl Default for Decisions {
    fn default() -> Self {
        Self { version: VERSION, scans: BTreeMap::new() }
    }
}

impl Decisions {
    /// Reads the file; no decisions where there is none.
    pub(super) fn read(path: &Path) -> Result<Self, DatasetError> {
        let text = match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other.map_err(DatasetError::io(path))?,
        };
        let damaged = |message: String| DatasetError::Damaged { path: path.to_owned(), message };
        let read: Self = serde_json::from_slice(&text).map_err(|e| {
            damaged(format!("cannot be understood ({e}); restore it from a backup or move it away"))
        })?;
        if read.version > VERSION {
            return Err(damaged(format!(
                "was written by a newer deepseg (version {}); update deepseg",
                read.version
            )));
        }
        Ok(read)
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), DatasetError> {
        let text =
            serde_json::to_vec_pretty(self).map_err(io::Error::from).map_err(DatasetError::io(path))?;
        write_bytes(path, &text).map_err(DatasetError::io(path))
    }

    /// What was decided about a scan; nothing, by default.
    pub(super) fn of(&self, scan: &ScanId) -> Decision {
        self.scans.get(scan).cloned().unwrap_or_default()
    }

    /// Records a decision; one that says nothing is not kept.
    pub(super) fn set(&mut self, scan: &ScanId, decision: Decision) {
        if decision == Decision::default() {
            self.scans.remove(scan);
        } else {
            self.scans.insert(scan.clone(), decision);
        }
    }
}
