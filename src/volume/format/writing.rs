//! Volumes to a file: NIfTI-1, little-endian, whole or absent, compressed when the name ends in `.gz`.
//!
//! The sform is exact (code 1, scanner). The qform is equal to it (code 1) unless the axes are sheared: a quaternion cannot
//! say so, and then its code is 0 so that no reader prefers the approximation.

use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::VolumeError;
use super::quaternion::{affine_from_qform, qform_from_affine};
use crate::files;
use crate::volume::{Affine, Grid, Volume};

/// Header, and four zeros that say that no extension follows.
const OFFSET: usize = 352;

/// Writes values as float32 to `.nii` or `.nii.gz`.
pub fn write_image(path: &Path, image: &Volume<f32>) -> Result<(), VolumeError> {
    write_volume(path, image, 16, |value: &f32| value.to_le_bytes())
}

/// Writes a mask as uint8 to `.nii` or `.nii.gz`.
pub fn write_mask(path: &Path, mask: &Volume<u8>) -> Result<(), VolumeError> {
    write_volume(path, mask, 2, |value: &u8| [*value])
}

fn write_volume<T, const N: usize>(
    path: &Path,
    volume: &Volume<T>,
    datatype: i16,
    bytes: impl Fn(&T) -> [u8; N],
) -> Result<(), VolumeError> {
    let refused =
        |reason: &str| VolumeError::NotWritable { path: path.to_owned(), reason: reason.to_owned() };
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.ends_with(".nii") && !name.ends_with(".nii.gz") {
        return Err(refused("give a name that ends in .nii or .nii.gz"));
    }
    if volume.grid.shape.iter().any(|n| *n > i16::MAX as usize) {
        return Err(refused("an axis is longer than the 32767 voxels NIfTI-1 allows; crop the image first"));
    }
    let head = header(&volume.grid, datatype, 8 * N as i16);
    let content = |out: &mut dyn Write| -> io::Result<()> {
        out.write_all(&head)?;
        let mut block = Vec::with_capacity(64 * 1024);
        for voxel in volume.data.t().iter() {
            block.extend_from_slice(&bytes(voxel));
            if block.len() + N > block.capacity() {
                out.write_all(&block)?;
                block.clear();
            }
        }
        out.write_all(&block)
    };
    files::write_whole(path, |out| {
        if !name.ends_with(".gz") {
            return content(out);
        }
        let mut zipped = GzEncoder::new(out, Compression::default());
        content(&mut zipped)?;
        zipped.finish().map(drop)
    })
    .map_err(|source| VolumeError::Write { path: path.to_owned(), source })
}

fn header(grid: &Grid, datatype: i16, bits: i16) -> [u8; OFFSET] {
    let mut head = Head([0; OFFSET]);
    let spacing = grid.spacing();
    let ((bcd, qfac), origin) = (qform_from_affine(&grid.affine), grid.world([0.0; 3]));
    head.put(0, 348i32.to_le_bytes());
    head.shorts(40, &[3, grid.shape[0] as i16, grid.shape[1] as i16, grid.shape[2] as i16, 1, 1, 1, 1]);
    head.shorts(70, &[datatype, bits]);
    head.floats(76, &[qfac, spacing[0], spacing[1], spacing[2], 1.0, 1.0, 1.0, 1.0]);
    head.floats(108, &[OFFSET as f64, 1.0, 0.0]);
    // Millimetres.
    head.put(123, [2]);
    let description = concat!("deepseg ", env!("CARGO_PKG_VERSION")).as_bytes();
    head.0[148..148 + description.len()].copy_from_slice(description);
    let same = is_same(&affine_from_qform(bcd, origin, spacing, qfac), &grid.affine);
    head.shorts(252, &[i16::from(same), 1]);
    head.floats(256, &bcd);
    head.floats(268, &origin);
    for (row, values) in grid.affine.0.iter().enumerate() {
        head.floats(280 + 16 * row, values);
    }
    head.put(344, *b"n+1\0");
    head.0
}

/// Whether two affines agree as well as 32-bit numbers can say.
fn is_same(a: &Affine, b: &Affine) -> bool {
    let spacing = b.spacing();
    (0..3).all(|row| (0..3).all(|axis| (a.0[row][axis] - b.0[row][axis]).abs() <= 1e-5 * spacing[axis]))
}

struct Head([u8; OFFSET]);

impl Head {
    fn put<const N: usize>(&mut self, offset: usize, bytes: [u8; N]) {
        self.0[offset..offset + N].copy_from_slice(&bytes);
    }

    fn shorts(&mut self, offset: usize, values: &[i16]) {
        values.iter().enumerate().for_each(|(i, v)| self.put(offset + 2 * i, v.to_le_bytes()));
    }

    fn floats(&mut self, offset: usize, values: &[f64]) {
        values.iter().enumerate().for_each(|(i, v)| self.put(offset + 4 * i, (*v as f32).to_le_bytes()));
    }
}
