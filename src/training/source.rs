//! The patches of a run by epoch: which ones, in which order, cut and changed at random. Stateless: all of it follows from
//! the seed, the epoch and the patch's number, so that a resumed run and any number of threads give the same batches.

use ndarray::Array3;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::TrainConfig;
use super::augment::{Flips, Stream, random};
use super::engine::Batch;
use super::patches::{PatchRef, Sample, patch_list};

/// Everything batches are made from.
#[derive(Debug)]
pub(crate) struct PatchSource {
    config: TrainConfig,
    samples: Vec<Sample>,
    patches: Vec<PatchRef>,
}

impl PatchSource {
    pub(crate) fn new(config: &TrainConfig, samples: Vec<Sample>) -> Self {
        let patches = patch_list(&samples, config.patch.size, config.patch.size - config.patch.overlap);
        Self { config: config.clone(), samples, patches }
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

    /// The numbers of an epoch's patches, in their order.
    pub(crate) fn order(&self, epoch: u32) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.patches.len()).collect();
        order.shuffle(&mut random(self.config.seed, Stream::Order, epoch, 0));
        order
    }

    /// Batch `number` of an epoch whose patches come in `order`.
    pub(crate) fn batch(&self, epoch: u32, order: &[usize], number: usize) -> Batch {
        let size = self.config.batch;
        let numbers = &order[number * size..order.len().min((number + 1) * size)];
        let cubes: Vec<_> = numbers.par_iter().map(|&number| self.patch(epoch, number)).collect();
        Batch::gather(cubes.into_iter())
    }

    /// Image and mask of one patch as it is shown to the network.
    fn patch(&self, epoch: u32, number: usize) -> (Array3<f32>, Array3<u8>) {
        let PatchRef { sample, start } = self.patches[number];
        let (mut image, mut mask) = self.samples[sample].patch(start, self.config.patch.size);
        let flips = Flips::draw(&self.config.augment, self.config.seed, epoch, number as u64);
        flips.apply(&mut image);
        flips.apply(&mut mask);
        (image, mask)
    }
}
