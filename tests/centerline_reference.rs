//! Centerlines of real cord masks against the toolbox's own curves (`../shared/reference`, made with smooth 20 and degree 5 on
//! masks resampled to 0.5 mm) and against scipy's splines (smooth 30, native masks).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use deepseg::centerline::{Curve, Fit, Points, from_mask, from_voxels};
use deepseg::testing::shared;
use deepseg::volume::{read_header, read_mask};

const CASES: [&str; 3] = ["sct_t2", "gm_9418", "gm_9604"];

/// Largest difference (voxels) of x or y from the reference of `fit` for a case.
fn worst(case: &str, fit: Fit) -> Option<f64> {
    let mask = read_mask(&shared(&format!("reference/{case}_mask_rpi_res05_nn.nii.gz"))?).unwrap();
    let expected = Points::read_csv(&shared(&format!("reference/{case}_centerline_{fit}.csv"))?).unwrap();
    let curve = from_mask(&mask, fit).unwrap();
    assert_eq!(curve.xy.len(), expected.at.len(), "{case} {fit}");
    let off = |(a, b): ([f64; 3], &[f64; 3])| {
        assert_eq!(a[2], b[2], "{case} {fit}");
        (a[0] - b[0]).abs().max((a[1] - b[1]).abs())
    };
    let worst = curve.voxels().zip(&expected.at).map(off).fold(0.0, f64::max);
    Some(worst)
}

#[test]
fn fits_equal_the_reference_curves() {
    for case in CASES {
        for (fit, tolerance) in [
            // The references have six decimals.
            (Fit::default(), 1e-6),
            (Fit::Linear { smooth: 20.0 }, 1e-6),
            (Fit::Polyfit { degree: 5 }, 1e-6),
            (Fit::Nurbs, 1e-6),
        ] {
            let Some(worst) = worst(case, fit) else { return };
            assert!(worst < tolerance, "{case} {fit}: {worst} voxels");
        }
    }
}

#[test]
fn smooth_30_on_native_masks_equals_scipy() {
    // Slice (first, middle or last), x and y.
    let t2 = [(0, 25.704899, 26.42429), (27, 26.082297, 28.718272), (54, 25.206491, 28.575948)];
    let t1 = [(0, 17.718128, 34.641647), (0, 18.216838, 38.186238), (0, 16.35112, 37.714923)];
    for (file, expected) in [("t2/t2_seg-manual.nii.gz", t2), ("t1/t1w_seg-manual.nii.gz", t1)] {
        let Some(path) = shared(&format!("data/sct-testing/{file}")) else { return };
        let curve = from_mask(&read_mask(&path).unwrap(), Fit::Bspline { smooth: 30.0 }).unwrap();
        let n = curve.xy.len();
        for (index, (_, x, y)) in [0, n / 2, n - 1].into_iter().zip(expected) {
            let at = curve.xy[index];
            assert!((at[0] - x).abs() < 1e-5 && (at[1] - y).abs() < 1e-5, "{file} {index}: {at:?}");
        }
    }
}

#[test]
fn the_toolbox_tables_count_rpi_voxels_whatever_the_files_orientation() {
    for stem in ["t2/t2_centerline-manual", "t2/t2_centerline-optic", "t2s/t2s_centerline-optic"] {
        let Some(image) = shared(&format!("data/sct-testing/{stem}.nii.gz")) else { return };
        let Some(table) = shared(&format!("data/sct-testing/{stem}.csv")) else { return };
        let line = from_voxels(&read_mask(&image).unwrap()).unwrap();
        let curve = Curve::read_csv(&table, &read_header(&image).unwrap().grid).unwrap();
        assert_eq!((&curve.grid, curve.first_z, &curve.xy), (&line.grid, line.first_z, &line.xy), "{stem}");
    }
}
