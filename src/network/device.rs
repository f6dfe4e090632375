//! Which processor runs the network: chosen at run time, with the reason in words.

use serde::{Deserialize, Serialize};

use super::error::NetworkError;

/// What the user asked for: `auto`, `cpu`, `cuda` or `cuda:1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// A GPU when one answers, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The GPU of this index, or an error.
    Cuda(usize),
}

impl std::str::FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|index| index.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("unknown device `{text}`: use auto, cpu, cuda or cuda:N")),
        }
    }
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(choice: DeviceChoice) -> Self {
        choice.to_string()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceKind {
    Cpu,
    #[cfg(feature = "cuda")]
    Cuda(usize),
}

/// A processor that was seen to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(pub(crate) DeviceKind);

impl Device {
    /// The CPU: always there.
    pub const CPU: Self = Self(DeviceKind::Cpu);

    /// The device for `choice`, and in words for the user what it is and why.
    ///
    /// Only an explicit request for a GPU that does not answer is an error.
    pub fn choose(choice: DeviceChoice) -> Result<(Self, String), NetworkError> {
        let threads = rayon::current_num_threads();
        let on_cpu = format!("CPU, {threads} threads");
        match (choice, cuda_count()) {
            (DeviceChoice::Cpu, _) => Ok((Self::CPU, on_cpu)),
            (DeviceChoice::Auto, Err(reason)) => Ok((Self::CPU, format!("{on_cpu} ({reason})"))),
            (DeviceChoice::Auto, Ok(_)) => Ok(Self::cuda(0)),
            (DeviceChoice::Cuda(index), Ok(count)) if index < count => Ok(Self::cuda(index)),
            (DeviceChoice::Cuda(index), Ok(count)) => Err(NetworkError::Device(format!(
                "there is no GPU {index} on this machine ({count} found, counted from 0); use --device auto or cpu"
            ))),
            (DeviceChoice::Cuda(_), Err(reason)) => {
                Err(NetworkError::Device(format!("no GPU can be used: {reason}; use --device auto or cpu")))
            }
        }
    }

    /// The number of the GPU, as CUDA counts in this process; `None` on the CPU.
    pub(crate) fn gpu(&self) -> Option<usize> {
        match self.0 {
            DeviceKind::Cpu => None,
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda(index) => Some(index),
        }
    }

    /// Every GPU that answers, in order; empty where none does.
    pub fn every_gpu() -> Vec<DeviceChoice> {
        (0..cuda_count().unwrap_or(0)).map(DeviceChoice::Cuda).collect()
    }

    #[cfg(feature = "cuda")]
    fn cuda(index: usize) -> (Self, String) {
        (Self(DeviceKind::Cuda(index)), format!("CUDA GPU {index}"))
    }

    /// Unreachable in effect: without the feature, no GPU is ever counted.
    #[cfg(not(feature = "cuda"))]
    fn cuda(_: usize) -> (Self, String) {
        (Self::CPU, "CPU".to_owned())
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            DeviceKind::Cpu => formatter.write_str("cpu"),
            #[cfg(feature = "cuda")]
            DeviceKind::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda_count() -> Result<usize, String> {
    crate::kernels::cuda::device_count()
}

#[cfg(not(feature = "cuda"))]
fn cuda_count() -> Result<usize, String> {
    Err("this build has no GPU support (feature `cuda`)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_nonsense_is_refused() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        assert!("cuda:x".parse::<DeviceChoice>().is_err());
    }

    #[test]
    fn auto_always_finds_a_device_and_says_which() {
        let (device, note) = Device::choose(DeviceChoice::Auto).unwrap();
        if device == Device::CPU {
            assert!(note.starts_with("CPU") && note.contains("no "), "the reason is missing: {note}");
            let message = Device::choose(DeviceChoice::Cuda(0)).unwrap_err().to_string();
            assert!(message.contains("--device auto"), "{message}");
        }
    }
}
