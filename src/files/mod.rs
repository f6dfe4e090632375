//! Files that are either whole or absent: temporary name, fsync, rename. Every room that writes uses this one. And what a
//! result was made from, so that it is redone only when that changed.

mod source;

pub use source::{Source, hold_the_same, look_the_same};

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a file so that a reader, a crash or a full disk sees the old content or the new, never a part.
///
/// `fill` writes the content. Parent folders are made. On any error the temporary file is removed and `path` is untouched.
pub fn write_whole<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let mut temporary = temporary_beside(path)?;
    {
        let mut out = BufWriter::new(temporary.as_file_mut());
        fill(&mut out)?;
        out.flush()?;
    }
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|refused| refused.error)?;
    // The rename itself is only durable once the folder is; not every filesystem allows syncing one.
    File::open(folder_of(path)).and_then(|f| f.sync_all()).ok();
    Ok(())
}

/// [`write_bytes`] where no file is yet; `false`, and nothing done, where one is: of several processes one is first.
pub fn write_first(path: &Path, content: &[u8]) -> io::Result<bool> {
    let mut temporary = temporary_beside(path)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    match temporary.persist_noclobber(path) {
        Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        other => other.map(|_| true).map_err(|refused| refused.error),
    }
}

/// [`write_whole`] for content already in memory.
pub fn write_bytes(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole(path, |out| out.write_all(content))
}

/// BLAKE3 of a file's bytes, as 64 hex digits.
pub fn content_hash(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// A file in the folder of `path`, which is made where it is missing.
fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    tempfile::Builder::new()
        .prefix(".")
        .suffix(".part")
        // What any new file of this user gets (the umask still applies), not tempfile's private default.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_many_writers_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.txt");
        let path = &path;
        let write = |number: u8| write_first(path, &[number; 64]).unwrap().then_some(number);
        let wrote = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8).map(|number| scope.spawn(move || write(number))).collect();
            writers.into_iter().filter_map(|writer| writer.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(wrote.len(), 1, "{wrote:?}");
        assert_eq!(fs::read(path).unwrap(), [wrote[0]; 64]);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn failure_leaves_the_old_content_and_no_litter() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b.txt");
        write_bytes(&path, b"old").unwrap();
        let failed = write_whole(&path, |out| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
