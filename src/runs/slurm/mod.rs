//! Runs that wait in Slurm's queue: the script a job runs, handing it in, what the queue says of it, taking it back.
//!
//! A job does nothing a person could not type: its run directory holds the frozen settings, and the script calls
//! `deepseg train --run-dir R --resume`, which starts, continues or finds finished. So a job that is put back into the queue, by
//! the time limit, a dead node or its owner, goes on by itself. Slurm is asked through its own commands only, each with a time
//! limit; nothing here knows who looks, and every call may take seconds.

mod command;
mod error;
mod job;
mod options;
mod queue;
mod refine;
mod script;
mod stop;
mod submit;

pub use command::is_there;
pub use error::SlurmError;
pub use job::{JobId, SlurmJob};
pub use options::SlurmOptions;
pub use queue::{JobState, Queue};
pub use refine::{refine, refined_state};
pub use script::{Array, JobScript, Work};
pub use stop::{Stopping, stop};
pub use submit::{SCRIPT_FILE, Submission, submit, submit_array, submit_training};
