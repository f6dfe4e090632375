//! `deepseg centerline P`: the curves of a project, those that need attention first; all methods side by side; a choice.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use crate::centerline::{
    CenterlineError, Examination, Finding, Method, Standing, Summary, Trial, standing, survey,
};
use crate::cli::chosen::chosen;
use crate::cli::interrupt;
use crate::cli::output::{self, CommandResult, Failure, Outcome, Progress};
use crate::dataset::{Project, Scan, ScanId};

use super::answer::{self, Answer};
use super::{Args, described};

impl Args {
    /// Lists the curves of a project's scans, those that need attention first.
    pub(super) fn look(&self) -> CommandResult {
        let project = Project::open(&self.place)?;
        let scans = chosen(&project, self.subject.as_deref())?;
        let progress = Progress::new("centerlines");
        let done = AtomicUsize::new(0);
        let stop = interrupt::flag()?;
        let on_done = |id: &ScanId| {
            progress.show(done.fetch_add(1, Ordering::Relaxed) + 1, scans.len(), id.as_str());
        };
        let findings = survey(&project, &scans, &on_done, &stop);
        progress.finish();
        if self.json {
            output::json(&Listing { scans: findings.iter().map(Line::from).collect() })?;
        } else {
            findings.iter().map(Line::from).for_each(|line| output::line(line.text()));
        }
        let fine = findings.iter().all(|f| matches!(f.curve, Ok(Some(_))));
        Ok(match (stop.load(Ordering::Relaxed), fine) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::Done,
            (false, false) => Outcome::Problems,
        })
    }

    /// Records the method for the scans.
    pub(super) fn choose(&self, method: &str) -> CommandResult {
        let method = Method::choice(method).map_err(|e| Failure::usage(e.to_string()))?;
        let mut project = Project::open(&self.place)?;
        let scans = chosen(&project, self.subject.as_deref())?;
        let ids: Vec<ScanId> = scans.into_iter().map(|scan| scan.id.clone()).collect();
        project.choose_centerline(&ids, method.map(Method::name))?;
        self.look()
    }

    /// Tries every method on every scan and shows what each says.
    pub(super) fn compare_scans(&self) -> CommandResult {
        let project = Project::open(&self.place)?;
        let scans = chosen(&project, self.subject.as_deref())?;
        let stop = interrupt::flag()?;
        let progress = Progress::new("comparing");
        let mut compared = Vec::new();
        for (done, scan) in scans.iter().enumerate() {
            progress.show(done, scans.len(), scan.id.as_str());
            match Compared::of(&project, scan, &|method, examination| examination.attempt(method, &stop)) {
                Err(CenterlineError::Cancelled) => break,
                other => compared.push(other?),
            }
        }
        progress.finish();
        if self.json {
            output::json(&Comparison { scans: &compared })?;
        } else {
            compared.iter().flat_map(Compared::lines).for_each(output::line);
        }
        Ok(if stop.load(Ordering::Relaxed) { Outcome::Interrupted } else { Outcome::Done })
    }
}

#[derive(Serialize)]
struct Comparison<'a> {
    scans: &'a [Compared],
}

/// What every method says of one scan.
#[derive(Serialize)]
struct Compared {
    id: ScanId,
    /// The method the crop is made by; `None` when none is believable.
    used: Option<&'static str>,
    methods: Vec<Answer>,
}

impl Compared {
    fn of(
        project: &Project,
        scan: &Scan,
        attempt: &dyn Fn(Method, &Examination<'_>) -> Result<Trial, CenterlineError>,
    ) -> Result<Self, CenterlineError> {
        let examination = Examination::new(project, scan)?;
        let mut methods = Vec::new();
        for (method, usable) in examination.candidates() {
            methods.push(match usable {
                Ok(()) => {
                    let trial = attempt(method, &examination)?;
                    Answer::given(method, trial.outcome.as_ref().map_err(Clone::clone), trial.seconds)
                }
                Err(reason) => Answer::absent(method, &reason),
            });
        }
        let used = match standing(project, scan)? {
            Standing::Settled(trial) => Some(trial.method.name()),
            _ => None,
        };
        Ok(Compared { id: scan.id.clone(), used, methods })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.id.to_string()];
        lines.extend(answer::lines(&self.methods, self.used));
        lines
    }
}

#[derive(Serialize)]
struct Listing<'a> {
    scans: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a ScanId,
    #[serde(flatten)]
    summary: Option<&'a Summary>,
    problem: Option<String>,
}

impl<'a> From<&'a Finding> for Line<'a> {
    fn from(finding: &'a Finding) -> Self {
        let (summary, problem) = match &finding.curve {
            Ok(Some(summary)) => (Some(summary), None),
            Ok(None) => (
                None,
                Some("no centerline: there is nothing to draw one from, and no method can be used".into()),
            ),
            Err(error) => (None, Some(error.to_string())),
        };
        Line { id: &finding.id, summary, problem }
    }
}

impl Line<'_> {
    fn text(&self) -> String {
        let what = match (&self.problem, self.summary) {
            (Some(problem), _) => problem.clone(),
            (None, Some(summary)) => described(summary),
            (None, None) => String::new(),
        };
        format!("{:<32}  {what}", self.id)
    }
}
