//! Centerlines: where the cord runs on every slice, from a cord mask, a centerline file or points, with a confidence.
//!
//! This room knows volumes and datasets; it knows nothing of crops, networks or screens. A centerline is a [`Curve`], never a
//! voxel mask: a one-voxel line dies in resampling. A voxel mask is an export.

mod builtin;
mod centre_of_mass;
mod chain;
mod cnn;
mod confidence;
mod csv;
mod curve;
mod detect;
mod distance;
mod dpdt;
mod error;
mod examine;
mod fit;
mod given;
mod method;
mod optic;
mod placed;
mod points;
mod polyline;
mod propseg;
mod raster;
mod sct;
mod search;
mod settings;
mod snap;
mod survey;
mod tools;
mod trial;

pub use builtin::{Example, Heat, SPACING, example, network as detector_network};
pub use centre_of_mass::{from_mask, from_mask_within};
pub use chain::{Standing, glance, resolve, standing};
pub use confidence::Confidence;
pub use curve::Curve;
pub use detect::{Witness, detect, judged, look};
pub use error::CenterlineError;
pub use examine::Examination;
pub use fit::{DEFAULT_DEGREE, DEFAULT_SMOOTH, Fit};
pub use given::from_file;
pub use method::Method;
pub use placed::{PlacedPoints, placed_fit, read_points, save_points};
pub use points::{Frame, Points, from_points};
pub use raster::from_voxels;
pub use sct::SctProgram;
pub use search::{Found, Search};
pub use settings::{BELIEVABLE, CenterlineSettings};
pub use snap::snap;
pub use survey::{Finding, Summary, survey};
pub use tools::Tools;
pub use trial::{Trial, drawn_cord, table, trials};
