//! The demo cohort as a user gets it: files read back from disk, held against the truth that comes with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use deepseg::centerline::{Fit, from_mask};
use deepseg::dataset::{Code, Project, Settings, check};
use deepseg::demo::{CohortReport, DemoError, Fault, ScanTruth, SubjectTruth, make_cohort, read_truth};
use deepseg::files::content_hash;
use deepseg::volume::{
    Components, Connectivity, Datatype, Volume, read_header, read_image, read_mask, sample_nearest,
};

/// The smallest cohort in which everything occurs, made once for all tests here.
fn cohort() -> &'static (PathBuf, CohortReport) {
    static COHORT: OnceLock<(PathBuf, CohortReport)> = OnceLock::new();
    COHORT.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap().keep();
        let report = make_cohort(&dir, 6, 20, &|_, _| ()).unwrap();
        (dir, report)
    })
}

fn scans() -> impl Iterator<Item = (&'static Path, &'static SubjectTruth, usize, &'static ScanTruth)> {
    let (dir, report) = cohort();
    report.subjects.iter().flat_map(move |subject| {
        subject.scans.iter().enumerate().map(move |(number, scan)| (dir.as_path(), subject, number, scan))
    })
}

/// The lesion mask on its image's grid, whatever its own header says.
fn lesion_mask(dir: &Path, scan: &ScanTruth) -> Volume<u8> {
    let grid = read_header(&dir.join(&scan.image)).unwrap().grid;
    Volume { grid, data: read_mask(&dir.join(&scan.lesion_mask)).unwrap().data }
}

fn mean_where(image: &Volume<f32>, chosen: impl Fn([usize; 3]) -> bool) -> f64 {
    let picked = image.data.indexed_iter().filter(|((i, j, k), _)| chosen([*i, *j, *k]));
    let (sum, count) = picked.fold((0.0, 0), |(sum, count), (_, value)| (sum + f64::from(*value), count + 1));
    sum / f64::from(count)
}

fn hashes(dir: &Path) -> BTreeMap<PathBuf, String> {
    let files =
        walkdir::WalkDir::new(dir).into_iter().map(Result::unwrap).filter(|e| e.file_type().is_file());
    files.map(|e| (e.path().strip_prefix(dir).unwrap().to_owned(), content_hash(e.path()).unwrap())).collect()
}

#[test]
fn one_thread_and_many_write_the_same_bytes_and_another_seed_does_not() {
    let made = |threads: usize, seed: u64| {
        let dir = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| make_cohort(dir.path(), 1, seed, &|_, _| ())).unwrap();
        hashes(dir.path())
    };
    let one = made(1, 7);
    assert!(one.keys().any(|path| path.ends_with("sub-01_acq-ax_T2w.nii.gz")));
    assert_eq!(one, made(3, 7));
    let other = made(2, 8);
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let image = Path::new("sub-01/anat/sub-01_acq-ax_T2w.nii.gz");
    assert_ne!(one[image], other[image]);
}

#[test]
fn the_true_centerline_runs_through_every_cord_mask() {
    for (dir, subject, _, scan) in scans() {
        let cord = read_mask(&dir.join(&scan.cord_mask)).unwrap();
        let to_voxel = cord.grid.affine.inverse().unwrap();
        let inside = |at: &[f64; 3]| {
            let voxel = to_voxel.apply(*at);
            let room = |k: usize| voxel[k] > 0.5 && voxel[k] < cord.grid.shape[k] as f64 - 1.5;
            (0..3).all(room).then(|| sample_nearest(&cord.data.view(), voxel))
        };
        let found: Vec<u8> = subject.centerline_mm.iter().filter_map(inside).collect();
        assert!(found.len() > 40, "{}: only {} points in the field of view", subject.id, found.len());
        assert!(found.iter().all(|value| *value == 1), "{}", scan.image.display());
    }
}

#[test]
fn the_centerline_found_in_a_cord_mask_is_the_true_one() {
    for (dir, subject, _, scan) in scans() {
        let cord = read_mask(&dir.join(&scan.cord_mask)).unwrap();
        let curve = from_mask(&cord, Fit::Bspline { smooth: 10.0 }).unwrap();
        // The ends of an oblique field of view cut the cord askew: a centre of mass is not the centre there.
        let inner = curve.z_range().start + 4..curve.z_range().end - 4;
        // In the plane of the slices half a voxel is easily met; across thick sagittal slices it is more.
        let allowed = 0.35 * curve.grid.spacing()[0].max(1.4);
        for z in inner {
            let found = curve.world(z).unwrap();
            let off = distance_to(&subject.centerline_mm, found);
            assert!(off < allowed, "{} at z {z}: {off:.2} mm off", scan.image.display());
        }
    }
}

/// Distance (mm) from a point to the nearest point of a chain.
fn distance_to(chain: &[[f64; 3]], point: [f64; 3]) -> f64 {
    let to_piece = |piece: &[[f64; 3]]| {
        let along: [f64; 3] = std::array::from_fn(|k| piece[1][k] - piece[0][k]);
        let from: [f64; 3] = std::array::from_fn(|k| point[k] - piece[0][k]);
        let dot = |a: &[f64; 3], b: &[f64; 3]| (0..3).map(|k| a[k] * b[k]).sum::<f64>();
        let t = (dot(&from, &along) / dot(&along, &along)).clamp(0.0, 1.0);
        (0..3).map(|k| (from[k] - t * along[k]).powi(2)).sum::<f64>().sqrt()
    };
    chain.windows(2).map(to_piece).fold(f64::MAX, f64::min)
}

#[test]
fn masks_hold_the_true_lesions_inside_the_cord() {
    for (dir, subject, _, scan) in scans() {
        let name = scan.image.display();
        let (lesion, cord) = (lesion_mask(dir, scan), read_mask(&dir.join(&scan.cord_mask)).unwrap());
        let outside = lesion.data.iter().zip(&cord.data).filter(|(l, c)| **l > 0 && **c == 0).count();
        assert_eq!(outside, 0, "{name}");
        let parts = Components::of(&lesion.data.view(), Connectivity::Corners);
        assert_eq!(parts.count(), subject.lesions.len(), "{name}");
        let marked = lesion.data.iter().filter(|v| **v > 0).count() as f64 * lesion.grid.voxel_volume();
        assert!((marked - scan.mask_volume_mm3).abs() < 1e-3, "{name}");
        let truth: f64 = subject.lesions.iter().map(|lesion| lesion.volume_mm3).sum();
        assert!((marked - truth).abs() <= 0.25 * truth, "{name}: {marked} mm3 marked, {truth} mm3 true");
    }
}

#[test]
fn lesions_shine_and_the_cord_lies_dark_in_bright_fluid() {
    for (dir, subject, _, scan) in scans().filter(|scan| !scan.1.lesions.is_empty()) {
        let image = read_image(&dir.join(&scan.image)).unwrap();
        assert!(image.data.iter().all(|v| v.is_finite() && *v >= 0.0));
        let (lesion, cord) = (lesion_mask(dir, scan), read_mask(&dir.join(&scan.cord_mask)).unwrap());
        let shining = mean_where(&image, |at| lesion.data[at] > 0);
        let healthy = mean_where(&image, |at| cord.data[at] > 0 && lesion.data[at] == 0);
        assert!(
            shining > 1.2 * healthy,
            "{} in {}: {shining} over {healthy}",
            subject.id,
            scan.image.display()
        );
    }
}

#[test]
fn faults_are_where_the_truth_says_and_nowhere_else() {
    let (_, report) = cohort();
    let faulty: Vec<Fault> = report.faults().map(|(_, fault)| fault).collect();
    assert_eq!(faulty, [Fault::ShiftedHeader, Fault::Painted255]);
    for (dir, subject, number, scan) in scans() {
        let fault = subject.fault.filter(|_| number == 0);
        let image = read_header(&dir.join(&scan.image)).unwrap().grid;
        let mask = read_image(&dir.join(&scan.lesion_mask)).unwrap();
        let cord = read_header(&dir.join(&scan.cord_mask)).unwrap().grid;
        assert_eq!(
            image.difference(&mask.grid).is_some(),
            fault == Some(Fault::ShiftedHeader),
            "{}",
            subject.id
        );
        assert!(image.difference(&cord).is_none());
        let top = mask.data.iter().copied().fold(0.0, f32::max);
        assert_eq!(top > 1.0, fault == Some(Fault::Painted255), "{}", subject.id);
    }
}

#[test]
fn check_finds_both_faults_and_blames_nobody_else() {
    let (dir, report) = cohort();
    let home = tempfile::tempdir().unwrap();
    let wanted = Settings {
        image: vec!["T2w".into()],
        mask: Some("lesion-manual".into()),
        cord: Some("seg-manual".into()),
        ..Settings::new(dir)
    };
    let (project, _) = Project::create(&home.path().join("project"), wanted).unwrap();
    assert_eq!(project.subjects(), report.subjects.len());
    assert!(project.scans().iter().all(|scan| scan.mask.is_some() && scan.cord.is_some()));
    let found = check(&project, &|_| (), &AtomicBool::new(false));
    assert_eq!(found.errors, 0);
    let blamed = |code: Code| -> Vec<&str> {
        let blamed = found.scans.iter().filter(|scan| scan.problems.iter().any(|p| p.code == code));
        blamed.map(|scan| scan.id.as_str()).collect()
    };
    assert_eq!(blamed(Code::HeaderMismatch), ["sub-04_acq-sag_T2w"]);
    assert_eq!(blamed(Code::MaskValues), ["sub-05_acq-ax_T2w"]);
    assert_eq!(blamed(Code::EmptyMask), ["sub-06_acq-ax_T2w"]);
    // Lesions of a voxel or two are no fault; nothing else may be reported.
    let others = found.scans.iter().flat_map(|scan| &scan.problems).map(|problem| problem.code);
    let known = [Code::HeaderMismatch, Code::MaskValues, Code::EmptyMask, Code::LesionLost];
    assert!(others.clone().all(|code| known.contains(&code)), "{:?}", others.collect::<Vec<_>>());
}

#[test]
fn the_archive_is_as_mixed_as_a_real_one() {
    let (dir, report) = cohort();
    let healthy = report.subjects.iter().filter(|subject| subject.lesions.is_empty()).count();
    assert_eq!(healthy, 1);
    let mut orientations = std::collections::BTreeSet::new();
    let mut types = Vec::new();
    for (dir, _, _, scan) in scans() {
        let header = read_header(&dir.join(&scan.image)).unwrap();
        assert_eq!(header.grid.orientation(), scan.orientation);
        orientations.insert(scan.orientation.to_string());
        types.push(header.datatype);
        let sidecar = dir.join(&scan.image).with_extension("").with_extension("json");
        let fields: serde_json::Value = serde_json::from_slice(&fs::read(sidecar).unwrap()).unwrap();
        assert!(fields["EchoTime"].as_f64().unwrap() < 1.0, "BIDS wants seconds");
    }
    assert!(orientations.len() >= 5, "{orientations:?}");
    assert!(types.contains(&Datatype::F32) && types.contains(&Datatype::I16));
    let participants = fs::read_to_string(dir.join("participants.tsv")).unwrap();
    assert_eq!(participants.lines().count(), 7);
}

#[test]
fn a_finished_cohort_is_reused_and_nothing_else_is_touched() {
    let dir = tempfile::tempdir().unwrap();
    let cohort = dir.path().join("cohort");
    let first = make_cohort(&cohort, 1, 3, &|_, _| ()).unwrap();
    let image = cohort.join(&first.subjects[0].scans[0].image);
    let written = fs::metadata(&image).unwrap().modified().unwrap();
    assert!(make_cohort(&cohort, 1, 3, &|_, _| ()).unwrap() == first);
    assert_eq!(fs::metadata(&image).unwrap().modified().unwrap(), written);
    assert!(read_truth(&cohort).unwrap().unwrap() == first);
    assert!(matches!(make_cohort(&cohort, 2, 3, &|_, _| ()), Err(DemoError::AnotherCohort(_))));

    let foreign = dir.path().join("thesis");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("chapter.txt"), "years of work").unwrap();
    assert!(matches!(make_cohort(&foreign, 1, 3, &|_, _| ()), Err(DemoError::NotADemo(_))));
    assert_eq!(fs::read_dir(&foreign).unwrap().count(), 1);
}
