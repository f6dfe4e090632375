//! What the screens show, as plain values: rows of subjects, runs and results. Filled by the effects from the other rooms.

mod curves;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::dataset::qc::Verdict;
use crate::runs::RunState;
pub(crate) use curves::{Curves, Line};

/// How far one stage of one scan is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Stage {
    /// Not looked at yet.
    #[default]
    Unknown,
    Missing,
    /// Made from inputs or settings that have changed since.
    Stale,
    Ready,
    Failed(String),
}

/// Something `check` found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    /// True when the scan cannot be trusted until it is dealt with.
    pub(crate) severe: bool,
    pub(crate) message: String,
    pub(crate) fix: String,
}

/// What somebody thought of a scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct QcNote {
    pub(crate) verdict: Option<Verdict>,
    /// 0 to 9.
    pub(crate) rank: Option<u8>,
    pub(crate) comment: String,
    pub(crate) by: String,
}

impl QcNote {
    /// True when the verdict's name, or `none`, begins so.
    pub(crate) fn is_called(&self, start: &str) -> bool {
        self.verdict.map_or("none", Verdict::name).starts_with(start)
    }

    /// Verdict, rank, author and comment in a line; `None` when nobody thought anything.
    pub(crate) fn words(&self) -> Option<String> {
        if self.verdict.is_none() && self.rank.is_none() && self.comment.is_empty() {
            return None;
        }
        let verdict = self.verdict.map_or("noted".to_owned(), |v| format!("marked {v}"));
        let rank = self.rank.map(|rank| format!(", rank {rank}")).unwrap_or_default();
        let comment = if self.comment.is_empty() { String::new() } else { format!(": {}", self.comment) };
        Some(format!("{verdict}{rank} by {}{comment}", self.by))
    }
}

/// A change of a scan's mark.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum MarkChange {
    Verdict(Option<Verdict>),
    /// 0 to 9.
    Rank(Option<u8>),
    Comment(String),
}

/// One scan in the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SubjectRow {
    pub(crate) id: String,
    pub(crate) mask: Stage,
    pub(crate) cord: Stage,
    pub(crate) centerline: Stage,
    pub(crate) crop: Stage,
    pub(crate) prediction: Stage,
    /// How far the best centerline is to be trusted, 0 to 1; `None` when there is none or nobody has judged.
    pub(crate) confidence: Option<f32>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) qc: QcNote,
}

impl SubjectRow {
    /// The stages in the order of the job, each with its word and the letter that stands for it (the viewer's key, where it has one).
    pub(crate) fn stages(&self) -> [(&'static str, char, &Stage); 5] {
        [
            ("mask", 'm', &self.mask),
            ("cord", 'c', &self.cord),
            ("line", 'l', &self.centerline),
            ("crop", 'b', &self.crop),
            ("pred", 'o', &self.prediction),
        ]
    }

    /// Why the scan needs a person, in a sentence; `None` when nothing is wrong.
    pub(crate) fn trouble(&self) -> Option<String> {
        let failed = self.stages().into_iter().find_map(|(name, _, stage)| match stage {
            Stage::Failed(message) => Some(format!("{name}: {message}")),
            _ => None,
        });
        let severe = || self.findings.iter().find(|f| f.severe).map(|f| f.message.clone());
        let lost = || (self.centerline == Stage::Missing).then(|| "no centerline".to_owned());
        failed.or_else(severe).or_else(lost)
    }

    /// True when another centerline may be what the scan needs: it has none that is believed, or no crop can be made along it.
    pub(crate) fn needs_centerline(&self) -> bool {
        let failed = |stage: &Stage| matches!(stage, Stage::Failed(_));
        self.centerline == Stage::Missing || failed(&self.centerline) || failed(&self.crop)
    }

    /// True when [`SubjectRow::trouble`] has something to say.
    pub(crate) fn failing(&self) -> bool {
        self.trouble().is_some()
    }
}

/// One training run in the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunRow {
    pub(crate) dir: PathBuf,
    pub(crate) name: String,
    pub(crate) state: RunState,
    /// Complete epochs, and those to reach (0 when not known yet).
    pub(crate) epoch: u32,
    pub(crate) epochs: u32,
    /// The kept epoch (lowest validation loss) and its validation Dice.
    pub(crate) best: Option<(u32, f64)>,
    /// Its validation loss.
    pub(crate) loss: Option<f64>,
    /// Seconds the epochs took together.
    pub(crate) seconds: f64,
    /// Seconds to the end, when it can be told.
    pub(crate) eta: Option<f64>,
    /// The sweep it belongs to.
    pub(crate) sweep: Option<PathBuf>,
    /// Losses that were not a number.
    pub(crate) gaps: usize,
    /// Pace, load, device: names (which may be empty) and values.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) network: String,
    /// The frozen configuration, flat.
    pub(crate) settings: Arc<BTreeMap<String, String>>,
}

impl RunRow {
    /// A setting's value, or nothing.
    pub(crate) fn setting(&self, key: &str) -> &str {
        self.settings.get(key).map_or("", String::as_str)
    }

    /// Puts a sentence before the other facts, which a narrow screen cuts off.
    pub(crate) fn tell_first(&mut self, words: Option<String>) {
        self.facts.splice(0..0, words.map(|words| ("", words)));
    }

    /// The name in a list below `above`: of the later rows of a sweep only what tells them apart.
    pub(crate) fn listed_name(&self, above: Option<&Self>, width: u16) -> String {
        let sweep =
            self.sweep.as_ref().filter(|sweep| above.is_some_and(|a| a.sweep.as_ref() == Some(sweep)));
        let stem = sweep.and_then(|sweep| sweep.file_name()).map(|name| name.to_string_lossy());
        match stem.and_then(|stem| self.name.strip_prefix(&*stem)) {
            Some(tail) => format!("└ {}", tail.trim_start_matches('-')),
            None => self.short_name(width),
        }
    }

    /// The name in at most about `width` columns: the stamp it begins with loses what least tells runs apart.
    pub(crate) fn short_name(&self, width: u16) -> String {
        let stamp = |text: &str| {
            let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
            let digits = |part: &str, n| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
            (digits(day, 8) && digits(time, 6))
                .then(|| format!("{}-{} {}:{}", &day[4..6], &day[6..], &time[..2], &time[2..4]))
        };
        let short = || {
            let (stamped, slug) = self.name.split_once('-')?;
            Some(format!("{} {slug}", stamp(stamped)?))
        };
        let fits = self.name.chars().count() <= usize::from(width);
        short().filter(|_| !fits).unwrap_or_else(|| self.name.clone())
    }
}

/// Augmented patches to be shown: of which settings, which patch, which epochs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PatchRequest {
    /// Times the screen was opened.
    pub(crate) opening: u64,
    /// The name of an augmentation preset.
    pub(crate) preset: String,
    pub(crate) seed: Option<u64>,
    pub(crate) fold: Option<String>,
    pub(crate) number: usize,
    pub(crate) draws: Range<u32>,
}

impl PatchRequest {
    /// Whether both are about the same settings and crops.
    pub(crate) fn reads_the_same(&self, other: &Self) -> bool {
        let settings = |r: &Self| (r.opening, r.preset.clone(), r.seed, r.fold.clone());
        settings(self) == settings(other)
    }
}

/// The scores of one scan. Shares are 0..1; `None` where a measure has no meaning (no lesion in the reference).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScoreRow {
    pub(crate) id: String,
    pub(crate) dice: Option<f64>,
    pub(crate) sensitivity: Option<f64>,
    pub(crate) ppv: Option<f64>,
    pub(crate) f1: Option<f64>,
    /// (predicted - reference) / reference.
    pub(crate) volume_error: Option<f64>,
    /// Lesions in the reference and in the prediction.
    pub(crate) lesions: (usize, usize),
    /// Why there are no scores, when there are none.
    pub(crate) message: Option<String>,
}

/// The evaluation of one run on one side of the split.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Evaluation {
    pub(crate) run: PathBuf,
    pub(crate) split: String,
    /// Worst first.
    pub(crate) scores: Vec<ScoreRow>,
}

/// A project in the header and in the list of recent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProjectCard {
    pub(crate) name: String,
    pub(crate) dir: PathBuf,
    pub(crate) contrast: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_is_one_heading_and_what_tells_its_runs_apart() {
        let mut first = crate::workbench::state::training::tests::run(
            "20260101T100000Z-rates-02-lr1e-4",
            RunState::Waiting,
        );
        first.sweep = Some("/p/sweeps/20260101T100000Z-rates".into());
        let second = RunRow { name: "20260101T100000Z-rates-01-lr1e-3".into(), ..first.clone() };
        assert_eq!(first.listed_name(None, 80), "20260101T100000Z-rates-02-lr1e-4");
        assert_eq!(second.listed_name(Some(&first), 80), "└ 01-lr1e-3");
        let other = RunRow { sweep: None, ..second.clone() };
        assert_eq!(second.listed_name(Some(&other), 80), second.name);
    }

    #[test]
    fn a_mark_reads_as_a_line() {
        let note = QcNote { rank: Some(3), comment: "blurred".into(), by: "anna".into(), verdict: None };
        assert_eq!(note.words().as_deref(), Some("noted, rank 3 by anna: blurred"));
        let note = QcNote { verdict: Some(Verdict::Fail), by: "anna".into(), ..QcNote::default() };
        assert_eq!(note.words().as_deref(), Some("marked fail by anna"));
        assert_eq!(QcNote::default().words(), None);
    }

    #[test]
    fn a_runs_name_gives_up_its_year_first() {
        let run = |name| super::super::state::training::tests::run(name, RunState::Done);
        let long = run("20261123T223800Z-small-wide");
        assert_eq!(long.short_name(40), "20261123T223800Z-small-wide");
        assert_eq!(long.short_name(25), "11-23 22:38 small-wide");
        assert_eq!(run("a-name-of-my-own-choosing").short_name(5), "a-name-of-my-own-choosing");
        assert_eq!(run("2026é123T223800Z-x").short_name(5), "2026é123T223800Z-x");
    }

    #[test]
    fn trouble_names_the_failed_stage_before_a_missing_centerline() {
        let mut row = SubjectRow { centerline: Stage::Missing, ..SubjectRow::default() };
        assert_eq!(row.trouble().as_deref(), Some("no centerline"));
        row.crop = Stage::Failed("the curve leaves the image".into());
        assert_eq!(row.trouble().as_deref(), Some("crop: the curve leaves the image"));
        row = SubjectRow { centerline: Stage::Ready, mask: Stage::Missing, ..SubjectRow::default() };
        assert!(!row.failing(), "a scan without a mask is for prediction, not a failure");
    }
}
