//! Which scan and slices are watched, which epochs are due, and which files go when the folder is full.

use super::EpochSample;
use crate::training::event::EventKind;
use crate::training::patches::Sample;
use crate::training::{RunError, RunWriter, SampleConfig};
use ndarray::{Array3, Axis, s};
use std::fs;
use std::path::Path;

/// Slices of the watched scan.
const SLICES: usize = 3;
/// Slices nearer to each other than this show the same.
const APART: usize = 10;
/// Grey values: these shares of the voxels are black and white at most.
const DARKEST: f64 = 0.002;
const BRIGHTEST: f64 = 0.998;

/// The watched scan of a run and what is kept of it.
#[derive(Debug)]
pub(crate) struct Watch {
    every: u32,
    keep: usize,
    /// `None` when nothing validates.
    scene: Option<Scene>,
    /// The epoch being validated, when it is due.
    due: Option<u32>,
    seen: Option<Array3<u8>>,
}

/// What stays the same over the epochs.
#[derive(Debug)]
struct Scene {
    scan: String,
    slices: Vec<usize>,
    image: Array3<u8>,
    truth: Array3<u8>,
}

impl Watch {
    /// Chooses among the validation scans: the one named, else the first with a lesion, else the first. The sentence says
    /// when the one named is not there.
    pub(crate) fn new(config: &SampleConfig, val: &[Sample]) -> (Self, Option<String>) {
        let named = val.iter().find(|sample| sample.scan == config.scan);
        let trouble = (named.is_none() && !config.scan.is_empty()).then(|| {
            format!(
                "sample.scan: `{}` is not a validation scan of this run; another one is shown",
                config.scan
            )
        });
        let chosen = named.or_else(|| val.iter().find(|s| s.has_lesion())).or(val.first());
        let scene = chosen.filter(|_| config.every > 0).map(Scene::of);
        (Self { every: config.every, keep: config.keep, scene, due: None, seen: None }, trouble)
    }

    /// An epoch is about to be validated.
    pub(crate) fn begin(&mut self, epoch: u32, last: u32) {
        let is_due = epoch == 1 || epoch == last || epoch.is_multiple_of(self.every.max(1));
        self.due = Some(epoch).filter(|_| is_due && self.scene.is_some());
        self.seen = None;
    }

    /// A validation scan was predicted.
    pub(crate) fn see(&mut self, sample: &Sample, probabilities: &Array3<f32>) {
        if let Some(scene) = self.scene.as_ref().filter(|s| self.due.is_some() && s.scan == sample.scan) {
            let chosen = probabilities.select(Axis(2), &scene.slices);
            self.seen = Some(chosen.mapv(|p| (p.clamp(0.0, 1.0) * 255.0).round() as u8));
        }
    }

    /// Keeps what was seen in this epoch and tells of it. A disk that refuses is a warning.
    pub(crate) fn keep(&mut self, run: &mut RunWriter) -> Result<(), RunError> {
        let (Some(scene), Some(epoch), Some(probability)) = (&self.scene, self.due.take(), self.seen.take())
        else {
            return Ok(());
        };
        let sample = EpochSample {
            scan: scene.scan.clone(),
            epoch,
            slices: scene.slices.clone(),
            image: scene.image.clone(),
            truth: scene.truth.clone(),
            probability,
        };
        let (folder, name) = (run.dir().samples(), EpochSample::name(epoch));
        match sample.write(&folder.join(&name)) {
            Ok(()) => {
                thin(&folder, epoch, self.keep);
                run.emit(EventKind::Sample { file: format!("samples/{name}"), scan: sample.scan })
            }
            Err(error) => run.warn(format!("{}: sample not kept ({error})", folder.display())),
        }
    }
}

impl Scene {
    fn of(sample: &Sample) -> Self {
        let slices = slices(&sample.mask);
        let grey = grey(&sample.image);
        let (image, truth) = (grey.select(Axis(2), &slices), sample.mask.select(Axis(2), &slices));
        Self { scan: sample.scan.clone(), slices, image, truth: truth.mapv(|m| if m > 0 { 255 } else { 0 }) }
    }
}

/// The slices with most lesion, some way apart, from feet to head; evenly spread ones where there is none.
fn slices(mask: &Array3<u8>) -> Vec<usize> {
    let depth = mask.dim().2;
    let area = |z: &usize| mask.slice(s![.., .., *z]).iter().filter(|m| **m > 0).count();
    let mut order: Vec<usize> = (0..depth).filter(|z| area(z) > 0).collect();
    if order.is_empty() {
        order = (1..=SLICES).map(|n| n * depth / (SLICES + 1)).collect();
    }
    order.sort_by_key(|z| std::cmp::Reverse(area(z)));
    let mut chosen: Vec<usize> = Vec::new();
    for z in order {
        if chosen.len() < SLICES && chosen.iter().all(|c| c.abs_diff(z) >= APART) {
            chosen.push(z);
        }
    }
    chosen.sort_unstable();
    chosen
}

/// 0 to 255 between two percentiles of the crop.
fn grey(image: &Array3<f32>) -> Array3<u8> {
    let mut sorted: Vec<f32> = image.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f32::total_cmp);
    let at = |share: f64| sorted.get((share * (sorted.len().max(1) - 1) as f64).round() as usize);
    let (low, high) = (at(DARKEST).copied().unwrap_or(0.0), at(BRIGHTEST).copied().unwrap_or(1.0));
    let scale = 255.0 / (high - low).max(f32::MIN_POSITIVE);
    image.mapv(|v| ((v - low) * scale).clamp(0.0, 255.0) as u8)
}

/// Keeps at most `keep` files: those of later epochs than the newest go (a run resumed before them repeats these), then
/// the ones whose neighbours are nearest to each other, so that what stays is spread over the run. First and newest always stay.
fn thin(folder: &Path, newest: u32, keep: usize) {
    let mut epochs = epochs(folder);
    epochs
        .retain(|&epoch| epoch <= newest || fs::remove_file(folder.join(EpochSample::name(epoch))).is_err());
    while epochs.len() > keep.max(2) {
        let gap = |i: &usize| epochs[i + 1] - epochs[i - 1];
        let Some(least) = (1..epochs.len() - 1).min_by_key(gap) else { return };
        // What cannot be removed now is tried again after the next epoch.
        fs::remove_file(folder.join(EpochSample::name(epochs.remove(least)))).ok();
    }
}

/// Epochs with a file, ascending.
fn epochs(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut epochs: Vec<u32> =
        entries.filter_map(|e| EpochSample::epoch_of(&e.file_name().to_string_lossy())).collect();
    epochs.sort_unstable();
    epochs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{RunDir, TrainConfig};

    fn scan(name: &str, lesion: &[usize]) -> Sample {
        let mut mask = Array3::zeros((6, 6, 40));
        for (size, &z) in lesion.iter().enumerate() {
            mask.slice_mut(s![..=size, 0, z]).fill(1);
        }
        let image = Array3::from_shape_fn((6, 6, 40), |(x, y, z)| (x + y + z) as f32);
        Sample { scan: name.into(), image, mask, padding: 0.0 }
    }

    #[test]
    fn the_slices_have_most_lesion_and_lie_apart() {
        assert_eq!(slices(&scan("a", &[30, 9, 10, 20]).mask), [10, 20, 30]);
        assert_eq!(slices(&scan("a", &[]).mask), [10, 20, 30]);
        assert_eq!(slices(&scan("a", &[5, 6]).mask), [6]);
    }

    #[test]
    fn the_scan_named_is_watched_else_the_first_with_a_lesion() {
        let val = [scan("healthy", &[]), scan("one", &[3]), scan("two", &[4])];
        let watched = |scan: &str| {
            let config = SampleConfig { scan: scan.into(), ..SampleConfig::default() };
            let (watch, trouble) = Watch::new(&config, &val);
            (watch.scene.unwrap().scan, trouble.is_some())
        };
        assert_eq!(watched(""), ("one".into(), false));
        assert_eq!(watched("two"), ("two".into(), false));
        assert_eq!(watched("nobody"), ("one".into(), true));
        assert!(Watch::new(&SampleConfig::default(), &[]).0.scene.is_none());
    }

    #[test]
    fn the_folder_stays_small_and_spread_over_the_run() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        let mut run = RunWriter::create(dir.clone(), &TrainConfig::default()).unwrap();
        let val = [scan("one", &[3])];
        let config = SampleConfig { keep: 5, ..SampleConfig::default() };
        let (mut watch, _) = Watch::new(&config, &val);
        let epoch = |watch: &mut Watch, run: &mut RunWriter, epoch| {
            watch.begin(epoch, 100);
            watch.see(&val[0], &Array3::from_elem((6, 6, 40), 0.5));
            watch.keep(run).unwrap();
        };
        (1..=40).for_each(|n| epoch(&mut watch, &mut run, n));
        let kept = epochs(&dir.samples());
        assert_eq!((kept.len(), kept[0], kept[4]), (5, 1, 40));
        assert!(kept.windows(2).all(|w| w[1] - w[0] <= 20), "{kept:?}");
        epoch(&mut watch, &mut run, 30);
        assert_eq!(epochs(&dir.samples()).last(), Some(&30), "a resumed run has not been at 40 yet");
        let sample = EpochSample::read(&dir.samples().join(EpochSample::name(30))).unwrap();
        assert_eq!(
            (sample.slices, sample.probability[[0, 0, 0]], sample.truth[[0, 0, 0]]),
            (vec![3], 128, 255)
        );
    }
}
