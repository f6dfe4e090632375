//! What can stop work on a dataset or project, each with the file and the next step.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::volume::VolumeError;

/// An error of the dataset room.
#[derive(Debug, Error)]
pub enum DatasetError {
    /// A file or folder could not be read or written.
    #[error("cannot use {}: {source}; check that it exists and that you have permission", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The dataset is not a folder.
    #[error("{} is not a folder; give the folder that holds the images", .0.display())]
    NotAFolder(PathBuf),
    /// No layout fits.
    #[error(
        "{} does not look like a dataset: no sub-* folders (BIDS), no images/ and masks/ folders, no Subject/Contrast/ folders \
         with NIfTI files; give another folder, or a list with --list FILE.csv",
        .0.display()
    )]
    NoLayout(PathBuf),
    /// A list that cannot be used at all.
    #[error("{}: {message}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// `deepseg.toml` has a mistake.
    #[error("{}, line {line}: {message}", path.display())]
    Settings {
        /// The settings file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong, naming the key.
        message: String,
    },
    /// A folder without project files.
    #[error("{path} is not a deepseg project (no deepseg.toml); make one with `deepseg init DATASET --project {path}`", path = .0.display())]
    NotAProject(PathBuf),
    /// The folder is a project of another dataset.
    #[error(
        "{} is already the project of {}; choose another folder, or replace it with --replace (decisions are lost, the data is not touched)",
        dir.display(), root.display()
    )]
    OtherDataset {
        /// The project folder.
        dir: PathBuf,
        /// The dataset it belongs to.
        root: PathBuf,
    },
    /// The project would lie in the data.
    #[error(
        "the project {} would lie inside the dataset {}, which is never written; choose another folder, or say --inside-dataset",
        dir.display(), root.display()
    )]
    InsideDataset {
        /// The project folder.
        dir: PathBuf,
        /// The dataset.
        root: PathBuf,
    },
    /// A file of the project is damaged or from a newer version.
    #[error("{}: {message}", path.display())]
    Damaged {
        /// The project file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// A file of quality-control marks that cannot be understood.
    #[error("{} {message}", path.display())]
    Marks {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        message: String,
    },
    /// No scan has this id.
    #[error("this project has no scan called {0:?}; `deepseg check` lists the names")]
    UnknownScan(String),
    /// A fix that needs a scan to be named.
    #[error("`--fix {0}` is a decision about one scan; name it with --scan ID")]
    FixNeedsScan(super::Fix),
    /// A mask that has no place on its image.
    #[error(
        "{} has {mask_shape:?} voxels and its image {} has {image_shape:?}; redraw or resample the mask, or exclude the scan",
        mask.display(), image.display()
    )]
    Shape {
        /// The mask.
        mask: PathBuf,
        /// Its voxels per axis.
        mask_shape: [usize; 3],
        /// The image.
        image: PathBuf,
        /// Its voxels per axis.
        image_shape: [usize; 3],
    },
    /// A volume could not be read.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

impl DatasetError {
    /// Wraps an [`io::Error`] with the path it is about.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
