//! Where everything of a run lies. Only names: what is in the files is known by those who write and read them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A run directory; it need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunDir(PathBuf);

/// Why a run cannot be started, continued or written.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file or folder of the run could not be written.
    #[error(
        "{path}: cannot write ({source}); check free space and permissions, or choose another place with --run-dir"
    )]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of the run could not be read.
    #[error("{path}: cannot read ({source}); is this a run directory?")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process holds the lock.
    #[error("{0}: another trainer is working in this run; watch it, or stop it first with `deepseg stop`")]
    Busy(PathBuf),
    /// A new run was to start where one already is.
    #[error("{0}: already holds a run; continue it with --resume, or choose another --run-dir")]
    Exists(PathBuf),
    /// The signals that ask for a stop could not be caught.
    #[error("cannot listen for Ctrl-C and termination ({0})")]
    Signals(io::Error),
    /// The frozen configuration is unusable.
    #[error(transparent)]
    Config(#[from] super::ConfigError),
}

impl RunError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Write { path, source }
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Read { path, source }
    }
}

impl RunDir {
    /// The run at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// A name not taken yet below `runs`: `<utc>-<slug>`, e.g. `20261123T153309Z-t2s-small`; nothing is created.
    pub fn propose(runs: &Path, slug: &str) -> Self {
        let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
        let base = format!("{stamp}-{}", file_safe(slug));
        let mut path = runs.join(&base);
        let mut n = 2;
        while path.exists() {
            path = runs.join(format!("{base}-{n}"));
            n += 1;
        }
        Self(path)
    }

    /// The run of that name below `runs`, with what a folder's name cannot hold replaced and at most 60 characters.
    pub fn named(runs: &Path, name: &str) -> Self {
        Self(runs.join(file_safe(name)))
    }

    /// Makes the directory and its folders; harmless when they are there.
    pub fn create(&self) -> Result<(), RunError> {
        for folder in [self.control(), self.checkpoints(), self.samples()] {
            fs::create_dir_all(&folder).map_err(RunError::write(&folder))?;
        }
        Ok(())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The directory's last name: how the run is called on screen.
    pub fn name(&self) -> String {
        let full = std::path::absolute(&self.0).unwrap_or_else(|_| self.0.clone());
        full.file_name().map_or_else(|| self.0.display().to_string(), |n| n.to_string_lossy().into_owned())
    }

    /// The frozen configuration.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// Who trains ([`super::RunInfo`]).
    pub fn run_json(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// The append-only log of [`super::Event`]s.
    pub fn events(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// Standard output and error of a detached trainer.
    pub fn console(&self) -> PathBuf {
        self.0.join("console.log")
    }

    /// Held exclusively by the trainer for its whole life.
    pub fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// Request files from viewers.
    pub fn control(&self) -> PathBuf {
        self.0.join("control")
    }

    /// Request: finish the step, write a checkpoint, end.
    pub fn stop_request(&self) -> PathBuf {
        self.control().join("stop")
    }

    /// Request: end at once, without a checkpoint.
    pub fn stop_now_request(&self) -> PathBuf {
        self.control().join("stop-now")
    }

    /// Request: write a checkpoint and go on.
    pub fn snapshot_request(&self) -> PathBuf {
        self.control().join("snapshot")
    }

    /// Folder of checkpoints, each complete or absent.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// Folder of the scores (`summary.json`, tables) and of `predictions/<scan>.nii.gz` on one side of the split: `train`, `val`
    /// or `test`.
    pub fn evaluation(&self, side: &str) -> PathBuf {
        self.0.join("evaluation").join(side)
    }

    /// Folder of the event files that TensorBoard opens.
    pub fn tensorboard(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// Folder of predictions of the watched validation subject.
    pub fn samples(&self) -> PathBuf {
        self.0.join("samples")
    }
}

fn file_safe(slug: &str) -> String {
    let kept: String =
        slug.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
    let trimmed = kept.trim_matches(['-', '.']);
    if trimmed.is_empty() { "run".into() } else { trimmed.chars().take(60).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proposed_names_are_safe_and_never_taken() {
        let runs = tempfile::tempdir().unwrap();
        let first = RunDir::propose(runs.path(), "../t2s small/\u{e9}");
        assert_eq!(first.path().parent(), Some(runs.path()));
        first.create().unwrap();
        let second = RunDir::propose(runs.path(), "../t2s small/\u{e9}");
        assert_ne!(first, second);
        assert!(first.name().ends_with("t2s-small"), "{}", first.name());
    }

    #[test]
    fn an_unwritable_place_gives_a_sentence() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = RunDir::new(dir.path().join("file/run")).create().unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains("--run-dir"), "{error}");
    }
}
