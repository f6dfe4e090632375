//! `deepseg`: a terminal workbench for people who train spinal-cord lesion segmentation models.
//!
//! The rooms follow the data: a room may use the rooms listed above it, never those below.

pub mod files;

mod fault;

#[doc(hidden)]
pub mod testing;

pub mod volume;

pub mod dataset;

pub mod weights;

pub mod centerline;

pub mod preprocess;

pub mod kernels;

pub mod network;

pub mod training;

pub mod runs;

pub mod inference;

pub mod evaluation;

pub mod demo;

pub mod workbench;

pub mod cli;
