//! Training patches as the network will see them, beside what they were cut from: to be looked at before one trains. Nothing
//! is written, and no subject is held out by looking.

use ndarray::Array3;

use super::TrainConfig;
use super::data;
use super::error::TrainingError;
use super::patches::PatchRef;
use super::plan::plan;
use super::source::{PatchSource, Slot};
use crate::dataset::Project;

/// The patches of a run that has not begun.
#[derive(Debug)]
pub struct Gallery {
    source: PatchSource,
    /// Numbers of patches, those with lesion first.
    numbers: Vec<usize>,
    spacing_mm: f64,
}

/// Image (z-scored) and mask (0 or 1) of a patch: axes x, y, z in RPI order.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchLook {
    /// Intensities.
    pub image: Array3<f32>,
    /// Lesion.
    pub mask: Array3<u8>,
}

/// A patch after the changes of one draw.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangedPatch {
    /// The epoch, from 0, in which the run will see it so.
    pub draw: u32,
    /// What the network sees.
    pub look: PatchLook,
    /// What was done to it; nothing when it is as it was.
    pub changes: Vec<String>,
}

/// One patch, as it was cut and as several epochs will see it.
#[derive(Clone, Debug, PartialEq)]
pub struct PatchPage {
    /// Which patch, from 0.
    pub number: usize,
    /// Of how many.
    pub count: usize,
    /// The scan it comes from.
    pub scan: String,
    /// Its first slice in the crop.
    pub start: usize,
    /// Voxel size, mm, along all axes.
    pub spacing_mm: f64,
    /// As it was cut.
    pub original: PatchLook,
    /// As it will be seen.
    pub changed: Vec<ChangedPatch>,
}

impl Gallery {
    /// The patches that a run with these settings would train on, read into memory.
    ///
    /// # Errors
    /// As for the run itself.
    pub fn open(project: &Project, config: TrainConfig) -> Result<Self, TrainingError> {
        let config = plan(project, config)?.config;
        let data = data::load(&config, None)?;
        let source = PatchSource::new(&config, data.train, data.intensities);
        let (mut numbers, without): (Vec<_>, Vec<_>) =
            (0..source.patches_per_epoch()).partition(|&number| source.holds_lesion(number));
        numbers.extend(without);
        Ok(Self { source, numbers, spacing_mm: config.crop.spacing_mm })
    }

    /// How many patches an epoch has.
    pub fn count(&self) -> usize {
        self.numbers.len()
    }

    /// Patch `number` (the last for any larger one) as the epochs `draws` will see it; those with lesion come first. `None`
    /// without patches.
    pub fn page(&self, number: usize, draws: std::ops::Range<u32>) -> Option<PatchPage> {
        let number = number.min(self.count().checked_sub(1)?);
        let slot = Slot { number: self.numbers[number], foreground: false };
        let look = |(image, mask): (Array3<f32>, Array3<u8>)| PatchLook { image, mask };
        let changed = |draw| ChangedPatch {
            draw,
            look: look(self.source.patch(draw, slot)),
            changes: self.source.changes(draw, slot).words(),
        };
        let (scan, PatchRef { start, .. }) = self.source.origin(slot.number);
        Some(PatchPage {
            number,
            count: self.count(),
            scan: scan.to_owned(),
            start,
            spacing_mm: self.spacing_mm,
            original: look(self.source.original(slot.number)),
            changed: draws.map(changed).collect(),
        })
    }
}

impl PatchLook {
    /// The slice with most lesion; the middle one without any.
    pub fn main_slice(&self) -> usize {
        let lesion = |(slice, plane): (usize, ndarray::ArrayView2<'_, u8>)| {
            (plane.iter().filter(|&&value| value > 0).count(), slice)
        };
        let most =
            self.mask.axis_iter(ndarray::Axis(2)).enumerate().map(lesion).max_by_key(|(count, _)| *count);
        most.filter(|(count, _)| *count > 0).map_or(self.mask.dim().2 / 2, |(_, slice)| slice)
    }
}
