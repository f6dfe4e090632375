//! Networks that other programs trained: their files read into plain arrays and a list of layers, and an evaluator for them.
//!
//! This room knows file formats and arithmetic; it knows nothing of images, millimetres or training, and no tensor library.
//! It is for networks of a few megabytes that answer within seconds on a processor.

mod error;
mod fold;
mod graph;
mod keras;
mod onnx;
mod run;
mod simplify;

pub use error::WeightsError;
pub use graph::{Graph, Node, Op};
pub use keras::read_keras;
pub use onnx::{About, read_onnx, read_onnx_notes, write_onnx};
