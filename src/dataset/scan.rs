//! A scan: one image and the files that belong to it. Knows paths and names; opens nothing.

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Contrast;

/// The longest id in bytes: file names derived from it still fit the 255 bytes a file system allows.
const LONGEST: usize = 150;

/// The name of a scan, unique in its project and safe as a file name: letters, digits, `-`, `_`, `.` only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct ScanId(String);

impl ScanId {
    /// Makes an id of any text: every other character becomes `-`, leading dots go, overlong text is cut.
    pub fn new(text: &str) -> Self {
        let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let mut id: String = text.trim_start_matches(['.', ' ']).chars().map(safe).collect();
        let cut = (0..=LONGEST.min(id.len())).rev().find(|&at| id.is_char_boundary(at)).unwrap_or(0);
        id.truncate(cut);
        Self(if id.is_empty() { "scan".to_owned() } else { id })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// [`ScanId::new`], with `-2`, `-3`, … appended while `taken` has it (letter case ignored, as some file systems do).
    pub(super) fn unique(text: &str, taken: &mut HashSet<String>) -> Self {
        let plain = Self::new(text);
        let mut id = plain.clone();
        let mut count = 1;
        while !taken.insert(id.0.to_lowercase()) {
            count += 1;
            id = Self(format!("{plain}-{count}"));
        }
        id
    }
}

impl From<String> for ScanId {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for ScanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One image with the masks and curve that belong to it. Two runs of one subject are two scans.
///
/// In an open project every path is absolute; in `scans.json` it is relative to the dataset where it lies inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Unique name.
    pub id: ScanId,
    /// The person, as the dataset names it (`sub-01`): the unit of train/test splits.
    pub subject: String,
    /// Session as the dataset names it (`ses-02`).
    pub session: Option<String>,
    /// Repetition within the session (`run-1`).
    pub run: Option<String>,
    /// What kind of image the file name says it is (`T2starw`); empty when it says nothing.
    pub suffix: String,
    /// The contrast: as set for the project, else as the file name suggests.
    pub contrast: Contrast,
    /// The image.
    pub image: PathBuf,
    /// What is to be learnt: the lesion mask.
    pub mask: Option<PathBuf>,
    /// Spinal cord mask.
    pub cord: Option<PathBuf>,
    /// Centerline: a voxel mask or a CSV.
    pub centerline: Option<PathBuf>,
}

impl Scan {
    /// The same scan with every path passed through `change`.
    pub(super) fn map_paths(mut self, change: impl Fn(&Path) -> PathBuf) -> Self {
        self.image = change(&self.image);
        for path in [&mut self.mask, &mut self.cord, &mut self.centerline].into_iter().flatten() {
            *path = change(path);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_and_unique() {
        assert_eq!(ScanId::new("../a b/ç\u{0}é.x").as_str(), "-a-b-ç-é.x");
        assert_eq!(ScanId::new("").as_str(), "scan");
        let long = ScanId::new(&"é".repeat(200));
        assert!(long.as_str().len() <= LONGEST && long.as_str().chars().all(|c| c == 'é'));
        let mut taken = HashSet::new();
        let ids: Vec<_> = ["a", "A", "a"].map(|t| ScanId::unique(t, &mut taken).to_string()).into();
        assert_eq!(ids, ["a", "A-2", "a-3"]);
    }
}
