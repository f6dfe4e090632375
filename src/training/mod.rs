//! Training: what is trained on what (`config`), the run directory as its only interface to the world (`run_dir`, `event`,
//! `writer`, `stop`), and the loop itself. It may not know who watches, or that there is a screen.

mod augment;
mod checkpoint;
mod config;
mod data;
mod deep_supervision;
mod detector;
mod early_stop;
mod engine;
mod error;
mod event;
mod feed;
mod fine_tune;
mod flat;
mod gallery;
mod gradients;
mod guard;
mod held_out;
mod hold;
mod identity;
mod limits;
mod loss;
mod mixed;
mod monitor;
mod naming;
mod optimiser;
mod overrides;
mod patches;
mod placement;
mod plan;
mod prepare;
mod presets;
mod run_dir;
mod sample;
mod schedule;
mod sections;
mod setup;
mod source;
mod speed;
mod split;
mod start;
mod stop;
mod tensorboard;
mod threshold;
mod trainer;
mod validate;
mod wishes;
mod writer;

pub use augment::{AugmentConfig, AugmentPreset};
pub use config::{ConfigError, DataEntry, NetworkChoice, Part, TrainConfig};
pub use detector::{DetectorProgress, DetectorTraining, train_detector};
pub use early_stop::EarlyStopConfig;
pub use error::TrainingError;
pub use event::{EVENT_VERSION, Event, EventKind, FinishStatus, SystemLoad};
pub use fine_tune::{FineTuneConfig, HeadChoice};
pub use gallery::{ChangedPatch, Gallery, PatchLook, PatchPage};
pub use guard::guarded;
pub use held_out::{HELD_OUT_FILE, HeldOut};
pub use hold::Hold;
pub use identity::{ProcessIdentity, RunInfo};
pub use naming::{TestChoice, hold_out};
pub use placement::fits_here;
pub use plan::{Plan, plan};
pub use prepare::prepare_and_train;
pub use presets::PRESETS;
pub use run_dir::{RunDir, RunError};
pub use sample::EpochSample;
pub use sections::{
    CropConfig, IntensityConfig, LandmarkSource, LossConfig, LossKind, OptimiserConfig, OptimiserKind,
    PatchConfig, SampleConfig, ScheduleConfig, ScheduleKind, SplitConfig, ZscoreSource,
};
pub use speed::{Speed, SpeedError, SpeedTrial};
pub use stop::{StopRequest, StopSignal};
pub use trainer::{Summary, train};
pub use wishes::{WishError, Wishes, settings, settings_like};
pub use writer::RunWriter;
