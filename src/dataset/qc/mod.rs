//! Quality-control marks: what somebody thought of a scan's labels (pass, fail, artifact, a rank), why, who and when; and the
//! files in which the Spinal Cord Toolbox's reports and scripts exchange them.
//!
//! Knows names and paths of scans; opens no volume. A mark says something about a scan and changes nothing else: leaving a scan
//! out is a decision, taken elsewhere.

mod entry;
mod exchange;
mod flags;
mod kind;
mod lists;
mod mark;
mod marks;
mod matching;
mod report;

pub use entry::Entry;
pub use exchange::{Imported, Meaning, Unmatched};
pub use kind::QcKind;
pub use mark::{Mark, Verdict};
pub use marks::{MarkedScan, QcMarks, user};

#[cfg(test)]
mod tests;
