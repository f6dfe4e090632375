//! The film strip: what the network made of one validation scan, epoch after epoch.

use std::path::PathBuf;
use std::sync::Arc;

use crate::training::EpochSample;

/// The samples of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Film {
    /// The run they belong to.
    pub(crate) of: Option<PathBuf>,
    /// By epoch.
    pub(crate) frames: Vec<Arc<EpochSample>>,
    /// The chosen epoch's place; the newest follows the training as long as it is chosen.
    pub(crate) selected: usize,
    /// The chosen slice's place among the sample's.
    pub(crate) slice: usize,
}

impl Film {
    /// Takes the newest samples of a run; the chosen epoch stays chosen, the newest stays the newest.
    pub(crate) fn replace(&mut self, run: PathBuf, frames: Vec<Arc<EpochSample>>) {
        let same = self.of.as_ref() == Some(&run);
        let at_end = !same || self.selected + 1 >= self.frames.len();
        let epoch = self.frames.get(self.selected).map(|f| f.epoch);
        let last = frames.len().saturating_sub(1);
        let chosen = epoch.and_then(|e| frames.iter().position(|f| f.epoch >= e));
        self.selected = if at_end { last } else { chosen.unwrap_or(last) };
        if !same {
            self.slice = frames.last().map_or(0, |f| f.slices.len() / 2);
        }
        (self.of, self.frames) = (Some(run), frames);
    }

    /// The chosen epoch's sample.
    pub(crate) fn current(&self) -> Option<&EpochSample> {
        self.frames.get(self.selected).map(Arc::as_ref)
    }

    /// Walks through the epochs.
    pub(crate) fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.frames.len().saturating_sub(1));
    }

    /// Walks through the slices.
    pub(crate) fn turn(&mut self, by: isize) {
        let last = self.current().map_or(0, |f| f.slices.len().saturating_sub(1));
        self.slice = self.slice.saturating_add_signed(by).min(last);
    }

    /// The places in sight when there is room for `room` frames: the chosen one among them, the newest if possible.
    pub(crate) fn window(&self, room: usize) -> std::ops::Range<usize> {
        let count = self.frames.len();
        let room = room.clamp(1, count.max(1));
        let first = self.selected.saturating_sub(room / 2).min(count.saturating_sub(room));
        first..(first + room).min(count)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ndarray::Array3;

    /// A sample of an epoch: a square lesion, found a little better every epoch.
    pub(crate) fn sample(epoch: u32) -> Arc<EpochSample> {
        let inside = |x: usize, y: usize, by: usize| x.abs_diff(10) < by && y.abs_diff(10) < by;
        let found = (1 + epoch as usize).min(5);
        let shape = (20, 20, 3);
        Arc::new(EpochSample {
            scan: "sub-01_T2w".into(),
            epoch,
            slices: vec![4, 9, 14],
            image: Array3::from_shape_fn(shape, |(x, y, _)| (x * 6 + y * 6) as u8),
            truth: Array3::from_shape_fn(shape, |(x, y, _)| if inside(x, y, 5) { 255 } else { 0 }),
            probability: Array3::from_shape_fn(shape, |(x, y, _)| if inside(x, y, found) { 200 } else { 20 }),
        })
    }

    fn film(epochs: std::ops::RangeInclusive<u32>) -> Film {
        let mut film = Film::default();
        film.replace("r".into(), epochs.map(sample).collect());
        film
    }

    #[test]
    fn the_newest_epoch_is_followed_until_one_looks_back() {
        let mut film = film(1..=3);
        assert_eq!((film.current().unwrap().epoch, film.slice), (3, 1));
        film.replace("r".into(), (1..=4).map(sample).collect());
        assert_eq!(film.current().unwrap().epoch, 4);
        film.step(-2);
        film.replace("r".into(), (1..=9).map(sample).collect());
        assert_eq!(film.current().unwrap().epoch, 2);
        film.replace("other".into(), (1..=5).map(sample).collect());
        assert_eq!(film.current().unwrap().epoch, 5);
    }

    #[test]
    fn the_chosen_epoch_is_in_sight() {
        let mut film = film(1..=10);
        assert_eq!(film.window(4), 6..10);
        film.step(-7);
        assert_eq!(film.window(4), 0..4);
        assert_eq!(Film::default().window(4), 0..0);
        film.turn(9);
        assert_eq!(film.slice, 2);
    }
}
