//! The samples of the run whose film strip is shown, each file read once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use crate::training::{EpochSample, RunDir};

/// The samples of one run, by epoch, with the time each file was written.
#[derive(Default)]
pub(super) struct Reel {
    of: Option<RunDir>,
    frames: BTreeMap<u32, (Option<SystemTime>, Arc<EpochSample>)>,
}

impl Reel {
    /// All samples of a run in order; files that cannot be read, or not yet, are passed over.
    pub(super) fn look(&mut self, dir: &RunDir) -> Vec<Arc<EpochSample>> {
        if self.of.as_ref() != Some(dir) {
            *self = Self { of: Some(dir.clone()), frames: BTreeMap::new() };
        }
        let entries = std::fs::read_dir(dir.samples()).into_iter().flatten().flatten();
        let mut there = BTreeMap::new();
        for entry in entries {
            let Some(epoch) = EpochSample::epoch_of(&entry.file_name().to_string_lossy()) else { continue };
            let written = entry.metadata().and_then(|m| m.modified()).ok();
            let known = self.frames.remove(&epoch).filter(|(time, _)| *time == written);
            let read = || EpochSample::read(&entry.path()).ok().map(|sample| (written, Arc::new(sample)));
            there.extend(known.or_else(read).map(|frame| (epoch, frame)));
        }
        self.frames = there;
        self.frames.values().map(|(_, sample)| sample.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::state::film::tests::sample;

    #[test]
    fn samples_come_in_order_and_follow_their_files() {
        let place = tempfile::tempdir().unwrap();
        let dir = RunDir::new(place.path());
        dir.create().unwrap();
        for epoch in [3, 1, 12] {
            sample(epoch).write(&dir.samples().join(EpochSample::name(epoch))).unwrap();
        }
        std::fs::write(dir.samples().join(EpochSample::name(5)), "half").unwrap();
        let mut reel = Reel::default();
        let epochs = |reel: &mut Reel| reel.look(&dir).iter().map(|s| s.epoch).collect::<Vec<_>>();
        assert_eq!(epochs(&mut reel), [1, 3, 12]);
        let first = reel.look(&dir)[0].clone();
        assert!(Arc::ptr_eq(&first, &reel.look(&dir)[0]), "a file is read once");
        std::fs::remove_file(dir.samples().join(EpochSample::name(3))).unwrap();
        assert_eq!(epochs(&mut reel), [1, 12]);
    }
}
