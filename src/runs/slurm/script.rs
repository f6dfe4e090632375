//! The script of a job, written to be read: a person can keep it, change it and hand it in again with `sbatch`.

use super::SlurmError;
use super::options::{SlurmOptions, WARNING_SECONDS};
use crate::training::RunDir;
use std::path::{Path, PathBuf};

/// What is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct JobScript {
    /// Name in the queue.
    pub name: String,
    /// Where what the job says goes.
    pub output: PathBuf,
    /// Several tasks, where it is an array; each then adds its number to the name of `output`.
    pub array: Option<Array>,
    /// What is asked of the cluster.
    pub options: SlurmOptions,
    /// This program.
    pub program: PathBuf,
    /// What the job does.
    pub work: Work,
}

/// The tasks of a job array, numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Array {
    /// How many.
    pub tasks: usize,
    /// How many at a time; all that the cluster has room for when absent.
    pub at_once: Option<usize>,
}

/// What a job does.
#[derive(Debug, Clone, PartialEq)]
pub enum Work {
    /// Trains a run whose settings are frozen.
    Train {
        /// Its directory.
        run: PathBuf,
    },
    /// Each task trains the run on that line of a file that has its number.
    TrainListed {
        /// The file.
        list: PathBuf,
    },
    /// Each task makes its share of a project's crops and leaves a report, `<task>.json`, in a folder.
    Preprocess {
        /// The project.
        project: PathBuf,
        /// The folder.
        reports: PathBuf,
        /// Number of shares.
        shares: usize,
        /// Further options of `deepseg preprocess`.
        options: Vec<String>,
    },
}

impl JobScript {
    /// The script that trains one run by calling `program`.
    pub fn training(program: PathBuf, run: &RunDir, options: SlurmOptions) -> Self {
        let place = std::path::absolute(run.path()).unwrap_or_else(|_| run.path().to_owned());
        let (name, output) = (run.name(), RunDir::new(&place).console());
        Self { name, output, array: None, options, program, work: Work::Train { run: place } }
    }

    /// The script's text.
    ///
    /// # Errors
    /// A setting that cannot be.
    pub fn text(&self) -> Result<String, SlurmError> {
        let mut lines = vec![
            "#!/bin/bash".to_owned(),
            "# Written by deepseg. Read it, keep it, change it; hand it in again with sbatch.".to_owned(),
        ];
        lines.extend(self.directives()?.into_iter().map(|d| format!("#SBATCH {d}")));
        lines.extend([String::new(), "set -u".to_owned()]);
        lines.extend(self.options.setup.iter().cloned());
        lines.extend([String::new(), self.body()]);
        Ok(lines.join("\n"))
    }

    fn directives(&self) -> Result<Vec<String>, SlurmError> {
        let task = if self.array.is_some() { "-%a" } else { "" };
        let mut all = vec![
            format!("--job-name={}", directive(&self.name)),
            format!("--output={}", output(&self.output, task)),
            "--open-mode=append".to_owned(),
            "--requeue".to_owned(),
        ];
        if !matches!(self.work, Work::Preprocess { .. }) {
            all.push(format!("--signal=B:USR1@{WARNING_SECONDS}"));
        }
        if let Some(Array { tasks, at_once }) = self.array {
            let limit = at_once.map_or(String::new(), |n| format!("%{n}"));
            all.push(format!("--array=1-{tasks}{limit}"));
        }
        all.extend(self.options.directives()?);
        Ok(all)
    }

    fn body(&self) -> String {
        let program = quoted(&self.program);
        match &self.work {
            Work::Train { run } => training(&program, &format!("run={}\n", quoted(run))),
            Work::TrainListed { list } => training(&program, &listed(&quoted(list))),
            Work::Preprocess { project, reports, shares, options } => {
                let (project, reports) = (quoted(project), quoted(reports));
                let options: String = options.iter().map(|o| format!(" {}", quoted(Path::new(o)))).collect();
                format!(
                    "exec {program} preprocess {project} --shard \"$SLURM_ARRAY_TASK_ID/{shares}\"{options} \\\n    \
                     --report {reports}/\"$SLURM_ARRAY_TASK_ID\".json\n"
                )
            }
        }
    }
}

/// The task's run, and its own console instead of the array's.
fn listed(list: &str) -> String {
    format!(
        "# The line of the task's number names its run.\n\
         run=$(sed -n \"${{SLURM_ARRAY_TASK_ID}}p\" {list})\n\
         exec >>\"$run/console.log\" 2>&1\n"
    )
}

/// The trainer runs in the background, because a shell that waits for a foreground command hears no signal. After the first
/// USR1 the trainer gets one TERM: a second would end it without a checkpoint, which is also why TERM itself, which Slurm sends
/// to every process of the job, is not handed on.
fn training(program: &str, run: &str) -> String {
    format!(
        r#"{run}
# Near the time limit Slurm sends USR1 to this script. The trainer then finishes its step, writes a checkpoint and ends;
# the job goes back into the queue, and continues from there when its turn comes.
again=
trap '[ -n "$again" ] || kill -TERM "$trainer"; again=yes' USR1
# A job that is cancelled gets TERM in all its processes: wait for the trainer's checkpoint.
trap : TERM

# Starts the run, or continues it where an earlier job stopped.
{program} train --run-dir "$run" --resume &
trainer=$!
wait "$trainer"
while kill -0 "$trainer" 2>/dev/null; do wait "$trainer"; done
wait "$trainer"
status=$?

if [ -n "$again" ] && [ "$status" -eq 130 ]; then
    scontrol requeue "$SLURM_JOB_ID" && exit 0
fi
exit "$status"
"#
    )
}

/// A word for the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// A word for a line of options, which sbatch splits as a shell does.
fn directive(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// `%` begins sbatch's own patterns in a file name.
fn output(path: &Path, task: &str) -> String {
    let text = path.display().to_string().replace('%', "%%");
    match text.rsplit_once('.') {
        Some((stem, end)) if !task.is_empty() => directive(&format!("{stem}{task}.{end}")),
        _ => directive(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn script(work: Work, array: Option<Array>) -> JobScript {
        JobScript {
            name: "a \"b\"".into(),
            output: "/p/50%/console.log".into(),
            array,
            options: SlurmOptions { setup: vec!["export LIMIT=1".into()], ..Default::default() },
            program: "/opt/it's/deepseg".into(),
            work,
        }
    }

    /// The shell reads it without running it.
    fn is_bash(text: &str) -> bool {
        let mut shell =
            Command::new("bash").args(["-n", "-c", text]).stderr(Stdio::inherit()).spawn().unwrap();
        shell.wait().unwrap().success()
    }

    #[test]
    fn a_training_is_signalled_requeued_and_resumed() {
        let text = script(Work::Train { run: "/p/runs/r".into() }, None).text().unwrap();
        for part in [
            "#SBATCH --job-name=\"a \\\"b\\\"\"\n",
            "#SBATCH --output=\"/p/50%%/console.log\"\n",
            "#SBATCH --requeue\n",
            "#SBATCH --signal=B:USR1@120\n",
            "export LIMIT=1\n",
            "run='/p/runs/r'\n",
            "'/opt/it'\\''s/deepseg' train --run-dir \"$run\" --resume &",
        ] {
            assert!(text.contains(part), "{part} is missing from\n{text}");
        }
        assert!(is_bash(&text));
    }

    #[test]
    fn an_array_has_a_task_per_run_or_share() {
        let array = Some(Array { tasks: 12, at_once: Some(4) });
        let text = script(Work::TrainListed { list: "/p/sweeps/s/runs.txt".into() }, array).text().unwrap();
        assert!(text.contains("#SBATCH --array=1-12%4\n"), "{text}");
        assert!(text.contains("--output=\"/p/50%%/console-%a.log\"") && is_bash(&text), "{text}");
        let work = Work::Preprocess {
            project: "/p".into(),
            reports: "/p/jobs/j".into(),
            shares: 12,
            options: vec!["--force".into()],
        };
        let text = script(work, array).text().unwrap();
        assert!(text.contains("--shard \"$SLURM_ARRAY_TASK_ID/12\" '--force'") && is_bash(&text), "{text}");
        assert!(!text.contains("--signal"), "a share has no checkpoint: what it made stays made");
    }
}
