//! Which process is the trainer, told so that a reused process number or a rebooted machine cannot be mistaken for it.

use super::run_dir::{RunDir, RunError};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;

/// A process, unique over reboots and reuse of process numbers (on Linux; elsewhere only pid and host are known).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Process number.
    pub pid: u32,
    /// Start time in clock ticks since boot (field 22 of `/proc/PID/stat`, proc(5)); 0 when unknown.
    pub start_ticks: u64,
    /// Content of `/proc/sys/kernel/random/boot_id`; empty when unknown.
    pub boot_id: String,
    /// Host name.
    pub host: String,
}

/// Content of `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The trainer's process.
    #[serde(flatten)]
    pub process: ProcessIdentity,
    /// Its command line.
    pub argv: Vec<String>,
    /// Device in words; empty until chosen.
    pub device: String,
    /// Version of deepseg that trains.
    pub version: String,
    /// Unix time in seconds at which this process took the run.
    pub started: f64,
}

impl ProcessIdentity {
    /// The calling process.
    pub fn own() -> Self {
        let pid = std::process::id();
        Self { pid, start_ticks: start_ticks(pid).unwrap_or(0), boot_id: boot_id(), host: host() }
    }

    /// Whether exactly this process is alive on this machine now.
    pub fn is_here(&self) -> bool {
        self.same_boot() && start_ticks(self.pid) == Some(self.start_ticks)
    }

    /// Whether it was started on this machine since its last boot.
    pub fn same_boot(&self) -> bool {
        self.same_host() && self.boot_id == boot_id()
    }

    /// Whether it was started on this machine.
    pub fn same_host(&self) -> bool {
        self.host == host()
    }
}

impl RunInfo {
    pub(super) fn own() -> Self {
        Self {
            process: ProcessIdentity::own(),
            argv: std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect(),
            device: String::new(),
            version: env!("CARGO_PKG_VERSION").into(),
            started: super::event::unix_now(),
        }
    }

    /// Reads a run's `run.json`.
    pub fn read(dir: &RunDir) -> Result<Self, RunError> {
        let path = dir.run_json();
        fs::read(&path)
            .and_then(|bytes| serde_json::from_slice(&bytes).map_err(io::Error::from))
            .map_err(RunError::read(&path))
    }

    pub(super) fn write(&self, dir: &RunDir) -> Result<(), RunError> {
        let path = dir.run_json();
        serde_json::to_vec_pretty(self)
            .map_err(io::Error::from)
            .and_then(|bytes| crate::files::write_bytes(&path, &bytes))
            .map_err(RunError::write(&path))
    }
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|s| s.trim().to_owned()).unwrap_or_default()
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Field 22 of `/proc/PID/stat`. The command name before it may hold spaces and brackets: count from the last bracket.
fn start_ticks(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_here_and_an_impostor_is_not() {
        let own = ProcessIdentity::own();
        assert!(own.is_here());
        assert!(!ProcessIdentity { start_ticks: own.start_ticks + 1, ..own.clone() }.is_here());
        assert!(!ProcessIdentity { boot_id: "another boot".into(), ..own.clone() }.is_here());
        assert!(!ProcessIdentity { host: "elsewhere".into(), ..own }.is_here());
    }
}
