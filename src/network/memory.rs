//! How much memory a network will take and how much there is, so that one that cannot fit is refused before anything starts.
//!
//! The estimate counts what our forward pass keeps and what the greediest operation needs beside it; it is checked against
//! measured peaks where the training engine is (`training::engine`).

use super::architecture::Architecture;
use super::device::{Device, DeviceKind};
use super::error::NetworkError;
use super::kinds::{Precision, Up};
use super::weights::Slot;

/// Bytes of an f32.
const FULL: f64 = 4.0;
/// Copies of every weight in training: value, gradient and both of Adam's moments.
const COPIES: f64 = 4.0;
/// The program itself and what its threads keep.
const PROGRAM: f64 = 24e6;

/// Channels of one level on one side of the network.
struct Level {
    /// What meets in its first convolution; voxels of a coarser grid count an eighth.
    from: f64,
    /// What of that is a tensor of its own, not kept by another level.
    own: f64,
    first: f64,
    second: f64,
    voxels: f64,
    /// Whether what leaves it waits for the backward pass.
    keeps_output: bool,
}

/// What is asked of a network at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Patches.
    pub batch: usize,
    /// Their voxels along x, y, z.
    pub patch: [usize; 3],
    /// Training (with Adam) rather than prediction.
    pub training: bool,
    /// What convolutions multiply in training.
    pub precision: Precision,
}

impl Architecture {
    /// About how many bytes the network takes at its peak.
    pub fn memory(&self, demand: &Demand) -> u64 {
        let voxels = demand.batch as f64 * demand.patch.iter().map(|&side| side as f64).product::<f64>();
        let weights = self.slots().iter().map(Slot::len_f64).sum::<f64>() * FULL;
        let levels = self.levels(voxels);
        let bytes = if demand.training {
            let kept: f64 = levels.iter().map(|level| level.kept(self.residual, demand.precision)).sum();
            kept + greatest(&levels, Level::backward) + weights * COPIES
        } else {
            let skips: f64 =
                levels[..self.depth].iter().map(|level| level.second * level.voxels * FULL).sum();
            skips + greatest(&levels, Level::forward) + weights * 2.0
        };
        (bytes + PROGRAM) as u64
    }

    /// Refuses what does not fit into the memory that is free on `device`, with the numbers and what to change.
    pub fn fits(&self, device: &Device, demand: &Demand) -> Result<(), NetworkError> {
        let need = self.memory(demand);
        match device.free_memory() {
            Some(free) if need > free => Err(self.too_large(demand, device, [need, free])),
            _ => Ok(()),
        }
    }

    fn too_large(&self, demand: &Demand, device: &Device, need_and_free: [u64; 2]) -> NetworkError {
        let [x, y, z] = demand.patch;
        let [need, free] = need_and_free.map(|bytes| format!("{:.1} GB", bytes as f64 / 1e9));
        let (doing, remedy) = if demand.training {
            ("training", "take a smaller batch, base, depth or patch.size")
        } else {
            ("predicting with", "take smaller patches")
        };
        let (place, bf16) = match device.0 {
            DeviceKind::Cpu => ("on this computer", ""),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda(_) if demand.training => ("on the GPU", ", or precision=bf16"),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda(_) => ("on the GPU", ""),
        };
        NetworkError::Memory(format!(
            "{doing} the network ({self}) on {} patches of {x}x{y}x{z} voxels at once needs about {need}, and {free} are \
             free {place}; {remedy}{bf16}",
            demand.batch
        ))
    }

    /// Every level, down and up again.
    fn levels(&self, voxels: f64) -> Vec<Level> {
        let voxels = |level: usize| voxels / 8f64.powi(level as i32);
        let width = |level: usize| self.width(level) as f64;
        let mut levels: Vec<Level> = (0..self.depth)
            .map(|level| Level {
                from: if level == 0 { 1.0 } else { width(level - 1) },
                own: if level == 0 { 1.0 } else { width(level - 1) },
                first: width(level) / 2.0,
                second: width(level),
                voxels: voxels(level),
                keeps_output: level + 1 < self.depth || self.up == Up::Transposed,
            })
            .collect();
        levels.extend((0..self.depth - 1).rev().map(|level| {
            let joins = self.up == Up::Nearest && !self.residual;
            let arriving = if self.up == Up::Nearest { width(level + 1) } else { width(level) };
            let copy = arriving + width(level);
            Level {
                from: if joins { arriving / 8.0 + width(level) } else { copy * 2.0 },
                own: if joins { arriving / 8.0 } else { copy },
                first: width(level),
                second: width(level),
                voxels: voxels(level),
                keeps_output: level == 0 || self.up == Up::Transposed,
            }
        }));
        levels
    }
}

impl Level {
    /// What convolutions keep (their inputs) and normalisations (theirs) until the backward pass.
    fn kept(&self, residual: bool, precision: Precision) -> f64 {
        let output = if self.keeps_output { self.second } else { 0.0 };
        let sum = if residual { self.second } else { 0.0 };
        let factor = if precision == Precision::F32 { FULL } else { FULL / 2.0 };
        self.voxels * ((self.own + self.first + output) * factor + (self.first + self.second + sum) * FULL)
    }

    /// Gradients of one convolution: of what it gave, before and after its normalisation, and of what it read.
    fn backward(&self) -> f64 {
        let first = self.from + 2.0 * self.first;
        let second = self.first + 2.0 * self.second;
        self.voxels * FULL * first.max(second)
    }

    /// What one convolution reads and gives, before and after its normalisation.
    fn forward(&self) -> f64 {
        self.voxels * FULL * (self.from + 2.0 * self.first).max(self.first + 2.0 * self.second)
    }
}

fn greatest(levels: &[Level], bytes: impl Fn(&Level) -> f64) -> f64 {
    levels.iter().map(bytes).fold(0.0, f64::max)
}

impl Device {
    /// Bytes that are free on the device now; `None` where nobody says.
    pub fn free_memory(&self) -> Option<u64> {
        match self.0 {
            DeviceKind::Cpu => available(|path| std::fs::read_to_string(path).ok()),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda(index) => crate::kernels::cuda::free_memory(index).ok(),
        }
    }
}

/// What the machine has, or less where a control group (container, cluster job) allows less.
fn available(read: impl Fn(&str) -> Option<String>) -> Option<u64> {
    let machine = read("/proc/meminfo").and_then(|text| field(&text, "MemAvailable:")).map(|kb| kb * 1024);
    let groups = read("/proc/self/cgroup").unwrap_or_default();
    let rooms = groups.lines().flat_map(|line| group_room(line, &read));
    machine.into_iter().chain(rooms).min()
}

/// The number after `name` in a table of lines.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What each control group above us leaves; `line` is one of `/proc/self/cgroup`, of version 1 or 2.
///
/// Within a container the path is often that of the host; then only the root, which is the container's own group, exists.
fn group_room(line: &str, read: &impl Fn(&str) -> Option<String>) -> Vec<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (mount, names) = match parts.next() {
        Some("") => ("/sys/fs/cgroup", ["memory.max", "memory.current", "inactive_file "]),
        Some(kinds) if kinds.split(',').any(|kind| kind == "memory") => (
            "/sys/fs/cgroup/memory",
            ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "],
        ),
        _ => return Vec::new(),
    };
    let [limit, usage, reclaimable] = names;
    let room = |group: &std::path::Path| {
        let place = format!("{mount}{}", group.display().to_string().trim_end_matches('/'));
        let number = |name: &str| read(&format!("{place}/{name}"))?.trim().parse::<u64>().ok();
        // Pages that only cache files give way.
        let cached = read(&format!("{place}/memory.stat")).and_then(|text| field(&text, reclaimable));
        Some(number(limit)?.saturating_sub(number(usage)?.saturating_sub(cached.unwrap_or(0))))
    };
    std::path::Path::new(parts.next().unwrap_or("/")).ancestors().filter_map(room).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(files: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        move |path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned())
    }

    #[test]
    fn the_least_of_machine_and_control_groups_counts() {
        let machine = ("/proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    4000 kB\n");
        assert_eq!(available(files(&[("/proc/meminfo", "MemAvailable:    4000 kB\n")])), Some(4_096_000));
        assert_eq!(available(|_| None), None);
        let second: &'static [(&str, &str)] = Box::leak(Box::new([
            machine,
            ("/proc/self/cgroup", "0::/job/step\n"),
            ("/sys/fs/cgroup/job/memory.max", "1000000\n"),
            ("/sys/fs/cgroup/job/memory.current", "700000\n"),
            ("/sys/fs/cgroup/job/memory.stat", "active_file 5\ninactive_file 200000\n"),
            ("/sys/fs/cgroup/job/step/memory.max", "max\n"),
            ("/sys/fs/cgroup/job/step/memory.current", "9\n"),
        ]));
        assert_eq!(available(files(second)), Some(500_000));
        let first: &'static [(&str, &str)] = Box::leak(Box::new([
            machine,
            ("/proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/of/the/host\n"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000\n"),
            ("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1500000\n"),
        ]));
        assert_eq!(available(files(first)), Some(500_000));
    }

    fn training(batch: usize, side: usize) -> Demand {
        Demand { batch, patch: [side; 3], training: true, precision: Precision::F32 }
    }

    #[test]
    fn more_patches_channels_and_levels_take_more() {
        let (small, t2s) = (Architecture::small(), Architecture::t2s());
        let two = training(2, 48);
        assert!(small.memory(&training(4, 48)) > small.memory(&two) && t2s.memory(&two) > small.memory(&two));
        assert!(t2s.memory(&two) > t2s.memory(&Demand { training: false, ..two }));
        assert!(t2s.memory(&two) > t2s.memory(&Demand { precision: Precision::Bf16, ..two }));
    }

    #[test]
    fn a_network_that_no_computer_holds_is_refused_with_the_numbers() {
        let vast = Architecture::unet3d(6, 256).unwrap();
        let message = vast.fits(&Device::CPU, &training(64, 64)).unwrap_err().to_string();
        for word in ["depth 6, base 256", "64 patches of 64x64x64", "GB", "smaller batch"] {
            assert!(message.contains(word), "{message}");
        }
        assert!(Architecture::small().fits(&Device::CPU, &training(1, 16)).is_ok());
    }
}
