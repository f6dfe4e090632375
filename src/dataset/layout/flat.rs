//! Flat folders: `images/` beside `masks/` (also nnU-Net's `imagesTr`/`labelsTr`, `Only_NIIs`/`Masks`, `cord/`, `centerlines/`),
//! or images and masks together in one folder.

use std::path::Path;

use super::names::{entity, suffix};
use super::roles::{Folder, of_folder};
use super::sort::images_and_labels;
use super::tree::{Found, list, walk};
use super::{Contrast, Files, Image, Label};

/// Levels below `images/` and `masks/` that are looked into, for datasets that sort them by site or session.
const DEPTH: usize = 2;

/// Images and labels of a flat dataset.
pub(super) fn find(root: &Path, wanted: &[String]) -> Files {
    let top = list(root, Path::new(""));
    let mut files = Files { problems: top.problems, ..Files::default() };
    let (images, labels) = images_and_labels(top.files, wanted);
    files.images.extend(images.into_iter().map(image));
    files.labels.extend(labels.into_iter().map(|f| label(f, None)));
    for name in &top.folders {
        let Some(meaning) = of_folder(name) else { continue };
        let listing = walk(root, Path::new(name), DEPTH);
        files.problems.extend(listing.problems);
        match meaning {
            Folder::Images => {
                files.images.extend(listing.files.into_iter().filter(|f| !f.is_table()).map(image))
            }
            Folder::Labels(role) => {
                files.labels.extend(listing.files.into_iter().map(|f| label(f, Some(role))))
            }
        }
    }
    files
}

fn image(found: Found) -> Image {
    let stem = without_channel(&found.stem).to_owned();
    let contrast = Contrast::guess(&stem);
    let named = Contrast::guess(suffix(&stem)).is_some();
    Image {
        path: found.path,
        group: String::new(),
        id: found.stem,
        subject: entity(&stem, "sub").unwrap_or_else(|| subject(&stem).to_owned()),
        session: entity(&stem, "ses"),
        run: entity(&stem, "run"),
        suffix: if named { suffix(&stem).to_owned() } else { String::new() },
        contrast,
        stem,
    }
}

fn label(found: Found, role: Option<super::Role>) -> Label {
    Label { path: found.path, stem: found.stem, group: String::new(), role, rank: 0 }
}

/// nnU-Net appends the channel to images, `_0000`, and not to labels.
fn without_channel(stem: &str) -> &str {
    match stem.rsplit_once('_') {
        Some((case, channel)) if channel.len() == 4 && channel.bytes().all(|b| b.is_ascii_digit()) => case,
        _ => stem,
    }
}

/// The name without trailing words that say session, run or contrast: `P01_ses2_T2` and `P01_T1` are one person.
fn subject(stem: &str) -> &str {
    let Some((rest, last)) = stem.rsplit_once('_') else { return stem };
    let lower = last.to_lowercase();
    let numbered = |prefix: &str| {
        lower
            .strip_prefix(prefix)
            .is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit() || c == '-'))
    };
    if Contrast::guess(last).is_some() || numbered("ses") || numbered("run") { subject(rest) } else { stem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_under_several_names() {
        for stem in ["P01_T2", "P01_ses2_T1w", "P01_ses-2_run1_t2star", "P01"] {
            assert_eq!(subject(stem), "P01", "{stem}");
        }
        assert_eq!(subject("case_12"), "case_12");
        assert_eq!(without_channel("case_12_0000"), "case_12");
    }
}
