//! How hard the machine works for this run: a thread looks every few seconds, the one writer of events collects what it saw.
//!
//! The thread never writes itself (a run has one writer), and what cannot be known stays unknown: no GPU, no driver, no `/proc`.

#[cfg(feature = "cuda")]
mod gpu;
mod host;

use super::event::{EventKind, SystemLoad};
use crate::network::Device;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The most memory that work takes: of this process on a CPU, of the whole device on a GPU.
#[derive(Debug)]
pub(super) struct Peak<'a> {
    device: &'a Device,
    /// What was free on the GPU before.
    free: Option<u64>,
}

impl<'a> Peak<'a> {
    /// Begins before anything is placed on the device.
    pub(super) fn new(device: &'a Device) -> Self {
        Self { device, free: device.free_memory() }
    }

    /// Forgets the peak so far. (A GPU's memory is not given back while the process lives.)
    pub(super) fn begin(&self) {
        host::forget_peak();
    }

    /// Bytes at the peak, where the device says.
    pub(super) fn bytes(&self) -> Option<u64> {
        match *self.device == Device::CPU {
            true => host::peak_memory(),
            false => Some(self.free?.saturating_sub(self.device.free_memory()?)),
        }
    }
}

const INTERVAL: Duration = Duration::from_secs(5);
/// The first look is early, so that a short run has one too.
const FIRST: Duration = Duration::from_secs(1);

/// A watching thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Monitor {
    news: Arc<Mutex<Vec<EventKind>>>,
    _life: Sender<()>,
}

impl Monitor {
    /// Starts to watch the machine, and the GPU CUDA counts as `gpu`. Without a thread there is simply no news.
    pub(super) fn start(gpu: Option<usize>) -> Self {
        let (life, end) = channel();
        let news: Arc<Mutex<Vec<EventKind>>> = Arc::default();
        let told = news.clone();
        let watch = move || {
            let mut watcher = Watcher::new(gpu, &told);
            let mut pause = FIRST;
            while end.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                tell(&told, EventKind::System(watcher.look()));
                pause = INTERVAL;
            }
        };
        if let Err(error) = std::thread::Builder::new().name("monitor".into()).spawn(watch) {
            tracing::warn!("the machine's load will not be known ({error})");
        }
        Self { news, _life: life }
    }

    /// What has been seen since the last call: at most one load, and what has to be said.
    pub(super) fn take(&self) -> Vec<EventKind> {
        std::mem::take(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Leaves news for the writer; a newer load replaces one that nobody has collected.
fn tell(news: &Mutex<Vec<EventKind>>, kind: EventKind) {
    let mut news = news.lock().unwrap_or_else(PoisonError::into_inner);
    news.retain(|known| !matches!(known, EventKind::System(_)));
    news.push(kind);
}

struct Watcher {
    host: host::Host,
    #[cfg(feature = "cuda")]
    gpu: Option<gpu::Gpu>,
}

impl Watcher {
    #[cfg(feature = "cuda")]
    fn new(gpu: Option<usize>, news: &Mutex<Vec<EventKind>>) -> Self {
        let open = |ordinal| match gpu::Gpu::open(ordinal) {
            Ok(gpu) => Some(gpu),
            Err(reason) => {
                let message =
                    format!("load and memory of the GPU cannot be read ({reason}); training goes on");
                tell(news, EventKind::Warning { message });
                None
            }
        };
        Self { host: host::Host::default(), gpu: gpu.and_then(open) }
    }

    #[cfg(not(feature = "cuda"))]
    fn new(_gpu: Option<usize>, _news: &Mutex<Vec<EventKind>>) -> Self {
        Self { host: host::Host::default() }
    }

    fn look(&mut self) -> SystemLoad {
        let host = SystemLoad { cpu_load: self.host.load(), memory: host::memory(), ..Default::default() };
        #[cfg(feature = "cuda")]
        if let Some(gpu) = &self.gpu {
            return gpu.look(host);
        }
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watched_machine_has_a_load_and_the_newest_counts() {
        let monitor = Monitor::start(None);
        tell(&monitor.news, EventKind::System(SystemLoad { memory: Some(1), ..SystemLoad::default() }));
        std::thread::sleep(FIRST + Duration::from_millis(300));
        let news = monitor.take();
        let [EventKind::System(load)] = news.as_slice() else { panic!("{news:?}") };
        assert!(load.cpu_load.is_some_and(|l| (0.0..=1.0).contains(&l)), "{load:?}");
        assert!(load.memory.is_some_and(|bytes| bytes > 1 << 20), "{load:?}");
        assert!(monitor.take().is_empty());
    }
}
