//! Asking a run for something, by files its trainer looks for, and ending one that no longer listens.

use super::RunsError;
use super::liveness::{Liveness, liveness};
use crate::training::{RunDir, RunInfo};
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};

/// Asks the trainer to end: after the step and a checkpoint, or (`now`) at once without one. Returns without waiting.
///
/// # Errors
/// When no trainer is there, or the request cannot be written.
pub fn request_stop(dir: &RunDir, now: bool) -> Result<(), RunsError> {
    request(dir, if now { dir.stop_now_request() } else { dir.stop_request() })
}

/// Asks the trainer for a checkpoint now.
///
/// # Errors
/// As [`request_stop`].
pub fn request_snapshot(dir: &RunDir) -> Result<(), RunsError> {
    request(dir, dir.snapshot_request())
}

/// Ends the trainer's whole process group by force; the user has confirmed. Only when the lock is held and `run.json` names
/// exactly the process that is there: this machine, this boot, this start time.
///
/// # Errors
/// When no trainer is there, it cannot be identified, or the system refuses.
pub fn kill(dir: &RunDir) -> Result<(), RunsError> {
    let gone = || RunsError::NotRunning(dir.path().into());
    if liveness(dir) == Liveness::Gone {
        return Err(gone());
    }
    let process = RunInfo::read(dir)?.process;
    let refuse = |reason: String| RunsError::CannotKill {
        run: dir.path().into(),
        pid: process.pid,
        host: process.host.clone(),
        reason,
    };
    if !process.same_host() {
        return Err(refuse("it is on another machine; log in there".into()));
    }
    if !process.is_here() {
        return Err(refuse("that process is gone, another one holds the lock".into()));
    }
    let pid = i32::try_from(process.pid).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
    // A detached trainer leads its group. One started by a shell shares it with others, who are spared.
    let leads = getpgid(Some(pid)).is_ok_and(|group| group == pid);
    let killed = if leads { kill_process_group(pid, Signal::KILL) } else { kill_process(pid, Signal::KILL) };
    killed.map_err(|e| refuse(e.to_string()))
}

fn request(dir: &RunDir, file: std::path::PathBuf) -> Result<(), RunsError> {
    if liveness(dir) == Liveness::Gone {
        return Err(RunsError::NotRunning(dir.path().into()));
    }
    write(dir, file)
}

/// Asks a trainer that is known to be there although its lock is not seen from this machine.
///
/// # Errors
/// When the request cannot be written.
pub(crate) fn request_stop_unseen(dir: &RunDir) -> Result<(), RunsError> {
    write(dir, dir.stop_request())
}

fn write(dir: &RunDir, file: std::path::PathBuf) -> Result<(), RunsError> {
    std::fs::create_dir_all(dir.control()).map_err(RunsError::file(&dir.control()))?;
    crate::files::write_bytes(&file, b"").map_err(RunsError::file(&file))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{RunWriter, StopRequest, StopSignal, TrainConfig};

    #[test]
    fn a_request_reaches_the_trainer() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        assert!(matches!(request_stop(&dir, false), Err(RunsError::NotRunning(_))));
        let _writer = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        request_stop(&dir, false).unwrap();
        assert_eq!(StopSignal::for_files(&dir).requested(), Some(StopRequest::Clean));
        request_stop(&dir, true).unwrap();
        assert_eq!(StopSignal::for_files(&dir).requested(), Some(StopRequest::Now));
        request_snapshot(&dir).unwrap();
        assert!(StopSignal::for_files(&dir).take_snapshot_request());
    }

    #[test]
    fn a_reused_process_number_is_spared() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let _writer = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        let ticks = RunInfo::read(&dir).unwrap().process.start_ticks;
        let text = std::fs::read_to_string(dir.run_json()).unwrap();
        let other = text.replace(&format!("\"start_ticks\": {ticks}"), "\"start_ticks\": 1");
        assert_ne!(text, other);
        std::fs::write(dir.run_json(), other).unwrap();
        assert!(matches!(kill(&dir), Err(RunsError::CannotKill { .. })));
    }
}
