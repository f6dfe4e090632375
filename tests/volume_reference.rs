//! Real images read, turned and resampled as SCT does; see the pipeline's tolerances.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use deepseg::testing::shared;
use deepseg::volume::{
    Affine, Volume, read_header, read_image, read_mask, resample_linear, resample_mask, resample_nearest,
};

/// Largest difference of two images, as a fraction of the expected one's range.
fn worst(found: &Volume<f32>, expected: &Volume<f32>) -> f32 {
    assert_eq!(found.grid.difference(&expected.grid), None);
    let range = expected.data.iter().fold((f32::MAX, f32::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
    let pairs = found.data.iter().zip(&expected.data);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / (range.1 - range.0)
}

/// The image and cord mask a reference case was computed from.
fn inputs(case: &str) -> Option<(PathBuf, PathBuf)> {
    let text = std::fs::read_to_string(shared(&format!("reference/{case}.json"))?).unwrap();
    let case: serde_json::Value = serde_json::from_str(&text).unwrap();
    let at = |key: &str| {
        let path = case[key].as_str().unwrap().replace("sct_testing_data/", "data/sct-testing/");
        shared(&path.replacen("gm/", "data/bids-gm/", usize::from(path.starts_with("gm/"))))
    };
    Some((at("image")?, at("cord_mask")?))
}

#[test]
fn native_orientation_and_size_are_as_sct_says() {
    for case in ["sct_t2", "gm_9418", "gm_9604"] {
        let Some((image, _)) = inputs(case) else { return };
        let text = std::fs::read_to_string(shared(&format!("reference/{case}.json")).unwrap()).unwrap();
        let expected: serde_json::Value = serde_json::from_str(&text).unwrap();
        let grid = read_header(&image).unwrap().grid;
        assert_eq!(
            grid.orientation().to_string(),
            expected["native_orientation"].as_str().unwrap(),
            "{case}"
        );
        assert_eq!(serde_json::json!(grid.shape), expected["native_dim"], "{case}");
        assert_eq!(serde_json::json!(grid.to_rpi().resampled(0.5).shape), expected["res_dim"], "{case}");
    }
}

#[test]
fn t2_in_rpi_equals_sct_voxel_for_voxel() {
    let (Some((image, _)), Some(reference)) = (inputs("sct_t2"), shared("reference/sct_t2_rpi.nii.gz"))
    else {
        return;
    };
    let (found, expected) = (read_image(&image).unwrap().to_rpi(), read_image(&reference).unwrap());
    assert_eq!(found.data, expected.data);
    assert_eq!(found.grid.difference(&expected.grid), None);
}

#[test]
fn t2_resampled_equals_sct_within_a_thousandth_of_its_range() {
    let reference = shared("reference/sct_t2_rpi_res05_linear.nii.gz");
    let (Some((image, _)), Some(reference)) = (inputs("sct_t2"), reference) else { return };
    let (rpi, expected) = (read_image(&image).unwrap().to_rpi(), read_image(&reference).unwrap());
    let found = resample_linear(&rpi, &rpi.grid.resampled(0.5));
    let worst = worst(&found, &expected);
    assert!(worst < 1e-3, "largest difference {worst} of the range");
}

/// Voxels halfway between two source voxels: there scipy's choice hangs on the last bit of its matrix inverse.
fn is_tie(to_source: &Affine, (i, j, k): (usize, usize, usize)) -> bool {
    let at = to_source.apply([i as f64, j as f64, k as f64]);
    at.iter().any(|x| (x - x.floor() - 0.5).abs() < 1e-9)
}

#[test]
fn masks_resampled_by_nearest_neighbour_equal_sct_wherever_one_voxel_is_nearest() {
    for (case, ties_differ) in [("sct_t2", false), ("gm_9418", true), ("gm_9604", true)] {
        let reference = shared(&format!("reference/{case}_mask_rpi_res05_nn.nii.gz"));
        let (Some((_, mask)), Some(reference)) = (inputs(case), reference) else { return };
        let (rpi, expected) = (read_mask(&mask).unwrap().to_rpi(), read_mask(&reference).unwrap());
        let found = resample_nearest(&rpi, &rpi.grid.resampled(0.5));
        assert_eq!(found.grid.difference(&expected.grid), None, "{case}");
        let to_source = found.grid.voxel_to(&rpi.grid).unwrap();
        let different: Vec<_> =
            found.data.indexed_iter().filter(|(at, v)| expected.data[*at] != **v).collect();
        assert!(different.iter().all(|(at, _)| is_tie(&to_source, *at)), "{case}");
        // Where the axes are not tilted the inverse is exact, and so is everything.
        assert!(different.is_empty() || ties_differ, "{case}: {} voxels differ", different.len());
    }
}

#[test]
fn a_cord_mask_resampled_keeps_its_volume() {
    // Halving 1 mm voxels puts every second voxel on a border, and a half is inside: the surface grows by a quarter voxel.
    for (case, tolerance) in [("sct_t2", 0.1), ("gm_9418", 0.04), ("gm_9604", 0.04)] {
        let Some((_, mask)) = inputs(case) else { return };
        let mask = read_mask(&mask).unwrap();
        let volume =
            |m: &Volume<u8>| m.data.iter().filter(|v| **v > 0).count() as f64 * m.grid.voxel_volume();
        let (fine, rescued) = resample_mask(&mask, &mask.grid.to_rpi().resampled(0.5));
        let ratio = volume(&fine) / volume(&mask);
        assert!((ratio - 1.0).abs() < tolerance, "{case}: volume changed by a factor of {ratio}");
        assert!(rescued.is_empty(), "{case}: {rescued:?}");
    }
}

#[test]
fn every_real_file_is_read() {
    let Some(root) = shared("data") else { return };
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 50, "only {} images found", files.len());
    for file in files {
        let header = read_header(&file).unwrap();
        let image = read_image(&file).unwrap();
        assert_eq!(image.grid, header.grid);
        assert!(image.data.iter().all(|v| v.is_finite()), "{}", file.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), files);
        } else if entry.path().to_string_lossy().ends_with(".nii.gz") {
            files.push(entry.path());
        }
    }
}
