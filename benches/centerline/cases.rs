//! Images whose cord is known: real ones with a mask drawn by hand, and the demo cohort.

use std::path::Path;

use deepseg::centerline::{Curve, Points, from_points};
use deepseg::centerline::{Fit, Frame};
use deepseg::dataset::Contrast;
use deepseg::testing::shared;
use deepseg::volume::{Grid, Volume, read_image, read_mask, resample_linear};

/// An image and where its cord is.
#[derive(Clone)]
pub struct Case {
    pub name: String,
    pub contrast: Contrast,
    /// RPI.
    pub image: Volume<f32>,
    /// The cord's centre (RPI voxels) by slice; `None` where nobody drew it. Empty: there is no cord at all.
    pub truth: Vec<Option<[f64; 2]>>,
    /// The mask the centres are of, to tell coverage; none for phantoms.
    pub mask: Option<Volume<u8>>,
    /// A phantom, not a person.
    pub synthetic: bool,
}

const REAL: [(&str, &str, &str, &str); 13] = [
    ("t1/t1w", "t1", "sct-testing/t1/t1w", "sct-testing/t1/t1w_seg-manual"),
    ("t2/t2", "t2", "sct-testing/t2/t2", "sct-testing/t2/t2_seg-manual"),
    ("t2_fake_lesion", "t2", "sct-testing/t2/t2_fake_lesion", "sct-testing/t2/t2_fake_lesion_sc_seg"),
    ("t2s/t2s", "t2s", "sct-testing/t2s/t2s", "sct-testing/t2s/t2s_seg"),
    (
        "t2s_uncropped (gm)",
        "t2s",
        "sct-testing/t2s/t2s_uncropped",
        "sct-testing/t2s/t2s_uncropped_gmseg_manual",
    ),
    ("dwi_mean (optic)", "dwi", "sct-testing/dmri/dwi_mean", "sct-testing/dmri/dwi_mean_centerline-optic"),
    ("gm 9418", "t2s", "bids-gm/sub-9418/anat/sub-9418_run-1_T2starw", ""),
    ("gm 9604", "t2s", "bids-gm/sub-9604/anat/sub-9604_run-1_T2starw", ""),
    ("gm 9709", "t2s", "bids-gm/sub-9709Ses1/anat/sub-9709Ses1_run-1_T2starw", ""),
    ("gm 10062", "t2s", "bids-gm/sub-10062Ses1/anat/sub-10062Ses1_run-1_T2starw", ""),
    ("unf01 T1w", "t1", "bids-lesion/sub-unf01/anat/sub-unf01_T1w", ""),
    ("unf01 T2star", "t2s", "bids-lesion/sub-unf01/anat/sub-unf01_T2star", ""),
    ("unf01 T2w", "t2", "bids-lesion/sub-unf01/anat/sub-unf01_T2w", ""),
];

/// The real images with a mask drawn by hand.
pub fn real() -> Vec<Case> {
    let open = |(name, contrast, image, mask): (&str, &str, &str, &str)| {
        let bids = || image.replacen("/sub-", "/derivatives/labels/sub-", 1) + "_seg-manual";
        let mask = if mask.is_empty() { bids() } else { mask.to_owned() };
        let path = |name: &str| shared(&format!("data/{name}.nii.gz"));
        Some(case(name, contrast, &path(image)?, &path(&mask)?))
    };
    REAL.into_iter().filter_map(open).collect()
}

fn case(name: &str, contrast: &str, image: &Path, mask: &Path) -> Case {
    let (mut image, mask) = (read_image(image).unwrap(), read_mask(mask).unwrap().to_rpi());
    image.zero_non_finite();
    let contrast = contrast.parse().unwrap();
    let truth = centres(&mask);
    Case { name: name.into(), contrast, image: image.to_rpi(), truth, mask: Some(mask), synthetic: false }
}

/// The mean of a mask's voxels, slice by slice.
fn centres(mask: &Volume<u8>) -> Vec<Option<[f64; 2]>> {
    let mut sums = vec![[0.0; 3]; mask.grid.shape[2]];
    for ((x, y, z), _) in mask.data.indexed_iter().filter(|(_, value)| **value > 0) {
        let sum = &mut sums[z];
        *sum = [sum[0] + x as f64, sum[1] + y as f64, sum[2] + 1.0];
    }
    sums.into_iter().map(|[x, y, n]| (n > 0.0).then(|| [x / n, y / n])).collect()
}

/// Every scan of the demo cohort, with its exact centerline.
pub fn demo() -> Vec<Case> {
    let folder = tempfile::tempdir().unwrap();
    let dataset = folder.path().join("dataset");
    let report = deepseg::demo::make_cohort(&dataset, 6, 1, &|_, _| ()).unwrap();
    let scans = report.subjects.iter().flat_map(|subject| subject.scans.iter().map(move |s| (subject, s)));
    let open = |(subject, scan): (&deepseg::demo::SubjectTruth, &deepseg::demo::ScanTruth)| {
        let path = dataset.join(&scan.image);
        let name = path.file_name().unwrap().to_string_lossy().replace(".nii.gz", "").replace(".nii", "");
        let image = read_image(&path).unwrap().to_rpi();
        let points = Points { frame: Frame::World, at: subject.centerline_mm.clone() };
        let truth = on_slices(&points, &image.grid);
        let contrast = Contrast::guess(&name).unwrap();
        Case { name, contrast, image, truth, mask: None, synthetic: true }
    };
    scans.map(open).collect()
}

/// A line of world points where it meets the slices of a grid.
fn on_slices(points: &Points, grid: &Grid) -> Vec<Option<[f64; 2]>> {
    let inverse = grid.affine.inverse().unwrap();
    let voxels: Vec<[f64; 3]> = points.at.iter().map(|p| inverse.apply(*p)).collect();
    let inside = |v: &&[f64; 3]| (0..3).all(|i| (-0.5..grid.shape[i] as f64 - 0.5).contains(&v[i]));
    let at: Vec<[f64; 3]> = voxels.iter().filter(inside).copied().collect();
    let line: Option<Curve> =
        from_points(&Points { frame: Frame::Rpi, at }, grid, Fit::Linear { smooth: 0.0 }).ok();
    (0..grid.shape[2]).map(|z| line.as_ref().and_then(|line| line.at(z))).collect()
}

/// A real T2* image, brought to 384 x 384 x 17 voxels.
pub fn whole_volume() -> Option<Case> {
    let path = shared("data/bids-gm/sub-9604/anat/sub-9604_run-1_T2starw.nii.gz")?;
    let image = read_image(&path).unwrap().to_rpi();
    let mut grid = image.grid;
    for (axis, wanted) in [384, 384, 17].into_iter().enumerate() {
        let factor = grid.shape[axis] as f64 / wanted as f64;
        (0..3).for_each(|row| grid.affine.0[row][axis] *= factor);
        grid.shape[axis] = wanted;
    }
    let image = resample_linear(&image, &grid);
    Some(Case {
        name: "384x384x17".into(),
        contrast: Contrast::T2s,
        image,
        truth: Vec::new(),
        mask: None,
        synthetic: false,
    })
}
