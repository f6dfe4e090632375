//! The list of scans: what is shown of it, which one is chosen, where trouble is.

use super::super::model::{QcNote, Stage, SubjectRow};
use super::super::widgets::list::Scroll;
use super::order::Order;

/// Whether rows may change places when more becomes known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Calm {
    /// Just opened: the choice stays on top.
    #[default]
    Fresh,
    /// Much has changed at once: the chosen scan stays chosen.
    Stirred,
    /// Somebody walks in the list: everything stays where it is.
    Settled,
}

/// The list of scans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subjects {
    rows: Vec<SubjectRow>,
    pub(crate) order: Order,
    /// Places of all rows in that order.
    ranked: Vec<usize>,
    calm: Calm,
    /// Rows the filter lets through, in order.
    visible: Vec<usize>,
    pub(crate) scroll: Scroll,
    pub(crate) filter: String,
    /// Rows in sight; set by the layout.
    pub(crate) height: usize,
    /// What all ids end in ("_T2starw"), which the list need not repeat.
    ending: String,
}

impl Subjects {
    /// Replaces all rows; the chosen scan stays chosen.
    pub(crate) fn replace(&mut self, rows: Vec<SubjectRow>) {
        let chosen = self.current().map(|row| row.id.clone());
        self.ending = common_ending(&rows);
        self.rows = rows;
        self.calm = Calm::Fresh;
        self.rank(chosen);
    }

    /// What all ids end in, with its underscore; empty when they end differently.
    pub(crate) fn ending(&self) -> &str {
        &self.ending
    }

    /// Replaces the rows of the same id.
    pub(crate) fn update(&mut self, rows: Vec<SubjectRow>) {
        for row in rows {
            // Updates come in the list's order, so the search is short in practice.
            if let Some(old) = self.rows.iter_mut().find(|old| old.id == row.id) {
                *old = row;
            }
        }
        match self.calm {
            Calm::Fresh => self.rank(None),
            Calm::Stirred => self.rerank(),
            Calm::Settled => {}
        }
    }

    /// Shows another mark beside a scan; rows keep their places.
    pub(crate) fn annotate(&mut self, id: &str, qc: QcNote) {
        self.calm = Calm::Settled;
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.qc = qc;
        }
    }

    /// Orders the rows by what is known of them now; the chosen scan stays chosen.
    pub(crate) fn rerank(&mut self) {
        self.rank(self.current().map(|row| row.id.clone()));
    }

    /// Lets rows find their places again as more becomes known of them, until somebody walks.
    pub(crate) fn stir(&mut self) {
        if self.calm == Calm::Settled {
            self.calm = Calm::Stirred;
        }
    }

    /// Takes the other order.
    pub(crate) fn reorder(&mut self) {
        self.order = self.order.next();
        self.rerank();
    }

    fn rank(&mut self, chosen: Option<String>) {
        self.ranked = self.order.of(&self.rows);
        self.refilter(chosen);
    }

    /// All rows.
    pub(crate) fn rows(&self) -> &[SubjectRow] {
        &self.rows
    }

    /// Number of rows the filter lets through.
    pub(crate) fn count(&self) -> usize {
        self.visible.len()
    }

    /// The row at a place of the filtered list.
    pub(crate) fn visible(&self, place: usize) -> Option<&SubjectRow> {
        self.rows.get(*self.visible.get(place)?)
    }

    /// The chosen row.
    pub(crate) fn current(&self) -> Option<&SubjectRow> {
        self.visible(self.scroll.selected)
    }

    /// The row beside the chosen one.
    pub(crate) fn beside(&self, by: isize) -> Option<&SubjectRow> {
        self.visible(self.scroll.selected.checked_add_signed(by)?)
    }

    /// Moves the choice.
    pub(crate) fn step(&mut self, by: isize) {
        self.calm = Calm::Settled;
        self.scroll.step(by, self.visible.len(), self.height);
    }

    /// Chooses a place of the filtered list.
    pub(crate) fn select(&mut self, place: usize) {
        self.calm = Calm::Settled;
        self.place(place);
    }

    /// Keeps the chosen row in sight of a list of another height.
    pub(crate) fn fit(&mut self, height: usize) {
        self.height = height;
        self.place(self.scroll.selected);
    }

    fn place(&mut self, place: usize) {
        self.scroll.select(place, self.visible.len(), self.height);
    }

    /// Chooses a scan by id, dropping the filter when it hides it; false when there is no such scan.
    pub(crate) fn select_id(&mut self, id: &str) -> bool {
        if !self.rows.iter().any(|row| row.id == id) {
            return false;
        }
        self.calm = Calm::Settled;
        if !self.visible.iter().any(|i| self.rows[*i].id == id) {
            self.filter.clear();
        }
        self.refilter(Some(id.to_owned()));
        true
    }

    /// Sets the filter: words that must all occur in the id; `!` stands for the failing scans, `=fail` for those marked so.
    pub(crate) fn set_filter(&mut self, filter: String) {
        let chosen = self.current().map(|row| row.id.clone());
        self.filter = filter;
        self.refilter(chosen);
    }

    /// Chooses the next failing scan after the chosen one (before it when `forward` is false); false when there is none.
    pub(crate) fn next_failing(&mut self, forward: bool) -> bool {
        let n = self.visible.len();
        let from = self.scroll.selected;
        let place = |k: usize| if forward { (from + k) % n } else { (from + n - k) % n };
        let found = (1..=n).map(place).find(|p| self.visible(*p).is_some_and(SubjectRow::failing));
        if let Some(found) = found {
            self.select(found);
        }
        found.is_some()
    }

    /// How many scans are there, have a crop, and fail.
    pub(crate) fn tally(&self) -> Tally {
        let count = |is: fn(&SubjectRow) -> bool| self.rows.iter().filter(|r| is(r)).count();
        Tally {
            scans: self.rows.len(),
            masks: count(|r| r.mask == Stage::Ready),
            crops: count(|r| r.crop == Stage::Ready),
            failing: count(SubjectRow::failing),
            unknown: count(|r| r.crop == Stage::Unknown),
        }
    }

    fn refilter(&mut self, chosen: Option<String>) {
        let words: Vec<String> = self.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let matches = |row: &SubjectRow| {
            let id = row.id.to_lowercase();
            words.iter().all(|w| match w.strip_prefix('=') {
                Some(mark) => row.qc.is_called(mark),
                None if w == "!" => row.failing(),
                None => id.contains(w.as_str()),
            })
        };
        self.visible = self.ranked.iter().copied().filter(|i| matches(&self.rows[*i])).collect();
        let place = chosen.and_then(|id| self.visible.iter().position(|i| self.rows[*i].id == id));
        self.place(place.unwrap_or(0));
    }
}

/// The part from the last underscore on, when all of several ids share it.
fn common_ending(rows: &[SubjectRow]) -> String {
    let last = |row: &SubjectRow| row.id.rfind('_').map(|at| row.id[at..].to_owned()).unwrap_or_default();
    let first = rows.first().map(last).unwrap_or_default();
    if rows.len() > 1 && rows.iter().all(|row| last(row) == first) { first } else { String::new() }
}

/// The list in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) scans: usize,
    pub(crate) masks: usize,
    pub(crate) crops: usize,
    pub(crate) failing: usize,
    /// Scans whose stages have not been looked at yet.
    pub(crate) unknown: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::qc::Verdict;

    fn list() -> Subjects {
        let row = |i: usize| SubjectRow {
            id: format!("sub-{i:02}_T2w"),
            centerline: if i % 4 == 3 { Stage::Missing } else { Stage::Ready },
            ..SubjectRow::default()
        };
        let mut subjects = Subjects { height: 5, ..Subjects::default() };
        subjects.replace((0..12).map(row).collect());
        subjects
    }

    #[test]
    fn the_filter_keeps_the_choice_when_it_can() {
        let mut subjects = list();
        subjects.select_id("sub-11_T2w");
        subjects.set_filter("t2W 1".into());
        assert_eq!(subjects.count(), 3);
        assert_eq!(subjects.current().unwrap().id, "sub-11_T2w");
        subjects.set_filter("02".into());
        assert_eq!(subjects.current().unwrap().id, "sub-02_T2w");
        subjects.set_filter("!".into());
        assert_eq!(subjects.count(), 3);
    }

    #[test]
    fn scans_are_found_by_their_mark() {
        let mut subjects = list();
        subjects.annotate("sub-02_T2w", QcNote { verdict: Some(Verdict::Fail), ..QcNote::default() });
        let count = |subjects: &mut Subjects, filter: &str| {
            subjects.set_filter(filter.into());
            subjects.count()
        };
        assert_eq!(
            ["=fail", "=f 02", "=pass", "=none", "="].map(|f| count(&mut subjects, f)),
            [1, 1, 0, 11, 12]
        );
    }

    #[test]
    fn next_failing_walks_round() {
        let mut subjects = list();
        subjects.reorder();
        subjects.select(0);
        let walk: Vec<String> = (0..4)
            .map(|_| {
                subjects.next_failing(true);
                subjects.current().unwrap().id.clone()
            })
            .collect();
        assert_eq!(walk, ["sub-03_T2w", "sub-07_T2w", "sub-11_T2w", "sub-03_T2w"]);
        subjects.next_failing(false);
        assert_eq!(subjects.current().unwrap().id, "sub-11_T2w");
    }

    #[test]
    fn an_update_changes_rows_in_place_once_somebody_walks() {
        let mut subjects = list();
        assert_eq!(subjects.current().unwrap().id, "sub-03_T2w", "the first failing one is on top");
        subjects.select(1);
        let row = SubjectRow { centerline: Stage::Ready, ..subjects.current().unwrap().clone() };
        subjects.update(vec![row]);
        assert_eq!((subjects.tally().failing, subjects.scroll.selected), (2, 1));
        assert_eq!(subjects.current().unwrap().id, "sub-07_T2w");
        subjects.stir();
        subjects.update(Vec::new());
        assert_eq!((subjects.current().unwrap().id.as_str(), subjects.scroll.selected), ("sub-07_T2w", 8));
    }

    #[test]
    fn failing_scans_rise_to_the_top_as_they_become_known() {
        let mut subjects = list();
        subjects.update(vec![SubjectRow {
            id: "sub-05_T2w".into(),
            crop: Stage::Failed("no".into()),
            ..SubjectRow::default()
        }]);
        let top: Vec<&str> = (0..3).map(|i| subjects.visible(i).unwrap().id.as_str()).collect();
        assert_eq!(top, ["sub-03_T2w", "sub-05_T2w", "sub-07_T2w"]);
        subjects.reorder();
        assert_eq!(subjects.visible(0).unwrap().id, "sub-00_T2w");
    }
}
