//! What a crop takes out of an image, prediction puts back in its place, whatever the image's grid.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::Path;

use deepseg::centerline::{Curve, Fit, from_mask};
use deepseg::inference::{
    InferenceError, Model, PatchModel, PredictOptions, predict_volume, threshold, uncrop,
};
use deepseg::preprocess::{Crop, CropSettings, Intensities, Preset, crop};
use deepseg::testing::shared;
use deepseg::volume::{Affine, Grid, Orientation, Volume, dice, read_image, read_mask, resample_nearest};
use ndarray::Array3;

/// A grid of a field of view of 80 x 70 x 60 mm, tilted about two axes, in any orientation.
fn grid(spacing: [f64; 3], degrees: f64, code: &str) -> Grid {
    let (s, c) = degrees.to_radians().sin_cos();
    let about_x = Affine([[1.0, 0.0, 0.0, 0.0], [0.0, c, -s, 0.0], [0.0, s, c, 0.0]]);
    let about_z = Affine([[c, -s, 0.0, 0.0], [s, c, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);
    let shape = [80.0, 70.0, 60.0];
    let shape: [usize; 3] = std::array::from_fn(|axis| (shape[axis] / spacing[axis]) as usize);
    let affine = about_x.compose(&about_z).compose(&Affine::scaling(spacing, [-40.0, -35.0, -30.0]));
    Grid { shape, affine }.reoriented(code.parse::<Orientation>().unwrap())
}

/// The grids that are hard: thick slices, sagittal slices, tilts, every axis somewhere else, spacings that 0.5 does not divide.
fn grids() -> Vec<Grid> {
    vec![
        grid([0.5, 0.5, 3.0], 0.0, "RPI"),
        grid([0.6, 0.6, 2.5], 20.0, "LAS"),
        grid([2.2, 0.8, 0.8], 12.0, "AIL"),
        grid([1.0, 1.0, 1.0], 35.0, "SRP"),
        grid([0.35, 0.35, 0.9], 7.0, "PIR"),
    ]
}

/// A curve that wanders some millimetres through the middle of the fine grid.
fn curve(native: &Grid, settings: &CropSettings) -> Curve {
    let tube = settings.tube_grid(native);
    let [nx, ny, nz] = tube.shape;
    let step = tube.spacing()[2];
    let xy = (0..nz).map(|z| {
        let mm = z as f64 * step;
        [nx as f64 / 2.0 + 9.0 * (mm / 8.0).sin(), ny as f64 / 2.0 + 6.0 * (mm / 11.0).cos()]
    });
    Curve { grid: tube, first_z: 0, xy: xy.collect(), method: "test".into(), confidence: None }
}

/// Balls of 5 mm along the curve, in the image's own voxels.
fn balls(native: &Grid, curve: &Curve) -> Volume<u8> {
    let centres: Vec<_> = curve.z_range().step_by(37).skip(1).filter_map(|z| curve.world(z)).collect();
    let mut mask = Volume::filled(*native, 0u8);
    for ((i, j, k), voxel) in mask.data.indexed_iter_mut() {
        let at = native.world([i as f64, j as f64, k as f64]);
        let near = |c: &[f64; 3]| (0..3).map(|axis| (c[axis] - at[axis]).powi(2)).sum::<f64>() < 25.0;
        *voxel = u8::from(centres.iter().any(near));
    }
    mask
}

fn as_image(mask: &Volume<u8>) -> Volume<f32> {
    Volume { grid: mask.grid, data: mask.data.mapv(f32::from) }
}

/// Dice with the original, within what the tube holds.
fn dice_in_tube(found: &Volume<u8>, original: &Volume<u8>, crop: &Crop) -> f64 {
    let whole = Array3::from_elem(crop.frame.shape(), 1.0f32);
    let tube = uncrop(&whole.view(), &crop.frame).unwrap();
    let (mut both, mut a, mut b) = (0, 0, 0);
    ndarray::Zip::from(&found.data).and(&original.data).and(&tube.data).for_each(|f, o, t| {
        if *t > 0.0 {
            both += usize::from(*f > 0 && *o > 0);
            a += usize::from(*f > 0);
            b += usize::from(*o > 0);
        }
    });
    assert!(b > 100, "the original has only {b} voxels in the tube");
    dice(both, a, b)
}

#[test]
fn a_mask_comes_back_on_every_grid() {
    for native in grids() {
        let settings = CropSettings::default();
        let curve = curve(&native, &settings);
        let mask = balls(&native, &curve);
        let crop = crop(&as_image(&mask), Some(&mask), &curve, &settings).unwrap();
        let back = threshold(&uncrop(&crop.image.view(), &crop.frame).unwrap(), 0.5);
        assert_eq!(back.grid, native);
        let dice = dice_in_tube(&back, &mask, &crop);
        assert!(dice > 0.99, "{}: Dice {dice}", native.orientation());
        // The mask as training sees it, already 0 or 1 at 0.5 mm, comes back too.
        let trained = crop.mask.as_ref().unwrap().mapv(f32::from);
        let back = threshold(&uncrop(&trained.view(), &crop.frame).unwrap(), 0.5);
        let dice = dice_in_tube(&back, &mask, &crop);
        assert!(dice > 0.97, "{}: Dice {dice} from the binary mask", native.orientation());
    }
}

#[test]
fn what_is_linear_in_space_comes_back_exactly() {
    for native in grids() {
        let settings = CropSettings::default();
        let ramp = |[x, y, z]: [f64; 3]| (200.0 + x - 0.7 * y + 0.4 * z) as f32;
        let mut image = Volume::filled(native, 0.0);
        for ((i, j, k), voxel) in image.data.indexed_iter_mut() {
            *voxel = ramp(native.world([i as f64, j as f64, k as f64]));
        }
        let crop = crop(&image, None, &curve(&native, &settings), &settings).unwrap();
        let back = uncrop(&crop.image.view(), &crop.frame).unwrap();
        let (mut seen, mut exact) = (0, 0);
        for (found, expected) in back.data.iter().zip(&image.data).filter(|(found, _)| **found != 0.0) {
            // At the tube's rim only the inner neighbours count: half a fine voxel away at most.
            assert!((found - expected).abs() < 1.0, "{found} {expected}");
            seen += 1;
            exact += usize::from((found - expected).abs() < 1e-3);
        }
        assert!(seen > 5000 && exact as f64 > 0.85 * seen as f64, "{exact} of {seen} exact");
    }
}

/// A network that takes what is bright for lesion, as sure as it is bright.
struct Bright;

impl PatchModel for Bright {
    fn probabilities(&self, patches: &[Array3<f32>]) -> Result<Vec<Array3<f32>>, InferenceError> {
        Ok(patches.iter().map(|p| p.mapv(|v| v.clamp(0.0, 1.0))).collect())
    }
}

#[test]
fn a_whole_prediction_lands_on_the_lesion_in_both_presets() {
    let intensities = Intensities { landmarks: None, mean: 10.0, std: 90.0 };
    for native in grids() {
        let settings = CropSettings::default();
        let curve = curve(&native, &settings);
        let mask = balls(&native, &curve);
        // Lesions of 100 on a ground of 10: 1 and 0 once normalised.
        let image = Volume { grid: native, data: mask.data.mapv(|v| 10.0 + 90.0 * f32::from(v)) };
        let model = Model { net: &Bright, crop: settings, intensities: &intensities, threshold: 0.5 };
        for (preset, flips) in [(None, false), (None, true), (Some(Preset::Sct), false)] {
            let options = PredictOptions { preset, flips, ..Default::default() };
            let found = predict_volume(&model, &image, &curve, &options).unwrap();
            assert_eq!(found.mask.grid, native);
            assert_eq!(found.threshold, if preset.is_some() { 0.1 } else { 0.5 });
            let seen = crop(&image, Some(&mask), &curve, &settings).unwrap();
            let dice = dice_in_tube(&found.mask, &mask, &seen);
            // SCT's low threshold takes the partial volume around each ball in; thick slices show it most.
            let least = if preset.is_some() { 0.7 } else { 0.99 };
            assert!(dice > least, "{} {preset:?}: Dice {dice}", native.orientation());
        }
    }
}

#[test]
fn options_take_out_what_they_say() {
    let intensities = Intensities { landmarks: None, mean: 0.0, std: 1.0 };
    let native = grid([0.6, 0.6, 2.5], 0.0, "RPI");
    let settings = CropSettings::default();
    let curve = curve(&native, &settings);
    let mask = balls(&native, &curve);
    let model = Model { net: &Bright, crop: settings, intensities: &intensities, threshold: 0.5 };
    let predict =
        |options: &PredictOptions<'_>| predict_volume(&model, &as_image(&mask), &curve, options).unwrap();
    let all = predict(&PredictOptions::default());
    let count = |m: &Volume<u8>| m.data.iter().filter(|v| **v > 0).count();
    assert!(count(&all.mask) > 100 && all.removed == 0);
    let none = predict(&PredictOptions { least_mm3: 5000.0, ..Default::default() });
    assert!(none.removed > 0 && count(&none.mask) == 0);
    let mut upper = Volume::filled(native, 0u8);
    upper.data.slice_mut(ndarray::s![.., .., 12..]).fill(1);
    let inside = predict(&PredictOptions { inside: Some(&upper), ..Default::default() });
    assert!(
        count(&inside.mask) > 50 && inside.mask.data.slice(ndarray::s![.., .., ..12]).iter().all(|v| *v == 0)
    );
    let sure = predict(&PredictOptions { threshold: Some(0.99), ..Default::default() });
    assert!(count(&sure.mask) < count(&all.mask) && sure.threshold == 0.99);
    assert_eq!(sure.probability, all.probability);
}

/// A real mask, cropped along its cord, comes back.
fn real(mask: &Path, cord: &Path) -> f64 {
    let (mask, cord) = (read_mask(mask).unwrap(), read_mask(cord).unwrap());
    let settings = CropSettings::default();
    let fine = resample_nearest(&cord, &settings.tube_grid(&mask.grid));
    let curve = from_mask(&fine, Fit::default()).unwrap();
    let crop = crop(&as_image(&mask), None, &curve, &settings).unwrap();
    let back = threshold(&uncrop(&crop.image.view(), &crop.frame).unwrap(), 0.5);
    dice_in_tube(&back, &mask, &crop)
}

#[test]
fn real_grey_matter_and_cords_come_back() {
    let mut cases = Vec::new();
    for subject in ["9418", "9604", "9709Ses1", "10062Ses1"] {
        let label = |what: &str| {
            let folder = format!("data/bids-gm/derivatives/labels/sub-{subject}/anat");
            shared(&format!("{folder}/sub-{subject}_run-1_T2starw_{what}.nii.gz"))
        };
        let (Some(grey), Some(cord)) = (label("gmseg-manual"), label("seg-manual")) else { return };
        cases.extend([(grey, cord.clone()), (cord.clone(), cord)]);
    }
    let (Some(t2), Some(t1)) = (
        shared("data/sct-testing/t2/t2_seg-manual.nii.gz"),
        shared("data/sct-testing/t1/t1w_seg-manual.nii.gz"),
    ) else {
        return;
    };
    cases.extend([(t2.clone(), t2), (t1.clone(), t1)]);
    for (mask, cord) in cases {
        let dice = real(&mask, &cord);
        assert!(dice > 0.99, "{}: Dice {dice}", mask.display());
    }
}

#[test]
fn a_real_image_comes_back_where_the_tube_was() {
    let (Some(image), Some(cord)) = (
        shared("data/bids-gm/sub-9418/anat/sub-9418_run-1_T2starw.nii.gz"),
        shared("data/bids-gm/derivatives/labels/sub-9418/anat/sub-9418_run-1_T2starw_seg-manual.nii.gz"),
    ) else {
        return;
    };
    let (image, cord) = (read_image(&image).unwrap(), read_mask(&cord).unwrap());
    let settings = CropSettings::default();
    let fine = resample_nearest(&cord, &settings.tube_grid(&image.grid));
    let crop = crop(&image, None, &from_mask(&fine, Fit::default()).unwrap(), &settings).unwrap();
    let back = uncrop(&crop.image.view(), &crop.frame).unwrap();
    // 0.5 x 0.5 x 3 mm: every native voxel is a voxel of the tube, so nothing is blurred.
    let pairs: Vec<_> = back.data.iter().zip(&image.data).filter(|(found, _)| **found != 0.0).collect();
    assert!(pairs.len() > 30_000, "only {} voxels", pairs.len());
    assert!(pairs.iter().all(|(found, expected)| (*found - *expected).abs() <= 1e-2));
}
