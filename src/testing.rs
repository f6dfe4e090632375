//! Where tests find the shared real data, in one place. Not part of the public interface.

use std::io::Write;
use std::path::PathBuf;

/// A file below the shared data folder (`$DEEPSEG_SHARED`, else `../shared` beside the project), or `None` with a printed
/// notice when it is absent, so that a test can skip and say so.
pub fn shared(relative: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DEEPSEG_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let path = root.join(relative);
    if path.exists() {
        return Some(path);
    }
    // Not `eprintln!`, which the test harness would swallow.
    writeln!(std::io::stderr(), "skipped: {} is absent", path.display()).ok();
    None
}
