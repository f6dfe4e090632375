//! Scans and masks to files, with the storage and the faults real archives have.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::files;
use crate::volume::{Volume, write_image, write_mask};

use super::DemoError;
use super::cohort::Fault;
use super::scanner::Storage;

/// Writes an image as the scanner stores it.
pub(super) fn write_scan(path: &Path, image: &Volume<f32>, storage: Storage) -> Result<(), DemoError> {
    match storage {
        Storage::Float => Ok(write_image(path, image)?),
        Storage::Integer { slope } => write_integers(path, image, slope),
    }
}

/// Writes a lesion mask, with its fault if it has one.
pub(super) fn write_lesions(path: &Path, mask: &Volume<u8>, fault: Option<Fault>) -> Result<(), DemoError> {
    match fault {
        None => write_mask(path, mask)?,
        Some(Fault::ShiftedHeader) => {
            let mut shifted = mask.clone();
            for (row, shift) in shifted.grid.affine.0.iter_mut().zip([0.35, -0.2, 0.4]) {
                row[3] += shift;
            }
            write_mask(path, &shifted)?;
        }
        Some(Fault::Painted255) => {
            let painted = Volume { grid: mask.grid, data: mask.data.mapv(|v| 255.0 * f32::from(v)) };
            write_image(path, &painted)?;
        }
    }
    Ok(())
}

/// Where NIfTI-1 keeps what differs between float and integer storage, and where its voxels begin.
const DATATYPE: usize = 70;
const BITS: usize = 72;
const SLOPE: usize = 112;
const VOXELS: usize = 352;

/// Writes 16-bit integers with a slope: the float file's header with three fields changed, then the rounded voxels.
fn write_integers(path: &Path, image: &Volume<f32>, slope: f64) -> Result<(), DemoError> {
    let scratch = tempfile::tempdir().map_err(DemoError::io(path))?;
    let float = scratch.path().join("float.nii");
    write_image(&float, image)?;
    let mut content = fs::read(&float).map_err(DemoError::io(&float))?;
    content.truncate(VOXELS);
    content[DATATYPE..DATATYPE + 2].copy_from_slice(&4i16.to_le_bytes());
    content[BITS..BITS + 2].copy_from_slice(&16i16.to_le_bytes());
    content[SLOPE..SLOPE + 4].copy_from_slice(&(slope as f32).to_le_bytes());
    // The transpose walks axis 0 fastest, as the file does.
    let stored = image.data.t();
    content
        .extend(stored.iter().flat_map(|value| ((f64::from(*value) / slope).round() as i16).to_le_bytes()));
    files::write_whole(path, |out| {
        let mut zipped = GzEncoder::new(out, Compression::default());
        zipped.write_all(&content)?;
        zipped.finish().map(drop)
    })
    .map_err(DemoError::io(path))
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use crate::volume::{Affine, Grid, read_header, read_image};

    use super::*;

    #[test]
    fn integers_read_back_within_half_a_slope_on_the_same_grid() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.nii.gz");
        let grid = Grid { shape: [3, 4, 5], affine: Affine::scaling([0.5, 0.7, 3.0], [-3.0, 2.0, 9.0]) };
        let data = Array3::from_shape_fn([3, 4, 5], |(i, j, k)| (i * 100 + j * 10 + k) as f32 * 1.37);
        write_scan(&path, &Volume { grid, data: data.clone() }, Storage::Integer { slope: 0.25 }).unwrap();
        let back = read_image(&path).unwrap();
        assert!(back.grid.difference(&grid).is_none());
        assert!(back.data.iter().zip(&data).all(|(a, b)| (a - b).abs() <= 0.125));
        assert_eq!(read_header(&path).unwrap().slope, 0.25);
    }
}
