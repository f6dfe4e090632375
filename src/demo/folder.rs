//! The folder a whole demonstration lives in: the cohort and, beside it, the project made for it.

use std::path::{Path, PathBuf};

use super::DemoError;
use super::bids;

/// A folder with `dataset/` (the cohort) and `project/` in it.
#[derive(Clone, Debug)]
pub struct DemoFolder(PathBuf);

impl DemoFolder {
    /// The demonstration in `dir`, which must be absent, empty, or a demonstration already. Writes nothing.
    pub fn claim(dir: &Path) -> Result<Self, DemoError> {
        let folder = Self(dir.to_owned());
        if bids::is_empty(dir) || (folder.dataset().is_dir() && bids::is_ours(&folder.dataset())) {
            return Ok(folder);
        }
        Err(DemoError::NotADemo(dir.to_owned()))
    }

    /// Where the cohort is.
    pub fn dataset(&self) -> PathBuf {
        self.0.join("dataset")
    }

    /// Where the project is.
    pub fn project(&self) -> PathBuf {
        self.0.join("project")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_folders_and_demonstrations_are_taken() {
        let dir = tempfile::tempdir().unwrap();
        assert!(DemoFolder::claim(&dir.path().join("new")).is_ok());
        let folder = DemoFolder::claim(dir.path()).unwrap();
        bids::write_descriptions(&folder.dataset(), 1).unwrap();
        assert!(DemoFolder::claim(dir.path()).is_ok());
        std::fs::remove_dir_all(folder.dataset()).unwrap();
        std::fs::write(dir.path().join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(DemoFolder::claim(dir.path()), Err(DemoError::NotADemo(_))));
    }
}
