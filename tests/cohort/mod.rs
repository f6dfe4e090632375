//! A cohort small enough to be trained on in a second: balls in tubes, 24x24x40 voxels of 1 mm, crops of 16x16.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use deepseg::volume::{Affine, Grid, Volume, write_image, write_mask};
use ndarray::Array3;
use tempfile::TempDir;

const SHAPE: [usize; 3] = [24, 24, 40];

/// What `--set` needs so that the network fits the crops.
pub const TINY: [&str; 8] =
    ["--network", "tiny.toml", "--set", "patch.size=16", "--set", "patch.overlap=8", "--device", "cpu"];

/// A dataset, a project `p` on it, and the description of a tiny network.
pub struct Cohort {
    pub folder: TempDir,
}

impl Cohort {
    /// `subjects` subjects, each with a lesion of its own.
    pub fn new(subjects: usize) -> Self {
        let cohort = Self::empty();
        (0..subjects).for_each(|number| cohort.subject(number, |x, y, z| ball(number, x, y, z)));
        cohort.project();
        cohort
    }

    /// No subject yet, and no project.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tiny.toml"), "depth = 2\nbase = 2\n").unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        let about = r#"{"Name": "balls", "BIDSVersion": "1.8.0"}"#;
        fs::write(folder.path().join("data/dataset_description.json"), about).unwrap();
        Self { folder }
    }

    /// Adds a subject with this lesion.
    pub fn subject(&self, number: usize, lesion: impl Fn(usize, usize, usize) -> bool) {
        let grid = Grid { shape: SHAPE, affine: Affine::scaling([1.0; 3], [-10.0, 5.0, 0.0]) };
        let noise = |x: usize, y: usize, z: usize| ((x * 7 + y * 13 + z * 29 + number * 5) % 17) as f32;
        let bright = |x, y, z| if lesion(x, y, z) { 60.0 } else { 0.0 };
        let image = Array3::from_shape_fn(SHAPE, |(x, y, z)| 20.0 + noise(x, y, z) + bright(x, y, z));
        let anat = format!("sub-{number:02}/anat/sub-{number:02}_T2w");
        write_image(&self.path(&format!("data/{anat}.nii.gz")), &Volume { grid, data: image }).unwrap();
        let mask = |name: &str, inside: &dyn Fn(usize, usize, usize) -> bool| {
            let data = Array3::from_shape_fn(SHAPE, |(x, y, z)| u8::from(inside(x, y, z)));
            let path = self.path(&format!("data/derivatives/labels/{anat}_{name}.nii.gz"));
            write_mask(&path, &Volume { grid, data }).unwrap();
        };
        mask("seg-manual", &|x, y, _| x.abs_diff(12).pow(2) + y.abs_diff(12).pow(2) < 20);
        mask("lesion-manual", &lesion);
    }

    /// Makes the project `p`.
    pub fn project(&self) {
        let words = [
            "init",
            "data",
            "--project",
            "p",
            "--mask",
            "lesion-manual",
            "--cord",
            "seg-manual",
            "--contrast",
            "t2",
        ];
        let made = self.run(&words);
        assert!(self.path("p").is_dir(), "{}", said(&made));
        let settings = self.path("p/deepseg.toml");
        let mut text = fs::read_to_string(&settings).unwrap();
        text.push_str("\n[preprocess]\nspacing_mm = 1.0\nsize = 16\n");
        fs::write(settings, text).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program, in the cohort's folder.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
        command.current_dir(self.folder.path()).args(words).stdin(Stdio::null());
        command
    }

    pub fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// `deepseg train p` with the tiny network and these words.
    pub fn train(&self, words: &[&str]) -> Command {
        self.command(&[&["train", "p"], &TINY[..], words].concat())
    }
}

/// A lesion of radius 3 somewhere in the cord.
pub fn ball(number: usize, x: usize, y: usize, z: usize) -> bool {
    let centre = [11 + number % 3, 13 - number % 2, 10 + 5 * (number % 4)];
    [x, y, z].into_iter().zip(centre).map(|(a, b)| a.abs_diff(b).pow(2)).sum::<usize>() <= 9
}

/// What a command said on stderr.
pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The bytes of a run's model and of what it would go on from.
pub fn weights(run: &Path) -> [Vec<u8>; 2] {
    ["best", "last"].map(|name| fs::read(run.join(format!("checkpoints/{name}.safetensors"))).unwrap())
}
