//! Load of the processors and memory of this process, as Linux tells them in `/proc` (proc(5)).

/// The machine's processors, seen again and again.
#[derive(Debug, Default)]
pub(super) struct Host {
    /// Ticks since boot: (busy, all).
    before: Option<(u64, u64)>,
}

impl Host {
    /// Share of all processors that was busy since the last look (since boot at the first), 0..1.
    pub(super) fn load(&mut self) -> Option<f64> {
        let now = ticks(&std::fs::read_to_string("/proc/stat").ok()?)?;
        let before = self.before.replace(now).unwrap_or_default();
        let all = now.1.checked_sub(before.1).filter(|all| *all > 0)?;
        Some((now.0.saturating_sub(before.0) as f64 / all as f64).min(1.0))
    }
}

/// Busy and all ticks of the line `cpu user nice system idle iowait irq softirq steal …`. What a guest used is in `user` already.
fn ticks(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let numbers: Vec<u64> = line.split_whitespace().take(8).map_while(|n| n.parse().ok()).collect();
    let idle = numbers.get(3)? + numbers.get(4).unwrap_or(&0);
    let all: u64 = numbers.iter().sum();
    Some((all - idle, all))
}

/// Resident memory of this process, bytes.
pub(super) fn memory() -> Option<u64> {
    status("VmRSS:")
}

/// The most that [`memory`] was since [`forget_peak`].
pub(super) fn peak_memory() -> Option<u64> {
    status("VmHWM:")
}

/// Lets the peak begin anew, where the system allows it.
pub(super) fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

fn status(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_are_not_busy() {
        assert_eq!(ticks("cpu  10 0 20 60 10 0 0 0 5 0\ncpu0 1 2"), Some((30, 100)));
        assert_eq!(ticks("intr 1"), None);
    }
}
