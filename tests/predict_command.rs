//! The commands `predict`, `forward` and `evaluate --pred --ref` as a user gives them: what they write, print and return.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deepseg::dataset::Contrast;
use deepseg::network::{Architecture, ModelFile, Provenance, Weights};
use deepseg::preprocess::{CropSettings, Intensities};
use deepseg::volume::{Affine, Grid, Volume, read_image, read_mask, write_image, write_mask};
use ndarray::Array3;
use tempfile::TempDir;

/// A model with random weights, an oblique image stored AIL and its cord mask.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        let network = Architecture::unet3d(2, 2).unwrap();
        let intensities = Intensities { landmarks: None, mean: 50.0, std: 20.0 };
        let model = ModelFile::new(
            network.clone(),
            CropSettings::default(),
            intensities,
            Contrast::T2,
            Provenance::of("a test"),
        );
        model.save(&bench.path("m.safetensors"), &Weights::initial(&network, 3)).unwrap();
        let affine = Affine([[0.0, 0.0, -3.0, 20.0], [0.8, 0.05, 0.0, -9.0], [-0.05, 0.8, 0.0, 4.0]]);
        let grid = Grid { shape: [50, 40, 12], affine };
        let data = Array3::from_shape_fn(grid.shape, |(i, j, k)| (i * 3 + j * 2 + k) as f32 % 97.0);
        write_image(&bench.path("image.nii.gz"), &Volume { grid, data }).unwrap();
        // Along the axis nearest to the body's: index 1.
        let cord =
            Array3::from_shape_fn(grid.shape, |(i, _, k)| u8::from(i.abs_diff(25) < 4 && k.abs_diff(6) < 2));
        write_mask(&bench.path("cord.nii.gz"), &Volume { grid, data: cord }).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
        command.current_dir(self.folder.path()).args(words).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(path: &Path) -> Volume<f32> {
    read_image(path).unwrap()
}

#[test]
fn a_prediction_lies_on_the_images_own_voxels_with_a_note_of_how_it_was_made() {
    let bench = Bench::new();
    let done = bench.run(&[
        "predict",
        "m.safetensors",
        "image.nii.gz",
        "-o",
        "out",
        "--cord",
        "cord.nii.gz",
        "--prob",
        "--threshold",
        "0.5",
        "--json",
    ]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["failed"], serde_json::json!([]));
    assert_eq!(report["predictions"][0]["mask"], "out/image_lesion.nii.gz");
    let (image, probability) =
        (read(&bench.path("image.nii.gz")), read(&bench.path("out/image_lesion-prob.nii.gz")));
    assert!(image.grid.difference(&probability.grid).is_none());
    assert!(probability.data.iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(probability.data.iter().any(|p| *p > 0.0), "inside the tube the network says something");
    let mask = read_mask(&bench.path("out/image_lesion.nii.gz")).unwrap();
    for (m, p) in mask.data.iter().zip(&probability.data) {
        assert_eq!(*m == 1, *p >= 0.5);
    }
    let note: serde_json::Value =
        serde_json::from_slice(&std::fs::read(bench.path("out/image_lesion.json")).unwrap()).unwrap();
    assert_eq!(note["threshold"], 0.5);
}

#[test]
fn one_bad_image_is_named_and_the_others_are_made() {
    let bench = Bench::new();
    std::fs::write(bench.path("broken.nii.gz"), b"not an image").unwrap();
    let words = [
        "predict",
        "m.safetensors",
        "broken.nii.gz",
        "image.nii.gz",
        "-o",
        "out",
        "--cord",
        "cord.nii.gz",
        "--cord",
        "cord.nii.gz",
    ];
    let done = bench.run(&words);
    assert_eq!(done.status.code(), Some(1), "{}", said(&done));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(text.contains("not segmented: broken.nii.gz"), "{text}");
    assert!(
        bench.path("out/image_lesion.nii.gz").is_file() && !bench.path("out/broken_lesion.nii.gz").exists()
    );
}

#[test]
fn what_cannot_be_understood_is_wrong_usage() {
    let bench = Bench::new();
    let placeless = bench.run(&["predict", "m.safetensors", "image.nii.gz", "-o", "out", "--method", "mask"]);
    assert_eq!(placeless.status.code(), Some(2));
    assert!(said(&placeless).contains("--cord"), "{}", said(&placeless));
    let unequal = bench.run(&[
        "predict",
        "m.safetensors",
        "image.nii.gz",
        "image.nii.gz",
        "-o",
        "out",
        "--cord",
        "cord.nii.gz",
    ]);
    assert_eq!(unequal.status.code(), Some(2));
    let beyond = bench.run(&[
        "predict",
        "m.safetensors",
        "image.nii.gz",
        "-o",
        "out",
        "--cord",
        "cord.nii.gz",
        "--threshold",
        "2",
    ]);
    assert_eq!(beyond.status.code(), Some(2));
    assert!(!bench.path("out").exists(), "nothing is made");
}

#[test]
fn the_bare_network_answers_any_size_it_divides() {
    let bench = Bench::new();
    let patch = |shape: [usize; 3]| {
        let data = Array3::from_shape_fn(shape, |(i, j, k)| (i as f32 - j as f32).sin() + k as f32 * 0.1);
        write_image(
            &bench.path("patch.nii.gz"),
            &Volume { grid: Grid { shape, affine: Affine::IDENTITY }, data },
        )
        .unwrap();
        bench.run(&["forward", "m.safetensors", "patch.nii.gz", "-o", "p.nii.gz"])
    };
    let odd = patch([8, 7, 8]);
    assert_eq!(odd.status.code(), Some(1));
    assert!(said(&odd).contains("multiple of 2"), "{}", said(&odd));
    let fits = patch([8, 6, 10]);
    assert_eq!(fits.status.code(), Some(0), "{}", said(&fits));
    assert_eq!(read(&bench.path("p.nii.gz")).grid.shape, [8, 6, 10]);
}

#[test]
fn two_masks_are_compared() {
    let bench = Bench::new();
    let same = bench.run(&["evaluate", "--pred", "cord.nii.gz", "--ref", "cord.nii.gz", "--json"]);
    assert_eq!(same.status.code(), Some(0), "{}", said(&same));
    let scores: serde_json::Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!(
        (&scores["dice"], &scores["lesion"]["f1"]),
        (&serde_json::json!(1.0), &serde_json::json!(1.0))
    );
    assert_eq!(bench.run(&["evaluate", "--pred", "cord.nii.gz"]).status.code(), Some(2));
}

#[test]
fn the_cord_is_found_where_nobody_says_where_it_is() {
    let bench = Bench::new();
    let cohort = deepseg::demo::make_cohort(&bench.path("cohort"), 1, 1, &|_, _| ()).unwrap();
    let image = Path::new("cohort").join(&cohort.subjects[0].scans[0].image);
    let image = image.to_str().unwrap();
    let done = bench.run(&["predict", "m.safetensors", image, "-o", "out", "--json"]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let report: serde_json::Value = serde_json::from_slice(&done.stdout).unwrap();
    let centerline = report["predictions"][0]["centerline"].as_str().unwrap();
    assert!(centerline.starts_with("propseg, 1"), "{centerline}");

    let flat = Volume::filled(read(&bench.path("image.nii.gz")).grid, 5.0);
    write_image(&bench.path("flat.nii.gz"), &flat).unwrap();
    let refused = bench.run(&["predict", "m.safetensors", "flat.nii.gz", "-o", "flat", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&refused.stdout).unwrap();
    let why = report["failed"][0]["message"].as_str().unwrap();
    assert!(refused.status.code() == Some(1) && why.contains("no cord found"), "{why}");
    assert!(why.contains("give the cord with --cord") && !bench.path("flat").exists(), "{why}");
}
