//! The layout of SCT's deepseg-training recipe: a folder per subject, in it a folder per contrast with the image, the lesion
//! mask and perhaps cord and centerline: `Sub001/T2/T2.nii.gz`, `Sub001/T2/T2_lesion.nii.gz`.

use std::path::{Path, PathBuf};

use super::sort::images_and_labels;
use super::tree::{Found, list, walk_all};
use super::{Contrast, Files, Image, Label};

/// Images and labels of every `Subject/Contrast/` folder.
pub(super) fn find(root: &Path, wanted: &[String]) -> Files {
    let top = list(root, Path::new(""));
    let mut files = Files { problems: top.problems, loose: true, ..Files::default() };
    let names: Vec<&String> = top.folders.iter().filter(|name| *name != "derivatives").collect();
    let subjects: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
    for (subject, listing) in names.into_iter().zip(walk_all(root, &subjects, 1)) {
        files.problems.extend(listing.problems);
        let (images, labels) = images_and_labels(listing.files, wanted);
        let alone = |file: &Found| images.iter().filter(|other| folder(other) == folder(file)).count() == 1;
        files.images.extend(images.iter().map(|f| image(f, subject, alone(f))));
        files.labels.extend(labels.into_iter().map(|f| {
            let group = folder(&f);
            Label { path: f.path, stem: f.stem, group, role: None, rank: 0 }
        }));
    }
    files
}

/// The folder of a file, which is the group its labels are matched in.
fn folder(file: &Found) -> String {
    file.path.parent().map(|p| p.to_string_lossy().into_owned()).unwrap_or_default()
}

fn image(file: &Found, subject: &str, alone: bool) -> Image {
    let group = folder(file);
    let contrast_folder =
        file.path.parent().and_then(|p| p.strip_prefix(subject).ok()).map(|p| p.to_string_lossy());
    let contrast_folder = contrast_folder.unwrap_or_default().into_owned();
    let place =
        if contrast_folder.is_empty() { subject.to_owned() } else { format!("{subject}_{contrast_folder}") };
    Image {
        path: file.path.clone(),
        stem: file.stem.clone(),
        id: if alone { place } else { format!("{place}_{}", file.stem) },
        subject: subject.to_owned(),
        session: None,
        run: None,
        contrast: Contrast::guess(&contrast_folder).or_else(|| Contrast::guess(&file.stem)),
        suffix: if contrast_folder.is_empty() { file.stem.clone() } else { contrast_folder },
        group,
    }
}
