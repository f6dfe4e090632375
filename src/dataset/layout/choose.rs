//! Which images and which labels are meant when the user did not say, and what to tell the user about it.

use std::collections::BTreeMap;

use super::names::{canonical, has_suffix};
use super::roles::{Role, is_segmentation, of_label};
use super::{Contrast, Image, Settings};
use crate::dataset::{Code, Problem};

/// Names of the labels in the dataset, with the number of images that have one. The names are as first written.
pub(super) type Names = BTreeMap<String, (String, usize)>;

/// The canonical names of the labels to use for each role, the preferred one first; none where the dataset has none.
#[derive(Default)]
pub(super) struct Choice {
    names: BTreeMap<Role, Vec<String>>,
}

impl Choice {
    /// What a label with this name is used for, and its place among the labels of that role.
    pub(super) fn role(&self, label: &str) -> Option<(Role, usize)> {
        let name = canonical(label);
        self.names.iter().find_map(|(role, names)| Some((*role, names.iter().position(|n| *n == name)?)))
    }
}

/// Settles the labels of each role: the one that is set, else the likely ones by their names.
pub(super) fn labels(names: &Names, settings: &Settings, problems: &mut Vec<Problem>) -> Choice {
    let mut choice = Choice::default();
    let set = [
        (Role::Mask, &settings.mask),
        (Role::Cord, &settings.cord),
        (Role::Centerline, &settings.centerline),
    ];
    for (role, wish) in set.iter().filter_map(|(role, wish)| wish.as_ref().map(|w| (*role, w))) {
        if !names.contains_key(&canonical(wish)) {
            problems.push(nothing_matches(role.name(), wish, names.values().map(|(name, _)| name.as_str())));
        }
        choice.names.insert(role, vec![canonical(wish)]);
    }
    // Cord and centerline first: what is left over may then be the mask.
    for (role, _) in set.iter().rev().filter(|(_, wish)| wish.is_none()) {
        let (used, others) = likely(*role, names, &choice);
        if !used.is_empty() {
            let written = |names_: &[String]| names_.iter().map(|n| names[n].0.clone()).collect::<Vec<_>>();
            problems.push(assumed_label(*role, &written(&used), &written(&others)));
            choice.names.insert(*role, used);
        }
    }
    choice
}

/// The labels to use for a role, best first, and those that were passed over.
///
/// Manual ones come first, then the most frequent. A cord found by a program is better than none; but lesions drawn by hand are
/// not completed with lesions found by a program.
fn likely(role: Role, names: &Names, choice: &Choice) -> (Vec<String>, Vec<String>) {
    let free = || names.keys().filter(|name| choice.role(name).is_none());
    let mut fitting: Vec<String> = free().filter(|name| of_label(name) == Some(role)).cloned().collect();
    if fitting.is_empty() && role == Role::Mask {
        fitting = free().filter(|name| of_label(name).is_none() && is_segmentation(name)).cloned().collect();
        // Several structures and no lesion among them: a guess would be as often wrong as right.
        if fitting.len() > 1 {
            return Default::default();
        }
    }
    let by_hand = |name: &String| name.contains("manual");
    fitting.sort_by_key(|name| (!by_hand(name), usize::MAX - names[name].1, name.len(), name.clone()));
    let mixed = role == Role::Mask && fitting.first().is_some_and(by_hand);
    fitting.into_iter().partition(|name| !mixed || by_hand(name))
}

fn assumed_label(role: Role, used: &[String], others: &[String]) -> Problem {
    let word = role.name();
    let used = used.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", else ");
    let more = if others.is_empty() { String::new() } else { format!(", not {}", others.join(", ")) };
    Problem::new(
        Code::Assumed,
        format!("took the labels named {used} as {word}{more}"),
        format!("say `--{word} SUFFIX` to use another"),
    )
}

/// Whether each image is meant: as set, else of the set contrast, else those that have a mask.
pub(super) fn images(
    images: &[Image],
    has_mask: &[bool],
    settings: &Settings,
    problems: &mut Vec<Problem>,
) -> Vec<bool> {
    if !settings.image.is_empty() {
        return wished(images, settings, problems);
    }
    let of_contrast = |image: &Image| settings.contrast.is_none() || image.contrast == settings.contrast;
    let any_of_contrast = images.iter().any(of_contrast);
    let in_contrast: Vec<bool> = images.iter().map(|i| !any_of_contrast || of_contrast(i)).collect();
    let masked_suffixes: Vec<&str> = (0..images.len())
        .filter(|&i| in_contrast[i] && has_mask[i])
        .map(|i| images[i].suffix.as_str())
        .collect();
    let usable =
        |image: &Image| masked_suffixes.is_empty() || masked_suffixes.contains(&image.suffix.as_str());
    let keep: Vec<bool> = images.iter().zip(&in_contrast).map(|(i, ok)| *ok && usable(i)).collect();
    tell_images(images, &keep, problems);
    keep
}

/// Whether the user's wish, if there is one, includes an image.
pub(super) fn may_be_meant(image: &Image, settings: &Settings) -> bool {
    settings.image.is_empty() || settings.image.iter().any(|wish| fits(image, wish))
}

fn fits(image: &Image, wish: &str) -> bool {
    has_suffix(&image.stem, wish) || has_suffix(&image.id, wish) || image.suffix.eq_ignore_ascii_case(wish)
}

fn wished(images: &[Image], settings: &Settings, problems: &mut Vec<Problem>) -> Vec<bool> {
    for wish in settings.image.iter().filter(|wish| !images.iter().any(|i| fits(i, wish))) {
        problems.push(nothing_matches("image", wish, images.iter().map(|i| i.suffix.as_str())));
    }
    images.iter().map(|image| may_be_meant(image, settings)).collect()
}

/// Tells which kinds of images were taken, when there was a choice.
fn tell_images(images: &[Image], keep: &[bool], problems: &mut Vec<Problem>) {
    let kinds = |kept: bool| {
        let mut names: Vec<&str> =
            images.iter().zip(keep).filter(|(_, k)| **k == kept).map(|(i, _)| i.suffix.as_str()).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        names.join(", ")
    };
    let (taken, left) = (kinds(true), kinds(false));
    if taken.contains(", ") || !left.is_empty() {
        let more = if left.is_empty() { String::new() } else { format!(", not {left}") };
        problems.push(Problem::new(
            Code::Assumed,
            format!("took the images named {taken}{more}"),
            "say `--image SUFFIX` to use others",
        ));
    }
}

/// The contrast of an image: as set, else as its name suggests.
pub(super) fn contrast(image: &Image, settings: &Settings) -> Contrast {
    let guessed = || image.contrast.clone().unwrap_or_else(|| Contrast::Other("unknown".to_owned()));
    settings.contrast.clone().unwrap_or_else(guessed)
}

fn nothing_matches<'a>(what: &str, wish: &str, present: impl Iterator<Item = &'a str>) -> Problem {
    let mut present: Vec<&str> = present.filter(|name| !name.is_empty()).collect();
    present.sort_unstable();
    present.dedup();
    let fix = match present.as_slice() {
        [] => format!("the dataset has none; leave `--{what}` out"),
        names => format!("the dataset has {}; say `--{what}` with one of them", names.join(", ")),
    };
    Problem::new(Code::NothingMatches, format!("no {what} is named \"{wish}\""), fix)
}
