//! How good a prediction is: voxels, lesions and surfaces of one image, and their summary over a cohort with its report files.
//!
//! All measures know masks in millimetres only; `cohort` alone knows projects and models. This room knows nothing of screens.

mod bins;
mod cohort;
mod compare;
mod controls;
mod error;
mod lesion;
mod report;
mod statistics;
mod summary;
mod surface;
mod voxel;

pub use bins::{SIZE_EDGES_MM3, SizeBin};
pub use cohort::{CohortReport, Unscored, evaluate_scans};
pub use compare::{MEASURES, Measure, Scores, compare};
pub use controls::Controls;
pub use error::EvaluationError;
pub use lesion::{Lesion, LesionScores};
pub use report::write_report;
pub use statistics::Quartiles;
pub use summary::{MeasureSummary, SubjectScores, Summary, summarise};
pub use surface::SurfaceDistances;
pub use voxel::VoxelScores;
