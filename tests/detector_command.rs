#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! Making weights of the built-in detector again, and finding a cord with those that ship, as a user does both.

use std::path::Path;
use std::process::{Command, Output};

use deepseg::centerline::detector_network;
use deepseg::volume::{Affine, Grid, Volume, write_image};
use ndarray::Array3;

fn deepseg(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deepseg")).args(arguments).env_remove("SCT_DIR").output().unwrap()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A bright tube of 5 mm radius in a darker sac, in front of it blocks of bone: x and y (mm) of its middle at height z.
fn middle(z: f64) -> [f64; 2] {
    [2.0 + 0.05 * z, 40.0 - 0.1 * z]
}

fn phantom() -> Volume<f32> {
    let grid = Grid { shape: [64, 80, 60], affine: Affine::scaling([-1.0, 1.0, 1.5], [32.0, 0.0, 0.0]) };
    let data = Array3::from_shape_fn(grid.shape, |(i, j, k)| {
        let [x, y, z] = grid.world([i as f64, j as f64, k as f64]);
        let [u, v] = [x - middle(z)[0], y - middle(z)[1]];
        let bone = v > 10.0 && v < 24.0 && u.abs() < 11.0;
        match (u / 1.2).hypot(v * 1.3) {
            ..5.0 => 200.0,
            ..8.5 => 60.0,
            _ if bone && z.rem_euclid(18.0) < 4.0 => 70.0,
            _ if bone => 160.0,
            _ => 120.0 + 5.0 * ((i * 7 + j * 3 + k * 5) % 11) as f32,
        }
    });
    Volume { grid, data }
}

#[test]
fn weights_are_made_again_by_one_command() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("weights.safetensors");
    let small = ["--steps", "1", "--depth", "2", "--base", "1"];
    let made = deepseg(&[&["train-detector", "-o", &text(&path)], &small[..]].concat());
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(made.status.success() && said.contains("step 1/1: loss"), "{said}");
    let (_, multiple) = detector_network(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(multiple, 2);
    let refused = deepseg(&["train-detector", "-o", &text(&path), "--depth", "0"]);
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_cord_is_found_without_model_mask_or_toolbox() {
    let place = tempfile::tempdir().unwrap();
    let [image, table] = ["image.nii.gz", "curve.csv"].map(|name| place.path().join(name));
    write_image(&image, &phantom()).unwrap();
    let found = deepseg(&["centerline", &text(&image), "--method", "builtin", "-o", &text(&table)]);
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let table = std::fs::read_to_string(&table).unwrap();
    let rows = table.lines().skip(1).filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<f64>> =
        rows.map(|line| line.split(',').map(|value| value.parse().unwrap()).collect()).collect();
    for row in &rows {
        let [x, y] = middle(row[5]);
        assert!((row[3] - x).hypot(row[4] - y) < 3.0, "{row:?} is not at {x:.1}, {y:.1} mm");
    }
    assert!(rows.len() >= 50, "{} of 60 slices", rows.len());
}
