//! The patches of a run by epoch: which ones, in which order, cut and changed at random. Stateless: all of it follows from
//! the seed, the epoch and the patch's number, so that a resumed run and any number of threads give the same batches.

use ndarray::Array3;
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};
use rayon::prelude::*;

use super::TrainConfig;
use super::augment::{Changes, Dice, Scanner, Stream};
use super::engine::Batch;
use super::patches::{PatchRef, Sample, patch_list};
use crate::preprocess::Intensities;

/// Everything batches are made from.
#[derive(Debug)]
pub(crate) struct PatchSource {
    config: TrainConfig,
    samples: Vec<Sample>,
    patches: Vec<PatchRef>,
    /// Samples with a lesion, each with the slices that have some of it.
    lesions: Vec<(usize, Vec<usize>)>,
    scanner: Scanner,
}

/// A patch of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    /// Its number among the patches that all samples are cut into.
    pub(crate) number: usize,
    /// Whether its place is taken by one that surely contains lesion.
    pub(crate) foreground: bool,
}

impl PatchSource {
    /// The patches of `samples`, which were z-scored with `intensities`.
    pub(crate) fn new(config: &TrainConfig, samples: Vec<Sample>, intensities: Intensities) -> Self {
        let patches = patch_list(&samples, config.patch.size, config.patch.size - config.patch.overlap);
        let slices = |(index, sample): (usize, &Sample)| (index, sample.lesion_slices());
        let lesions =
            samples.iter().enumerate().map(slices).filter(|(_, slices)| !slices.is_empty()).collect();
        let black = (-intensities.mean / intensities.std) as f32;
        let scanner = Scanner { spacing_mm: config.crop.spacing_mm, black };
        Self { config: config.clone(), samples, patches, lesions, scanner }
    }

    /// Scans trained on.
    pub(crate) fn scans(&self) -> usize {
        self.samples.len()
    }

    /// Patches in every epoch.
    pub(crate) fn patches_per_epoch(&self) -> usize {
        self.patches.len()
    }

    /// Batches in every epoch; the last may be smaller.
    pub(crate) fn batches_per_epoch(&self) -> usize {
        self.patches.len().div_ceil(self.config.batch)
    }

    /// The patches of an epoch in their order. Those with lesion for sure are spread evenly, so that every batch has its share.
    pub(crate) fn order(&self, epoch: u32) -> Vec<Slot> {
        let mut numbers: Vec<usize> = (0..self.patches.len()).collect();
        numbers.shuffle(&mut self.dice(epoch, 0).of(Stream::Order));
        let share = if self.lesions.is_empty() { 0.0 } else { self.config.patch.foreground };
        let whole = |slots: usize| (slots as f64 * share).floor() as usize;
        let slot = |(at, number)| Slot { number, foreground: whole(at + 1) > whole(at) };
        numbers.into_iter().enumerate().map(slot).collect()
    }

    /// Batch `number` of an epoch whose patches come in `order`.
    pub(crate) fn batch(&self, epoch: u32, order: &[Slot], number: usize) -> Batch {
        let size = self.config.batch;
        let slots = &order[number * size..order.len().min((number + 1) * size)];
        let cubes: Vec<_> = slots.par_iter().map(|slot| self.patch(epoch, *slot)).collect();
        Batch::gather(cubes.into_iter())
    }

    /// Where a patch is cut.
    fn place(&self, epoch: u32, slot: Slot) -> PatchRef {
        let mut rng = self.dice(epoch, slot.number).of(Stream::Foreground);
        let drawn = self.lesions.choose(&mut rng).filter(|_| slot.foreground);
        let Some((sample, slices)) = drawn else { return self.patches[slot.number] };
        let (depth, size) = (self.samples[*sample].image.dim().2, self.config.patch.size);
        let slice = slices.choose(&mut rng).copied().unwrap_or(0);
        let lowest = (slice + 1).saturating_sub(size);
        let highest = slice.min(depth.saturating_sub(size));
        PatchRef { sample: *sample, start: rng.random_range(lowest.min(highest)..=highest) }
    }

    /// The scan that patch `number` is cut from, and where.
    pub(crate) fn origin(&self, number: usize) -> (&str, PatchRef) {
        let place = self.patches[number];
        (&self.samples[place.sample].scan, place)
    }

    /// Image and mask of patch `number` as it is cut.
    pub(crate) fn original(&self, number: usize) -> (Array3<f32>, Array3<u8>) {
        let PatchRef { sample, start } = self.patches[number];
        self.samples[sample].patch(start, self.config.patch.size)
    }

    /// Whether patch `number` contains lesion.
    pub(crate) fn holds_lesion(&self, number: usize) -> bool {
        let PatchRef { sample, start } = self.patches[number];
        let within = start..start + self.config.patch.size;
        self.lesions.iter().any(|(of, slices)| *of == sample && slices.iter().any(|z| within.contains(z)))
    }

    /// Image and mask of one patch as the network sees it.
    pub(crate) fn patch(&self, epoch: u32, slot: Slot) -> (Array3<f32>, Array3<u8>) {
        let PatchRef { sample, start } = self.place(epoch, slot);
        self.changes(epoch, slot).apply(&self.samples[sample], start, self.config.patch.size)
    }

    /// What happens to it.
    pub(crate) fn changes(&self, epoch: u32, slot: Slot) -> Changes {
        let (x, y, _) = self.samples[self.place(epoch, slot).sample].image.dim();
        let shape = [x, y, self.config.patch.size];
        Changes::draw(&self.config.augment, self.dice(epoch, slot.number), shape, self.scanner)
    }

    fn dice(&self, epoch: u32, item: usize) -> Dice {
        Dice { seed: self.config.seed, epoch, item: item as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{AugmentPreset, PatchConfig};

    const SIZE: usize = 16;

    /// Samples of different depth; every other one has a lesion of two slices near its end.
    fn source(foreground: f64, augment: AugmentPreset, batch: usize) -> PatchSource {
        let sample = |number: usize| {
            let depth = 20 + 9 * number;
            let mut mask = Array3::zeros((SIZE, SIZE, depth));
            if number % 2 == 1 {
                mask.slice_mut(ndarray::s![6..9, 6..9, depth - 4..depth - 2]).fill(1);
            }
            let image = |(x, y, z)| ((x * 7 + y * 13 + z * 29 + number * 5) % 17) as f32 / 8.0;
            let image = Array3::from_shape_fn((SIZE, SIZE, depth), image);
            Sample { scan: number.to_string(), image, mask, padding: 0.0 }
        };
        let config = TrainConfig {
            batch,
            seed: 4,
            augment: augment.values(),
            patch: PatchConfig { size: SIZE, overlap: 8, include_empty: true, foreground },
            ..Default::default()
        };
        let intensities = Intensities { landmarks: None, mean: 3.0, std: 2.0 };
        PatchSource::new(&config, (0..6).map(sample).collect(), intensities)
    }

    fn with_lesion(source: &PatchSource, epoch: u32) -> usize {
        let holds = |slot: &Slot| source.patch(epoch, *slot).1.iter().any(|&value| value > 0);
        source.order(epoch).iter().filter(|slot| holds(slot)).count()
    }

    #[test]
    fn at_least_the_share_asked_for_contains_lesion_and_the_epoch_is_as_long() {
        let natural = source(0.0, AugmentPreset::Flips, 2);
        let patches = natural.patches_per_epoch();
        assert!(with_lesion(&natural, 0) * 3 < patches, "the made-up cohort has too much lesion to tell");
        for share in [0.5, 0.75, 1.0] {
            let source = source(share, AugmentPreset::Flips, 2);
            assert_eq!(source.order(3).len(), patches);
            for epoch in 0..4 {
                let holding = with_lesion(&source, epoch);
                assert!(holding >= (patches as f64 * share) as usize, "{share}: {holding} of {patches}");
            }
        }
    }

    #[test]
    fn oversampled_patches_begin_anywhere_around_the_lesion_and_inside_the_crop() {
        let source = source(1.0, AugmentPreset::None, 2);
        let mut starts = std::collections::HashSet::new();
        for epoch in 0..30 {
            for slot in source.order(epoch) {
                let PatchRef { sample, start } = source.place(epoch, slot);
                let depth = source.samples[sample].image.dim().2;
                assert!(start + SIZE <= depth && start + SIZE > depth - 4, "{start} of {depth}");
                starts.insert((sample, start));
            }
        }
        assert!(starts.len() >= 8, "{starts:?}");
    }

    #[test]
    fn every_patch_comes_once_and_epochs_differ() {
        let source = source(0.0, AugmentPreset::Flips, 2);
        let numbers = |epoch| source.order(epoch).iter().map(|slot| slot.number).collect::<Vec<_>>();
        let mut first = numbers(0);
        assert_ne!(first, numbers(1));
        first.sort_unstable();
        assert!(first.into_iter().eq(0..source.patches_per_epoch()));
    }

    #[test]
    fn the_number_of_threads_and_the_size_of_the_batch_change_no_patch() {
        let epoch = |threads: usize, batch: usize| {
            let source = source(0.3, AugmentPreset::Strong, batch);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let order = source.order(7);
            let batches = || (0..source.batches_per_epoch()).map(|number| source.batch(7, &order, number));
            let (mut images, mut targets) = (Vec::new(), Vec::new());
            for batch in pool.install(|| batches().collect::<Vec<_>>()) {
                images.extend(batch.images);
                targets.extend(batch.targets);
            }
            (images, targets)
        };
        let one = epoch(1, 2);
        assert!(one == epoch(2, 2) && one == epoch(3, 5));
    }
}
