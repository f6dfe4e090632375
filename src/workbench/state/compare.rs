//! The comparison of all centerline methods on one scan: which panels there are, what has come of each, which is chosen.
//!
//! Counts its requests, so that answers to an earlier one are dropped. Knows nothing of how methods work.

use super::super::trial::{Drawn, Methods, TrialNews, Tried};

/// Millimetres an axial picture shows: the cord and what lies around it.
const USUAL_MM: f64 = 60.0;

/// A second click within this time (seconds) is a double click.
const DOUBLE_CLICK: f64 = 0.5;

/// The comparison. Closed when `key` is empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Compare {
    /// The scan.
    pub(crate) key: String,
    /// Counts requests; news of an older one is stale.
    pub(crate) generation: u64,
    pub(crate) panels: Vec<Panel>,
    /// Methods that cannot be tried here, each with the reason.
    pub(crate) absent: Vec<(String, String)>,
    /// The method the scan's crop is made by.
    pub(crate) accepted: Option<String>,
    /// Why nothing can be tried.
    pub(crate) refused: Option<String>,
    /// The chosen card: a panel, or one beyond them for the absent methods.
    pub(crate) selected: usize,
    /// The first card in sight.
    pub(crate) first: usize,
    /// Cards in sight; set by the layout.
    pub(crate) in_sight: usize,
    /// Millimetres across an axial picture.
    pub(crate) width_mm: f64,
    /// What there is has been told.
    listed: bool,
    /// A card was chosen by hand: the choice no longer follows the best curve.
    touched: bool,
    /// The last click on a card: which, and when.
    clicked: Option<(usize, f64)>,
}

impl Default for Compare {
    fn default() -> Self {
        Self {
            key: String::new(),
            generation: 0,
            panels: Vec::new(),
            absent: Vec::new(),
            accepted: None,
            refused: None,
            selected: 0,
            first: 0,
            in_sight: 1,
            width_mm: USUAL_MM,
            listed: false,
            touched: false,
            clicked: None,
        }
    }
}

/// One method beside the others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Panel {
    pub(crate) method: String,
    pub(crate) progress: Progress,
}

/// How far a method is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Progress {
    Queued,
    /// Since when (unix seconds).
    Running(f64),
    Ended(Tried),
}

impl Panel {
    /// The curve, once there is one.
    pub(crate) fn drawn(&self) -> Option<&Drawn> {
        match &self.progress {
            Progress::Ended(Tried { outcome: Ok(drawn), .. }) => Some(drawn),
            _ => None,
        }
    }

    fn confidence(&self) -> f32 {
        self.drawn().map_or(-1.0, |d| d.confidence)
    }
}

impl Compare {
    /// Opens the comparison of a scan; the generation of the request.
    pub(crate) fn open(&mut self, key: &str) -> u64 {
        let generation = self.generation + 1;
        *self = Self {
            key: key.to_owned(),
            generation,
            in_sight: self.in_sight,
            width_mm: self.width_mm,
            ..Self::default()
        };
        generation
    }

    /// Closes it: what is still to come is stale.
    pub(crate) fn close(&mut self) {
        self.open("");
    }

    /// Takes news in; stale ones are dropped.
    pub(crate) fn hear(&mut self, generation: u64, news: TrialNews, clock: f64) {
        if generation != self.generation || self.key.is_empty() {
            return;
        }
        match news {
            TrialNews::Listed(methods) => self.list(methods),
            TrialNews::Began(method) => self.set(&method, Progress::Running(clock)),
            TrialNews::Ended(tried) => self.set(&tried.method.clone(), Progress::Ended(tried)),
            TrialNews::Accepted(method) => self.accepted = method,
            TrialNews::Refused(why) => (self.refused, self.listed) = (Some(why), true),
        }
        self.follow_best();
    }

    fn list(&mut self, methods: Methods) {
        let Methods { usable, absent, mut tried, accepted } = methods;
        let panel = |method: String| {
            let known = tried.iter().position(|t| t.method == method).map(|at| tried.swap_remove(at));
            Panel { method, progress: known.map_or(Progress::Queued, Progress::Ended) }
        };
        self.panels = usable.into_iter().map(panel).collect();
        (self.absent, self.accepted, self.listed) = (absent, accepted, true);
    }

    fn set(&mut self, method: &str, progress: Progress) {
        if let Some(panel) = self.panels.iter_mut().find(|p| p.method == method) {
            panel.progress = progress;
        }
    }

    /// Until a card is chosen by hand, the one to accept is proposed: the accepted one, else the best so far.
    fn follow_best(&mut self) {
        if self.touched {
            return;
        }
        let accepted = self.panels.iter().position(|p| Some(&p.method) == self.accepted.as_ref());
        // Among equals the first of the chain, which `max_by` would not take.
        let best = (0..self.panels.len())
            .rev()
            .max_by(|a, b| self.panels[*a].confidence().total_cmp(&self.panels[*b].confidence()));
        self.scroll_to(accepted.or(best).unwrap_or(0));
    }

    /// True while something of the asked scan is still to come.
    pub(crate) fn waiting(&self) -> bool {
        let unfinished = |p: &Panel| !matches!(p.progress, Progress::Ended(_));
        !self.key.is_empty() && (!self.listed || self.panels.iter().any(unfinished))
    }

    /// Cards: one for every method that can be tried, one more for those that cannot.
    pub(crate) fn cards(&self) -> usize {
        self.panels.len() + usize::from(!self.absent.is_empty())
    }

    /// The chosen panel.
    pub(crate) fn current(&self) -> Option<&Panel> {
        self.panels.get(self.selected)
    }

    /// The most trusted curve, which says where to look.
    pub(crate) fn best(&self) -> Option<&Drawn> {
        let drawn = self.panels.iter().filter_map(Panel::drawn);
        drawn.max_by(|a, b| a.confidence.total_cmp(&b.confidence))
    }

    /// Chooses a card by hand.
    pub(crate) fn select(&mut self, card: usize) {
        self.touched = true;
        self.scroll_to(card);
    }

    /// Keeps the chosen card in sight.
    pub(crate) fn scroll_to(&mut self, card: usize) {
        self.selected = card.min(self.cards().saturating_sub(1));
        let room = self.in_sight.max(1);
        let last_first = self.cards().saturating_sub(room);
        self.first =
            self.first.clamp((self.selected + 1).saturating_sub(room), self.selected).min(last_first);
    }

    /// Takes a click on a card; true when it was the second of a double click.
    pub(crate) fn click(&mut self, card: usize, clock: f64) -> bool {
        self.select(card);
        let again = self.clicked.is_some_and(|(before, at)| before == card && clock - at < DOUBLE_CLICK);
        self.clicked = (!again).then_some((card, clock));
        again
    }

    /// Shows the chosen method as waiting for another try; its name and the generation of the request.
    pub(crate) fn retry(&mut self) -> Option<(String, u64)> {
        let panel = self.panels.get_mut(self.selected)?;
        if !matches!(panel.progress, Progress::Ended(_)) {
            return None;
        }
        panel.progress = Progress::Queued;
        Some((panel.method.clone(), self.generation))
    }

    /// Shows less (more than 1) or more (less than 1) around the cord.
    pub(crate) fn widen(&mut self, factor: f64) {
        self.width_mm = (self.width_mm * factor).clamp(20.0, 400.0);
    }

    /// Back to the usual width.
    pub(crate) fn reset(&mut self) {
        self.width_mm = USUAL_MM;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn tried(method: &str, confidence: f32) -> Tried {
        let curve =
            vec![None, Some([12.0, 9.0]), Some([12.0, 9.0]), Some([12.5, 9.0]), Some([13.0, 9.0]), None];
        let reasons = vec!["it covers 4 of 6 slices (z 1 to 4)".to_owned()];
        Tried { method: method.into(), outcome: Ok(Drawn { curve, confidence, reasons }), seconds: 0.4 }
    }

    pub(crate) fn methods() -> Methods {
        Methods {
            usable: ["mask", "optic", "builtin"].map(str::to_owned).to_vec(),
            absent: vec![("cnn".to_owned(), "the file t2_ctr.h5 is not on this machine".to_owned())],
            tried: vec![tried("mask", 0.6)],
            accepted: None,
        }
    }

    fn listed() -> Compare {
        let mut compare = Compare { in_sight: 2, ..Compare::default() };
        let generation = compare.open("a");
        compare.hear(generation, TrialNews::Listed(methods()), 10.0);
        compare
    }

    #[test]
    fn stored_results_show_at_once_and_the_choice_follows_the_best_until_it_is_made_by_hand() {
        let mut compare = listed();
        assert_eq!(compare.current().unwrap().method, "mask");
        assert!(compare.waiting());
        compare.hear(1, TrialNews::Ended(tried("builtin", 0.9)), 11.0);
        assert_eq!((compare.current().unwrap().method.as_str(), compare.first), ("builtin", 1));
        compare.select(0);
        compare.hear(1, TrialNews::Ended(tried("optic", 0.95)), 12.0);
        assert_eq!(compare.current().unwrap().method, "mask");
        assert!(!compare.waiting());
        assert_eq!(compare.best().unwrap().confidence, 0.95);
    }

    #[test]
    fn news_of_another_scan_is_dropped() {
        let mut compare = listed();
        let older = compare.generation;
        compare.open("b");
        compare.hear(older, TrialNews::Listed(methods()), 11.0);
        assert!(compare.panels.is_empty() && compare.waiting());
        compare.close();
        compare.hear(compare.generation, TrialNews::Listed(methods()), 12.0);
        assert!(compare.panels.is_empty() && !compare.waiting());
    }

    #[test]
    fn the_choice_stays_in_sight_and_reaches_the_absent_methods() {
        let mut compare = listed();
        compare.select(9);
        assert_eq!((compare.selected, compare.first, compare.cards()), (3, 2, 4));
        assert!(compare.current().is_none());
        compare.select(0);
        assert_eq!(compare.first, 0);
    }

    #[test]
    fn only_two_quick_clicks_on_the_same_card_are_a_double_click() {
        let mut compare = listed();
        assert!(!compare.click(1, 10.0) && !compare.click(0, 10.1) && !compare.click(0, 11.0));
        assert!(compare.click(0, 11.2));
        assert!(!compare.click(0, 11.3), "a third click begins anew");
    }

    #[test]
    fn a_method_that_has_ended_can_be_tried_again() {
        let mut compare = listed();
        compare.select(1);
        assert_eq!(compare.retry(), None, "it is still to come");
        compare.select(0);
        assert_eq!(compare.retry(), Some(("mask".to_owned(), 1)));
        assert_eq!(compare.panels[0].progress, Progress::Queued);
    }
}
