//! The GPU of this run as NVIDIA's management library sees it. The library comes with the driver and is loaded at run time.

use super::super::event::SystemLoad;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};
use std::ffi::OsStr;

/// The name every driver installs; the one without a number comes with development packages only.
const LIBRARY: &str = "libnvidia-ml.so.1";

/// A GPU to look at.
pub(super) struct Gpu {
    nvml: Nvml,
    /// Its number as CUDA counts in this process.
    ordinal: usize,
}

impl Gpu {
    /// Loads the library. The sentence says why it does not answer.
    pub(super) fn open(ordinal: usize) -> Result<Self, String> {
        let nvml = Nvml::builder().lib_path(OsStr::new(LIBRARY)).init().map_err(|e| e.to_string())?;
        Ok(Self { nvml, ordinal })
    }

    /// `host` with what the GPU says; every figure it does not give stays unknown.
    pub(super) fn look(&self, host: SystemLoad) -> SystemLoad {
        let Some((device, gpu_process_memory)) = self.device() else { return host };
        let memory = device.memory_info().ok();
        SystemLoad {
            gpu_load: device.utilization_rates().ok().map(|rates| f64::from(rates.gpu) / 100.0),
            gpu_memory: memory.as_ref().map(|m| m.used),
            gpu_memory_total: memory.as_ref().map(|m| m.total),
            gpu_process_memory,
            gpu_temperature: device.temperature(TemperatureSensor::Gpu).ok().map(f64::from),
            ..host
        }
    }

    /// The device this process works on, with its memory there: the one that lists the process, else the one CUDA means. (In a
    /// container the library knows processes by the host's numbers and lists none of ours.)
    fn device(&self) -> Option<(Device<'_>, Option<u64>)> {
        let all =
            || (0..self.nvml.device_count().unwrap_or(0)).filter_map(|i| self.nvml.device_by_index(i).ok());
        let ours = all().find_map(|device| {
            let memory = own_memory(&device)?;
            Some((device, memory))
        });
        ours.or_else(|| {
            let visible = std::env::var("CUDA_VISIBLE_DEVICES").ok();
            Some((self.named(self.ordinal, visible.as_deref()).ok()?, None))
        })
    }

    /// The device CUDA counts as `ordinal` among the visible ones, which are listed by number or by UUID.
    fn named(&self, ordinal: usize, visible: Option<&str>) -> Result<Device<'_>, NvmlError> {
        match listed(ordinal, visible) {
            Listed::Index(index) => self.nvml.device_by_index(index),
            Listed::Uuid(uuid) => self.nvml.device_by_uuid(uuid),
        }
    }
}

/// Memory of this process on a device; the outer `None` when it is not there.
fn own_memory(device: &Device<'_>) -> Option<Option<u64>> {
    let processes = device.running_compute_processes().ok()?;
    let own = processes.into_iter().find(|process| process.pid == std::process::id())?;
    Some(match own.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => Some(bytes),
        UsedGpuMemory::Unavailable => None,
    })
}

#[derive(Debug, PartialEq)]
enum Listed<'a> {
    Index(u32),
    Uuid(&'a str),
}

fn listed(ordinal: usize, visible: Option<&str>) -> Listed<'_> {
    let entry = visible.and_then(|list| list.split(',').nth(ordinal)).map(str::trim);
    match entry.map(|entry| (entry, entry.parse())) {
        Some((_, Ok(index))) => Listed::Index(index),
        Some((uuid, Err(_))) if !uuid.is_empty() => Listed::Uuid(uuid),
        _ => Listed::Index(u32::try_from(ordinal).unwrap_or(u32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuda_counts_visible_devices_only() {
        assert_eq!(listed(1, None), Listed::Index(1));
        assert_eq!(listed(1, Some("3, 2")), Listed::Index(2));
        assert_eq!(listed(0, Some("GPU-8932f937")), Listed::Uuid("GPU-8932f937"));
        assert_eq!(listed(0, Some("")), Listed::Index(0));
    }
}
