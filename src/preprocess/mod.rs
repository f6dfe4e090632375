//! From a scan to the 48 x 48 tube around its cord that networks see: curve, tube sampling, intensities, crop file; cached by
//! content, in parallel over scans.
//!
//! This room knows volumes, datasets and curves. It knows nothing of networks, patches or screens.

mod batch;
mod cache;
mod crop;
mod curve;
mod error;
mod frame;
mod intensities;
mod mask;
mod percentiles;
mod record;
mod settings;
mod share;
mod stage;
mod standardise;
mod store;
#[cfg(test)]
mod testing;
mod tube;
mod window;

pub use batch::{BatchOptions, BatchReport, FailedScan, Progress, run_batch};
pub use cache::Parameters;
pub use crop::{Crop, crop};
pub use curve::curve_from_cord;
pub use error::PreprocessError;
pub use frame::Frame;
pub use intensities::Intensities;
pub use mask::MaskReport;
pub use percentiles::{PERCENTS, Percentiles};
pub use record::{FailureRecord, Output, Record};
pub use settings::{CropSettings, Preset, StageSettings};
pub use share::Share;
pub use stage::{StageState, load_crop, stage_state, stage_states};
pub use standardise::{Landmarks, standardise};
pub use store::CropFiles;
