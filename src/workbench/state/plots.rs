//! How the curves of runs are looked at: which of them, smoothed or not, which part, where the cursor is.

use super::super::model::Line;
use super::super::widgets::chart::Scale;

/// What is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Metric {
    /// Loss and Dice, with the rate where there is room.
    #[default]
    Overview,
    Loss,
    Dice,
    Rate,
    Pace,
    Memory,
    Load,
}

impl Metric {
    /// All in the order of the key that walks through them.
    const ALL: [Self; 7] =
        [Self::Overview, Self::Loss, Self::Dice, Self::Rate, Self::Pace, Self::Memory, Self::Load];

    /// The next one, round the end.
    pub(crate) fn next(self) -> Self {
        let at = Self::ALL.iter().position(|m| *m == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }

    /// Its name with its unit.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Loss => "Loss",
            Self::Dice => "Dice",
            Self::Rate => "Learning rate",
            Self::Pace => "Patches/s",
            Self::Memory => "Memory GiB",
            Self::Load => "Load %",
        }
    }

    /// Its curves for one run; between runs the first counts that a run has.
    pub(crate) fn lines(self) -> &'static [Line] {
        match self {
            Self::Overview | Self::Loss => &[Line::Validation, Line::Train],
            Self::Dice => &[Line::Dice],
            Self::Rate => &[Line::Rate],
            Self::Pace => &[Line::Pace],
            Self::Memory => &[Line::Memory],
            Self::Load => &[Line::Gpu, Line::Cpu],
        }
    }
}

/// Weights of the past in the mean.
const SMOOTHING: [f64; 3] = [0.0, 0.6, 0.9];
/// No fewer epochs fill a chart.
const CLOSEST: f64 = 4.0;

/// The way the curves are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Plots {
    pub(crate) metric: Metric,
    smoothing: usize,
    pub(crate) scale: Scale,
    /// The epochs in sight; `None` shows all.
    zoom: Option<(f64, f64)>,
    /// The epoch whose values are shown.
    pub(crate) cursor: Option<f64>,
}

impl Plots {
    /// Weight of the past, 0..1; 0 draws the values as they are.
    pub(crate) fn weight(&self) -> f64 {
        SMOOTHING[self.smoothing]
    }

    /// The next weight, round the end.
    pub(crate) fn smooth_more(&mut self) {
        self.smoothing = (self.smoothing + 1) % SMOOTHING.len();
    }

    /// Linear, logarithmic, linear.
    pub(crate) fn next_scale(&mut self) {
        self.scale = if self.scale == Scale::Linear { Scale::Log } else { Scale::Linear };
    }

    /// The epochs in sight of a run that spans `whole`.
    pub(crate) fn span(&self, whole: (f64, f64)) -> (f64, f64) {
        self.zoom.map_or(whole, |(from, to)| (from.max(whole.0), to.min(whole.1)))
    }

    /// True when only a part is in sight.
    pub(crate) fn zoomed(&self) -> bool {
        self.zoom.is_some()
    }

    /// Half the epochs, or twice as many, around `about`, else the cursor, else the newest ones.
    pub(crate) fn zoom(&mut self, closer: bool, whole: (f64, f64), about: Option<f64>, reached: f64) {
        let (from, to) = self.span(whole);
        let width = ((to - from) * if closer { 0.5 } else { 2.0 }).max(CLOSEST);
        if width >= whole.1 - whole.0 {
            self.zoom = None;
            return;
        }
        let centre = about.or(self.cursor).unwrap_or(reached - width / 2.0);
        // What is under the mouse or the cursor stays where it is.
        let part = about.or(self.cursor).map_or(0.5, |x| ((x - from) / (to - from)).clamp(0.0, 1.0));
        self.show(centre - part * width, width, whole);
    }

    /// Moves the part in sight by a share of its width.
    pub(crate) fn pan(&mut self, by: f64, whole: (f64, f64)) {
        if let Some((from, to)) = self.zoom {
            self.show(from + by * (to - from), to - from, whole);
        }
    }

    /// Moves the cursor by epochs, from the newest on when there is none; the part in sight follows.
    pub(crate) fn step(&mut self, by: f64, whole: (f64, f64), reached: f64) {
        let first = reached.min(1.0);
        let to = self.cursor.map_or(reached, |at| at.round() + by).clamp(first, reached.max(first));
        self.point(to);
        let (from, end) = self.span(whole);
        if to < from || to > end {
            self.show(to - (end - from) / 2.0, end - from, whole);
        }
    }

    /// Puts the cursor on an epoch.
    pub(crate) fn point(&mut self, epoch: f64) {
        self.cursor = Some(epoch.round().max(1.0));
    }

    /// Takes away the cursor, else the zoom; false when there was neither.
    pub(crate) fn clear(&mut self) -> bool {
        self.cursor.take().is_some() || self.zoom.take().is_some()
    }

    /// All epochs, no cursor.
    pub(crate) fn reset(&mut self) {
        (self.zoom, self.cursor) = (None, None);
    }

    fn show(&mut self, from: f64, width: f64, whole: (f64, f64)) {
        let from = from.clamp(whole.0, (whole.1 - width).max(whole.0));
        self.zoom = Some((from, from + width));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: (f64, f64) = (0.0, 100.0);

    #[test]
    fn zooming_keeps_what_is_pointed_at_and_stays_inside() {
        let mut plots = Plots::default();
        plots.zoom(true, WHOLE, Some(20.0), 80.0);
        assert_eq!(plots.span(WHOLE), (10.0, 60.0));
        plots.zoom(true, WHOLE, Some(10.0), 80.0);
        assert_eq!(plots.span(WHOLE), (10.0, 35.0));
        plots.pan(-10.0, WHOLE);
        assert_eq!(plots.span(WHOLE), (0.0, 25.0));
        (0..9).for_each(|_| plots.zoom(true, WHOLE, None, 80.0));
        let (from, to) = plots.span(WHOLE);
        assert_eq!(to - from, CLOSEST);
        (0..9).for_each(|_| plots.zoom(false, WHOLE, None, 80.0));
        assert!(!plots.zoomed());
    }

    #[test]
    fn zooming_without_a_cursor_shows_the_newest_epochs() {
        let mut plots = Plots::default();
        plots.zoom(true, WHOLE, None, 80.0);
        let (from, to) = plots.span(WHOLE);
        assert!(from <= 55.0 && to >= 80.0, "{from} {to}");
    }

    #[test]
    fn the_cursor_starts_at_the_newest_epoch_and_stays_among_them() {
        let mut plots = Plots::default();
        plots.step(-1.0, WHOLE, 40.0);
        assert_eq!(plots.cursor, Some(40.0));
        plots.step(-1.0, WHOLE, 40.0);
        assert_eq!(plots.cursor, Some(39.0));
        plots.step(5.0, WHOLE, 40.0);
        assert_eq!(plots.cursor, Some(40.0));
        plots.zoom(true, WHOLE, Some(90.0), 40.0);
        plots.step(0.0, WHOLE, 40.0);
        let (from, to) = plots.span(WHOLE);
        assert!((from..=to).contains(&40.0), "the part in sight follows: {from} {to}");
        assert!(plots.clear() && plots.clear() && !plots.clear());
    }
}
