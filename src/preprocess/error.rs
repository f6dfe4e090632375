//! What can go wrong between a scan and its crop, each as a sentence with a next step.

use std::path::PathBuf;

use crate::centerline::CenterlineError;
use crate::dataset::{DatasetError, ScanId};
use crate::volume::VolumeError;

/// Why a crop could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum PreprocessError {
    /// Settings nobody can crop with.
    #[error(
        "crop size {size} or spacing {spacing_mm} mm makes no sense; use an even size of 2..512 voxels and 0.05..10 mm"
    )]
    Settings {
        /// Spacing asked for, mm.
        spacing_mm: f64,
        /// Size asked for, voxels.
        size: usize,
    },
    /// The curve belongs to another image, or to another space.
    #[error("the centerline lies outside the image; make it again on this image")]
    CurveOutside,
    /// Nothing to crop around.
    #[error(
        "{scan} has no centerline; draw one with `deepseg centerline`, or add a centerline file or a cord mask and run `deepseg init` again"
    )]
    NoCenterline {
        /// The scan without one.
        scan: ScanId,
    },
    /// An affine that cannot be inverted.
    #[error("the affine of the image or mask has collapsed axes; repair its header (sform or qform)")]
    Degenerate,
    /// No crop on disk yet.
    #[error("{scan} is not preprocessed; run `deepseg preprocess` on the project first")]
    Missing {
        /// The scan.
        scan: ScanId,
    },
    /// The crop on disk was made from other files or with other settings.
    #[error(
        "the crop of {scan} is out of date (its files or the settings changed); run `deepseg preprocess` again"
    )]
    Stale {
        /// The scan.
        scan: ScanId,
    },
    /// There is no crop because making it failed.
    #[error("{scan} could not be preprocessed: {reason}")]
    Failed {
        /// The scan.
        scan: ScanId,
        /// What was wrong then.
        reason: String,
    },
    /// A crop's record cannot be understood.
    #[error("{} is not a crop record ({source}); run `deepseg preprocess --force` to make it again", path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A crop file does not have the shape its record states.
    #[error("{} does not have the shape its record states; run `deepseg preprocess --force` to make it again", path.display())]
    Shape {
        /// The crop file.
        path: PathBuf,
    },
    /// Reading or writing one of our own files.
    #[error("cannot access {}: {source}; check the disk and its permissions", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A panic in the middle of one scan, kept from the others.
    #[error(
        "preprocessing stopped inside ({0}); this is a defect of deepseg, please report it with this line"
    )]
    Panicked(String),
    /// The centerline could not be made.
    #[error(transparent)]
    Centerline(#[from] CenterlineError),
    /// The scan could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A crop file could not be read.
    #[error(transparent)]
    Read(VolumeError),
    /// A crop file could not be written.
    #[error(transparent)]
    Write(VolumeError),
}

impl PreprocessError {
    /// The step that failed, as reports name it: `settings`, `read`, `centerline`, `crop` or `write`.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::Settings { .. } => "settings",
            Self::NoCenterline { .. } | Self::Centerline(_) => "centerline",
            Self::CurveOutside | Self::Degenerate | Self::Panicked(_) => "crop",
            Self::Write(_) => "write",
            _ => "read",
        }
    }
}
