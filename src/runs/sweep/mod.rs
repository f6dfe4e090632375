//! Sweeps: many trainings that differ in a few settings, one after another on each device, or as the tasks of a job array.
//!
//! A sweep only makes run directories with frozen settings and a list of them, `sweep.json`. The queue then looks at the
//! directories and starts the next; the trainers are processes of their own. So the queue may die: the trainer at work goes on,
//! and a new queue takes up where the directories are. Nothing here knows who looks.

mod axes;
mod error;
mod list;
mod plan;
mod queue;
mod status;
mod stop;
mod summary;

pub use axes::{Axis, points_in_file, product};
pub use error::SweepError;
pub use list::{PointEntry, Sweep, SweepDir};
pub use plan::{Point, discard, freeze, plan};
pub use queue::{Start, work_off};
pub use status::{PointStatus, SweepStatus, latest_sweep, sweeps};
pub use stop::stop_sweep;
pub use summary::{Row, Spread, summary};
