//! Is there a trainer in this run now? Asked of the lock, never of a process number alone.

use crate::training::{RunDir, RunInfo};
use std::fs::{File, TryLockError};
use std::time::Duration;

/// A run on another machine whose lock cannot be seen from here counts as alive while its log is younger than this.
const FAR_SIGN_OF_LIFE: Duration = Duration::from_secs(120);

/// Whether a trainer works in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Liveness {
    /// The lock is held (and, on this machine, since its last boot).
    Alive,
    /// Nobody holds the lock.
    Gone,
}

/// Looks at the lock. The look takes it, shared and for microseconds, when it is free; a starting trainer waits that out.
pub fn liveness(dir: &RunDir) -> Liveness {
    let info = RunInfo::read(dir).ok();
    let here = info.as_ref().is_none_or(|i| i.process.same_host());
    let alive = match (lock_is_held(dir), here) {
        // A lock that outlived a reboot of this machine is a network disk's memory of a dead process.
        (true, true) => info.is_none_or(|i| i.process.same_boot()),
        (true, false) => true,
        (false, true) => false,
        (false, false) => wrote_lately(dir),
    };
    if alive { Liveness::Alive } else { Liveness::Gone }
}

fn lock_is_held(dir: &RunDir) -> bool {
    let Ok(file) = File::open(dir.lock()) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Not every network disk shows the locks of other machines.
fn wrote_lately(dir: &RunDir) -> bool {
    let written = std::fs::metadata(dir.events()).and_then(|m| m.modified());
    written.is_ok_and(|t| t.elapsed().is_ok_and(|age| age < FAR_SIGN_OF_LIFE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{RunWriter, TrainConfig};
    use std::fs;

    fn edit(dir: &RunDir, from: &str, to: &str) {
        let text = fs::read_to_string(dir.run_json()).unwrap().replace(from, to);
        fs::write(dir.run_json(), text).unwrap();
    }

    #[test]
    fn alive_is_the_lock_and_the_boot() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        assert_eq!(liveness(&dir), Liveness::Gone);
        let writer = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        assert_eq!(liveness(&dir), Liveness::Alive);
        let boot = RunInfo::read(&dir).unwrap().process.boot_id;
        edit(&dir, &boot, "the boot before");
        assert_eq!(liveness(&dir), Liveness::Gone, "the machine was booted since");
        edit(&dir, "the boot before", &boot);
        drop(writer);
        assert_eq!(liveness(&dir), Liveness::Gone);
    }

    #[test]
    fn a_run_on_another_machine_lives_by_its_log() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let writer = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        let process = RunInfo::read(&dir).unwrap().process;
        edit(&dir, &process.host, "elsewhere");
        edit(&dir, &process.boot_id, "its own boot");
        assert_eq!(liveness(&dir), Liveness::Alive);
        drop(writer);
        assert_eq!(liveness(&dir), Liveness::Alive, "wrote a moment ago");
        let old = std::time::SystemTime::now() - 2 * FAR_SIGN_OF_LIFE;
        File::options().append(true).open(dir.events()).unwrap().set_modified(old).unwrap();
        assert_eq!(liveness(&dir), Liveness::Gone);
    }
}
