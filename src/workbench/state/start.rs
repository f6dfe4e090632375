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

/// Projects remembered.
const RECENT: usize = 8;

impl StartMenu {
    /// Puts a project at the head of the recent ones.
    pub(crate) fn visit(&mut self, project: PathBuf) {
        self.recent.retain(|p| *p != project);
        self.recent.insert(0, project);
        self.recent.truncate(RECENT);
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_visited_comes_first_and_old_ones_go() {
        let mut menu = StartMenu::default();
        (0..10).for_each(|i| menu.visit(format!("/p/{i}").into()));
        menu.visit("/p/5".into());
        assert_eq!((menu.recent.len(), menu.recent[0].clone()), (RECENT, PathBuf::from("/p/5")));
        menu.step(-3);
        assert_eq!(menu.chosen(), Entry::Recent("/p/5".into()));
        menu.step(100);
        assert_eq!(menu.chosen(), Entry::Demo);
    }
}
