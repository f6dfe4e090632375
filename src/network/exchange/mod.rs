//! Networks in and out: between a description with its weights and the plain list of layers that files of other programs hold,
//! and between those files and model files.
//!
//! Whether a foreign network is one of ours is read from its layers and what each takes from, never from their names.

mod export;
mod graph;
mod import;
mod plan;
mod recognise;
#[cfg(test)]
mod tests;

pub use graph::graph_of;
pub use import::load_network;
pub use recognise::recognise;
