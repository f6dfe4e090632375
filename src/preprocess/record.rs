//! What is written beside a crop: where it came from, how it was made, and the way back. JSON; the cache and people read it.

use std::path::Path;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::centerline::Confidence;
use crate::files::{self, Source};

use super::cache::Parameters;
use super::{Frame, Landmarks, MaskReport, Percentiles, PreprocessError};

/// The sidecar of a crop, `<scan>_desc-crop.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the program that made the crop.
    pub deepseg: String,
    /// Content hash of sources and parameters (BLAKE3, hex): equal keys mean equal crops.
    pub key: String,
    /// How the crop was made.
    pub parameters: Parameters,
    /// What it was made from.
    pub sources: Vec<Source>,
    /// The files it consists of.
    pub outputs: Vec<Output>,
    /// How the curve was found.
    pub curve_method: String,
    /// How sure that method was.
    pub curve_confidence: Option<Confidence>,
    /// Percentiles of the crop's intensities.
    pub percentiles: Percentiles,
    /// Landmarks of the standardised copy; `None` when the contrast has none and there is no such copy.
    pub landmarks: Option<Landmarks>,
    /// What happened to the lesion mask on its way.
    pub mask: Option<MaskReport>,
    /// Where the voxels lie.
    pub frame: Frame,
}

/// A file of a crop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its name, in the record's folder.
    pub name: String,
    /// Its size; another size on disk means that the file was cut short or changed.
    pub bytes: u64,
}

/// What is left of a scan that could not be cropped, `<scan>_desc-crop.error.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// Version of the program that tried.
    pub deepseg: String,
    /// How it tried.
    pub parameters: Parameters,
    /// What it tried with.
    pub sources: Vec<Source>,
    /// The step that failed.
    pub stage: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Reads a JSON record; `None` when there is none.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, PreprocessError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(PreprocessError::Io { path: path.into(), source }),
    };
    let parsed = serde_json::from_slice(&text);
    parsed.map(Some).map_err(|source| PreprocessError::Record { path: path.into(), source })
}

/// Writes a JSON record, whole or not at all.
pub(super) fn write(path: &Path, record: &impl Serialize) -> Result<(), PreprocessError> {
    let mut text =
        serde_json::to_vec(record).map_err(|source| PreprocessError::Record { path: path.into(), source })?;
    text.push(b'\n');
    files::write_bytes(path, &text).map_err(|source| PreprocessError::Io { path: path.into(), source })
}
