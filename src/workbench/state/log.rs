//! What happened, for the log pane, and the latest of it for the status line.

use std::collections::VecDeque;

/// How grave an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Info,
    Done,
    Warning,
    Error,
}

/// One entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Unix time, seconds.
    pub(crate) time: f64,
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// The last few hundred entries, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
}

const KEPT: usize = 500;

impl Log {
    /// Adds an entry.
    pub(crate) fn add(&mut self, time: f64, level: Level, text: impl Into<String>) {
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { time, level, text: text.into() });
    }

    /// All entries, oldest first.
    pub(crate) fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.entries.iter()
    }

    /// The newest entry while it is news: an error for 12 s, anything else for 5 s.
    pub(crate) fn notice(&self, clock: f64) -> Option<&Entry> {
        let entry = self.entries.back()?;
        let news = if entry.level == Level::Error { 12.0 } else { 5.0 };
        (clock - entry.time < news).then_some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_grows_old_and_the_log_stays_bounded() {
        let mut log = Log::default();
        for i in 0..KEPT + 10 {
            log.add(i as f64, Level::Info, "x");
        }
        assert_eq!(log.entries().len(), KEPT);
        let last = (KEPT + 9) as f64;
        assert!(log.notice(last + 4.0).is_some() && log.notice(last + 6.0).is_none());
    }
}
