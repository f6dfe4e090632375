//! Datasets and projects: which scans there are, which mask and curve belong to each, what is wrong with them, and what the user
//! decided about them. The dataset is only ever read; everything written goes to the project directory.
//!
//! This room knows volumes and files; it knows nothing of curves, crops, networks or screens.

mod checks;
mod contrast;
mod decisions;
mod error;
mod fix;
mod layout;
mod problem;
mod project;
pub mod qc;
mod reading;
mod scan;
mod settings;

pub use checks::{CheckReport, OrientationNames, ScanReport, Tick, check, check_headers, check_scan};
pub use contrast::Contrast;
pub use decisions::Decision;
pub use error::DatasetError;
pub use fix::Fix;
pub use layout::{Discovery, Layout, discover};
pub use problem::{Code, Problem, Severity};
pub use project::{Permissions, Project, SETTINGS_FILE};
pub use scan::{Scan, ScanId};
pub use settings::Settings;
