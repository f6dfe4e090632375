//! When a crop on disk is still the one that would be made now. Decided by content and parameters, never by names or the
//! order of events: a changed setting, mask, decision or version of this stage makes the crop stale, a copied file does not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::centerline::Method;
use crate::dataset::{Contrast, Decision, Fix, Project, Scan};
use crate::files::content_hash;

use super::{CropSettings, PreprocessError, StageSettings};

/// Version of what this room computes. Raise it whenever the same sources and settings would give other voxels.
const STAGE_VERSION: u32 = 1;

/// Everything but the sources that decides a crop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Version of the code of this stage.
    pub stage_version: u32,
    /// Spacing, size, order of the steps.
    pub crop: CropSettings,
    /// The fit through a cord mask.
    pub fit: String,
    /// The centerline method chosen for the scan, else `auto`.
    pub method: String,
    /// Decides the landmarks of the standardised copy.
    pub contrast: Contrast,
    /// The fixes taken for this scan, which change how its files are read.
    pub fixes: BTreeSet<Fix>,
}

impl Parameters {
    /// The parameters that would be used for a scan now.
    pub(super) fn of(project: &Project, scan: &Scan, settings: &StageSettings) -> Self {
        let Decision { fixes, centerline, .. } = project.decision(&scan.id);
        let method = centerline.unwrap_or_else(|| Method::AUTO.into());
        Self {
            stage_version: STAGE_VERSION,
            crop: settings.crop,
            fit: format!("{:?}", settings.fit),
            method,
            contrast: scan.contrast.clone(),
            fixes,
        }
    }
}

/// A file a crop is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is to the scan: `image`, `mask`, `cord`, `centerline`.
    pub role: String,
    /// Where it was.
    pub path: PathBuf,
    /// Size.
    pub bytes: u64,
    /// Time of last change, nanoseconds since 1970.
    pub modified_ns: u64,
    /// BLAKE3 of its content, hex; empty until it was needed.
    #[serde(default)]
    pub hash: String,
}

/// The scan's files as they are now, without looking inside.
pub(super) fn sources(scan: &Scan) -> Result<Vec<Source>, PreprocessError> {
    let named = [
        ("image", Some(&scan.image)),
        ("mask", scan.mask.as_ref()),
        ("cord", scan.cord.as_ref()),
        ("centerline", scan.centerline.as_ref()),
    ];
    named.into_iter().filter_map(|(role, path)| path.map(|path| source(role, path))).collect()
}

fn source(role: &str, path: &Path) -> Result<Source, PreprocessError> {
    let found = std::fs::metadata(path).and_then(|metadata| Ok((metadata.len(), metadata.modified()?)));
    let (bytes, modified) = found.map_err(|source| PreprocessError::Io { path: path.into(), source })?;
    let modified_ns = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    Ok(Source { role: role.into(), path: path.into(), bytes, modified_ns, hash: String::new() })
}

/// Whether two lists describe files that look the same from outside: same roles, sizes and times.
pub(super) fn look_the_same(a: &[Source], b: &[Source]) -> bool {
    let outside = |s: &Source| (s.role.clone(), s.bytes, s.modified_ns);
    a.iter().map(outside).eq(b.iter().map(outside))
}

/// Adds the content hashes.
pub(super) fn hashed(mut sources: Vec<Source>) -> Result<Vec<Source>, PreprocessError> {
    for source in &mut sources {
        source.hash = content_hash(&source.path)
            .map_err(|error| PreprocessError::Io { path: source.path.clone(), source: error })?;
    }
    Ok(sources)
}

/// Name of the crop that these sources (hashed) and parameters give. Paths and times have no part in it.
pub(super) fn key(parameters: &Parameters, sources: &[Source]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{parameters:?}").as_bytes());
    for source in sources {
        hasher.update(format!("|{} {}", source.role, source.hash).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
