//! The results screen: evaluations of the project's runs, worst scan first.

use std::path::PathBuf;

use super::super::model::{Evaluation, ScoreRow};
use super::super::widgets::list::Scroll;

/// The results screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    /// Newest run first.
    pub(crate) evaluations: Vec<Evaluation>,
    /// Looked for at least once.
    pub(crate) loaded: bool,
    /// Which evaluation is shown.
    pub(crate) shown: usize,
    pub(crate) scroll: Scroll,
    pub(crate) height: usize,
}

impl Results {
    /// Takes the newest evaluations; the shown one stays shown, else the awaited run's.
    pub(crate) fn replace(&mut self, evaluations: Vec<Evaluation>, prefer: Option<PathBuf>) {
        let key = |e: &Evaluation| (e.run.clone(), e.split.clone());
        let shown = self.evaluation().map(key);
        self.evaluations = evaluations;
        self.loaded = true;
        let place = |is: &dyn Fn(&Evaluation) -> bool| self.evaluations.iter().position(is);
        let preferred = prefer.and_then(|run| place(&|e| e.run == run));
        let kept = shown.and_then(|k| place(&|e| key(e) == k));
        self.shown = preferred.or(kept).unwrap_or(0);
        self.select(self.scroll.selected);
    }

    /// The evaluation shown.
    pub(crate) fn evaluation(&self) -> Option<&Evaluation> {
        self.evaluations.get(self.shown)
    }

    /// The chosen scan.
    pub(crate) fn current(&self) -> Option<&ScoreRow> {
        self.evaluation()?.scores.get(self.scroll.selected)
    }

    /// Shows another evaluation.
    pub(crate) fn turn(&mut self, by: isize) {
        let last = self.evaluations.len().saturating_sub(1);
        self.shown = self.shown.saturating_add_signed(by).min(last);
        self.select(0);
    }

    /// Chooses a scan.
    pub(crate) fn select(&mut self, to: usize) {
        let count = self.evaluation().map_or(0, |e| e.scores.len());
        self.scroll.select(to, count, self.height);
    }

    /// Moves the choice.
    pub(crate) fn step(&mut self, by: isize) {
        self.select(self.scroll.selected.saturating_add_signed(by));
    }
}

/// Mean and median of a measure over the scans that have it.
pub(crate) fn centre(scores: &[ScoreRow], of: impl Fn(&ScoreRow) -> Option<f64>) -> Option<(f64, f64)> {
    let mut values: Vec<f64> = scores.iter().filter_map(of).filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let median = (values.get(n.checked_sub(1)? / 2)? + values.get(n / 2)?) / 2.0;
    Some((values.iter().sum::<f64>() / n as f64, median))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centre_skips_what_has_no_meaning() {
        let row = |dice| ScoreRow {
            id: String::new(),
            dice,
            sensitivity: None,
            ppv: None,
            f1: None,
            volume_error: None,
            lesions: (0, 0),
            message: None,
        };
        let rows = [row(Some(0.2)), row(None), row(Some(0.4)), row(Some(0.9))];
        let (mean, median) = centre(&rows, |r| r.dice).unwrap();
        assert!((mean - 0.5).abs() < 1e-12 && (median - 0.4).abs() < 1e-12);
        assert_eq!(centre(&rows, |r| r.f1), None);
    }
}
