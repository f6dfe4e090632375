//! A project's scans predicted in their own space and scored: what is on disk afterwards, and what stops nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use deepseg::dataset::{Contrast, Project, Scan, Settings};
use deepseg::evaluation::{CohortReport, Summary, evaluate_scans};
use deepseg::inference::{InferenceError, LoadedModel, Model, PatchModel, PredictOptions, tube_probability};
use deepseg::network::{Architecture, Device, ModelFile, Provenance, Weights};
use deepseg::preprocess::{BatchOptions, CropSettings, Intensities, Preset, load_crop, run_batch};
use deepseg::training::RunDir;
use deepseg::volume::{Affine, Grid, Orientation, Volume, read_mask, write_image, write_mask};
use ndarray::Array3;
use tempfile::TempDir;

/// A network that is as sure of a lesion as a voxel is bright.
struct Bright;

impl PatchModel for Bright {
    fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
        Ok(patches.iter().map(|p| p.mapv(|v| v.clamp(0.0, 1.0))).collect())
    }
}

/// Lesions are 110 on a ground of 10: 1 and 0 once normalised.
const INTENSITIES: Intensities = Intensities { landmarks: None, mean: 10.0, std: 100.0 };

fn model(preset: Preset) -> Model<'static> {
    let crop = CropSettings { preset, ..CropSettings::default() };
    Model { net: &Bright, crop, intensities: &INTENSITIES, threshold: 0.5 }
}

/// A cord along z in a bright-lesioned image. What is bright and what the reference says may differ.
struct Subject {
    name: &'static str,
    orientation: &'static str,
    bright: fn(f64, usize) -> bool,
    reference: Option<fn(f64, usize) -> bool>,
}

impl Subject {
    fn write(&self, data: &Path) {
        let grid = Grid { shape: [60, 60, 12], affine: Affine::scaling([0.8, 0.8, 3.0], [-20.0, 5.0, 0.0]) };
        let orientation: Orientation = self.orientation.parse().unwrap();
        let far = |i: usize, j: usize| (i as f64 - 30.0).hypot(j as f64 - 28.0);
        let mask = |inside: &dyn Fn(f64, usize) -> bool| {
            let data = Array3::from_shape_fn(grid.shape, |(i, j, k)| u8::from(inside(far(i, j), k)));
            Volume { grid, data }.reoriented(orientation)
        };
        let bright = mask(&self.bright);
        let image = Volume { grid: bright.grid, data: bright.data.mapv(|b| 10.0 + 100.0 * f32::from(b)) };
        let anat = format!("sub-{0}/anat/sub-{0}_T2w", self.name);
        write_image(&data.join(format!("{anat}.nii.gz")), &image).unwrap();
        let label = |end: &str| data.join(format!("derivatives/labels/{anat}_{end}.nii.gz"));
        write_mask(&label("seg-manual"), &mask(&|r, k| r < 6.0 && (1..11).contains(&k))).unwrap();
        if let Some(reference) = self.reference {
            write_mask(&label("lesion-manual"), &mask(&reference)).unwrap();
        }
    }
}

fn lesion(r: f64, k: usize) -> bool {
    r < 4.0 && (3..8).contains(&k)
}

fn half(r: f64, k: usize) -> bool {
    r < 4.0 && (3..5).contains(&k)
}

fn nothing(_: f64, _: usize) -> bool {
    false
}

/// Found, half found, a control with something false, and one that was never labelled.
fn project() -> (TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let subjects = [
        Subject { name: "found", orientation: "LPI", bright: lesion, reference: Some(lesion) },
        Subject { name: "half", orientation: "AIL", bright: half, reference: Some(lesion) },
        Subject { name: "healthy", orientation: "RPI", bright: half, reference: Some(nothing) },
        Subject { name: "unlabelled", orientation: "RPI", bright: lesion, reference: None },
    ];
    subjects.iter().for_each(|s| s.write(&data));
    fs::write(data.join("dataset_description.json"), r#"{"Name": "bench", "BIDSVersion": "1.8.0"}"#).unwrap();
    let settings = Settings {
        mask: Some("lesion-manual".into()),
        cord: Some("seg-manual".into()),
        ..Settings::new(&data)
    };
    let (project, _) = Project::create(&folder.path().join("project"), settings).unwrap();
    let scans: Vec<&Scan> = project.scans().iter().collect();
    let made =
        run_batch(&project, &scans, &BatchOptions::default(), &|_| (), &AtomicBool::new(false)).unwrap();
    assert_eq!((made.done, made.failed.len()), (4, 0));
    (folder, project)
}

fn evaluate(project: &Project, preset: Preset, folder: &Path) -> CohortReport {
    let scans: Vec<&Scan> = project.scans().iter().collect();
    let seen = Mutex::new(Vec::new());
    let hear = |id: &deepseg::dataset::ScanId| seen.lock().unwrap().push(id.clone());
    let report =
        evaluate_scans(project, &scans, &model(preset), folder, &hear, &AtomicBool::new(false)).unwrap();
    assert_eq!(seen.into_inner().unwrap().len(), 4, "every scan is reported, scored or not");
    report
}

#[test]
fn scores_predictions_and_tables_are_left_worst_first() {
    let (place, project) = project();
    let folder = place.path().join("evaluation/test");
    let report = evaluate(&project, Preset::Recipe, &folder);
    let order: Vec<&str> = report.summary.subjects.iter().map(|s| s.scan.as_str()).collect();
    assert_eq!(order.len(), 3);
    assert!(
        order[0].contains("healthy") && order[1].contains("half") && order[2].contains("found"),
        "{order:?}"
    );
    let [healthy, half, found] = [0, 1, 2].map(|i| &report.summary.subjects[i].scores);
    assert!(found.voxel.dice > 0.99, "{}", found.voxel.dice);
    assert_eq!(found.lesion.f1, 1.0);
    let volume_error = half.voxel.relative_volume_error.unwrap();
    assert!((volume_error + 0.6).abs() < 0.05, "two of five slices: {volume_error}");
    assert_eq!(half.lesion.sensitivity, Some(1.0), "a tenth is enough to be found");
    assert_eq!((healthy.voxel.dice, healthy.lesion.invented()), (0.0, 1));
    assert_eq!((report.summary.controls.subjects, report.summary.controls.false_lesions), (1, 1));
    assert_eq!(report.failed.len(), 1);
    assert!(report.failed[0].message.contains("has no lesion mask"), "{}", report.failed[0].message);

    let kept = fs::read(folder.join("summary.json")).unwrap();
    assert_eq!(kept, serde_json::to_vec_pretty(&report.summary).unwrap());
    let read: Summary = serde_json::from_slice(&kept).unwrap();
    assert_eq!(read.subjects.len(), 3, "what the results screen reads");
    for scan in project.scans().iter().filter(|scan| scan.mask.is_some()) {
        let prediction = read_mask(&folder.join(format!("predictions/{}.nii.gz", scan.id))).unwrap();
        assert_eq!(prediction.grid.difference(&project.read_image(scan).unwrap().grid), None, "{}", scan.id);
    }
}

#[test]
fn a_model_that_wants_other_crops_is_served_from_the_image() {
    let (place, project) = project();
    let usual = evaluate(&project, Preset::Recipe, &place.path().join("a"));
    let sct = evaluate(&project, Preset::Sct, &place.path().join("b"));
    let dice = |report: &CohortReport| {
        report.summary.subjects.iter().map(|s| s.scores.voxel.dice).fold(0.0, f64::max)
    };
    assert!(dice(&sct) > 0.6, "{}", dice(&sct));
    assert!(dice(&sct) < dice(&usual), "SCT's low threshold takes the rim in");
}

#[test]
fn an_interrupted_evaluation_keeps_what_it_has() {
    let (place, project) = project();
    let scans: Vec<&Scan> = project.scans().iter().collect();
    let stop = AtomicBool::new(false);
    let folder = place.path().join("stopped");
    let after_one = |_: &deepseg::dataset::ScanId| stop.store(true, Ordering::Relaxed);
    let report =
        evaluate_scans(&project, &scans, &model(Preset::Recipe), &folder, &after_one, &stop).unwrap();
    assert_eq!((report.summary.subjects.len() + report.failed.len(), report.left), (1, 3));
    assert!(folder.join("scores.csv").is_file());
}

#[test]
fn a_model_file_or_a_run_is_loaded_onto_a_device_and_answers_with_probabilities() {
    let (place, project) = project();
    let architecture = Architecture::unet3d(2, 2).unwrap();
    let weights = Weights::initial(&architecture, 7);
    let provenance = Provenance::of("a test");
    let mut file =
        ModelFile::new(architecture, CropSettings::default(), INTENSITIES, Contrast::T2, provenance);
    file.threshold = 0.3;
    let run = RunDir::new(place.path().join("run"));
    run.create().unwrap();
    file.save(&run.best_model(), &weights).unwrap();
    let loaded = LoadedModel::load(run.path(), &Device::CPU).unwrap();
    assert_eq!((loaded.card.clone(), loaded.model().threshold), (file, 0.3));
    let again = LoadedModel::load(&run.best_model(), &Device::CPU).unwrap();
    let crop = load_crop(&project, &project.scans()[0]).unwrap();
    let options = PredictOptions::default();
    let [a, b] = [&loaded, &again].map(|m| tube_probability(&m.model(), &crop, &options).unwrap());
    assert_eq!(a, b);
    assert_eq!(a.dim(), crop.image.dim());
    assert!(a.iter().all(|p| (0.0..=1.0).contains(p)));
    let mean = a.iter().sum::<f32>() / a.len() as f32;
    assert!(a.iter().any(|p| (p - mean).abs() > 1e-4), "an answer that looks at its input varies");
    let missing = LoadedModel::load(&place.path().join("none.safetensors"), &Device::CPU).unwrap_err();
    assert!(missing.to_string().contains("none.safetensors"), "{missing}");
}
