//! Batches of synthetic scenes, made while the network works on the one before.

use rayon::prelude::*;

use super::super::engine::Batch;
use crate::centerline::{Example, example};

/// Patch shapes, voxels: wide ones for context, slim ones because many fields of view are slim. Each a multiple of 8.
const SHAPES: [[usize; 3]; 10] = [
    [48, 48, 48],
    [24, 24, 48],
    [32, 48, 56],
    [40, 40, 40],
    [24, 56, 64],
    [56, 56, 32],
    [32, 32, 48],
    [48, 56, 40],
    [64, 64, 16],
    [56, 64, 24],
];

/// About how many voxels a batch has.
const VOXELS: usize = 300_000;

/// The next batch, ready to be taken.
pub(super) struct Feed {
    seed: u64,
    next: Batch,
}

impl Feed {
    pub(super) fn begin(seed: u64) -> Self {
        Self { seed, next: batch(seed, 0) }
    }

    pub(super) fn take(&mut self) -> Batch {
        std::mem::replace(&mut self.next, Batch::gather(std::iter::empty()))
    }

    /// Makes the batch of `step` while `work` runs.
    pub(super) fn ahead<T>(&mut self, step: u64, work: impl FnOnce() -> T) -> T {
        let seed = self.seed;
        std::thread::scope(|scope| {
            let made = scope.spawn(move || batch(seed, step));
            let result = work();
            // A panic while a scene is drawn is a defect: it goes on here.
            self.next = made.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            result
        })
    }
}

/// The scenes of one step; no scene is shown twice.
fn batch(seed: u64, step: u64) -> Batch {
    let shape = SHAPES[step as usize % SHAPES.len()];
    let count = (VOXELS / shape.iter().product::<usize>()).max(1) as u64;
    let first = step * 64;
    gathered((first..first + count).into_par_iter().map(|index| example(seed, index, shape)).collect(), shape)
}

/// Examples of one shape as a batch.
pub(super) fn gathered(examples: Vec<Example>, shape: [usize; 3]) -> Batch {
    let mut batch = Batch { images: Vec::new(), targets: Vec::new(), count: examples.len(), shape };
    for Example { image, cord } in &examples {
        batch.images.extend(image);
        batch.targets.extend(cord);
    }
    batch
}
