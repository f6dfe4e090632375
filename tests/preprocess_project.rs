#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! A project's crops through time: made once, kept while they are current, made again when anything they depend on changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use deepseg::dataset::{Project, Settings};
use deepseg::preprocess::{
    BatchOptions, BatchReport, CropFiles, PreprocessError, StageState, load_crop, run_batch, stage_state,
};
use deepseg::volume::{Affine, Grid, Volume, write_image, write_mask};
use ndarray::Array3;
use tempfile::TempDir;

/// What is tested here is not whether a detector finds a cord in these images.
const GIVEN_ONLY: &str = "[centerline]\nchain = [\"file\", \"mask\"]\n";

/// Three subjects in BIDS: `sub-01` and `sub-02` with cord and lesion, `sub-03` with a lesion but no cord mask.
struct Bench {
    folder: TempDir,
    project: Project,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        for (subject, with_cord) in [("01", true), ("02", true), ("03", false)] {
            write_subject(&data, subject, with_cord);
        }
        fs::write(data.join("dataset_description.json"), r#"{"Name": "bench", "BIDSVersion": "1.8.0"}"#)
            .unwrap();
        let settings = Settings {
            mask: Some("lesion-manual".into()),
            cord: Some("seg-manual".into()),
            others: GIVEN_ONLY.into(),
            ..Settings::new(&data)
        };
        let (project, _) = Project::create(&folder.path().join("project"), settings).unwrap();
        assert_eq!(project.scans().len(), 3);
        Self { folder, project }
    }

    fn run(&self, options: BatchOptions) -> BatchReport {
        let scans: Vec<_> = self.project.scans().iter().collect();
        run_batch(&self.project, &scans, &options, &|_| (), &AtomicBool::new(false)).unwrap()
    }

    /// (made, current, failed) of a usual run.
    fn counts(&self) -> (usize, usize, usize) {
        let report = self.run(BatchOptions::default());
        (report.done, report.cached, report.failed.len())
    }

    fn state(&self, index: usize) -> StageState {
        stage_state(&self.project, &self.project.scans()[index])
    }

    fn file(&self, subject: &str, end: &str) -> PathBuf {
        self.folder
            .path()
            .join(format!("data/derivatives/labels/sub-{subject}/anat/sub-{subject}_T2w_{end}.nii.gz"))
    }
}

fn write_subject(data: &Path, subject: &str, with_cord: bool) {
    let grid = Grid { shape: [60, 60, 12], affine: Affine::scaling([0.8, 0.8, 3.0], [-20.0, 5.0, 0.0]) };
    let far = |i: usize, j: usize| (i as f64 - 30.0).hypot(j as f64 - 28.0);
    let image =
        Array3::from_shape_fn(grid.shape, |(i, j, k)| 100.0 + (30.0 * far(i, j).cos()) as f32 + k as f32);
    let anat = format!("sub-{subject}/anat/sub-{subject}_T2w");
    write_image(&data.join(format!("{anat}.nii.gz")), &Volume { grid, data: image }).unwrap();
    let mask = |inside: &dyn Fn(usize, usize, usize) -> bool| Volume {
        grid,
        data: Array3::from_shape_fn(grid.shape, |(i, j, k)| u8::from(inside(i, j, k))),
    };
    let labels = data.join(format!("derivatives/labels/{anat}"));
    let at = |end: &str| PathBuf::from(format!("{}_{end}.nii.gz", labels.display()));
    let lesion = mask(&|i, j, k| far(i, j) < 3.0 && (4..7).contains(&k));
    write_mask(&at("lesion-manual"), &lesion).unwrap();
    if with_cord {
        write_mask(&at("seg-manual"), &mask(&|i, j, k| far(i, j) < 6.0 && (1..11).contains(&k))).unwrap();
    }
}

/// Sets a file's time of change without changing its content.
fn touch(path: &Path) {
    let later = SystemTime::now() + Duration::from_secs(60);
    fs::File::options().append(true).open(path).unwrap().set_modified(later).unwrap();
}

#[test]
fn crops_are_made_once_and_load_as_written() {
    let bench = Bench::new();
    assert_eq!(bench.state(0), StageState::Missing);
    let report = bench.run(BatchOptions { jobs: 2, ..Default::default() });
    assert_eq!((report.done, report.cached, report.left), (2, 0, 0));
    assert_eq!(report.no_centerline, [bench.project.scans()[2].id.clone()], "listed, and no failure");
    assert!(report.failed.is_empty(), "{:?}", report.failed);
    assert_eq!(bench.state(0), StageState::Ready);
    assert!(matches!(bench.state(2), StageState::Failed(why) if why.contains("no centerline")));
    assert_eq!(bench.counts(), (0, 2, 0), "nothing is made twice");

    let crop = load_crop(&bench.project, &bench.project.scans()[0]).unwrap();
    let depth = crop.frame.depth();
    assert_eq!(crop.image.shape(), [48, 48, depth]);
    assert!(crop.image.iter().all(|v| *v > 0.0), "no silent zeros");
    let (mask, cord) = (crop.mask.unwrap(), crop.cord.unwrap());
    assert!(mask.iter().zip(&cord).all(|(m, c)| m <= c), "the lesion lies in the cord");
    let count = |voxels: &Array3<u8>| voxels.iter().filter(|v| **v == 1).count();
    assert!(count(&mask) > 500 && count(&cord) > 2 * count(&mask));
    assert_eq!(crop.mask_report.unwrap().outside, 0);
}

#[test]
fn changed_settings_make_crops_stale_and_are_obeyed() {
    let bench = Bench::new();
    bench.counts();
    let path = bench.project.dir().join("deepseg.toml");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{before}\n[preprocess]\nsize = 32\n")).unwrap();
    assert_eq!(bench.state(0), StageState::Stale);
    let refused = load_crop(&bench.project, &bench.project.scans()[0]);
    assert!(matches!(refused, Err(PreprocessError::Stale { .. })));
    assert_eq!(bench.counts(), (2, 0, 0));
    assert_eq!(load_crop(&bench.project, &bench.project.scans()[0]).unwrap().frame.size, 32);
}

#[test]
fn the_fit_is_a_setting_too() {
    let bench = Bench::new();
    bench.counts();
    let path = bench.project.dir().join("deepseg.toml");
    let before = fs::read_to_string(&path).unwrap();
    let polyfit = before.replace(GIVEN_ONLY, &format!("{GIVEN_ONLY}fit = \"polyfit\"\n"));
    fs::write(&path, polyfit).unwrap();
    assert_eq!(bench.counts(), (2, 0, 0));
    fs::write(&path, format!("{before}\n[preprocess]\nsize = 33\n")).unwrap();
    assert!(matches!(bench.state(0), StageState::Failed(why) if why.contains("even size")));
}

#[test]
fn content_decides_and_times_do_not() {
    let bench = Bench::new();
    bench.counts();
    touch(&bench.file("01", "lesion-manual"));
    assert_eq!(bench.state(0), StageState::Stale, "a quick look cannot know better");
    assert_eq!(bench.counts(), (0, 2, 0), "the same content is not computed again");
    assert_eq!(bench.state(0), StageState::Ready);

    fs::copy(bench.file("01", "seg-manual"), bench.file("01", "lesion-manual")).unwrap();
    assert_eq!(bench.counts(), (1, 1, 0), "only the scan whose mask changed");
    let crop = load_crop(&bench.project, &bench.project.scans()[0]).unwrap();
    assert!(crop.mask.unwrap().iter().filter(|v| **v == 1).count() > 5000);
}

#[test]
fn a_damaged_crop_is_noticed_and_made_again() {
    let bench = Bench::new();
    bench.counts();
    let files = CropFiles::of(&bench.project, &bench.project.scans()[1]);
    fs::File::options().write(true).open(&files.image).unwrap().set_len(100).unwrap();
    assert_eq!(bench.state(1), StageState::Stale);
    assert_eq!(bench.counts(), (1, 1, 0));
    fs::write(&files.record, "{").unwrap();
    assert_eq!(bench.counts(), (1, 1, 0));
    assert_eq!(bench.state(1), StageState::Ready);
}

#[test]
fn one_bad_scan_never_stops_the_rest() {
    let bench = Bench::new();
    fs::write(bench.project.scans()[0].image.as_path(), b"not an image").unwrap();
    let report = bench.run(BatchOptions { jobs: 1, ..Default::default() });
    assert_eq!((report.done, report.failed.len()), (1, 1));
    assert_eq!(report.failed[0].stage, "read");
    assert!(report.failed[0].message.contains("sub-01_T2w"), "{}", report.failed[0].message);

    // Repaired, it is no longer called failed, and the next run makes it.
    write_subject(&bench.folder.path().join("data"), "01", true);
    assert_eq!(bench.state(0), StageState::Missing);
    assert_eq!(bench.counts(), (1, 1, 0));
}

#[test]
fn a_stopped_batch_goes_on_where_it_was() {
    let bench = Bench::new();
    let scans: Vec<_> = bench.project.scans().iter().collect();
    let stop = AtomicBool::new(false);
    let seen = Mutex::new(Vec::new());
    let options = BatchOptions { jobs: 1, ..Default::default() };
    let report = run_batch(
        &bench.project,
        &scans,
        &options,
        &|progress| {
            seen.lock().unwrap().push((progress.finished, progress.total, progress.failure.is_none()));
            stop.store(true, Ordering::Relaxed);
        },
        &stop,
    )
    .unwrap();
    assert_eq!((report.done, report.left), (1, 2));
    assert_eq!(*seen.lock().unwrap(), [(1, 3, true)]);
    assert_eq!(bench.counts(), (1, 1, 0));
}

#[test]
fn force_makes_everything_again() {
    let bench = Bench::new();
    bench.counts();
    let report = bench.run(BatchOptions { force: true, ..Default::default() });
    assert_eq!((report.done, report.cached), (2, 0));
}

#[test]
fn a_decided_method_is_part_of_the_crop() {
    let mut bench = Bench::new();
    bench.counts();
    let id = bench.project.scans()[0].id.clone();
    bench.project.decide(&id, |decision| decision.centerline = Some("file".into())).unwrap();
    assert_eq!(bench.state(0), StageState::Stale);
    let report = bench.run(BatchOptions::default());
    assert_eq!(report.failed[0].stage, "centerline", "there is no centerline file");
    bench.project.decide(&id, |decision| decision.centerline = Some("mask".into())).unwrap();
    assert_eq!(bench.counts(), (0, 2, 0), "the mask is what the crop was made along before");
}
