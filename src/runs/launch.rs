//! Starts a trainer that outlives the terminal: the same binary again, in a session of its own, talking to no terminal.
//!
//! A child of this session would get the terminal's hang-up, and one writing to a pipe of ours would die with us; hence a new
//! session, standard input from nothing, output to `console.log`.

use super::RunsError;
use super::liveness::{Liveness, liveness};
use crate::training::{RunDir, RunInfo};
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Waiting longer than this for the lock is left to the viewer.
const PATIENCE: Duration = Duration::from_secs(30);
const CONSOLE_LINES: usize = 15;

/// Starts `exe args…` detached and returns its process number once it has taken the run's lock (or is, after 30 s, still on its
/// way). `args` must make it train into `dir`.
///
/// # Errors
/// When the directory cannot be made, the program not be started, or it ended before taking the lock: then with its last words.
pub fn launch(exe: &Path, args: &[OsString], dir: &RunDir) -> Result<u32, RunsError> {
    dir.create()?;
    let mut child = spawn(exe, args, dir)?;
    let pid = child.id();
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE && !has_taken(dir, pid) {
        if let Ok(Some(status)) = child.try_wait() {
            return ended(dir, pid, status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    reap_later(child);
    Ok(pid)
}

fn spawn(exe: &Path, args: &[OsString], dir: &RunDir) -> Result<Child, RunsError> {
    let path = dir.console();
    let console = OpenOptions::new().create(true).append(true).open(&path).map_err(RunsError::file(&path))?;
    let also = console.try_clone().map_err(RunsError::file(&path))?;
    let mut command = Command::new(exe);
    command.args(args).stdin(Stdio::null()).stdout(console).stderr(also);
    start_session(&mut command);
    command.spawn().map_err(|source| RunsError::Spawn { program: exe.into(), source })
}

#[allow(unsafe_code)]
fn start_session(command: &mut Command) {
    // SAFETY: the closure runs in the child between fork and exec, where only async-signal-safe calls are allowed. It makes one
    // system call, setsid(2), allocates nothing and takes no lock.
    unsafe {
        command.pre_exec(|| rustix::process::setsid().map(drop).map_err(Into::into));
    }
}

fn has_taken(dir: &RunDir, pid: u32) -> bool {
    liveness(dir) == Liveness::Alive && RunInfo::read(dir).is_ok_and(|i| i.process.pid == pid)
}

/// A short run may be over already; one that never wrote `run.json`, or failed, has died at once.
fn ended(dir: &RunDir, pid: u32, status: ExitStatus) -> Result<u32, RunsError> {
    if status.success() {
        return Ok(pid);
    }
    Err(RunsError::DiedAtOnce {
        run: dir.path().into(),
        status: status.to_string(),
        console: last_lines(dir),
    })
}

fn last_lines(dir: &RunDir) -> String {
    let bytes = std::fs::read(dir.console()).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(CONSOLE_LINES)..].join("\n")
}

/// Collects the exit status when it comes, so that a long-lived viewer keeps no zombies.
fn reap_later(mut child: Child) {
    // Without the thread the only loss is a zombie entry.
    std::thread::Builder::new().name("reaper".into()).spawn(move || child.wait()).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trainer_that_dies_at_once_leaves_its_last_words() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path().join("r"));
        let args = ["-c".into(), "echo no crops here >&2; exit 3".into()];
        let error = launch(Path::new("/bin/sh"), &args, &dir).unwrap_err().to_string();
        assert!(error.contains("no crops here") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path().join("r"));
        let error = launch(Path::new("/nonexistent/deepseg"), &[], &dir).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/deepseg"), "{error}");
    }

    #[test]
    fn the_child_leads_a_session_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path().join("r"));
        dir.create().unwrap();
        let args = ["-c".into(), "ps -o sid= -p $$ || cut -d' ' -f6 /proc/$$/stat; echo $$".into()];
        let mut child = spawn(Path::new("/bin/sh"), &args, &dir).unwrap();
        child.wait().unwrap();
        let text = last_lines(&dir);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(words.first(), words.last(), "session id is the process id: {text}");
    }
}
