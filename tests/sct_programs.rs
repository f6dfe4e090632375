//! The journey of an image through the toolbox's own commands: stand-ins for them answer with what the toolbox published for real
//! images, or fail as it does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use deepseg::centerline::{Curve, Fit, from_mask, from_voxels};
use deepseg::dataset::{Project, Settings};
use deepseg::testing::shared;
use deepseg::volume::{read_header, read_mask};
use serde_json::Value;

/// A toolbox whose commands are scripts.
struct Toolbox {
    home: tempfile::TempDir,
}

/// Answers with a copy of a file, if an image was given.
fn copies(answer: &Path) -> String {
    format!(
        "[ -s image.nii.gz ] || {{ echo 'Error: no image' >&2; exit 1; }}\n\
         while [ $# -gt 0 ]; do if [ \"$1\" = -o ]; then out=$2; fi; shift; done\n\
         cp '{}' \"${{out%.nii.gz}}.nii.gz\"\n",
        answer.display()
    )
}

impl Toolbox {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("bin")).unwrap();
        Self { home }
    }

    fn has(&self, command: &str, script: &str) {
        let text = format!("#!/bin/sh\n{script}\n");
        // Written by another process: a script that any thread of this one holds open for writing cannot be run.
        let mut writer = Command::new("/bin/sh");
        writer.args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", &text]);
        assert!(writer.arg(self.path(&format!("bin/{command}"))).status().unwrap().success());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// `deepseg centerline` in the toolbox's folder.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
        command
            .current_dir(self.home.path())
            .env("SCT_DIR", self.home.path())
            .env("TMPDIR", self.home.path());
        command.arg("centerline").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn centerline(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Draws by a method into `out.csv`, `line.nii.gz` and `cord.nii.gz`.
    fn draw(&self, image: &Path, method: &str, contrast: &str) -> Output {
        let (method, contrast) = (["--method", method], ["--contrast", contrast]);
        let out = ["-o", "out.csv", "--voxels", "line.nii.gz", "--cord", "cord.nii.gz", "--json"];
        self.centerline(&[&[image.to_str().unwrap()], &method[..], &contrast[..], &out[..]].concat())
    }

    fn curve(&self, image: &Path) -> Curve {
        Curve::read_csv(&self.path("out.csv"), &read_header(image).unwrap().grid).unwrap()
    }

    /// Temporary folders that are left.
    fn litter(&self) -> usize {
        let names = std::fs::read_dir(self.home.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("deepseg-")).count()
    }
}

fn published(name: &str) -> Option<PathBuf> {
    shared(&format!("data/sct-testing/{name}"))
}

fn assert_same(a: &Curve, b: &Curve) {
    assert_eq!(a.z_range(), b.z_range());
    for (p, q) in a.xy.iter().zip(&b.xy) {
        // A table has four decimals.
        assert!((p[0] - q[0]).abs() < 1e-3 && (p[1] - q[1]).abs() < 1e-3, "{p:?} {q:?}");
    }
}

#[test]
fn published_centerlines_come_back_voxel_for_voxel() {
    for (image, answer, contrast) in [
        ("t2/t2", "t2/t2_centerline-optic", "t2"),
        ("t2s/t2s", "t2s/t2s_centerline-optic", "t2s"),
        ("dmri/dwi_mean", "dmri/dwi_mean_centerline-optic", "dwi"),
    ] {
        let files = [image, answer].map(|name| published(&format!("{name}.nii.gz")));
        let [Some(image), Some(answer)] = files else { return };
        let toolbox = Toolbox::new();
        toolbox.has("sct_get_centerline", &copies(&answer));
        let output = toolbox.draw(&image, "sct:sct_get_centerline", contrast);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["method"], "sct:get_centerline");
        let reference = read_mask(&answer).unwrap();
        assert_eq!(read_mask(&toolbox.path("line.nii.gz")).unwrap().data, reference.data, "{image:?}");
        assert_same(&toolbox.curve(&image), &from_voxels(&reference).unwrap());
        assert!(!toolbox.path("cord.nii.gz").exists());
    }
}

#[test]
fn published_masks_give_the_curve_of_the_mask() {
    let files = ["t2/t2.nii.gz", "t2/t2_seg-manual.nii.gz"].map(published);
    let [Some(image), Some(answer)] = files else { return };
    let reference = read_mask(&answer).unwrap();
    for (method, command) in
        [("sct:propseg", "sct_propseg"), ("sct:deepseg_sc", "sct_deepseg_sc"), ("sct:deepseg", "sct_deepseg")]
    {
        let toolbox = Toolbox::new();
        toolbox.has(command, &copies(&answer));
        let output = toolbox.draw(&image, method, "t2");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_same(&toolbox.curve(&image), &from_mask(&reference, Fit::default()).unwrap());
        assert_eq!(read_mask(&toolbox.path("cord.nii.gz")).unwrap().data, reference.data);
        assert_eq!(toolbox.litter(), 0);
    }
}

#[test]
fn a_command_that_fails_is_one_sentence_and_no_file() {
    let Some(image) = published("t2s/t2s.nii.gz") else { return };
    let toolbox = Toolbox::new();
    toolbox.has("sct_propseg", "printf 'Check\\n\\033[91mERROR: no cord detected\\033[0m\\n\\n' >&2; exit 1");
    let output = toolbox.draw(&image, "sct:propseg", "t2s");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{said}");
    assert!(said.contains("sct_propseg failed (exit status 1): ERROR: no cord detected\n"), "{said}");
    let output = toolbox.draw(&image, "sct:deepseg_sc", "t2s");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("SCT_DIR"), "{said}");
    assert!(!toolbox.path("out.csv").exists() && toolbox.litter() == 0);
}

#[test]
fn ctrl_c_ends_a_hanging_command_and_everything_it_started() {
    let Some(image) = published("t2s/t2s.nii.gz") else { return };
    let toolbox = Toolbox::new();
    toolbox.has(
        "sct_propseg",
        "(while :; do echo >> \"$SCT_DIR/beat\"; sleep 0.02; done) &\ntrap '' INT TERM; wait; sleep 600",
    );
    let arguments =
        [image.to_str().unwrap(), "--method", "sct:propseg", "--contrast", "t2s", "-o", "out.csv"];
    let (child, started) = (toolbox.command(&arguments).spawn().unwrap(), Instant::now());
    let beats = || std::fs::metadata(toolbox.path("beat")).map_or(0, |found| found.len());
    while beats() == 0 && started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success() && started.elapsed() < Duration::from_secs(60), "{output:?}");
    let before = beats();
    std::thread::sleep(Duration::from_millis(300));
    assert!(before > 0 && beats() == before, "its children go on");
    assert!(!toolbox.path("out.csv").exists() && toolbox.litter() == 0);
}

#[test]
fn a_project_compares_the_commands_that_are_there_and_uses_the_one_chosen() {
    let files = ["t2/t2.nii.gz", "t2/t2_seg-manual.nii.gz", "t2/t2_centerline-optic.nii.gz"].map(published);
    let [Some(image), Some(mask), Some(line)] = files else { return };
    let toolbox = Toolbox::new();
    toolbox.has("sct_propseg", &copies(&mask));
    toolbox.has("sct_get_centerline", &copies(&line));
    toolbox.has("sct_deepseg_sc", "echo 'ValueError: weights are missing' >&2; exit 1");
    let data = toolbox.path("data/sub-01/anat");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::copy(&image, data.join("sub-01_T2w.nii.gz")).unwrap();
    Project::create(&toolbox.path("P"), Settings::new(toolbox.path("data"))).unwrap();
    let output = toolbox.centerline(&["P", "--compare", "--json"]);
    let compared: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let methods = compared["scans"][0]["methods"].as_array().unwrap();
    let answer = |name: &str| methods.iter().find(|m| m["name"] == name).unwrap();
    for name in ["sct:propseg", "sct:get_centerline"] {
        assert!(answer(name)["confidence"].as_f64().is_some_and(|c| c > 0.5), "{}", answer(name));
    }
    assert!(answer("sct:deepseg_sc")["problem"].as_str().unwrap().contains("weights are missing"));
    assert!(answer("sct:deepseg")["seconds"].is_null(), "it is not there");
    let output = toolbox.centerline(&["P", "--subject", "sub-01", "--set", "sct:propseg", "--json"]);
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &listed["scans"][0]["method"]), (Some(0), &Value::from("sct:propseg")));
}
