//! Which job a run was handed in as: `slurm.json` in its directory.

use super::SlurmError;
use crate::training::RunDir;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;

const FILE: &str = "slurm.json";

/// A job, or one task of a job array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId {
    /// Slurm's number of the job, or of the array.
    pub job: u64,
    /// The task of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<u32>,
}

/// Content of `slurm.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SlurmJob {
    /// The job.
    #[serde(flatten)]
    pub id: JobId,
    /// The script that was handed in.
    pub script: PathBuf,
    /// Unix time in seconds.
    pub submitted: f64,
}

impl fmt::Display for JobId {
    /// As Slurm writes it: `12`, or `12_3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            Some(task) => write!(f, "{}_{task}", self.job),
            None => write!(f, "{}", self.job),
        }
    }
}

impl std::str::FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('_') {
            Some((job, task)) => Self { job: job.parse()?, task: Some(task.parse()?) },
            None => Self { job: text.parse()?, task: None },
        })
    }
}

impl SlurmJob {
    /// The job of a run, when it was handed in as one.
    pub fn of(dir: &RunDir) -> Option<Self> {
        let bytes = std::fs::read(dir.path().join(FILE)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps it in the run's directory.
    pub(super) fn keep(&self, dir: &RunDir) -> Result<(), SlurmError> {
        let path = dir.path().join(FILE);
        let bytes = serde_json::to_vec_pretty(self).map_err(|e| SlurmError::file(&path)(e.into()))?;
        crate::files::write_bytes(&path, &bytes).map_err(SlurmError::file(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_kept_with_its_run() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        assert_eq!(SlurmJob::of(&dir), None);
        for text in ["12", "12_3"] {
            let id: JobId = text.parse().unwrap();
            let job = SlurmJob { id, script: "/r/job.sbatch".into(), submitted: 1.5 };
            job.keep(&dir).unwrap();
            assert_eq!(SlurmJob::of(&dir), Some(job));
            assert_eq!(id.to_string(), text);
        }
        assert!("12_[1-3]".parse::<JobId>().is_err());
    }
}
