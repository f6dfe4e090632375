//! What can be wrong with a volume's file, each as a sentence with a next step.

use std::io;
use std::path::PathBuf;

/// A volume that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// The file cannot be opened or read.
    #[error("cannot read {}: {source}; check that the file exists and that you may read it", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The compressed data are broken.
    #[error("{} is damaged: {source}; test it with `gzip -t` and copy it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What decompression said.
        source: io::Error,
    },
    /// Not NIfTI at all.
    #[error("{} is not a NIfTI file: {reason}; convert it, e.g. with dcm2niix or `sct_convert`", path.display())]
    NotNifti {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        reason: String,
    },
    /// The header contradicts itself or the file.
    #[error("{} has an unusable header: {reason}; export the image again from its source", path.display())]
    BadHeader {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Fewer bytes than the header announces.
    #[error(
        "{} is cut short: its header announces {expected} bytes of voxels but only {found} are there; copy it again",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Bytes of voxels the header announces.
        expected: u64,
        /// Bytes there are (for a compressed file, at most).
        found: u64,
    },
    /// Voxels that are not real numbers.
    #[error(
        "{} holds {datatype} voxels, not one real number each; extract the component you need, e.g. with `fslmaths` or nibabel",
        path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Name of the voxel type.
        datatype: String,
    },
    /// More than one volume in the file.
    #[error(
        "{} holds {count} volumes; pick one into a file of its own, e.g. the first with `fslroi {} one.nii.gz 0 1`, \
         or split all with `sct_image -i {} -split t`",
        path.display(), path.display(), path.display()
    )]
    SeveralVolumes {
        /// The file.
        path: PathBuf,
        /// How many volumes.
        count: usize,
    },
    /// Half of a `.hdr` + `.img` pair.
    #[error("{} has no {} beside it; put both halves of the pair into one folder", path.display(), missing.display())]
    HalfAPair {
        /// The file that is there.
        path: PathBuf,
        /// The file that is not.
        missing: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write {}: {source}; check the folder's permissions and free space", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The volume cannot be written as NIfTI-1 under this name.
    #[error("cannot write {}: {reason}", path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
}
