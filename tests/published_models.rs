//! The journey of an image through the toolbox's published models, from the command line: each finds the cord where the manual mask
//! and the toolbox's own curve have it, and says what it lacks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use deepseg::centerline::{Curve, Fit, from_mask};
use deepseg::testing::shared;
use deepseg::volume::{read_header, read_mask};
use std::path::Path;
use std::process::{Command, Output};

fn centerline(image: &Path, method: &str, models: &Path, out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deepseg"));
    command.env_remove("SCT_DIR").arg("centerline").arg(image).args(["--method", method, "--contrast", "t2"]);
    command.arg("--models").arg(models).arg("-o").arg(out).args(more).output().unwrap()
}

#[test]
fn the_cord_is_found_where_it_is() {
    let files = ["data/models", "data/sct-testing/t2/t2.nii.gz", "data/sct-testing/t2/t2_seg-manual.nii.gz"];
    let [Some(models), Some(image), Some(mask)] = files.map(shared) else { return };
    let truth = from_mask(&read_mask(&mask).unwrap(), Fit::default()).unwrap();
    let home = tempfile::tempdir().unwrap();
    for (method, most_mm) in [("optic", 1.2), ("cnn", 1.2)] {
        let [csv, voxels] = ["csv", "nii.gz"].map(|end| home.path().join(format!("{method}.{end}")));
        let output = centerline(&image, method, &models, &csv, &["--voxels", voxels.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let curve = Curve::read_csv(&csv, &read_header(&image).unwrap().grid).unwrap();
        assert_eq!(curve.z_range(), truth.z_range(), "{method}");
        for z in truth.z_range() {
            let (a, b) = (curve.world(z).unwrap(), truth.world(z).unwrap());
            assert!((a[0] - b[0]).hypot(a[1] - b[1]) < most_mm, "{method} z {z}: {a:?} {b:?}");
        }
        if method == "optic" {
            let toolbox = shared("data/sct-testing/t2/t2_centerline-optic.nii.gz").unwrap();
            assert_eq!(read_mask(&voxels).unwrap().data, read_mask(&toolbox).unwrap().data);
        }
    }
}

#[test]
fn a_model_that_is_not_there_is_named_with_the_ways_to_get_it() {
    let Some(image) = shared("data/sct-testing/t2/t2.nii.gz") else { return };
    let home = tempfile::tempdir().unwrap();
    for (method, model) in [("optic", "t2_model.yml"), ("cnn", "t2_ctr.h5")] {
        let output = centerline(&image, method, home.path(), &home.path().join("out.csv"), &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(model) && told.contains("SCT_DIR"), "{told}");
        assert!(!home.path().join("out.csv").exists());
    }
}
