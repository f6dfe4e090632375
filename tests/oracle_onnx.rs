//! Networks in and out against the programs they are for: what onnxruntime makes of our exports, and what we make of files that
//! h5py and the onnx package write, in the ways converters write them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::Command;

use deepseg::dataset::Contrast;
use deepseg::inference::{PatchModel, read_network};
use deepseg::network::{
    Activation, Architecture, Device, Down, ModelFile, NormKind, Predictor, Provenance, Up, Weights,
};
use deepseg::preprocess::{CropSettings, Intensities};
use deepseg::testing::{oracle_python, shared};
use deepseg::volume::{Affine, Grid, Volume, read_image, write_image};
use ndarray::{Array3, s};
use tempfile::TempDir;

/// What the issue of these files allows.
const TOLERANCE: f32 = 1e-4;

/// The other programs, and a place for files.
struct Oracle {
    python: PathBuf,
    folder: TempDir,
}

impl Oracle {
    fn new() -> Option<Self> {
        Some(Self { python: oracle_python()?, folder: tempfile::tempdir().unwrap() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn script(&self, words: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/exchange.py");
        let done = Command::new(&self.python).arg(script).args(words).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// onnxruntime's answer.
    fn run(&self, onnx: &Path, patch: &Array3<f32>) -> Array3<f32> {
        let [from, to] = ["in", "out"].map(|name| self.path(name));
        let bytes: Vec<u8> = patch.iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(&from, bytes).unwrap();
        let sides: Vec<String> = patch.shape().iter().map(usize::to_string).collect();
        let [onnx, from, to_text] = [onnx, &from, &to].map(|path| path.to_str().unwrap());
        self.script(&["run", onnx, &sides[0], &sides[1], &sides[2], from, to_text]);
        let bytes = std::fs::read(&to).unwrap();
        let values = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        Array3::from_shape_vec(patch.dim(), values).unwrap()
    }
}

fn deepseg(words: &[&str]) {
    let done = Command::new(env!("CARGO_BIN_EXE_deepseg")).args(words).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Equal within the tolerance, and within a hundredth of what there is to be seen, which on a healthy cord is little.
fn agree(ours: &Array3<f32>, theirs: &Array3<f32>, what: &str) {
    let worst = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    let most = theirs.iter().fold(0.0, |most: f32, p| most.max(*p));
    let least = theirs.iter().fold(1.0, |least: f32, p| least.min(*p));
    let allowed = TOLERANCE.min(0.01 * (most - least));
    assert!(ours.dim() == theirs.dim() && worst <= allowed, "{what}: {worst} of {least} to {most}");
}

/// Random values as after training: kernels as at the start, the rest of any sign, variances above 0.
fn weights(architecture: &Architecture) -> Weights {
    let mut tensors = Weights::initial(architecture, 11).tensors().to_vec();
    let spread = |i: usize| ((i * 7919 + 13) % 101) as f32 / 101.0;
    for tensor in tensors.iter_mut().filter(|tensor| tensor.shape.len() == 1) {
        for (i, value) in tensor.data.iter_mut().enumerate() {
            *value =
                if tensor.name.ends_with("running_var") { 0.1 + spread(i) } else { *value + spread(i) - 0.5 };
        }
    }
    Weights::for_architecture(architecture, tensors).unwrap()
}

/// Plain ones, one for each choice, and one with all of them.
fn descriptions() -> Vec<Architecture> {
    let choices: [fn(&mut Architecture); 6] = [
        |network| network.norm = NormKind::Instance,
        |network| network.activation = Activation::LeakyRelu,
        |network| network.residual = true,
        |network| network.down = Down::Strided,
        |network| network.up = Up::Transposed,
        |network| network.deep_supervision = true,
    ];
    let plain = || Architecture::unet3d(3, 2).unwrap();
    let with = |chosen: &[fn(&mut Architecture)]| {
        let mut network = plain();
        chosen.iter().for_each(|choose| choose(&mut network));
        network
    };
    let sizes = [(1, 3), (3, 2), (4, 2)].map(|(depth, base)| Architecture::unet3d(depth, base).unwrap());
    sizes.into_iter().chain(choices.iter().map(|one| with(&[*one]))).chain([with(&choices)]).collect()
}

fn noise(shape: [usize; 3]) -> Array3<f32> {
    Array3::from_shape_fn(shape, |(x, y, z)| ((x * 31 + y * 17 + z * 7) % 23) as f32 / 6.0 - 2.0)
}

#[test]
fn onnxruntime_gives_what_every_description_gives_here() {
    let Some(oracle) = Oracle::new() else { return };
    let onnx = oracle.path("net.onnx");
    for architecture in descriptions() {
        let (intensities, crop) =
            (Intensities { landmarks: None, mean: 0.0, std: 1.0 }, CropSettings::default());
        let provenance = Provenance::of("a test");
        let card = ModelFile::new(architecture.clone(), crop, intensities, Contrast::T2, provenance);
        let weights = weights(&architecture);
        card.write_onnx(&onnx, &weights, None).unwrap();
        let patch = noise([16, 24, 8]);
        let net = Predictor::new(&architecture, &weights, &Device::CPU).unwrap();
        let ours = PatchModel::probabilities(&net, std::slice::from_ref(&patch)).unwrap().remove(0);
        agree(&ours, &oracle.run(&onnx, &patch), &architecture.to_string());
        assert_eq!(ModelFile::load_any(&onnx).unwrap(), (card, weights), "{architecture}");
    }
}

#[test]
fn the_published_network_gives_on_a_real_crop_what_onnxruntime_and_the_toolbox_give() {
    let Some(oracle) = Oracle::new() else { return };
    let files = [
        "data/models/lesion/t2s_lesion.h5",
        "reference/gm_9418_crop48_norm.nii.gz",
        "reference/gm_9418_z00-47_t2s_lesion_prob.nii.gz",
    ];
    let [Some(h5), Some(crop), Some(toolbox)] = files.map(shared) else { return };
    let normal = (read_image(&crop).unwrap().data - 1011.31) / 678.985;
    let [model, again, open, fixed, patch, answer] =
        ["m", "again", "open.onnx", "fixed.onnx", "patch.nii.gz", "answer.nii.gz"]
            .map(|name| oracle.path(name));
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    deepseg(&["import", &text(&h5), "-o", &text(&model)]);
    deepseg(&["export", &text(&model), "--onnx", &text(&open)]);
    deepseg(&["export", &text(&model), "--onnx", &text(&fixed), "--patch", "48"]);
    deepseg(&["import", &text(&open), "-o", &text(&again)]);
    assert_eq!(std::fs::read(&model).unwrap(), std::fs::read(&again).unwrap());
    for (length, onnx) in [(48, &fixed), (48, &open), (32, &open)] {
        let data = normal.slice(s![.., .., ..length]).to_owned();
        let grid = Grid { shape: data.dim().into(), affine: Affine::scaling([0.5; 3], [0.0; 3]) };
        write_image(&patch, &Volume { grid, data: data.clone() }).unwrap();
        deepseg(&["forward", &text(&model), &text(&patch), "-o", &text(&answer)]);
        let ours = read_image(&answer).unwrap().data;
        agree(&ours, &oracle.run(onnx, &data), &format!("{} {length}", onnx.display()));
        if length == 48 {
            agree(&ours, &read_image(&toolbox).unwrap().data, "the toolbox");
        }
    }
}

#[test]
fn networks_of_any_depth_and_width_are_read_as_keras_and_converters_write_them() {
    let Some(oracle) = Oracle::new() else { return };
    for (depth, base, side) in [(1, 3, 5), (2, 6, 12), (3, 4, 48), (4, 2, 16)] {
        let words = ["make".to_owned(), oracle.folder.path().display().to_string()];
        let numbers = [depth, base, 7].map(|n| n.to_string());
        oracle.script(&words.iter().chain(&numbers).map(String::as_str).collect::<Vec<_>>());
        let patch = noise([side; 3]);
        let ours = |name: &str| {
            let (architecture, net) = read_network(&oracle.path(name), &Device::CPU).unwrap();
            assert_eq!(architecture, Architecture::unet3d(depth, base).unwrap(), "{name}");
            PatchModel::probabilities(&net, std::slice::from_ref(&patch)).unwrap().remove(0)
        };
        let keras = ours("net.h5");
        for name in ["kept.onnx", "folded.onnx", "apart.onnx", "last.onnx"] {
            agree(&ours(name), &keras, name);
            // The size the files are for.
            if side == 48 {
                agree(&keras, &oracle.run(&oracle.path(name), &patch), name);
            }
        }
    }
}
