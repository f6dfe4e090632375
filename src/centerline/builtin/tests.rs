//! The detector on real images none of which it was trained on, and on images without a cord.

use super::*;
use crate::centerline::{Tools, from_voxels};
use crate::dataset::Contrast;
use crate::testing::shared;
use crate::volume::{Affine, Grid, Volume, read_image, read_mask};
use ndarray::{Array3, ShapeBuilder};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

fn find(search: &Search<'_>) -> Result<Found, CenterlineError> {
    find_in(&Heat::of(search.image, || search.go_on())?, search)
}

fn run(image: &Volume<f32>) -> Result<Found, CenterlineError> {
    let (tools, cancel) = (Tools::with([], None), AtomicBool::new(false));
    find(&Search { image, contrast: &Contrast::Other("unknown".into()), tools: &tools, cancel: &cancel })
}

fn grid(shape: [usize; 3], spacing: [f64; 3]) -> Grid {
    let [x, y, z] = spacing;
    Grid { shape, affine: Affine::scaling([-x, y, z], [0.0; 3]) }
}

fn volume(shape: [usize; 3], spacing: [f64; 3], value: impl FnMut() -> f32) -> Volume<f32> {
    let [x, y, z] = shape;
    Volume { grid: grid(shape, spacing), data: Array3::from_shape_simple_fn((x, y, z).f(), value) }
}

/// Distance (mm) on every slice that both have.
fn errors(found: &Curve, truth: &Curve) -> Vec<f64> {
    let [sx, sy, _] = found.grid.spacing();
    let both = truth.z_range().filter_map(|z| Some((found.at(z)?, truth.at(z)?)));
    both.map(|(a, b)| ((a[0] - b[0]) * sx).hypot((a[1] - b[1]) * sy)).collect()
}

#[test]
fn real_images_of_every_contrast() {
    let bids = |set: &str, name: &str| {
        let subject = name.split('_').next().unwrap_or_default();
        let image = format!("{set}/{subject}/anat/{name}");
        let mask = format!("{set}/derivatives/labels/{subject}/anat/{name}_seg-manual");
        (image, mask)
    };
    let mut cases: Vec<(String, String)> = [
        ("t1/t1w", "t1/t1w_seg-manual"),
        ("t2/t2", "t2/t2_seg-manual"),
        ("t2/t2_fake_lesion", "t2/t2_fake_lesion_sc_seg"),
        ("t2s/t2s", "t2s/t2s_seg"),
        ("t2s/t2s_uncropped", "t2s/t2s_uncropped_gmseg_manual"),
        ("dmri/dwi_mean", "dmri/dwi_mean_centerline-optic"),
    ]
    .map(|(image, mask)| (format!("sct-testing/{image}"), format!("sct-testing/{mask}")))
    .to_vec();
    for subject in ["9604", "9709Ses1", "10062Ses1", "9418"] {
        cases.push(bids("bids-gm", &format!("sub-{subject}_run-1_T2starw")));
    }
    for name in ["sub-unf01_T1w", "sub-unf01_T2w", "sub-unf01_T2star"] {
        cases.push(bids("bids-lesion", name));
    }
    for (image, mask) in cases {
        let path = |name: &str| shared(&format!("data/{name}.nii.gz"));
        let (Some(image), Some(mask)) = (path(&image), path(&mask)) else { return };
        let name = image.display().to_string();
        let image = read_image(&image).unwrap().to_rpi();
        let truth = from_voxels(&read_mask(&mask).unwrap()).unwrap();
        let found = run(&image).unwrap_or_else(|error| panic!("{name}: {error}"));
        let errors = errors(&found.curve, &truth);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let most = errors.iter().copied().fold(0.0, f64::max);
        assert!(mean < 1.5 && most < 4.5, "{name}: mean {mean}, most {most}");
        assert!(errors.len() >= 5 && 4 * errors.len() >= 3 * truth.xy.len(), "{name}: {}", errors.len());
    }
}

#[test]
fn what_shows_no_cord_gives_no_curve() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let flat = volume([40, 40, 20], [1.0, 1.0, 3.0], || 500.0);
    let noise = volume([64, 64, 20], [1.0, 1.0, 3.0], || rng.random_range(0.0..100.0));
    let tiny = volume([4, 4, 4], [1.0; 3], || 0.0);
    for image in [flat, noise, tiny] {
        assert!(matches!(run(&image), Err(CenterlineError::NotFound(_))));
    }
}

#[test]
fn odd_images_are_answered_without_panic() {
    let mut rng = ChaCha8Rng::seed_from_u64(9);
    for (shape, spacing) in [
        ([4, 4, 4], [1.0; 3]),
        ([30, 40, 1], [0.5, 0.5, 5.0]),
        ([1, 1, 60], [1.0; 3]),
        ([1, 1, 1], [0.1; 3]),
        ([20, 20, 5], [0.0, 1.0, 1.0]),
        ([20, 20, 5], [f64::NAN; 3]),
        ([20, 20, 5], [1e6, 1e6, 1e6]),
    ] {
        let image = volume(shape, spacing, || rng.random_range(-1e30..1e30));
        if let Ok(found) = run(&image) {
            assert!(found.curve.z_range().end <= shape[2] && !found.curve.xy.is_empty());
            assert!(found.curve.xy.iter().flatten().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn nobody_waiting_ends_the_search() {
    let image = volume([40, 40, 20], [1.0, 1.0, 3.0], || 1.0);
    let (tools, cancel) = (Tools::with([], None), AtomicBool::new(true));
    let search = Search { image: &image, contrast: &Contrast::T2, tools: &tools, cancel: &cancel };
    assert!(matches!(find(&search), Err(CenterlineError::Cancelled)));
}
