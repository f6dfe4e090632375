//! The start screen: open, demo, recent projects.

use std::path::PathBuf;

/// The start screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartMenu {
    pub(crate) recent: Vec<PathBuf>,
    pub(crate) selected: usize,
}

/// A line of the start screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Open,
    Demo,
    Recent(PathBuf),
}

impl StartMenu {
    /// The lines, recent projects first.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let recent = self.recent.iter().cloned().map(Entry::Recent);
        recent.chain([Entry::Open, Entry::Demo]).collect()
    }

    /// The chosen line.
    pub(crate) fn chosen(&self) -> Entry {
        let entries = self.entries();
        entries.get(self.selected).cloned().unwrap_or(Entry::Open)
    }

    /// Moves the choice.
    pub(crate) fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.recent.len() + 1);
    }
}
