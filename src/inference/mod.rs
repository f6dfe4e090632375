//! From an image and its curve to a lesion mask in the image's own space: patches, blending, the way back, and what is kept.
//!
//! This room knows crops and networks. It knows nothing of references, scores, projects' runs or screens.

mod error;
mod flips;
mod loaded;
mod model;
mod postprocess;
mod predict;
mod tiling;
mod uncrop;

pub use error::InferenceError;
pub use loaded::{LoadedModel, read_model, read_network};
pub use model::{Model, PatchModel};
pub use postprocess::{keep_inside, remove_small, threshold};
pub use predict::{PredictOptions, Prediction, predict_crop, predict_volume, tube_probability};
pub use tiling::Tiling;
pub use uncrop::uncrop;
