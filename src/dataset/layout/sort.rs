//! Telling images from labels where both lie in the same folder: by what a name adds to another, and by the words in it.

use std::collections::HashSet;
use std::path::Path;

use super::names::{has_suffix, splits, suffix};
use super::roles::sounds_like_label;
use super::tree::Found;

/// Splits files into images and labels. A name that the user asked for as an image suffix is an image whatever it sounds like.
pub(super) fn images_and_labels(files: Vec<Found>, wanted: &[String]) -> (Vec<Found>, Vec<Found>) {
    let known: HashSet<(Option<&Path>, &str)> =
        files.iter().map(|f| (f.path.parent(), f.stem.as_str())).collect();
    let is_image: Vec<bool> = files
        .iter()
        .map(|file| {
            let beside = |stem: &str| known.contains(&(file.path.parent(), stem));
            let wished = wanted.iter().any(|w| has_suffix(&file.stem, w));
            !file.is_table() && (wished || !is_label(&file.stem, beside))
        })
        .collect();
    let mut is_image = is_image.into_iter();
    files.into_iter().partition(|_| is_image.next().unwrap_or(false))
}

/// A label adds a label's word to the name of a file beside it, or ends with one.
fn is_label(stem: &str, beside: impl Fn(&str) -> bool) -> bool {
    let added = splits(stem).skip(1).filter(|(image, _)| beside(image)).last();
    sounds_like_label(added.map_or(suffix(stem), |(_, label)| label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn sorted(stems: &[&str], wanted: &[&str]) -> (Vec<String>, Vec<String>) {
        let file = |s: &&str| Found { path: PathBuf::from(format!("a/{s}.nii.gz")), stem: (*s).to_owned() };
        let wanted: Vec<String> = wanted.iter().map(|s| (*s).to_owned()).collect();
        let (images, labels) = images_and_labels(stems.iter().map(file).collect(), &wanted);
        let names = |files: Vec<Found>| files.into_iter().map(|f| f.stem).collect();
        (names(images), names(labels))
    }

    #[test]
    fn masks_are_never_images() {
        let (images, labels) = sorted(
            &["s_T2w", "s_T2w_seg", "s_T2w-lesion", "lesion", "s_T1w_lesion-manual", "s_T2w_defaced"],
            &[],
        );
        assert_eq!(images, ["s_T2w", "s_T2w_defaced"]);
        assert_eq!(labels, ["s_T2w_seg", "s_T2w-lesion", "lesion", "s_T1w_lesion-manual"]);
    }

    #[test]
    fn a_wish_overrides_the_words() {
        assert_eq!(sorted(&["s_lesion"], &["lesion"]).0, ["s_lesion"]);
    }
}
