//! 3 x 3 x 3 convolution with zero borders, its gradients, and both over an input of two resolutions, by minimal filtering: 12
//! multiplications for a voxel, a channel and an output channel instead of 27, and under 7 for a channel of the coarse grid,
//! whose doubled copy is never made.

mod forward;
mod lanes;
mod measure;
mod scratch;
mod tiles;
mod transform;
mod weight_grad;
mod weights;

pub(super) use forward::{Source, Target, convolve};
pub(super) use measure::Part;
pub(super) use tiles::{Channels, Grid};
pub(super) use weight_grad::weight_gradient;
pub(super) use weights::{Kernel, Way};
