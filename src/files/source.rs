//! What a result was computed from: files by size, time and content, so that a result is redone when, and only when, one of
//! them changed. Knows nothing of what the files hold.

use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::content_hash;

/// A file something was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What it is to the result: `image`, `mask`, `cord`, …
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

impl Source {
    /// The file as it is now, without looking inside.
    pub fn of(role: &str, path: &Path) -> io::Result<Source> {
        let metadata = std::fs::metadata(path)?;
        let modified_ns =
            metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        let (role, path) = (role.into(), path.into());
        Ok(Source { role, path, bytes: metadata.len(), modified_ns, hash: String::new() })
    }

    /// With the content's hash.
    pub fn hashed(self) -> io::Result<Source> {
        Ok(Source { hash: content_hash(&self.path)?, ..self })
    }
}

/// Whether two lists describe files that look the same from outside: same roles, sizes and times.
pub fn look_the_same(a: &[Source], b: &[Source]) -> bool {
    let outside = |s: &Source| (s.role.clone(), s.bytes, s.modified_ns);
    a.iter().map(outside).eq(b.iter().map(outside))
}

/// Whether two hashed lists have the same content. Paths and times have no part in it.
pub fn hold_the_same(a: &[Source], b: &[Source]) -> bool {
    let inside = |s: &Source| (s.role.clone(), s.hash.clone());
    a.iter().map(inside).eq(b.iter().map(inside))
}
