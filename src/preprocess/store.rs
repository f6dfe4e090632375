//! Crops on disk: `derivatives/deepseg/<subject>/[<session>/]anat/<scan>_desc-crop*`, readable by any NIfTI tool.
//!
//! `_desc-crop.nii.gz` holds the intensities as in the file, `_desc-crop_mask.nii.gz` and `_desc-crop_cord.nii.gz` the masks,
//! `_desc-cropnorm.nii.gz` a standardised copy to look at. Their affine is that of the first slice: where the cord bends, later
//! slices lie elsewhere in the plane, and only the record `_desc-crop.json` says where. The record is written last, so a crop
//! with a record is whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ndarray::Array3;

use crate::dataset::{Project, Scan};
use crate::volume::{Grid, Volume, VolumeError, read_image, read_mask, write_image, write_mask};

use super::record::{self, FailureRecord, Output, Record};
use super::{Crop, Landmarks, PreprocessError, standardise};

/// Where the files of one scan's crop are, whether they exist or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CropFiles {
    /// Intensities as in the source.
    pub image: PathBuf,
    /// Lesion mask.
    pub mask: PathBuf,
    /// Cord mask.
    pub cord: PathBuf,
    /// Standardised intensities, for people to look at.
    pub normalised: PathBuf,
    /// The record.
    pub record: PathBuf,
    /// Why there is no crop.
    pub error: PathBuf,
}

impl CropFiles {
    /// The files of a scan in its project.
    pub fn of(project: &Project, scan: &Scan) -> Self {
        let file = |end: &str| project.derivative(scan, end);
        Self {
            image: file("crop.nii.gz"),
            mask: file("crop_mask.nii.gz"),
            cord: file("crop_cord.nii.gz"),
            normalised: file("cropnorm.nii.gz"),
            record: file("crop.json"),
            error: file("crop.error.json"),
        }
    }

    /// Whether all files that a record names are there and have its sizes.
    pub(super) fn are_whole(&self, record: &Record) -> bool {
        let folder = self.record.parent().unwrap_or(Path::new(""));
        let whole = |output: &Output| {
            fs::metadata(folder.join(&output.name)).is_ok_and(|found| found.len() == output.bytes)
        };
        !record.outputs.is_empty() && record.outputs.iter().all(whole)
    }

    /// Writes a crop, its standardised copy when there are landmarks, and last the record, completed with the files' sizes.
    pub(super) fn write(&self, crop: &Crop, mut record: Record) -> Result<(), PreprocessError> {
        // Without its record an interrupted crop is no crop.
        self.forget()?;
        let grid = Grid { shape: crop.frame.shape(), affine: crop.frame.first_slice_affine() };
        save(&self.image, &Volume { grid, data: crop.image.clone() }, write_image)?;
        let mut written = vec![&self.image];
        for (path, mask) in [(&self.mask, &crop.mask), (&self.cord, &crop.cord)] {
            if let Some(mask) = mask {
                save(path, &Volume { grid, data: mask.clone() }, write_mask)?;
                written.push(path);
            }
        }
        if let Some(landmarks) = &record.landmarks {
            save(&self.normalised, &Volume { grid, data: standardised(crop, landmarks) }, write_image)?;
            written.push(&self.normalised);
        }
        record.outputs = written.into_iter().map(|path| output(path)).collect::<Result<_, _>>()?;
        record::write(&self.record, &record)?;
        remove(&self.error)
    }

    /// Notes why there is no crop.
    pub(super) fn write_failure(&self, failure: &FailureRecord) -> Result<(), PreprocessError> {
        record::write(&self.error, failure)
    }

    /// Reads a crop back, given its record.
    pub(super) fn read(&self, record: Record) -> Result<Crop, PreprocessError> {
        let shape = record.frame.shape();
        let has = |path: &Path| record.outputs.iter().any(|o| path.file_name() == Some(o.name.as_ref()));
        let mask_at = |path: &Path| {
            has(path).then(|| shaped(path, shape, read_mask(path).map(|volume| volume.data))).transpose()
        };
        Ok(Crop {
            image: shaped(&self.image, shape, read_image(&self.image).map(|volume| volume.data))?,
            mask: mask_at(&self.mask)?,
            cord: mask_at(&self.cord)?,
            percentiles: record.percentiles,
            mask_report: record.mask,
            frame: record.frame,
        })
    }

    /// Takes away all files of an earlier crop, the record first.
    fn forget(&self) -> Result<(), PreprocessError> {
        [&self.record, &self.image, &self.mask, &self.cord, &self.normalised]
            .into_iter()
            .try_for_each(|p| remove(p))
    }
}

fn standardised(crop: &Crop, landmarks: &Landmarks) -> Array3<f32> {
    let mut image = crop.image.clone();
    standardise(&mut image, &crop.percentiles, landmarks);
    image
}

fn save<T>(
    path: &Path,
    volume: &Volume<T>,
    write: fn(&Path, &Volume<T>) -> Result<(), VolumeError>,
) -> Result<(), PreprocessError> {
    write(path, volume).map_err(PreprocessError::Write)
}

fn shaped<T>(
    path: &Path,
    shape: [usize; 3],
    read: Result<Array3<T>, VolumeError>,
) -> Result<Array3<T>, PreprocessError> {
    let array = read.map_err(PreprocessError::Read)?;
    if array.shape() == shape { Ok(array) } else { Err(PreprocessError::Shape { path: path.into() }) }
}

fn output(path: &Path) -> Result<Output, PreprocessError> {
    let found = fs::metadata(path).map_err(|source| PreprocessError::Io { path: path.into(), source })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Output { name, bytes: found.len() })
}

fn remove(path: &Path) -> Result<(), PreprocessError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(PreprocessError::Io { path: path.into(), source })
        }
        _ => Ok(()),
    }
}
