//! Bringing images and labels together, by the same rules for every layout.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::choose::{self, Names};
use super::lookup::Lookup;
use super::names::{canonical, splits};
use super::roles::Role;
use super::tree::is_table;
use super::{Discovery, Files, Image, Label, Settings};
use crate::dataset::{Code, Problem, Scan, ScanId};

/// Labels of this rank on come from other tools' derivatives, which are full of files that are nobody's label.
const FOREIGN: u8 = 2;

/// A label and the part of its name that says what it is.
struct Attached {
    label: Label,
    name: String,
}

/// Finds the image of every label, settles what is meant, and lists the scans.
pub(super) fn pair(files: Files, settings: &Settings) -> Discovery {
    let Files { mut images, labels, mut problems, loose } = files;
    drop_doubles(&mut images, &mut problems);
    let attached = attach(&images, labels, loose, &mut problems);
    let meant = attached.iter().zip(&images).filter(|(_, image)| choose::may_be_meant(image, settings));
    let choice = choose::labels(&names(meant.map(|(labels, _)| labels)), settings, &mut problems);
    let chosen: Vec<_> = attached
        .into_iter()
        .zip(&images)
        .map(|(labels, image)| {
            // A folder's meaning needs no choice by name.
            best(
                image,
                labels,
                |l| l.label.role.map(|role| (role, 0)).or_else(|| choice.role(&l.name)),
                &mut problems,
            )
        })
        .collect();
    let has_mask: Vec<bool> = chosen.iter().map(|by_role| by_role.contains_key(&Role::Mask)).collect();
    let keep = choose::images(&images, &has_mask, settings, &mut problems);
    let mut taken = HashSet::new();
    let meant = images.into_iter().zip(chosen).zip(keep).filter(|(_, keep)| *keep);
    let scans = meant.map(|((image, labels), _)| scan(image, labels, settings, &mut taken)).collect();
    Discovery { scans, problems }
}

/// The same image twice (`a.nii` beside `a.nii.gz`): the first by name is used.
fn drop_doubles(images: &mut Vec<Image>, problems: &mut Vec<Problem>) {
    images.sort_by(|a, b| a.path.cmp(&b.path));
    let mut seen: HashMap<(PathBuf, String), PathBuf> = HashMap::new();
    images.retain(|image| {
        let folder = image.path.parent().map(Path::to_owned).unwrap_or_default();
        let key = (folder, format!("{} {}", image.id, image.stem));
        let Some(first) = seen.get(&key) else {
            seen.insert(key, image.path.clone());
            return true;
        };
        problems.push(several("image", first, &image.path));
        false
    });
}

fn several(what: &str, used: &Path, other: &Path) -> Problem {
    Problem::new(
        Code::SeveralCandidates,
        format!(
            "two files could be the same {what}: {} was used, {} was not",
            used.display(),
            other.display()
        ),
        "remove one of them from the dataset, or name the files in a list",
    )
}

/// Gives every label to its image; labels of no image become problems. One entry per image.
fn attach(
    images: &[Image],
    labels: Vec<Label>,
    loose: bool,
    problems: &mut Vec<Problem>,
) -> Vec<Vec<Attached>> {
    let lookup = Lookup::new(images, loose);
    let mut attached: Vec<Vec<Attached>> = images.iter().map(|_| Vec::new()).collect();
    for label in labels {
        let Some((indices, name)) = lookup.of(&label) else {
            problems.extend((label.rank < FOREIGN).then(|| stray(&label, images)));
            continue;
        };
        for index in indices {
            attached[*index].push(Attached { label: label.clone(), name: name.to_owned() });
        }
    }
    attached
}

/// A label without image, or one that lies with another subject than it names.
fn stray(label: &Label, images: &[Image]) -> Problem {
    let path = label.path.display();
    let message = match images.iter().find(|image| splits(&label.stem).any(|(name, _)| name == image.stem)) {
        Some(image) => format!(
            "{path} is named after {}, which is {}'s, but lies with {}; it is not used",
            image.path.display(),
            image.subject,
            label.group
        ),
        None => format!("{path} belongs to no image in its place; it is not used"),
    };
    let fix = "check its name and folder: a label is named as its image, then `_` and what it is";
    Problem::new(Code::StrayLabel, message, fix)
}

/// The names of the labels of some images.
fn names<'a>(attached: impl Iterator<Item = &'a Vec<Attached>>) -> Names {
    let mut names = Names::new();
    // A label whose folder says what it is needs no choice.
    for label in attached.flatten().filter(|l| l.label.role.is_none() && !l.name.is_empty()) {
        names.entry(canonical(&label.name)).or_insert_with(|| (label.name.clone(), 0)).1 += 1;
    }
    names
}

/// The best label of each role: by name, then by folder, voxels before a table of the same. A second one as good is a problem.
fn best(
    image: &Image,
    mut labels: Vec<Attached>,
    role: impl Fn(&Attached) -> Option<(Role, usize)>,
    problems: &mut Vec<Problem>,
) -> BTreeMap<Role, PathBuf> {
    labels.sort_by(|a, b| a.label.path.cmp(&b.label.path));
    let mut chosen: BTreeMap<Role, ((usize, u8, bool), PathBuf)> = BTreeMap::new();
    for label in labels {
        let Some((role, preference)) = role(&label) else { continue };
        let merit = (preference, label.label.rank, is_table(&label.label.path));
        match chosen.get(&role) {
            Some((best, path)) if *best == merit => {
                problems.push(several(&format!("{} of {}", role.name(), image.id), path, &label.label.path));
            }
            Some((best, _)) if *best < merit => {}
            _ => {
                chosen.insert(role, (merit, label.label.path));
            }
        }
    }
    chosen.into_iter().map(|(role, (_, path))| (role, path)).collect()
}

fn scan(
    image: Image,
    mut labels: BTreeMap<Role, PathBuf>,
    settings: &Settings,
    taken: &mut HashSet<String>,
) -> Scan {
    Scan {
        id: ScanId::unique(&image.id, taken),
        contrast: choose::contrast(&image, settings),
        subject: image.subject,
        session: image.session,
        run: image.run,
        suffix: image.suffix,
        image: image.path,
        mask: labels.remove(&Role::Mask),
        cord: labels.remove(&Role::Cord),
        centerline: labels.remove(&Role::Centerline),
    }
}
