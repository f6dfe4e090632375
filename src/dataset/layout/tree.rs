//! Listing folders: names only. No file is opened and no link to a file is followed, so that thousands of scans on a slow
//! disk are listed at the speed of the folders; a link that leads nowhere is found later, by the checks.

use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::names::{is_centerline, nifti_stem, table_stem};
use crate::dataset::{Code, Problem};

/// A NIfTI file, or a centerline's table, found in a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    /// Path relative to the dataset.
    pub(super) path: PathBuf,
    /// Name without its ending.
    pub(super) stem: String,
}

impl Found {
    /// Whether it is a table of points rather than voxels.
    pub(super) fn is_table(&self) -> bool {
        is_table(&self.path)
    }
}

/// Whether a file is a table of points rather than voxels.
pub(super) fn is_table(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

/// What a listing yields: entries in the order of their names, and what could not be listed.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) files: Vec<Found>,
    /// Names of the folders directly inside.
    pub(super) folders: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

impl Listing {
    fn absorb(&mut self, other: Listing) {
        self.files.extend(other.files);
        self.problems.extend(other.problems);
    }
}

/// NIfTI files, centerline tables and folders directly in `root/inside`. Hidden entries are passed over, and so are projects
/// of this program below the root.
pub(super) fn list(root: &Path, inside: &Path) -> Listing {
    let mut listing = Listing::default();
    let entries = match fs::read_dir(root.join(inside)) {
        Ok(entries) => entries,
        Err(error) => {
            listing.problems.push(unreadable(inside, &error.to_string()));
            return listing;
        }
    };
    let entries: Vec<DirEntry> = entries.filter_map(Result::ok).collect();
    let below = !inside.as_os_str().is_empty();
    if below && entries.iter().any(|e| e.file_name() == crate::dataset::SETTINGS_FILE) {
        return listing;
    }
    for entry in entries {
        sort_in(&entry, inside, &mut listing);
    }
    listing.files.sort();
    listing.folders.sort();
    listing
}

/// Every such file in `root/inside` and in folders up to `depth` levels below it. The depth also ends circular links.
pub(super) fn walk(root: &Path, inside: &Path, depth: usize) -> Listing {
    let mut listing = list(root, inside);
    if depth > 0 {
        for folder in std::mem::take(&mut listing.folders) {
            listing.absorb(walk(root, &inside.join(folder), depth - 1));
        }
    }
    listing
}

/// [`walk`] of several folders at once, in their order.
pub(super) fn walk_all(root: &Path, folders: &[PathBuf], depth: usize) -> Vec<Listing> {
    folders.par_iter().map(|folder| walk(root, folder, depth)).collect()
}

fn sort_in(entry: &DirEntry, inside: &Path, listing: &mut Listing) {
    let os_name = entry.file_name();
    let Some(name) = os_name.to_str() else {
        let shown = inside.join(&os_name);
        listing.problems.push(Problem::new(
            Code::OddName,
            format!("the name of {} is not valid UTF-8, so it was left out", shown.display()),
            "rename it",
        ));
        return;
    };
    if name.starts_with('.') {
        return;
    }
    let kind = entry.file_type().ok();
    let in_centerlines = inside.to_str().is_some_and(is_centerline);
    let stem = nifti_stem(name).or_else(|| table_stem(name, in_centerlines));
    if let Some(stem) = stem.filter(|_| !kind.is_some_and(|k| k.is_dir())) {
        listing.files.push(Found { path: inside.join(name), stem: stem.to_owned() });
    } else if kind.is_some_and(|k| k.is_dir() || (k.is_symlink() && entry.path().is_dir())) {
        listing.folders.push(name.to_owned());
    }
}

fn unreadable(folder: &Path, reason: &str) -> Problem {
    let shown = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    Problem::new(
        Code::UnreadableFolder,
        format!("the folder {} cannot be listed: {reason}", shown.display()),
        "ask for permission to read it; its scans are missing from the list",
    )
}
