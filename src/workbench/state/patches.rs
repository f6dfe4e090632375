//! The screen of augmented patches: which patch, which draws, which slice. What is shown may lag behind what is asked for.

use std::sync::Arc;

use super::super::model::PatchRequest;
use crate::training::PatchPage;

/// Draws asked for at a time: what the largest screen shows.
const DRAWS: u32 = 17;

/// The presets in the order in which a key walks them.
pub(crate) const PRESETS: [&str; 4] = ["none", "flips", "standard", "strong"];

/// The screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Patches {
    /// What was asked for last; `None` while the screen is closed.
    pub(crate) wanted: Option<PatchRequest>,
    pub(crate) generation: u64,
    /// Times the screen was opened: crops may have changed since the last.
    openings: u64,
    /// Whether an answer is still to come.
    pub(crate) waiting: bool,
    /// Whether the training form leads here, and leaving leads back to it.
    pub(crate) from_form: bool,
    pub(crate) page: Option<Arc<PatchPage>>,
    pub(crate) slice: usize,
    /// Why there is nothing to show.
    pub(crate) error: Option<String>,
}

impl Patches {
    /// Opens the screen on the first patch.
    pub(crate) fn open(&mut self, preset: &str, seed: &str, fold: &str) {
        self.openings += 1;
        self.page = None;
        self.error = None;
        self.wanted = Some(PatchRequest {
            opening: self.openings,
            preset: preset.to_owned(),
            seed: seed.parse().ok(),
            fold: Some(fold.to_owned()).filter(|fold| !fold.is_empty()),
            number: 0,
            draws: 0..DRAWS,
        });
    }

    /// Closes it: what is still to come is stale.
    pub(crate) fn close(&mut self) {
        let (openings, generation) = (self.openings, self.generation + 1);
        *self = Self { openings, generation, ..Self::default() };
    }

    /// The request to make now, with its generation.
    pub(crate) fn ask(&mut self) -> Option<(PatchRequest, u64)> {
        let wanted = self.wanted.clone()?;
        self.generation += 1;
        self.waiting = true;
        Some((wanted, self.generation))
    }

    /// Takes an answer in; a stale one is dropped. Another patch begins at its largest lesion.
    pub(crate) fn accept(&mut self, generation: u64, answer: Result<Arc<PatchPage>, String>) {
        if generation != self.generation || self.wanted.is_none() {
            return;
        }
        self.waiting = false;
        match answer {
            Ok(page) => {
                if self.page.as_ref().is_none_or(|shown| shown.number != page.number) {
                    self.slice = page.original.main_slice();
                }
                self.error = None;
                self.page = Some(page);
            }
            Err(why) => (self.error, self.page) = (Some(why), None),
        }
    }

    /// Walks to another patch, round the end.
    pub(crate) fn step(&mut self, by: isize) {
        let count = self.page.as_ref().map_or(1, |page| page.count) as isize;
        if let Some(wanted) = &mut self.wanted {
            wanted.number = (wanted.number as isize + by).rem_euclid(count) as usize;
        }
    }

    /// Turns to the draws after those shown, or before them.
    pub(crate) fn turn(&mut self, by: i64, shown: u32) {
        if let Some(wanted) = &mut self.wanted {
            let first = (i64::from(wanted.draws.start) + by * i64::from(shown)).max(0) as u32;
            wanted.draws = first..first + DRAWS;
        }
    }

    /// Takes the next preset; its name.
    pub(crate) fn next_preset(&mut self) -> Option<&'static str> {
        let wanted = self.wanted.as_mut()?;
        let at = PRESETS.iter().position(|name| *name == wanted.preset).map_or(0, |at| at + 1);
        let next = PRESETS[at % PRESETS.len()];
        wanted.preset = next.to_owned();
        Some(next)
    }

    /// Walks along the patch.
    pub(crate) fn slide(&mut self, by: isize) {
        let last = self.page.as_ref().map_or(0, |page| page.original.image.dim().2.saturating_sub(1));
        self.slice = self.slice.saturating_add_signed(by).min(last);
    }
}
