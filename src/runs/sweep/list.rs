//! `sweep.json`: the points of a sweep and their last known states. Written whole after every change, so that a queue that dies
//! leaves the list as it was.

use super::SweepError;
use crate::training::RunDir;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const FILE: &str = "sweep.json";
/// Beside the project's `runs`: a sweep is no run, and its runs are directories like any other's.
const FOLDER: &str = "sweeps";

/// A sweep's directory, `P/sweeps/<utc>-<name>`: the list, the queue's lock and console, the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepDir(RunDir);

/// Content of `sweep.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The project, absolute.
    pub project: PathBuf,
    /// Devices of the queue, one training at a time on each; empty: one training at a time on what its settings say.
    #[serde(default)]
    pub devices: Vec<String>,
    /// The keys in which the points differ.
    pub varying: Vec<String>,
    /// The trainings, in the order of the queue.
    pub points: Vec<PointEntry>,
}

/// One training of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointEntry {
    /// Name of its directory in the project's `runs`.
    pub run: String,
    /// What it sets: (key, value).
    pub settings: Vec<(String, String)>,
    /// Word of its state when the queue last looked; the run directory knows better.
    pub state: String,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The queue's device it was last started on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl SweepDir {
    /// The sweep at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(RunDir::new(path))
    }

    /// Whether a directory is a sweep.
    pub fn is_one(path: &Path) -> bool {
        path.join(FILE).is_file()
    }

    /// Where the sweeps of a project are.
    pub fn folder(project: &Path) -> PathBuf {
        project.join(FOLDER)
    }

    /// A name not taken yet in `project`; nothing is created.
    pub fn propose(project: &Path, name: &str) -> Self {
        Self(RunDir::propose(&Self::folder(project), name))
    }

    /// As something that is held, asked to stop and launched like a run.
    pub fn as_run(&self) -> &RunDir {
        &self.0
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

impl Sweep {
    /// Reads a sweep's list.
    ///
    /// # Errors
    /// The directory is no sweep, or its list is damaged.
    pub fn read(dir: &SweepDir) -> Result<Self, SweepError> {
        let path = dir.file(FILE);
        std::fs::read(&path)
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(Into::into))
            .map_err(|source| SweepError::NotASweep { path, source })
    }

    /// Writes it whole.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, dir: &SweepDir) -> Result<(), SweepError> {
        let path = dir.file(FILE);
        serde_json::to_vec_pretty(self)
            .map_err(Into::into)
            .and_then(|bytes| crate::files::write_bytes(&path, &bytes))
            .map_err(SweepError::write(&path))
    }

    /// The run directory of a point.
    pub fn run(&self, point: &PointEntry) -> RunDir {
        RunDir::new(self.project.join("runs").join(&point.run))
    }

    /// The run directories, in the order of the points.
    pub fn runs(&self) -> Vec<RunDir> {
        self.points.iter().map(|p| self.run(p)).collect()
    }
}

impl PointEntry {
    /// What it sets among `keys`, in a line.
    pub fn words(&self, keys: &[String]) -> String {
        let told: Vec<_> = self.settings.iter().filter(|(key, _)| keys.contains(key)).cloned().collect();
        super::plan::words(&told)
    }
}
