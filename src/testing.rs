//! Where tests find the shared real data and the programs they compare with, in one place. Not part of the public interface.

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
    skipped(&format!("{} is absent", path.display()));
    None
}

/// A Python with numpy, h5py, onnx, onnxruntime and tensorboard (`$DEEPSEG_ORACLE_PYTHON`, which `.ci/run` makes), or `None` with
/// a printed notice.
pub fn oracle_python() -> Option<PathBuf> {
    let python = std::env::var_os("DEEPSEG_ORACLE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        skipped("DEEPSEG_ORACLE_PYTHON names no Python with onnxruntime");
    }
    python
}

fn skipped(why: &str) {
    // Not `eprintln!`, which the test harness would swallow.
    writeln!(std::io::stderr(), "skipped: {why}").ok();
}
