//! Networks of other programs in, and ours out, from the command line: the published values, and what is said of files that
//! are no such networks. Comparisons with the other programs themselves are in `oracle_onnx.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use deepseg::dataset::Contrast;
use deepseg::network::{Architecture, ModelFile, Provenance, Weights, graph_of, load_network};
use deepseg::preprocess::{CropSettings, Intensities};
use deepseg::testing::shared;
use deepseg::volume::{Affine, Grid, Volume, read_image, write_image};
use deepseg::weights::{About, write_onnx};
use ndarray::Array3;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_deepseg")).current_dir(self.0.path()).args(words).output().unwrap()
    }

    fn done(&self, words: &[&str]) -> serde_json::Value {
        let output = self.run(words);
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// What is said, with the exit code, of a command that must fail.
    fn refused(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = self.run(words);
        let said = said(&output);
        assert!(!output.status.success() && output.stdout.is_empty(), "{said}");
        // What goes before tells the device.
        (output.status.code(), said.lines().last().unwrap().to_owned())
    }

    /// A small model of ours.
    fn model(&self) -> (ModelFile, Weights) {
        let network = Architecture::unet3d(2, 2).unwrap();
        let weights = Weights::initial(&network, 3);
        let intensities = Intensities { landmarks: None, mean: 0.1, std: 3.5 };
        let crop = CropSettings::default();
        let model = ModelFile::new(network, crop, intensities, Contrast::T1, Provenance::of("a test"));
        model.save(&self.path("m.safetensors"), &weights).unwrap();
        (model, weights)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A patch of 48 voxels a side.
fn patch(value: impl Fn(f64, f64, f64) -> f64) -> Volume<f32> {
    let data = Array3::from_shape_fn([48; 3], |(i, j, k)| value(i as f64, j as f64, k as f64) as f32);
    Volume { grid: Grid { shape: [48; 3], affine: Affine::scaling([0.5; 3], [0.0; 3]) }, data }
}

#[test]
fn the_published_network_gives_its_published_values() {
    let Some(h5) = shared("data/models/lesion/t2s_lesion.h5") else { return };
    let place = Place::new();
    let report = place.done(&["import", text(&h5), "-o", "m.safetensors", "--json"]);
    let expected = serde_json::json!({
        "model": "m.safetensors", "network": "depth 3, base 8", "values": 246_929, "contrast": "t2s",
        "threshold": 0.1
    });
    assert_eq!(report, expected);
    let blob = |i: f64, j: f64, k: f64| {
        2.5 * (-((i - 24.0).powi(2) + (j - 20.0).powi(2)) / 32.0 - (k - 24.0).powi(2) / 200.0).exp() - 0.5
    };
    let wave = |i: f64, j: f64, k: f64| (0.3 * i).sin() * (0.2 * j).cos() + 0.02 * (k - 24.0);
    // Mean, largest, voxels above 0.1, as published. The largest of the blob is 0.162103 in 64 bits; in 32 bits the order of the
    // sums moves its fifth digit.
    for (input, mean, most, above) in
        [(patch(blob), 0.000_008, 0.162_100, 2), (patch(wave), 0.000_317, 0.995_842, 52)]
    {
        write_image(&place.path("in.nii.gz"), &input).unwrap();
        // The model, and the file it came from.
        for model in ["m.safetensors", text(&h5)] {
            place.done(&["forward", model, "in.nii.gz", "-o", "out.nii.gz"]);
            let answer = read_image(&place.path("out.nii.gz")).unwrap().data;
            let found_mean = answer.iter().map(|p| f64::from(*p)).sum::<f64>() / answer.len() as f64;
            let found_most = answer.iter().fold(0.0f32, |most, p| most.max(*p));
            assert!(
                (found_mean - mean).abs() < 1e-6 && (found_most - most).abs() < 2e-5,
                "{found_mean} {found_most}"
            );
            assert_eq!(answer.iter().filter(|p| **p > 0.1).count(), above);
            if above == 2 {
                assert!((answer[[24, 20, 24]] - 0.001_285).abs() < 1e-6);
            }
        }
    }
}

#[test]
fn a_model_comes_back_from_onnx_byte_for_byte() {
    let place = Place::new();
    place.model();
    for patch in [&[][..], &["--patch", "48"]] {
        let report =
            place.done(&[&["export", "m.safetensors", "--onnx", "m.onnx", "--json"], patch].concat());
        assert_eq!(
            (&report["network"], report["patch"].is_null()),
            (&"depth 2, base 2".into(), patch.is_empty())
        );
        place.done(&["import", "m.onnx", "-o", "again", "--json"]);
        let [before, after] = ["m.safetensors", "again"].map(|name| std::fs::read(place.path(name)).unwrap());
        assert_eq!(before, after);
    }
    let (code, told) = place.refused(&["export", "m.safetensors", "--onnx", "x.onnx", "--patch", "47"]);
    assert!(code == Some(1) && told.contains("multiples of 2") && !place.path("x.onnx").exists(), "{told}");
    let (code, told) = place.refused(&["import", "m.onnx", "-o", "x", "--contrast", "t2"]);
    assert!(code == Some(2) && told.contains("m.onnx says itself that it is for t1"), "{told}");
}

#[test]
fn a_network_of_unknown_contrast_is_imported_but_sees_no_images() {
    let place = Place::new();
    let (model, weights) = place.model();
    let graph = graph_of(&model.architecture, &weights).unwrap();
    write_onnx(&place.path("net.onnx"), &graph, &About::default()).unwrap();
    let output = place.run(&["import", "net.onnx", "-o", "net", "--json"]);
    assert!(output.status.success() && said(&output).contains("--contrast"), "{}", said(&output));
    write_image(&place.path("in.nii.gz"), &patch(|i, j, k| (i - j + k) / 20.0)).unwrap();
    place.done(&["forward", "net", "in.nii.gz", "-o", "out.nii.gz"]);
    for file in ["net", "net.onnx"] {
        let (code, told) = place.refused(&["predict", file, "in.nii.gz", "-o", "out", "--device", "cpu"]);
        assert!(code == Some(1) && told.contains("--contrast"), "{told}");
    }
    place.done(&["import", "net.onnx", "-o", "net", "--contrast", "t2", "--json"]);
    assert_eq!(ModelFile::load(&place.path("net")).unwrap().0.contrast, Contrast::T2);
}

#[test]
fn files_that_hold_no_such_network_get_a_sentence_with_their_name() {
    let place = Place::new();
    place.model();
    let whole = std::fs::read(place.path("m.safetensors")).unwrap();
    place.done(&["export", "m.safetensors", "--onnx", "whole.onnx"]);
    let onnx = std::fs::read(place.path("whole.onnx")).unwrap();
    let files: [(&str, Vec<u8>, &str); 6] = [
        ("notes.h5", b"these are the results of last year\n".to_vec(), "neither a model"),
        ("empty.onnx", Vec::new(), "neither a model"),
        ("half.onnx", onnx[..onnx.len() / 2].to_vec(), "not a whole ONNX file"),
        ("half.safetensors", whole[..whole.len() / 2].to_vec(), "not a complete"),
        ("short.h5", b"\x89HDF\r\n\x1a\n".to_vec(), "not a whole HDF5 file"),
        ("t2s.h5", [&b"\x89HDF\r\n\x1a\n"[..], &[0; 4000]].concat(), "not a whole HDF5 file"),
    ];
    for (name, content, words) in files {
        std::fs::write(place.path(name), content).unwrap();
        let (code, told) = place.refused(&["import", name, "-o", "out"]);
        assert!(code == Some(1) && told.contains(name) && told.contains(words), "{told}");
        let (_, told) = place.refused(&["export", name, "--onnx", "out"]);
        assert!(told.contains(name), "{told}");
        assert!(!place.path("out").exists());
    }
    let (_, told) = place.refused(&["import", "nowhere.h5", "-o", "out"]);
    assert!(told.contains("cannot read nowhere.h5"), "{told}");
    if let Some(centerline) = shared("data/models/centerline/t2s_ctr.h5") {
        let (_, told) = place.refused(&["import", text(&centerline), "-o", "out"]);
        assert!(told.contains("t2s_ctr.h5") && told.contains("layer"), "{told}");
    }
}

/// Every damaged copy is refused or read, in bounded time, and never by a panic.
fn survive(place: &Place, name: &str, whole: &[u8], copies: usize) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let path = place.path(name);
    let try_it = |bytes: &[u8], what: &str| {
        std::fs::write(&path, bytes).unwrap();
        let start = Instant::now();
        let loaded = load_network(&path);
        assert!(start.elapsed() < Duration::from_secs(5), "{what} took {:?}", start.elapsed());
        if let Err(error) = loaded {
            assert!(error.to_string().contains(name), "{what}: {error}");
        }
    };
    for _ in 0..copies {
        let end = random.random_range(0..whole.len());
        std::fs::write(&path, &whole[..end]).unwrap();
        assert!(load_network(&path).is_err(), "the first {end} bytes");
        // Descriptions stand at the start and between the arrays: half of the damage goes to the start.
        let mut damaged = whole.to_vec();
        let most = if random.random() { whole.len() } else { whole.len().min(4096) };
        for _ in 0..random.random_range(1..6) {
            let at = random.random_range(0..most);
            let length = [1, 4, 8][random.random_range(0..3)].min(whole.len() - at);
            let value = [0, 0x7f, 0xff, random.random()][random.random_range(0..4)];
            damaged[at..at + length].fill(value);
        }
        try_it(&damaged, "damage");
    }
}

#[test]
fn damaged_and_hostile_files_are_survived() {
    let place = Place::new();
    place.model();
    place.done(&["export", "m.safetensors", "--onnx", "m.onnx"]);
    for name in ["m.onnx", "m.safetensors"] {
        survive(&place, &format!("damaged {name}"), &std::fs::read(place.path(name)).unwrap(), 300);
    }
    let Some(h5) = shared("data/models/lesion/t2s_lesion.h5") else { return };
    survive(&place, "damaged t2s.h5", &std::fs::read(h5).unwrap(), 60);
}
