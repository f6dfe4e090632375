//! The subjects a project holds out for testing: named once, in `held_out.json`, and kept for every later run, seed, fold and
//! sweep, so that no model is chosen on what it will be judged by.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use super::split::Candidate;
use crate::dataset::{Project, Scan};
use crate::files::{content_hash, write_first};

/// The file in the project folder.
pub const HELD_OUT_FILE: &str = "held_out.json";

/// Raised when the meaning of a field changes.
const VERSION: u32 = 1;

/// Who is held out, and who was there to choose from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    version: u32,
    /// When they were named, UTC.
    pub named: String,
    /// The seed that drew them; `None` when a person chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Subjects that test.
    pub subjects: BTreeSet<String>,
    /// BLAKE3 of their images: the same picture under another name is held out too.
    pub images: BTreeSet<String>,
    /// The other subjects of that day; anyone who is on neither list is new.
    pub others: BTreeSet<String>,
}

impl HeldOut {
    /// Holds out `subjects`, all of their scans, whatever the contrast. Nothing is written.
    ///
    /// # Errors
    /// A subject the project does not have, or an image that cannot be read.
    pub fn of(project: &Project, subjects: &[String], seed: Option<u64>) -> Result<Self, TrainingError> {
        let all: BTreeSet<String> = project.active_scans().map(|scan| scan.subject.clone()).collect();
        let subjects: BTreeSet<String> = subjects.iter().cloned().collect();
        let unknown: Vec<String> = subjects.difference(&all).cloned().collect();
        if !unknown.is_empty() {
            return Err(TrainingError::UnknownSubjects(unknown.join(", ")));
        }
        let scans: Vec<&Scan> = project.active_scans().filter(|s| subjects.contains(&s.subject)).collect();
        let hash = |scan: &&Scan| {
            content_hash(&scan.image)
                .map_err(|source| TrainingError::Read { path: scan.image.clone(), source })
        };
        let images = scans.par_iter().map(hash).collect::<Result<Vec<_>, _>>()?;
        let others = all.difference(&subjects).cloned().collect::<Vec<_>>();
        Ok(Self { seed, ..Self::naming(subjects, images, others) })
    }

    /// Holds out these names and images, from now on.
    pub(super) fn naming(
        subjects: impl IntoIterator<Item = String>,
        images: impl IntoIterator<Item = String>,
        others: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            version: VERSION,
            named: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            seed: None,
            subjects: subjects.into_iter().collect(),
            images: images.into_iter().collect(),
            others: others.into_iter().collect(),
        }
    }

    /// What the project holds out; `None` where nothing was named yet.
    ///
    /// # Errors
    /// A file that cannot be understood is never taken for none.
    pub fn read(project: &Project) -> Result<Option<Self>, TrainingError> {
        let path = Self::path(project);
        let damaged = |reason: String| TrainingError::HeldOut { path: path.clone(), reason };
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| damaged(error.to_string()))?,
        };
        let held: Self = serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        if held.version > VERSION {
            return Err(damaged(format!("written by a newer deepseg, version {}", held.version)));
        }
        Ok(Some(held))
    }

    /// Names them for good. `false`, and nothing done, when somebody was named before, also by another process just now.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, project: &Project) -> Result<bool, TrainingError> {
        let path = Self::path(project);
        let written = serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .and_then(|text| write_first(&path, &text));
        written.map_err(|source| TrainingError::Write { path, source })
    }

    /// Where a project keeps them.
    pub fn path(project: &Project) -> PathBuf {
        project.dir().join(HELD_OUT_FILE)
    }

    /// Whether a scan belongs to somebody held out, by name or by content.
    pub(super) fn holds(&self, candidate: &Candidate) -> bool {
        self.subjects.contains(&candidate.subject) || self.images.contains(&candidate.content)
    }

    /// Whether a subject came to the project after the naming.
    pub(super) fn is_new(&self, subject: &str) -> bool {
        !self.subjects.contains(subject) && !self.others.contains(subject)
    }
}
