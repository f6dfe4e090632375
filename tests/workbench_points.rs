#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! A scan of the demo cohort that has no cord mask is given a centerline by points, with keys only, and its crop follows.

mod workbench_pty;

use std::path::{Path, PathBuf};

use deepseg::centerline::{Curve, Fit, from_mask, read_points};
use deepseg::dataset::{Project, Settings};
use deepseg::demo::make_cohort;
use deepseg::preprocess::load_crop;
use deepseg::volume::read_mask;
use workbench_pty::Workbench;

const PAGE_UP: &str = "\x1b[5~";
const PAGE_DOWN: &str = "\x1b[6~";

/// A project of one axial scan, its image alone, and the truth that the project is not given.
fn scan_without_cord(home: &Path) -> (PathBuf, Curve) {
    let dataset = home.join("dataset");
    make_cohort(&dataset, 1, 3, &|_, _| ()).unwrap();
    let cord = dataset.join("derivatives/labels/sub-01/anat/sub-01_acq-ax_T2w_seg-manual.nii.gz");
    let truth = from_mask(&read_mask(&cord).unwrap(), Fit::default()).unwrap();
    std::fs::remove_file(&cord).unwrap();
    let settings = Settings { image: vec!["T2w".into()], ..Settings::new(dataset) };
    let (project, _) = Project::create(&home.join("project"), settings).unwrap();
    assert!(project.scans().len() == 1 && project.scans()[0].cord.is_none());
    (project.dir().to_owned(), truth)
}

#[test]
fn points_placed_by_keys_become_the_centerline_and_the_crop_follows() {
    let home = tempfile::tempdir().unwrap();
    let (dir, truth) = scan_without_cord(home.path());
    let author = Path::new("ada");
    let mut workbench = Workbench::start(&[&dir], home.path(), (100, 30), &[("USER", author)]);
    workbench.wait_for(&["sub-01_acq-ax_T2w  axial"]);
    workbench.press("e");
    workbench.wait_for(&["0 points", "▸ Side", "of the middle", "⏎ place"]);
    // The phantom stands in the middle of its field of view; snapping does the rest.
    workbench.press("s");
    workbench.wait_for(&["1 point", "One more point"]);
    workbench.press(&format!("{PAGE_UP}s"));
    workbench.wait_for(&["2 points", "along the curve", "w save"]);
    workbench.press(&format!("{PAGE_DOWN}{PAGE_DOWN}s"));
    workbench.wait_for(&["3 points"]);
    workbench.press("d");
    workbench.wait_for(&["2 points"]);
    workbench.press("u");
    workbench.wait_for(&["3 points", "not saved"]);
    workbench.press("\x1b");
    workbench.wait_for(&["Leave without saving the points?"]);
    workbench.press("nw");
    workbench.wait_for(&["1 crops made", "24 mm"]);
    check_crop(&dir, &truth);
    workbench.press("e");
    workbench.wait_for(&["3 points", "saved by ada"]);
    workbench.press("q");
    assert!(workbench.ended().success());
    workbench.assert_restored();
}

/// The points are kept with their author, and the crop lies around the true cord.
fn check_crop(dir: &Path, truth: &Curve) {
    let project = Project::open(dir).unwrap();
    let scan = &project.scans()[0];
    assert_eq!(project.decision(&scan.id).centerline.as_deref(), Some("points"));
    let placed = read_points(&project, scan).unwrap().unwrap();
    assert_eq!((placed.author.as_str(), placed.voxels.len()), ("ada", 3));
    let frame = load_crop(&project, scan).unwrap().frame;
    let truth = truth.on_grid(&frame.tube);
    let middle = frame.size as f64 / 2.0 - 0.5;
    let off = |k: usize| {
        let [x, y] = truth.at(frame.first_z + k)?;
        let [a, b] = frame.starts[k].map(|start| start as f64 + middle);
        Some((a - x).hypot(b - y) * frame.tube.spacing()[0])
    };
    let errors: Vec<f64> = (0..frame.depth()).filter_map(off).collect();
    assert!(errors.len() > 60, "{} slices of 0.5 mm", errors.len());
    assert!(errors.iter().all(|e| *e < 1.5), "{errors:.1?}");
}
