//! The one long piece of work that runs in the background of a project.

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobKind {
    Preprocess,
    Evaluate,
    Check,
    Demo,
    /// Trying other centerline methods on failing scans.
    Rescue,
}

impl JobKind {
    /// The word people read while it runs.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Preprocess => "preprocessing",
            Self::Evaluate => "evaluating",
            Self::Check => "checking the dataset",
            Self::Rescue => "trying other methods",
            Self::Demo => "making the demo cohort",
        }
    }
}

/// A running job.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    pub(crate) kind: JobKind,
    /// Unix time, seconds.
    pub(crate) started: f64,
    pub(crate) done: usize,
    /// 0 when not known yet.
    pub(crate) total: usize,
    /// What it is at now.
    pub(crate) current: String,
    /// Cancelling was asked for.
    pub(crate) cancelling: bool,
}

impl Job {
    /// A job that starts now.
    pub(crate) fn new(kind: JobKind, clock: f64, total: usize) -> Self {
        Self { kind, started: clock, done: 0, total, current: String::new(), cancelling: false }
    }

    /// The part done, 0..1.
    pub(crate) fn part(&self) -> f64 {
        self.done as f64 / self.total.max(1) as f64
    }

    /// Seconds to the end at the pace so far, once there is one.
    pub(crate) fn eta(&self, clock: f64) -> Option<f64> {
        let spent = clock - self.started;
        let known = self.done > 0 && self.done <= self.total && spent > 1.0;
        known.then(|| spent / self.done as f64 * (self.total - self.done) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_tells_the_end() {
        let mut job = Job::new(JobKind::Preprocess, 100.0, 10);
        assert_eq!(job.eta(110.0), None);
        job.done = 2;
        assert_eq!(job.eta(110.0), Some(40.0));
        assert!((job.part() - 0.2).abs() < 1e-12);
    }
}
