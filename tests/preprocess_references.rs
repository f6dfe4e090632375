#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
//! Crops and standardised crops against what the Spinal Cord Toolbox's own Python computed from the same images.

use std::path::PathBuf;

use deepseg::centerline::{Curve, Fit, from_mask};
use deepseg::dataset::Contrast;
use deepseg::preprocess::{Crop, CropSettings, Landmarks, Percentiles, crop, standardise};
use deepseg::testing::shared;
use deepseg::volume::{Grid, Volume, read_image, read_mask, resample_nearest};
use ndarray::Array3;

struct Case {
    name: &'static str,
    image: &'static str,
    cord: &'static str,
    contrast: Contrast,
}

const CASES: [Case; 3] = [
    Case {
        name: "gm_9418",
        image: "data/bids-gm/sub-9418/anat/sub-9418_run-1_T2starw.nii.gz",
        cord: "data/bids-gm/derivatives/labels/sub-9418/anat/sub-9418_run-1_T2starw_seg-manual.nii.gz",
        contrast: Contrast::T2s,
    },
    Case {
        name: "gm_9604",
        image: "data/bids-gm/sub-9604/anat/sub-9604_run-1_T2starw.nii.gz",
        cord: "data/bids-gm/derivatives/labels/sub-9604/anat/sub-9604_run-1_T2starw_seg-manual.nii.gz",
        contrast: Contrast::T2s,
    },
    Case {
        name: "sct_t2",
        image: "data/sct-testing/t2/t2.nii.gz",
        cord: "data/sct-testing/t2/t2_seg-manual.nii.gz",
        contrast: Contrast::T2,
    },
];

impl Case {
    fn reference(&self, end: &str) -> Option<PathBuf> {
        shared(&format!("reference/{}_{end}", self.name))
    }

    /// x, y, z of the first voxel of every slice.
    fn starts(&self) -> Option<Vec<[usize; 3]>> {
        let mut rows = csv::Reader::from_path(self.reference("crop48_starts.csv")?).unwrap();
        Some(rows.deserialize().map(|row| row.unwrap()).collect())
    }

    fn image(&self) -> Option<Volume<f32>> {
        Some(read_image(&shared(self.image)?).unwrap())
    }

    fn tube(&self) -> Option<Grid> {
        Some(CropSettings::default().tube_grid(&self.image()?.grid))
    }

    /// The curve through the voxels of the reference's centerline image.
    fn voxel_curve(&self) -> Option<Curve> {
        let voxels = read_mask(&self.reference("centerline_bspline_vox.nii.gz")?).unwrap();
        let mut found: Vec<[usize; 3]> =
            voxels.data.indexed_iter().filter(|(_, v)| **v > 0).map(|((x, y, z), _)| [z, x, y]).collect();
        found.sort_unstable();
        let xy = found.iter().map(|[_, x, y]| [*x as f64, *y as f64]).collect();
        Some(Curve { grid: self.tube()?, first_z: found[0][0], xy, method: "file".into(), confidence: None })
    }
}

fn starts_of(crop: &Crop) -> Vec<[usize; 3]> {
    let first = crop.frame.first_z;
    crop.frame.starts.iter().enumerate().map(|(k, [x, y])| [*x, *y, first + k]).collect()
}

fn largest_difference(a: &Array3<f32>, b: &Array3<f32>) -> f32 {
    assert_eq!(a.shape(), b.shape());
    a.iter().zip(b).filter(|(_, b)| b.is_finite()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn starts_and_voxels_equal_the_references() {
    for case in &CASES {
        let Some(curve) = case.voxel_curve() else { return };
        let crop = crop(&case.image().unwrap(), None, &curve, &CropSettings::default()).unwrap();
        let starts = case.starts().unwrap();
        assert_eq!(starts_of(&crop), starts, "{}", case.name);
        let whole = read_image(&case.reference("crop48.nii.gz").unwrap()).unwrap().data;
        let range = whole.iter().fold(0.0f32, |most, v| most.max(*v));
        // The reference keeps all slices of the image; those without curve are zero there and absent here.
        let slices = starts[0][2]..starts[0][2] + starts.len();
        let reference = whole.slice_move(ndarray::s![.., .., slices]);
        let difference = largest_difference(&crop.image, &reference);
        assert!(difference <= 1e-3 * range, "{}: {difference} of {range}", case.name);
        assert!(crop.image.axis_iter(ndarray::Axis(2)).all(|slice| slice.iter().any(|v| *v != 0.0)));
    }
}

#[test]
fn standardised_intensities_equal_the_references() {
    for case in &CASES {
        let Some(path) = case.reference("crop48.nii.gz") else { return };
        let mut image = read_image(&path).unwrap().data;
        let reference = read_image(&case.reference("crop48_norm.nii.gz").unwrap()).unwrap().data;
        let percentiles = Percentiles::of(&image).unwrap();
        standardise(&mut image, &percentiles, &Landmarks::preset(&case.contrast).unwrap());
        assert!(image.iter().all(|v| v.is_finite()), "{}", case.name);
        let difference = largest_difference(&image, &reference);
        assert!(difference <= 1e-2, "{}: {difference}", case.name);
    }
}

/// Nearest-neighbour resampling of thick slices meets exact halves, which the reference decides by the last bit of its affine: some
/// slices of the cord mask lie one tube slice higher or lower there, and its curve moves a little. Isotropic images have no such choice.
#[test]
fn from_the_cord_mask_to_the_crop() {
    for case in &CASES {
        let (Some(tube), Some(cord)) = (case.tube(), shared(case.cord)) else { return };
        let cord = read_mask(&cord).unwrap();
        let curve = from_mask(&resample_nearest(&cord.to_rpi(), &tube), Fit::default()).unwrap();
        let crop = crop(&case.image().unwrap(), None, &curve, &CropSettings::default()).unwrap();
        let (found, expected) = (starts_of(&crop), case.starts().unwrap());
        assert_eq!(found.len(), expected.len(), "{}", case.name);
        let tolerance = if case.name == "sct_t2" { 0 } else { 1 };
        for (a, b) in found.iter().zip(&expected) {
            let near = a[0].abs_diff(b[0]) <= tolerance && a[1].abs_diff(b[1]) <= tolerance && a[2] == b[2];
            assert!(near, "{}: {a:?} {b:?}", case.name);
        }
    }
}
