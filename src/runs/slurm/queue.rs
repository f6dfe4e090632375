//! What the queue says of jobs, asked rarely: the controller serves everybody.

use super::command::ask;
use super::{JobId, SlurmError};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Never asked more often than this.
const SHORTEST: Duration = Duration::from_secs(5);
/// While nothing changes, the pauses grow to this.
const LONGEST: Duration = Duration::from_secs(30);
/// squeue(1): number with task, state, reason, machines, time left.
const FORMAT: &str = "--format=%i|%T|%r|%N|%L";

/// One job as the queue has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobState {
    /// Number, with the task of an array.
    pub job: String,
    /// Slurm's word: PENDING, RUNNING, COMPLETED, TIMEOUT, CANCELLED, …
    pub state: String,
    /// Why it waits; empty when there is no reason.
    pub reason: String,
    /// Where it runs; empty while it does not.
    pub node: String,
    /// Time to its limit, as Slurm writes it.
    pub left: String,
}

/// The queue, as last seen.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    seen: HashMap<JobId, JobState>,
    asked: Option<(Instant, Vec<JobId>)>,
    pause: Duration,
    trouble: Option<String>,
}

impl JobState {
    /// It waits for its turn, for the first time or again.
    pub fn waits(&self) -> bool {
        matches!(
            self.state.as_str(),
            "PENDING" | "REQUEUED" | "REQUEUE_HOLD" | "REQUEUE_FED" | "SPECIAL_EXIT"
        )
    }

    /// It has its machines.
    pub fn runs(&self) -> bool {
        let running = [
            "RUNNING",
            "CONFIGURING",
            "COMPLETING",
            "STAGE_OUT",
            "SUSPENDED",
            "SIGNALING",
            "RESIZING",
            "STOPPED",
        ];
        running.contains(&self.state.as_str())
    }

    /// In a line: `job 12 PENDING (Resources)`, `job 12 RUNNING on node3, 5:20 left`.
    pub fn words(&self) -> String {
        let reason = if self.waits() && !self.reason.is_empty() {
            format!(" ({})", self.reason)
        } else {
            String::new()
        };
        let node = if self.node.is_empty() { String::new() } else { format!(" on {}", self.node) };
        let left = if self.runs() && !self.left.is_empty() {
            format!(", {} left", self.left)
        } else {
            String::new()
        };
        format!("job {} {}{reason}{node}{left}", self.job, self.state)
    }
}

impl Queue {
    /// Asks about `jobs`, if it is time to; may take seconds. What was known stays known when Slurm does not answer.
    pub fn look(&mut self, jobs: &[JobId]) {
        let is_new = self.asked.as_ref().is_none_or(|(_, about)| jobs.iter().any(|j| !about.contains(j)));
        let is_time = self.asked.as_ref().is_none_or(|(when, _)| when.elapsed() >= self.pause.max(SHORTEST));
        // A job that was just handed in is asked about at once; the others can wait.
        if jobs.is_empty() || !(is_time || is_new) {
            return;
        }
        match squeue(jobs) {
            Ok(seen) => {
                let quiet = self.asked.is_some() && !is_new && seen == self.seen;
                self.pause = if quiet { (self.pause * 2).clamp(SHORTEST, LONGEST) } else { SHORTEST };
                (self.seen, self.trouble) = (seen, None);
            }
            Err(error) => {
                self.pause = LONGEST;
                self.trouble = Some(error.to_string());
            }
        }
        self.asked = Some((Instant::now(), jobs.to_vec()));
    }

    /// What is known of a job. The controller forgets jobs some minutes after their end.
    pub fn job(&self, id: JobId) -> Option<&JobState> {
        self.seen.get(&id)
    }

    /// Whether the controller answered and no longer knows the job.
    pub fn has_forgotten(&self, id: JobId) -> bool {
        let asked = self.asked.as_ref().is_some_and(|(_, about)| about.contains(&id));
        asked && self.trouble.is_none() && !self.seen.contains_key(&id)
    }

    /// The queue that holds one job in that state, or has forgotten it.
    #[cfg(test)]
    pub(super) fn with(id: JobId, state: Option<&str>) -> Self {
        let seen = state.and_then(|state| line(&format!("{id}|{state}|||")));
        Self { seen: seen.into_iter().collect(), asked: Some((Instant::now(), vec![id])), ..Self::default() }
    }

    /// Why the controller was not heard the last time.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

/// One question about all of them. Asked for jobs it has forgotten and nothing else, squeue calls that an error.
fn squeue(jobs: &[JobId]) -> Result<HashMap<JobId, JobState>, SlurmError> {
    let mut numbers: Vec<String> = jobs.iter().map(|id| id.job.to_string()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let list = format!("--jobs={}", numbers.join(","));
    let said = ask("squeue", &["--noheader", "--array", "--states=all", FORMAT, &list], Path::new("/"));
    match said {
        Ok(said) => Ok(said.lines().filter_map(line).collect()),
        Err(SlurmError::Refused { said, .. }) if said.contains("Invalid job id") => Ok(HashMap::new()),
        Err(error) => Err(error),
    }
}

fn line(text: &str) -> Option<(JobId, JobState)> {
    let mut fields = text.trim().split('|').map(str::trim);
    let job = fields.next()?;
    let state = fields.next()?.to_owned();
    let mut word =
        || fields.next().filter(|w| !matches!(*w, "None" | "N/A" | "(null)")).unwrap_or_default().to_owned();
    let (reason, node, left) = (word(), word(), word());
    Some((job.parse().ok()?, JobState { job: job.into(), state, reason, node, left }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_are_understood() {
        let cases = [
            ("1|RUNNING|None|vm|0:58", "job 1 RUNNING on vm, 0:58 left"),
            ("2|PENDING|PartitionTimeLimit||69-10:39:00", "job 2 PENDING (PartitionTimeLimit)"),
            ("3_2|PENDING|JobArrayTaskLimit||1:00", "job 3_2 PENDING (JobArrayTaskLimit)"),
            ("4|CANCELLED|None|vm|0:52", "job 4 CANCELLED on vm"),
        ];
        for (text, words) in cases {
            assert_eq!(line(text).unwrap().1.words(), words);
        }
        assert_eq!(line("3_2|PENDING|x||").unwrap().0, JobId { job: 3, task: Some(2) });
        assert!(line("slurm_load_jobs error").is_none());
    }
}
