//! When bf16 is given up: it has the range of f32 but so few digits that a step may end in values that are no numbers.

use crate::network::Precision;

/// Steps that may fail in bf16 before the run goes on in f32.
pub(super) const PATIENCE: u32 = 5;

/// The precision of a run, and how often it failed.
#[derive(Clone, Debug)]
pub(super) struct Mixed {
    precision: Precision,
    failures: u32,
    notes: Vec<String>,
}

impl Mixed {
    pub(super) fn new(precision: Precision) -> Self {
        Self { precision, failures: 0, notes: Vec::new() }
    }

    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// Counts a step that gave numbers in f32 only.
    pub(super) fn failed(&mut self) {
        self.failures += 1;
        let end = if self.failures < PATIENCE {
            format!("it was done again in f32 ({} of {PATIENCE} times that are borne)", self.failures)
        } else {
            self.precision = Precision::F32;
            format!("that is the {PATIENCE}th time, so the run goes on in f32")
        };
        self.notes.push(format!("a step gave values that are no numbers in bf16; {end}"));
    }

    /// Something else to say.
    #[cfg(feature = "cuda")]
    pub(super) fn note(&mut self, note: Option<String>) {
        self.notes.extend(note);
    }

    pub(super) fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }
}
