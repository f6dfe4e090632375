//! Opening files: compressed or not, in one or several gzip members, alone or as a `.hdr` + `.img` pair.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::VolumeError;

/// Deflate cannot shrink by more than this (RFC 1951: 258 bytes from 2 bits at best).
const MOST_INFLATION: u64 = 1032;

/// An open file, inflated on the way when it is compressed.
pub(super) struct Opened {
    pub(super) stream: Box<dyn Read>,
    pub(super) compressed: bool,
    /// The most bytes the stream can give: the file's length, or what deflate could make of it.
    pub(super) at_most: u64,
}

/// Opens a file; it is taken as gzip by its first bytes, not by its name.
pub(super) fn open(path: &Path) -> Result<Opened, VolumeError> {
    let failed = |source| VolumeError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let mut file = BufReader::with_capacity(64 * 1024, file);
    let compressed = file.fill_buf().map_err(failed)?.starts_with(&[0x1f, 0x8b]);
    let stream: Box<dyn Read> = if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let at_most = if compressed { length.saturating_mul(MOST_INFLATION) } else { length };
    Ok(Opened { stream, compressed, at_most })
}

/// Names an error met while reading: bad compressed data, or the system's.
pub(super) fn reading(path: &Path, source: io::Error) -> VolumeError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            VolumeError::Damaged { path, source }
        }
        _ => VolumeError::Read { path, source },
    }
}

/// The file with the header: the path itself, or the `.hdr` beside an `.img`.
pub(super) fn header_path(path: &Path) -> Result<PathBuf, VolumeError> {
    other_half(path, ".img", ".hdr").unwrap_or_else(|| Ok(path.to_owned()))
}

/// The file with the voxels of a pair: the `.img` beside a `.hdr`.
pub(super) fn voxel_path(path: &Path) -> Result<PathBuf, VolumeError> {
    other_half(path, ".hdr", ".img").unwrap_or_else(|| Ok(path.to_owned()))
}

/// When the name ends in `from` (or `from.gz`): the same name ending in `to`, compressed or not, whichever is there.
fn other_half(path: &Path, from: &str, to: &str) -> Option<Result<PathBuf, VolumeError>> {
    let name = path.file_name()?.to_str()?;
    let (plain, gz) = match name.strip_suffix(".gz") {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    let stem = plain.strip_suffix(from)?;
    let (bare, zipped) =
        (path.with_file_name(format!("{stem}{to}")), path.with_file_name(format!("{stem}{to}.gz")));
    let (first, second) = if gz { (zipped, bare) } else { (bare, zipped) };
    Some(
        [&first, &second]
            .into_iter()
            .find(|p| p.exists())
            .cloned()
            .ok_or_else(|| VolumeError::HalfAPair { path: path.to_owned(), missing: first.clone() }),
    )
}
