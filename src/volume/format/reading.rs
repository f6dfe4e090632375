//! Voxels from a file: any real type and byte order, slope and intercept applied in f64 before the cast.

use std::io::{self, Read};
use std::path::Path;

use ndarray::{Array3, ShapeBuilder};

use super::header::{Header, read_header};
use super::{VolumeError, source};
use crate::volume::Volume;

/// Bytes decoded at a time; a multiple of every voxel size.
const BLOCK: usize = 256 * 1024;

/// Reads an image with its values as f32 (scaled in f64 first); NaN and infinities are kept.
pub fn read_image(path: &Path) -> Result<Volume<f32>, VolumeError> {
    read_volume(path, |value| value as f32)
}

/// Reads a mask: every value above 0 is 1, all else (NaN too) 0.
pub fn read_mask(path: &Path) -> Result<Volume<u8>, VolumeError> {
    read_volume(path, |value| u8::from(value > 0.0))
}

fn read_volume<T>(path: &Path, cast: impl Fn(f64) -> T) -> Result<Volume<T>, VolumeError> {
    let header = read_header(path)?;
    if header.volumes() != 1 {
        return Err(VolumeError::SeveralVolumes { path: path.to_owned(), count: header.volumes() });
    }
    let voxels = if header.unscaled() {
        read_voxels(path, &header, cast)?
    } else {
        read_voxels(path, &header, |stored| cast(stored * header.slope + header.inter))?
    };
    let data = Array3::from_shape_vec(header.grid.shape.f(), voxels)
        .map_err(|e| VolumeError::BadHeader { path: path.to_owned(), reason: e.to_string() })?;
    Ok(Volume { grid: header.grid, data })
}

fn read_voxels<T>(path: &Path, header: &Header, finish: impl Fn(f64) -> T) -> Result<Vec<T>, VolumeError> {
    let path = if header.pair { source::voxel_path(path)? } else { path.to_owned() };
    let size = header.datatype.bytes().ok_or_else(|| VolumeError::Unsupported {
        path: path.clone(),
        datatype: header.datatype.to_string(),
    })?;
    let mut opened = source::open(&path)?;
    let expected = header.voxels() as u64 * size as u64;
    let short = |found| VolumeError::Truncated { path: path.clone(), expected, found };
    if opened.at_most < header.offset.saturating_add(expected) {
        return Err(short(opened.at_most.saturating_sub(header.offset)));
    }
    let failed = |e| source::reading(&path, e);
    let skipped =
        io::copy(&mut opened.stream.by_ref().take(header.offset), &mut io::sink()).map_err(failed)?;
    if skipped < header.offset {
        return Err(short(0));
    }
    // A compressed file may promise far more than it holds: room is made as the voxels arrive.
    let mut voxels = Vec::with_capacity(if opened.compressed { 0 } else { header.voxels() });
    let mut block = Vec::with_capacity(BLOCK);
    let mut left = expected;
    while left > 0 {
        block.clear();
        opened.stream.by_ref().take(left.min(BLOCK as u64)).read_to_end(&mut block).map_err(failed)?;
        if block.is_empty() {
            return Err(short(expected - left));
        }
        left -= block.len() as u64;
        if left > 0 && block.len() < BLOCK {
            return Err(short(expected - left));
        }
        header.datatype.decode(&block, header.big_endian, &finish, &mut voxels);
    }
    if opened.compressed {
        // Reading on to the end of the member checks its checksum.
        opened.stream.read(&mut [0]).map_err(failed)?;
    }
    Ok(voxels)
}
