//! Hands a script in: written beside what it works on, given to `sbatch`, and the job's number kept with every run it trains.

use super::command::ask;
use super::{JobId, JobScript, SlurmError, SlurmJob};
use crate::runs::RunsError;
use crate::training::{RunDir, RunError, TrainConfig};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of a job's script in the directory of what it works on.
pub const SCRIPT_FILE: &str = "job.sbatch";

/// A job that was handed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Submission {
    /// Slurm's number.
    pub job: u64,
    /// The script.
    pub script: PathBuf,
}

/// Writes `script` to `place` and hands it in. `runs` are those it trains: of a single job one, of an array one per task.
///
/// # Errors
/// A setting that cannot be, a file that cannot be written, or Slurm's own no; then nothing waits in the queue.
pub fn submit(script: &JobScript, place: PathBuf, runs: &[RunDir]) -> Result<Submission, SlurmError> {
    let text = script.text()?;
    crate::files::write_bytes(&place, text.as_bytes()).map_err(SlurmError::file(&place))?;
    let folder = place.parent().unwrap_or(&place).to_owned();
    let job = number(&ask("sbatch", &["--parsable", &place.display().to_string()], &folder)?)?;
    for (task, run) in (1..).zip(runs) {
        let id = JobId { job, task: script.array.map(|_| task) };
        SlurmJob { id, script: place.clone(), submitted: now() }.keep(run)?;
    }
    Ok(Submission { job, script: place })
}

/// [`submit`] for an array whose tasks are no runs: its number is kept in the folder it works in.
///
/// # Errors
/// As [`submit`].
pub fn submit_array(script: &JobScript, place: PathBuf, folder: &RunDir) -> Result<Submission, SlurmError> {
    let submission = submit(script, place, &[])?;
    let id = JobId { job: submission.job, task: None };
    SlurmJob { id, script: submission.script.clone(), submitted: now() }.keep(folder)?;
    Ok(submission)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// Freezes `config` as the run's settings, writes the run's script and hands it in. What was made for a run that Slurm refuses is
/// removed again.
///
/// # Errors
/// As [`submit`], and when the directory cannot be written.
pub fn submit_training(
    script: &JobScript,
    dir: &RunDir,
    config: &TrainConfig,
) -> Result<Submission, RunsError> {
    let is_new = !dir.path().exists();
    dir.create()?;
    config.write(&dir.config()).map_err(RunError::from)?;
    let submitted = submit(script, dir.path().join(SCRIPT_FILE), std::slice::from_ref(dir));
    if is_new && submitted.is_err() {
        // The refusal is what the user must read; an empty folder left behind does no harm.
        std::fs::remove_dir_all(dir.path()).ok();
    }
    Ok(submitted?)
}

/// sbatch(1) with `--parsable`: the number, and on some sites `;cluster`. Plug-ins may talk before it.
fn number(said: &str) -> Result<u64, SlurmError> {
    let last = said.lines().last().unwrap_or_default();
    let number = last.split(';').next().unwrap_or_default().trim().parse();
    number.map_err(|_| SlurmError::Odd { program: "sbatch", said: said.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_found_among_what_a_site_says() {
        assert_eq!(number("12").unwrap(), 12);
        assert_eq!(number("Welcome\n7;tuebingen\n").unwrap(), 7);
        assert!(number("").is_err());
    }
}
