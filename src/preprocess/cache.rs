//! When a crop on disk is still the one that would be made now. Decided by content and parameters, never by names or the
//! order of events: a changed setting, mask, decision or version of this stage makes the crop stale, a copied file does not.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::centerline::{Method, table};
use crate::dataset::{Contrast, Fix, Project, Scan};
use crate::files::Source;

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
    /// The method whose centerline is followed, `auto` while there is none.
    pub method: String,
    /// Decides the landmarks of the standardised copy.
    pub contrast: Contrast,
    /// The fixes taken for this scan, which change how its files are read.
    pub fixes: BTreeSet<Fix>,
}

impl Parameters {
    /// The parameters that would be used for a scan now.
    pub(super) fn of(
        project: &Project,
        scan: &Scan,
        settings: &StageSettings,
        method: Option<Method>,
    ) -> Self {
        let fixes = project.decision(&scan.id).fixes;
        let method = method.map_or(Method::AUTO, Method::name).into();
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

/// The scan's files as they are now, without looking inside, and the centerline that `method` gave.
pub(super) fn sources(
    project: &Project,
    scan: &Scan,
    method: Option<Method>,
) -> Result<Vec<Source>, PreprocessError> {
    let curve = method.map(|method| table(project, scan, method));
    let named = [
        ("image", Some(&scan.image)),
        ("mask", scan.mask.as_ref()),
        ("cord", scan.cord.as_ref()),
        ("centerline", curve.as_ref()),
    ];
    named.into_iter().filter_map(|(role, path)| path.map(|path| source(role, path))).collect()
}

fn source(role: &str, path: &Path) -> Result<Source, PreprocessError> {
    Source::of(role, path).map_err(|source| PreprocessError::Io { path: path.into(), source })
}

/// Adds the content hashes.
pub(super) fn hashed(sources: Vec<Source>) -> Result<Vec<Source>, PreprocessError> {
    let hash = |source: Source| {
        let path = source.path.clone();
        source.hashed().map_err(|error| PreprocessError::Io { path, source: error })
    };
    sources.into_iter().map(hash).collect()
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
