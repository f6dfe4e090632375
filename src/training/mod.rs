//! Training: what is trained on what (`config`), the run directory as its only interface to the world (`run_dir`, `event`,
//! `writer`, `stop`), and the loop itself. It may not know who watches, or that there is a screen.

mod config;
mod event;
mod identity;
mod limits;
mod overrides;
mod run_dir;
mod stop;
mod writer;

pub use config::{
    AugmentConfig, ConfigError, CropConfig, DataEntry, IntensityConfig, LandmarkSource, LossConfig, LossKind,
    NetworkChoice, OptimiserConfig, OptimiserKind, Part, PatchConfig, ScheduleConfig, ScheduleKind,
    SplitConfig, TrainConfig, ZscoreSource,
};
pub use event::{EVENT_VERSION, Event, EventKind, FinishStatus};
pub use identity::{ProcessIdentity, RunInfo};
pub use run_dir::{RunDir, RunError};
pub use stop::{StopRequest, StopSignal};
pub use writer::RunWriter;
