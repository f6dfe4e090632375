//! The journey of `deepseg centerline`: one image from a mask, points and a file; a project's list; the choice of a method.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;
use std::process::{Command, Output};

use deepseg::centerline::{Curve, from_voxels};
use deepseg::volume::{Affine, Grid, Volume, read_header, read_mask, write_image, write_mask};
use serde_json::Value;

fn deepseg(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = deepseg(&[arguments, &["--json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}; {said}"))
}

fn refused(arguments: &[&str], sentence: &str) {
    let output = deepseg(arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.contains(sentence), "{arguments:?}: {said}");
}

/// 30 sagittal-ordered voxels of 1 mm with a cord that leans, 4 voxels across, on all slices but three.
fn cord(grid: Grid) -> Volume<u8> {
    let rpi = grid.to_rpi();
    let mut mask = Volume::filled(rpi, 0);
    for z in (3..27).filter(|z| !(10..13).contains(z)) {
        for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
            mask.data[[10 + x, 8 + z / 4 + y, z]] = 1;
        }
    }
    mask.reoriented(grid.orientation())
}

/// A grid stored S-I, A-P, R-L.
fn sagittal() -> Grid {
    let affine = Affine([[0.0, 0.0, 1.0, -12.0], [0.0, -1.0, 0.0, 20.0], [-1.0, 0.0, 0.0, 40.0]]);
    Grid { shape: [30, 28, 26], affine }
}

struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Files { dir: tempfile::tempdir().unwrap() };
        write_image(Path::new(&files.path("t2.nii.gz")), &Volume::filled(sagittal(), 7.0)).unwrap();
        write_mask(Path::new(&files.path("cord.nii.gz")), &cord(sagittal())).unwrap();
        files
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn curve(&self, name: &str) -> Curve {
        let grid = read_header(Path::new(&self.path("t2.nii.gz"))).unwrap().grid;
        Curve::read_csv(Path::new(&self.path(name)), &grid).unwrap()
    }
}

#[test]
fn a_mask_becomes_a_table_and_a_line_of_voxels() {
    let files = Files::new();
    let [image, mask, csv, voxels] =
        ["t2.nii.gz", "cord.nii.gz", "c.csv", "line.nii.gz"].map(|n| files.path(n));
    let said =
        json(&["centerline", &image, "--method", "mask", "--mask", &mask, "-o", &csv, "--voxels", &voxels]);
    assert_eq!((&said["method"], &said["z_min"], &said["z_max"]), (&"mask".into(), &3.into(), &26.into()));
    let confidence = said["confidence"].as_f64().unwrap();
    assert!((0.8..0.9).contains(&confidence), "three of 24 slices are bridged: {said}");
    assert!(said["reasons"][1].as_str().unwrap().contains("slices 10, 11, 12 in between"), "{said}");

    let curve = files.curve("c.csv");
    assert_eq!(curve.z_range(), 3..27);
    assert!((curve.at(15).unwrap()[0] - 11.5).abs() < 1e-6);
    let line = read_mask(Path::new(&voxels)).unwrap();
    assert_eq!(line.grid.difference(&sagittal()), None, "the voxels are on the image's own grid");
    let drawn = from_voxels(&line).unwrap();
    for (a, b) in curve.xy.iter().zip(&drawn.xy) {
        assert!((a[0] - b[0]).abs() <= 0.5 && (a[1] - b[1]).abs() <= 0.5);
    }

    // The table, and the line of voxels, lead to the same curve again.
    for file in ["c.csv", "line.nii.gz"] {
        let again =
            json(&["centerline", &image, "--centerline", &files.path(file), "-o", &files.path("again.csv")]);
        assert_eq!(
            (&again["method"], &again["z_min"], &again["z_max"]),
            (&"file".into(), &3.into(), &26.into())
        );
    }
}

#[test]
fn a_mask_on_another_grid_is_brought_over_and_said_so() {
    let files = Files::new();
    let coarse = Grid { shape: [15, 28, 26], affine: Affine::scaling([1.0, 1.0, 2.0], [-12.0, -7.0, 11.5]) };
    let coarse_mask = deepseg::volume::resample_nearest(&cord(sagittal()), &coarse);
    write_mask(Path::new(&files.path("coarse.nii.gz")), &coarse_mask).unwrap();
    let [image, same, other] = ["t2.nii.gz", "cord.nii.gz", "coarse.nii.gz"].map(|n| files.path(n));
    json(&["centerline", &image, "--mask", &same, "-o", &files.path("same.csv")]);
    let said = json(&["centerline", &image, "--mask", &other, "-o", &files.path("other.csv")]);
    assert!(said["reasons"].to_string().contains("through the world"), "{said}");
    let (a, b) = (files.curve("same.csv"), files.curve("other.csv"));
    for z in a.z_range().filter(|z| b.at(*z).is_some()) {
        let ([ax, ay], [bx, by]) = (a.at(z).unwrap(), b.at(z).unwrap());
        assert!((ax - bx).abs() < 0.6 && (ay - by).abs() < 0.6, "slice {z}: {ax} {ay} and {bx} {by}");
    }
    assert!(b.xy.len() >= 22, "{}", b.xy.len());
}

#[test]
fn points_are_joined() {
    let files = Files::new();
    std::fs::write(files.path("p.csv"), "x,y,z\n12,9,2\n12,16,25\n12,12,12\n").unwrap();
    let [image, points, csv] = ["t2.nii.gz", "p.csv", "c.csv"].map(|n| files.path(n));
    let said = json(&[
        "centerline",
        &image,
        "--method",
        "points",
        "--points",
        &points,
        "--fit",
        "linear",
        "--smooth",
        "0",
        "-o",
        &csv,
    ]);
    assert_eq!((&said["method"], &said["z_min"], &said["z_max"]), (&"points".into(), &2.into(), &25.into()));
    let [x, y] = files.curve("c.csv").at(7).unwrap();
    assert!((x - 12.0).abs() < 1e-6 && (y - 10.5).abs() < 1e-6);
}

#[test]
fn wrong_usage_is_explained() {
    let files = Files::new();
    let [image, mask, csv] = ["t2.nii.gz", "cord.nii.gz", "c.csv"].map(|n| files.path(n));
    refused(
        &["centerline", &image, "--method", "magic", "-o", &csv],
        "there is no method \"magic\": choose points, file, mask",
    );
    refused(&["centerline", &image, "--method", "mask", "-o", &csv], "--mask F");
    let flat = deepseg(&["centerline", &image, "-o", &csv]);
    let said = String::from_utf8(flat.stderr).unwrap();
    assert_eq!(flat.status.code(), Some(1), "an image that shows nothing has no centerline: {said}");
    assert!(said.contains("no cord found: propseg: ") && said.contains("--points F.csv"), "{said}");
    refused(&["centerline", &image, "--mask", &mask], "-o OUT.csv");
    refused(&["centerline", &image, "--mask", &mask, "-o", &csv, "--fit", "spline"], "choose bspline");
    refused(&["centerline", &image, "--mask", &mask, "-o", &csv, "--smooth=-3"], "0 or more");
    assert!(!Path::new(&csv).exists());

    write_mask(Path::new(&files.path("empty.nii.gz")), &Volume::filled(sagittal(), 0)).unwrap();
    let empty = deepseg(&["centerline", &image, "--mask", &files.path("empty.nii.gz"), "-o", &csv]);
    let said = String::from_utf8(empty.stderr).unwrap();
    assert_eq!(empty.status.code(), Some(1));
    assert!(said.contains("empty.nii.gz: the cord mask is empty"), "{said}");
}

#[test]
fn a_project_lists_its_curves_and_takes_a_choice() {
    let files = Files::new();
    for (subject, with_cord) in [("sub-01", true), ("sub-02", false)] {
        let anat = files.dir.path().join("bids").join(subject).join("anat");
        let labels = files.dir.path().join("bids/derivatives/labels").join(subject).join("anat");
        write_image(&anat.join(format!("{subject}_T2w.nii.gz")), &Volume::filled(sagittal(), 7.0)).unwrap();
        write_mask(&labels.join(format!("{subject}_T2w_lesion-manual.nii.gz")), &cord(sagittal())).unwrap();
        if with_cord {
            write_mask(&labels.join(format!("{subject}_T2w_seg-manual.nii.gz")), &cord(sagittal())).unwrap();
        }
    }
    let [data, project] = ["bids", "P"].map(|n| files.path(n));
    let made = deepseg(&[
        "init",
        &data,
        "--project",
        &project,
        "--image",
        "T2w",
        "--mask",
        "lesion-manual",
        "--cord",
        "seg-manual",
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let listed = json(&["centerline", &project]);
    assert_eq!(listed["scans"][0]["id"], "sub-02_T2w", "those without come first");
    let problem = listed["scans"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("builtin: no cord found"), "{problem}");
    assert_eq!(
        (&listed["scans"][1]["method"], &listed["scans"][1]["problem"]),
        (&"mask".into(), &Value::Null)
    );
    assert_eq!(deepseg(&["centerline", &project]).status.code(), Some(1));
    assert_eq!(deepseg(&["centerline", &project, "--subject", "sub-01"]).status.code(), Some(0));
    refused(&["centerline", &project, "--subject", "sub-9"], "no subject or scan called \"sub-9\"");

    let chosen = json(&["centerline", &project, "--subject", "sub-01", "--set", "file"]);
    let problem = chosen["scans"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("the method file needs a centerline file"), "{problem}");
    let back = json(&["centerline", &project, "--subject", "sub-01", "--set", "auto"]);
    assert_eq!(back["scans"][0]["method"], "mask");
}
