//! Real-life faults, each found with its number and its fix, and each fix honoured when the volume is read.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use deepseg::dataset::{
    Code, DatasetError, Fix, Problem, Project, ScanId, Severity, check, check_headers, check_scan,
};
use deepseg::volume::{Affine, Grid, Volume};
use ndarray::{Array3, ShapeBuilder};

use crate::build::{Dataset, grid, textured};

const IMAGE: &str = "sub-1/anat/sub-1_T2w.nii.gz";
const MASK: &str = "derivatives/labels/sub-1/anat/sub-1_T2w_lesion-manual.nii.gz";
const CORD: &str = "derivatives/labels/sub-1/anat/sub-1_T2w_seg-manual.nii.gz";
const LESION: [[usize; 3]; 2] = [[4, 4, 1], [5, 4, 1]];

/// One sound scan with mask and cord; a test then spoils one of its files.
fn sound() -> Dataset {
    let dataset = Dataset::new();
    dataset.image(IMAGE, 1);
    dataset.mask(MASK, &LESION);
    dataset.mask(CORD, &[[4, 4, 0], [4, 4, 1], [4, 4, 2], [4, 4, 3]]);
    dataset
}

fn problems(project: &Project) -> Vec<Problem> {
    check_scan(project, &project.scans()[0])
}

/// The only problem of the only scan.
fn only(dataset: &Dataset) -> Problem {
    let mut problems = problems(&dataset.project());
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

/// Takes the offered fix; afterwards nothing is wrong any more.
fn repaired(dataset: &Dataset) -> Project {
    let mut project = dataset.project();
    let problem = only(dataset);
    let fix = problem.offer.unwrap_or_else(|| panic!("no fix offered: {problem:?}"));
    let id = project.scans()[0].id.clone();
    let command = format!("deepseg check {} --fix {fix} --scan {id}", project.dir().display());
    assert!(problem.fix.contains(&command), "{} lacks {command}", problem.fix);
    project.take_fix(&[id], fix).unwrap();
    assert!(problems(&project).iter().all(|p| p.severity == Severity::Info), "{:?}", problems(&project));
    project
}

fn moved(mm: f64) -> Grid {
    let mut moved = grid();
    moved.affine.0[1][3] += mm;
    moved
}

#[test]
fn a_sound_scan_has_no_problem_and_tells_its_orientation() {
    let dataset = sound();
    let project = dataset.project();
    let report = check(&project, &|_| {}, &AtomicBool::new(false));
    assert_eq!((report.errors, report.warnings, report.scans.len()), (0, 0, 1));
    assert_eq!(report.scans[0].problems, []);
    let names = report.scans[0].orientation.as_ref().unwrap();
    assert_eq!((names.sct.as_str(), names.nibabel.as_str()), ("RPI", "LAS"));
}

#[test]
fn a_header_that_is_a_little_off_is_told_in_millimetres_and_can_be_replaced() {
    let dataset = sound();
    dataset.write_mask(MASK, moved(0.37), &LESION);
    let before = dataset.snapshot();
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::HeaderMismatch, Severity::Warning));
    assert!(
        problem.message.contains("the origin by 0.370 mm") && problem.message.contains(MASK),
        "{problem:?}"
    );
    let untouched = dataset.project();
    let own = untouched.read_mask(&untouched.scans()[0]).unwrap().unwrap();
    assert!(own.grid.difference(&grid()).is_some(), "without a decision a mask keeps its place");
    let project = repaired(&dataset);
    let image = project.read_image(&project.scans()[0]).unwrap();
    assert_eq!(project.read_mask(&project.scans()[0]).unwrap().unwrap().grid, image.grid);
    assert_eq!(dataset.snapshot(), before, "the data was touched");
}

#[test]
fn a_header_within_the_tolerance_passes_and_is_the_images() {
    let dataset = sound();
    dataset.write_mask(MASK, moved(0.0009), &LESION);
    let project = dataset.project();
    assert_eq!(problems(&project), []);
    let image = project.read_image(&project.scans()[0]).unwrap();
    assert_eq!(project.read_mask(&project.scans()[0]).unwrap().unwrap().grid, image.grid);
}

#[test]
fn a_cord_mask_is_held_to_the_same_rules() {
    let dataset = sound();
    dataset.write_mask(CORD, moved(1.0), &LESION);
    assert_eq!(only(&dataset).code, Code::HeaderMismatch);
    assert!(only(&dataset).message.contains("seg-manual"));
    dataset.mask(CORD, &[]);
    assert_eq!(only(&dataset).code, Code::EmptyCord);
}

#[test]
fn another_shape_is_an_error_here_and_on_reading() {
    let dataset = sound();
    dataset.write_mask(MASK, Grid { shape: [12, 10, 5], ..grid() }, &LESION);
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::ShapeMismatch, Severity::Error));
    assert!(
        problem.message.contains("12 x 10 x 5") && problem.message.contains("12 x 10 x 4"),
        "{problem:?}"
    );
    let project = repaired(&dataset);
    assert_eq!(project.active_scans().count(), 0);
    let error = project.read_mask(&project.scans()[0]).unwrap_err();
    assert!(matches!(error, DatasetError::Shape { .. }), "{error}");
}

#[test]
fn sform_and_qform_that_disagree_are_both_shown() {
    let dataset = sound();
    let plain = "sub-1/anat/sub-1_T2w.nii";
    fs::remove_file(dataset.path(IMAGE)).unwrap();
    dataset.image(plain, 1);
    // The qform's x offset of NIfTI-1 lies at byte 268.
    let mut bytes = fs::read(dataset.path(plain)).unwrap();
    bytes[268..272].copy_from_slice(&42.5f32.to_le_bytes());
    fs::write(dataset.path(plain), bytes).unwrap();
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::SformQform, Severity::Warning));
    for number in ["2.500 mm", "(40.00, -20.00, 10.00)", "(42.50, -20.00, 10.00)"] {
        assert!(problem.message.contains(number), "{} lacks {number}", problem.message);
    }
}

#[test]
fn nan_and_infinity_are_counted_and_read_as_0() {
    let dataset = sound();
    let mut image = textured(1);
    image.data[[0, 0, 0]] = f32::NAN;
    image.data[[1, 0, 0]] = f32::NEG_INFINITY;
    dataset.write_image(IMAGE, &image);
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::NonFinite, Severity::Warning));
    assert!(problem.message.contains("1 NaN and 1 infinite"), "{problem:?}");
    let project = repaired(&dataset);
    let read = project.read_image(&project.scans()[0]).unwrap();
    assert_eq!(
        (read.data[[0, 0, 0]], read.data[[1, 0, 0]], read.data[[2, 0, 0]]),
        (0.0, 0.0, image.data[[2, 0, 0]])
    );
}

#[test]
fn masks_of_other_values_are_reported_and_read_as_0_and_1() {
    let dataset = sound();
    for (values, words) in [
        ([255.0, 255.0], "2 voxels have the value 255"),
        ([0.25, 2.0], "2 voxels have 2 values from 0.25 to 2"),
    ] {
        let mut mask = Volume { grid: grid(), data: Array3::zeros(grid().shape.f()) };
        LESION.iter().zip(values).for_each(|(voxel, value)| mask.data[*voxel] = value);
        dataset.write_image(MASK, &mask);
        let problem = only(&dataset);
        assert_eq!((problem.code, problem.severity), (Code::MaskValues, Severity::Warning));
        assert!(problem.message.contains(words), "{problem:?}");
        let project = repaired(&dataset);
        let read = project.read_mask(&project.scans()[0]).unwrap().unwrap();
        assert_eq!((read.data.sum(), read.data[LESION[0]]), (2, 1));
        fs::remove_dir_all(project.dir()).unwrap();
    }
}

#[test]
fn an_empty_mask_is_a_negative_subject() {
    let dataset = sound();
    dataset.mask(MASK, &[]);
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::EmptyMask, Severity::Info));
    let project = repaired(&dataset);
    assert!(project.decision(&project.scans()[0].id).has(Fix::KeepAsNegative));
    assert!(project.read_mask(&project.scans()[0]).unwrap().is_some());
}

#[test]
fn an_image_in_place_of_its_mask_is_an_error() {
    let dataset = sound();
    fs::copy(dataset.path(IMAGE), dataset.path(MASK)).unwrap();
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::MaskEqualsImage, Severity::Error));
    repaired(&dataset);
}

#[test]
fn a_blank_image_is_an_error() {
    let dataset = sound();
    dataset.write_image(IMAGE, &Volume { grid: grid(), data: Array3::zeros(grid().shape.f()) });
    assert_eq!((only(&dataset).code, only(&dataset).severity), (Code::BlankImage, Severity::Error));
}

#[test]
fn a_lesion_between_the_points_of_the_half_millimetre_grid_is_told() {
    let dataset = sound();
    let fine = Grid { shape: [20, 20, 20], affine: Affine::scaling([0.1, 0.1, 0.1], [0.0; 3]) };
    let value = |(i, j, k): (usize, usize, usize)| (i + j + k) as f32;
    dataset.write_image(IMAGE, &Volume { grid: fine, data: Array3::from_shape_fn(fine.shape.f(), value) });
    let mut voxels = vec![[7, 7, 7]];
    voxels.extend((0..1000).map(|n| [10 + n % 10, 10 + n / 10 % 10, 10 + n / 100]));
    dataset.write_mask(MASK, fine, &voxels);
    dataset.write_mask(CORD, fine, &[[5, 5, 5]]);
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::LesionLost, Severity::Warning));
    assert!(
        problem.message.contains("1 of 2 lesions") && problem.message.contains("1 voxels"),
        "{problem:?}"
    );
}

#[test]
fn files_that_cannot_be_read_are_errors_and_stop_nothing() {
    let dataset = sound();
    let image = |n: usize| format!("sub-{n}/anat/sub-{n}_T2w.nii.gz");
    for n in 2..=6 {
        dataset.image(&image(n), n as u32);
    }
    let whole = fs::read(dataset.path(&image(2))).unwrap();
    fs::write(dataset.path(&image(2)), &whole[..whole.len() / 2]).unwrap();
    fs::write(dataset.path(&image(3)), "this is no image").unwrap();
    fs::write(dataset.path(&image(4)), "").unwrap();
    fs::remove_file(dataset.path(&image(5))).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/nowhere/annexed.nii.gz", dataset.path(&image(5))).unwrap();
    let project = dataset.project();
    let seen = Mutex::new(Vec::new());
    let report = check(&project, &|tick| seen.lock().unwrap().push(tick.done), &AtomicBool::new(false));
    let bad: Vec<&str> =
        report.scans.iter().filter(|s| has(&s.problems, Code::Unreadable)).map(|s| s.id.as_str()).collect();
    assert_eq!(bad, ["sub-2_T2w", "sub-3_T2w", "sub-4_T2w", "sub-5_T2w"]);
    assert_eq!(report.errors, 4);
    assert!(report.scans[1].problems[0].message.contains("sub-2_T2w.nii.gz"), "{:?}", report.scans[1]);
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
}

fn has(problems: &[Problem], code: Code) -> bool {
    problems.iter().any(|p| p.code == code)
}

#[test]
fn a_centerline_file_that_is_gone_is_an_error() {
    for ending in ["csv", "nii.gz"] {
        let dataset = sound();
        let name = format!("derivatives/labels/sub-1/anat/sub-1_T2w_centerline-manual.{ending}");
        dataset.file(&name, "");
        let project = dataset.project();
        fs::remove_file(dataset.path(&name)).unwrap();
        let found = problems(&project);
        assert_eq!(found.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::Unreadable]);
        assert!(found[0].message.contains(&name), "{found:?}");
    }
}

#[test]
fn several_time_points_are_refused_with_the_way_out() {
    let dataset = sound();
    let plain = "sub-1/anat/sub-1_T2w.nii";
    fs::remove_file(dataset.path(IMAGE)).unwrap();
    dataset.image(plain, 1);
    let mut bytes = fs::read(dataset.path(plain)).unwrap();
    bytes[40..42].copy_from_slice(&4i16.to_le_bytes());
    bytes[48..50].copy_from_slice(&2i16.to_le_bytes());
    bytes.extend_from_within(352..);
    fs::write(dataset.path(plain), bytes).unwrap();
    let problem = only(&dataset);
    assert_eq!((problem.code, problem.severity), (Code::FourDimensional, Severity::Error));
    assert!(problem.message.contains("2 volumes") && problem.fix.contains("sct_image"), "{problem:?}");
}

#[test]
fn the_same_image_under_two_names_is_found() {
    let dataset = sound();
    // The same file, as init can see; and the same voxels compressed differently, which takes a look inside.
    for other in ["sub-2/anat/sub-2_T2w.nii.gz", "sub-4/anat/sub-4_T2w.nii.gz"] {
        fs::copy(dataset.path(IMAGE), dataset.path(other)).unwrap();
    }
    dataset.image("sub-3/anat/sub-3_T2w.nii", 1);
    dataset.image("sub-5/anat/sub-5_T2w.nii.gz", 5);
    let mut project = dataset.project();
    let never = AtomicBool::new(false);
    let alike = |project: &Project, voxels: bool| -> Vec<String> {
        let report =
            if voxels { check(project, &|_| {}, &never) } else { check_headers(project, &|_| {}, &never) };
        report.scans.iter().filter(|s| has(&s.problems, Code::Duplicate)).map(|s| s.id.to_string()).collect()
    };
    assert_eq!(alike(&project, false), ["sub-1_T2w", "sub-2_T2w", "sub-4_T2w"]);
    assert_eq!(alike(&project, true), ["sub-1_T2w", "sub-2_T2w", "sub-3_T2w", "sub-4_T2w"]);
    let copies = ["sub-2_T2w", "sub-3_T2w", "sub-4_T2w"].map(ScanId::new);
    project.take_fix(&copies, Fix::Exclude).unwrap();
    assert_eq!(alike(&project, true), [""; 0]);
}

#[cfg(unix)]
#[test]
fn links_to_one_file_are_one_file() {
    let dataset = sound();
    for n in 2..=8 {
        std::os::unix::fs::symlink(
            dataset.path(IMAGE),
            dataset.path(&format!("sub-{n}/anat/sub-{n}_T2w.nii.gz")),
        )
        .unwrap();
    }
    let project = dataset.project();
    let report = check_headers(&project, &|_| {}, &AtomicBool::new(false));
    assert_eq!(report.warnings, 8);
    assert!(report.scans[0].problems[0].message.ends_with("sub-4_T2w, 4 more"), "{:?}", report.scans[0]);
}

#[test]
fn what_a_scan_lacks_is_told_and_the_scan_kept() {
    let dataset = sound();
    fs::remove_file(dataset.path(MASK)).unwrap();
    fs::remove_file(dataset.path(CORD)).unwrap();
    let project = dataset.project();
    let found = problems(&project);
    assert_eq!(found.iter().map(|p| p.code).collect::<Vec<_>>(), [Code::NoMask, Code::NoCenterline]);
    assert!(found.iter().all(|p| p.severity == Severity::Info));
    assert!(project.read_mask(&project.scans()[0]).unwrap().is_none());
}

#[test]
fn a_cancelled_check_ends_early() {
    let dataset = sound();
    for n in 2..=40 {
        dataset.image(&format!("sub-{n}/anat/sub-{n}_T2w.nii"), n);
    }
    let cancel = AtomicBool::new(false);
    let report = check(&dataset.project(), &|_| cancel.store(true, Ordering::Relaxed), &cancel);
    assert!(!report.scans.is_empty() && report.scans.len() < 40, "{} scans", report.scans.len());
}
