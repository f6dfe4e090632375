//! BIDS: `sub-*/[ses-*/]anat/`, labels in `derivatives/labels` and, where that has none, in the other `derivatives/*`.

use std::path::{Path, PathBuf};

use super::names::{entity, suffix};
use super::sort::images_and_labels;
use super::tree::{Found, list, walk_all};
use super::{Contrast, Files, Image, Label};

/// Folders from a subject down to its files: session, data type.
const DEPTH: usize = 2;

/// Images and labels of a BIDS dataset; labels kept beside the images count too.
pub(super) fn find(root: &Path, wanted: &[String]) -> Files {
    let mut files = Files::default();
    let raw = subjects(root, Path::new(""), &mut files);
    for (subject, found) in walk(root, &raw, &mut files) {
        let (images, labels) = images_and_labels(found, wanted);
        files.images.extend(images.into_iter().map(|f| image(f, &subject)));
        files.labels.extend(labels.into_iter().map(|f| label(f, &subject, 1)));
    }
    for (rank, folder) in derivatives(root, &mut files) {
        let below = subjects(root, &folder, &mut files);
        for (subject, found) in walk(root, &below, &mut files) {
            files.labels.extend(found.into_iter().map(|f| label(f, &subject, rank)));
        }
    }
    anatomy_only(&mut files, wanted);
    files
}

/// The `sub-*` folders in a folder.
fn subjects(root: &Path, inside: &Path, files: &mut Files) -> Vec<PathBuf> {
    let listing = list(root, inside);
    files.problems.extend(listing.problems);
    listing.folders.iter().filter(|name| name.starts_with("sub-")).map(|name| inside.join(name)).collect()
}

/// The folders of `derivatives`, `labels` ranked first, then `labels_*`, then the rest.
fn derivatives(root: &Path, files: &mut Files) -> Vec<(u8, PathBuf)> {
    let top = Path::new("derivatives");
    if !root.join(top).is_dir() {
        return Vec::new();
    }
    let listing = list(root, top);
    files.problems.extend(listing.problems);
    let rank = |name: &str| match name {
        "labels" => 0,
        n if n.starts_with("labels") => 2,
        _ => 3,
    };
    // What this program derived is no input to it.
    listing
        .folders
        .iter()
        .filter(|name| *name != "deepseg")
        .map(|name| (rank(name), top.join(name)))
        .collect()
}

/// The files of each subject folder, with the subject's name.
fn walk(root: &Path, folders: &[PathBuf], files: &mut Files) -> Vec<(String, Vec<Found>)> {
    let listings = walk_all(root, folders, DEPTH).into_iter();
    let named = folders.iter().zip(listings).map(|(folder, listing)| {
        files.problems.extend(listing.problems);
        let subject = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        (subject, listing.files)
    });
    named.collect()
}

fn image(found: Found, subject: &str) -> Image {
    let stem = found.stem;
    Image {
        path: found.path,
        group: subject.to_owned(),
        id: stem.clone(),
        subject: subject.to_owned(),
        session: entity(&stem, "ses"),
        run: entity(&stem, "run"),
        suffix: suffix(&stem).to_owned(),
        contrast: Contrast::guess(&stem),
        stem,
    }
}

fn label(found: Found, subject: &str, rank: u8) -> Label {
    Label { path: found.path, stem: found.stem, group: subject.to_owned(), role: None, rank }
}

/// Without a wish, only `anat` is looked at where there is one: diffusion and functional series are no candidates.
fn anatomy_only(files: &mut Files, wanted: &[String]) {
    let in_anat = |image: &Image| image.path.parent().is_some_and(|folder| folder.ends_with("anat"));
    if wanted.is_empty() && files.images.iter().any(in_anat) {
        files.images.retain(in_anat);
    }
}
