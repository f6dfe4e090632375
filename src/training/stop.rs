//! How a trainer learns that it is to end: request files in the run directory, SIGTERM, Ctrl-C, a closed terminal. Polled
//! between steps.

use super::hold::remove_if_there;
use super::run_dir::{RunDir, RunError};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// Looking for request files more often than this would only load a network disk.
const FILE_INTERVAL: Duration = Duration::from_millis(200);

/// How urgently the trainer is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopRequest {
    /// Finish the step, write a checkpoint, end.
    Clean,
    /// End at once, without a checkpoint.
    Now,
}

/// Answers "is this run to stop?". Cheap enough to ask at every step; a request, once seen, stays.
#[derive(Debug)]
pub struct StopSignal {
    dir: Option<RunDir>,
    asked: Arc<AtomicU8>,
    last_look: Mutex<Option<Instant>>,
}

impl StopSignal {
    /// Watches a run's request files, and this process's SIGINT, SIGTERM and SIGHUP: the first asks for a clean stop, the second
    /// for one at once, the third ends the process where it is. A process started with `nohup` stays deaf to SIGHUP.
    pub fn new(dir: &RunDir) -> Result<Self, RunError> {
        let signal = Self::for_files(dir);
        let asked = signal.asked.clone();
        let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(RunError::Signals)?;
        if !ignores_hangup() {
            signals.add_signal(SIGHUP).map_err(RunError::Signals)?;
        }
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for _ in signals.forever() {
                    if asked.fetch_add(1, Ordering::SeqCst) >= 2 {
                        std::process::exit(130);
                    }
                }
            })
            .map_err(RunError::Signals)?;
        Ok(signal)
    }

    /// Watches a run's request files only; for a trainer inside another program.
    pub fn for_files(dir: &RunDir) -> Self {
        Self { dir: Some(dir.clone()), asked: Arc::default(), last_look: Mutex::default() }
    }

    /// A signal that only [`StopSignal::ask`] raises.
    pub fn manual() -> Self {
        Self { dir: None, asked: Arc::default(), last_look: Mutex::default() }
    }

    /// Raises the signal from inside the program.
    pub fn ask(&self, request: StopRequest) {
        self.asked.fetch_max(request.level(), Ordering::SeqCst);
    }

    /// What has been asked for so far.
    pub fn requested(&self) -> Option<StopRequest> {
        self.look_at_files();
        match self.asked.load(Ordering::SeqCst) {
            0 => None,
            1 => Some(StopRequest::Clean),
            _ => Some(StopRequest::Now),
        }
    }

    /// Whether a viewer asked for a checkpoint; asking answers it.
    pub fn take_snapshot_request(&self) -> bool {
        let Some(dir) = &self.dir else { return false };
        let path = dir.snapshot_request();
        path.exists() && remove_if_there(&path).is_ok()
    }

    fn look_at_files(&self) {
        let Some(dir) = &self.dir else { return };
        let Ok(mut last) = self.last_look.lock() else { return };
        if last.is_some_and(|t| t.elapsed() < FILE_INTERVAL) {
            return;
        }
        *last = Some(Instant::now());
        if dir.stop_now_request().exists() {
            self.ask(StopRequest::Now);
        } else if dir.stop_request().exists() {
            self.ask(StopRequest::Clean);
        }
    }
}

impl StopRequest {
    fn level(self) -> u8 {
        match self {
            Self::Clean => 1,
            Self::Now => 2,
        }
    }
}

/// Whether SIGHUP was ignored when this process began (proc(5): `SigIgn` in `/proc/self/status`, signal 1 is bit 0).
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).is_some_and(|bits| bits & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn request_files_are_seen_and_grow_in_urgency() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        dir.create().unwrap();
        let stop = StopSignal::for_files(&dir);
        assert_eq!(stop.requested(), None);
        fs::write(dir.stop_request(), "").unwrap();
        std::thread::sleep(FILE_INTERVAL);
        assert_eq!(stop.requested(), Some(StopRequest::Clean));
        fs::write(dir.stop_now_request(), "").unwrap();
        std::thread::sleep(FILE_INTERVAL);
        assert_eq!(stop.requested(), Some(StopRequest::Now));
    }

    #[test]
    fn a_snapshot_request_is_answered_once() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        dir.create().unwrap();
        fs::write(dir.snapshot_request(), "").unwrap();
        let stop = StopSignal::for_files(&dir);
        assert!(stop.take_snapshot_request());
        assert!(!stop.take_snapshot_request());
    }

    #[test]
    fn asking_never_lowers_the_urgency() {
        let stop = StopSignal::manual();
        stop.ask(StopRequest::Now);
        stop.ask(StopRequest::Clean);
        assert_eq!(stop.requested(), Some(StopRequest::Now));
    }
}
