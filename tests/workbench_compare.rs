#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! Scans whose centerline failed are fixed with keys: one by looking at the other methods, several with one key; the crop follows.
//! The first is a demo subject and takes what the native methods find; in the second a stand-in for a command of the Spinal Cord
//! Toolbox is the method that works, for its small images hold no real cord.

mod workbench_pty;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use deepseg::dataset::{Contrast, Project, ScanId, Settings};
use deepseg::demo::{make_cohort, read_truth};
use deepseg::preprocess::load_crop;
use deepseg::volume::{Volume, read_mask, write_mask};
use workbench_pty::{Workbench, cohort};

const LEFT: &str = "\x1b[D";
const RIGHT: &str = "\x1b[C";

/// Replaces a cord mask by an empty one.
fn spoil(path: &Path) {
    let cord = read_mask(path).unwrap();
    // Not through a link: the other subjects' masks are the same file.
    std::fs::remove_file(path).unwrap();
    write_mask(path, &Volume { grid: cord.grid, data: cord.data.mapv(|_| 0) }).unwrap();
}

fn opened(home: &Path, project: &Path, toolbox: &Path) -> Workbench {
    Workbench::start(&[project], home, (160, 50), &[("SCT_DIR", toolbox)])
}

/// A toolbox whose `sct_propseg` answers with this cord mask.
fn toolbox(home: &Path, cord: &Path) -> PathBuf {
    let toolbox = home.join("sct");
    std::fs::create_dir_all(toolbox.join("bin")).unwrap();
    write_mask(&toolbox.join("cord.nii.gz"), &read_mask(cord).unwrap().to_rpi()).unwrap();
    let program = toolbox.join("bin/sct_propseg");
    let script =
        "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\nexec cp \"$SCT_DIR/cord.nii.gz\" \"$2\"\n";
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    toolbox
}

/// The demo's first subject with an empty cord mask, and a project for its T2-weighted scan.
fn demo(home: &Path) -> (PathBuf, PathBuf) {
    let dataset = home.join("demo");
    make_cohort(&dataset, 1, 1, &|_, _| ()).unwrap();
    let truth = read_truth(&dataset).unwrap().unwrap();
    let cord = dataset.join(&truth.subjects[0].scans[0].cord_mask);
    spoil(&cord);
    let settings = Settings {
        image: vec!["T2w".into()],
        contrast: Some(Contrast::T2),
        mask: Some("lesion-manual".into()),
        cord: Some("seg-manual".into()),
        ..Settings::new(dataset.clone())
    };
    let (project, _) = Project::create(&home.join("project"), settings).unwrap();
    chain(project.dir(), r#"["mask"]"#);
    (project.dir().to_owned(), dataset)
}

/// Lets a project take its centerlines by these methods only, unless another is chosen.
fn chain(project: &Path, methods: &str) {
    let settings = project.join("deepseg.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}\n[centerline]\nchain = {methods}\n")).unwrap();
}

/// The greatest distance (mm, across the body) between the crop's middle and the true cord, over the slices of the crop.
fn crop_error(project: &Path, id: &str, dataset: &Path) -> f64 {
    let project = Project::open(project).unwrap();
    let crop = load_crop(&project, project.scan(&ScanId::new(id)).unwrap()).unwrap();
    let truth = read_truth(dataset).unwrap().unwrap().subjects[0].centerline_mm.clone();
    let middle =
        |k: usize| crop.frame.tube.affine.apply(crop.frame.tube_index([23, 23, k]).map(|v| v as f64));
    let off = |[x, y, z]: [f64; 3]| {
        let nearest = truth.iter().min_by(|a, b| (a[2] - z).abs().total_cmp(&(b[2] - z).abs())).unwrap();
        (nearest[0] - x).hypot(nearest[1] - y)
    };
    (0..crop.frame.depth()).map(|k| off(middle(k))).fold(0.0, f64::max)
}

#[test]
fn a_demo_scan_that_fails_takes_another_methods_centerline_and_its_crop_follows() {
    let home = tempfile::tempdir().unwrap();
    let (project, dataset) = demo(home.path());
    let mut workbench = opened(home.path(), &project, Path::new("/nowhere"));
    workbench.wait_for(&["Scans 1", "sub-01_acq-ax_T2w  axial"]);
    workbench.press("P");
    workbench.wait_for(&["0 crops made, 1 failed", "1 to check", "line: mask: "]);
    workbench.press("C");
    workbench.wait_for(&["✗ failed", "propseg", "builtin", "sure"]);
    // Until one is chosen by hand, the choice follows the best curve.
    workbench.press(&LEFT.repeat(4));
    workbench.wait_for(&["▸ mask"]);
    workbench.press(RIGHT);
    workbench.wait_for(&["▸ propseg", "⏎ takes it"]);
    workbench.press("\r");
    workbench.wait_for(&["Scans 1", "1 crops made", "24 mm"]);
    let error = crop_error(&project, "sub-01_acq-ax_T2w", &dataset);
    assert!(error < 1.0, "the crop is {error:.1} mm off the cord");
    workbench.press("C");
    workbench.wait_for(&["▸ propseg", "✓ accepted"]);
    workbench.press("\x1b");
    workbench.wait_for(&["Scans 1"]);
    workbench.press("q");
    assert!(workbench.ended().success());
    workbench.assert_restored();
}

#[test]
fn one_key_fixes_all_failing_scans() {
    let home = tempfile::tempdir().unwrap();
    let project = cohort(home.path(), 3);
    for name in ["sub-02", "sub-03"] {
        let labels = home.path().join(format!("dataset/derivatives/labels/{name}/anat"));
        spoil(&labels.join(format!("{name}_T2w_seg-manual.nii.gz")));
    }
    // Without the built-in methods, which the small images would not always suit.
    chain(&project, r#"["mask", "sct:propseg"]"#);
    let mut workbench = opened(home.path(), &project, Path::new("/nowhere"));
    workbench.wait_for(&["Scans 3", "sub-01_T2w  axial"]);
    workbench.press("P");
    workbench.wait_for(&["1 crops made", "2 failed", "2 to check"]);
    workbench.press("q");
    workbench.ended();
    let mut workbench =
        opened(home.path(), &project, &toolbox(home.path(), &home.path().join("files/cord.nii.gz")));
    workbench.wait_for(&["Scans 3", "2 to check"]);
    workbench.press("F");
    workbench.wait_for(&["Try the other centerline methods on 2 failing scans?"]);
    workbench.press("y");
    workbench.wait_for(&["2 crops made"]);
    workbench.wait("no failing scan", |text| !text.contains("to check"));
    workbench.press("L");
    workbench.wait_for(&["2 of 2 scans have a believable centerline now (2 by sct:propseg)"]);
    for id in ["sub-02_T2w", "sub-03_T2w"] {
        let project = Project::open(&project).unwrap();
        let id = ScanId::new(id);
        assert_eq!(project.decision(&id).centerline.as_deref(), Some("sct:propseg"));
        // Here, too, where there is no toolbox.
        let crop = load_crop(&project, project.scan(&id).unwrap()).unwrap();
        let centre = crop.image[[24, 24, crop.frame.depth() / 2]];
        assert!(centre > 250.0, "the crop of {id} is not around the cord: {centre}");
    }
}
