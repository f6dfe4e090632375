//! Finding the scans of a dataset. One file per layout says which files are images and which are labels; `pair` then brings
//! them together by the same rules for all. Knows names and folders; opens no image.

mod bids;
mod choose;
mod flat;
mod list;
mod lookup;
mod names;
mod pair;
mod persons;
mod recipe;
mod roles;
mod sort;
mod tree;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Contrast, DatasetError, Problem, Scan, Settings};
use roles::{Folder, Role};

/// How a dataset is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Looked at when the dataset is listed.
    #[default]
    Auto,
    /// `sub-*/[ses-*/]anat/` with labels in `derivatives/`.
    Bids,
    /// One folder of images and one of masks, or all in one folder.
    Flat,
    /// `SubNNN/Contrast/` as in SCT's deepseg-training recipe.
    Recipe,
    /// A CSV or TSV file that names every image.
    List,
}

impl Layout {
    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Bids => "bids",
            Self::Flat => "flat",
            Self::Recipe => "recipe",
            Self::List => "list",
        }
    }
}

/// What a dataset holds: the scans in the order of their paths, and what was odd or had to be assumed.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// The scans, with paths relative to the dataset wherever they lie inside it.
    pub scans: Vec<Scan>,
    /// What to tell the user.
    pub problems: Vec<Problem>,
}

/// An image as a layout found it.
#[derive(Clone, Debug)]
struct Image {
    path: PathBuf,
    /// What labels are matched against.
    stem: String,
    /// Labels match images of the same group only: a subject, a folder.
    group: String,
    /// Wish for the scan's id.
    id: String,
    subject: String,
    session: Option<String>,
    run: Option<String>,
    suffix: String,
    contrast: Option<Contrast>,
}

/// A label file as a layout found it.
#[derive(Clone, Debug)]
struct Label {
    path: PathBuf,
    stem: String,
    group: String,
    /// Set when the folder says what the label is.
    role: Option<Role>,
    /// Labels of a lower rank are used only where no better one exists.
    rank: u8,
}

/// What a layout yields.
#[derive(Debug, Default)]
struct Files {
    images: Vec<Image>,
    labels: Vec<Label>,
    problems: Vec<Problem>,
    /// A label that names no image belongs to the only image of its group.
    loose: bool,
}

/// Lists the scans of the dataset at `root`. Only folders are read, never a file (but the list, where there is one).
pub fn discover(root: &Path, settings: &Settings) -> Result<Discovery, DatasetError> {
    if !root.is_dir() {
        return Err(DatasetError::NotAFolder(root.to_owned()));
    }
    let mut discovery = match (&settings.list, settings.layout) {
        (Some(list), _) => list::scans(root, list, settings)?,
        (None, Layout::List) => return Err(no_list(root)),
        (None, layout) => in_folders(root, layout, settings)?,
    };
    discovery.problems.extend(persons::under_several_names(&discovery.scans));
    Ok(discovery)
}

/// The scans of a dataset whose layout tells them.
fn in_folders(root: &Path, layout: Layout, settings: &Settings) -> Result<Discovery, DatasetError> {
    let wanted = &settings.image;
    let files = match layout {
        Layout::Bids => bids::find(root, wanted),
        Layout::Flat => flat::find(root, wanted),
        Layout::Recipe => recipe::find(root, wanted),
        Layout::Auto | Layout::List => detect(root, wanted)?,
    };
    if files.images.is_empty() && files.problems.is_empty() {
        return Err(DatasetError::NoLayout(root.to_owned()));
    }
    Ok(pair::pair(files, settings))
}

fn no_list(root: &Path) -> DatasetError {
    DatasetError::List {
        path: root.to_owned(),
        message: "the layout is \"list\" but no list is named; set `list` to a CSV or TSV file".to_owned(),
    }
}

/// The first layout that the folder names fit.
fn detect(root: &Path, wanted: &[String]) -> Result<Files, DatasetError> {
    let top = tree::list(root, Path::new(""));
    if top.folders.iter().any(|name| name.starts_with("sub-")) {
        return Ok(bids::find(root, wanted));
    }
    let has_images = top.folders.iter().any(|name| roles::of_folder(name) == Some(Folder::Images));
    let flat = if has_images || !top.files.is_empty() { flat::find(root, wanted) } else { Files::default() };
    if !flat.images.is_empty() {
        return Ok(flat);
    }
    let recipe = recipe::find(root, wanted);
    if recipe.images.is_empty() { Err(DatasetError::NoLayout(root.to_owned())) } else { Ok(recipe) }
}
