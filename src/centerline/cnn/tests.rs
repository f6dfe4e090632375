//! The whole method on real images and on what is none.

use super::*;
use crate::centerline::Tools;
use crate::centerline::centre_of_mass::{Centre, centres};
use crate::testing::shared;
use crate::volume::{Affine, Volume, read_image, read_mask};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::atomic::AtomicBool;

fn run(image: &Volume<f32>, contrast: &str) -> Option<Result<Found, CenterlineError>> {
    let tools = Tools::with([shared("data/models")?], None);
    let contrast = contrast.parse().unwrap();
    Some(find(&Search { image, contrast: &contrast, tools: &tools, cancel: &AtomicBool::new(false) }))
}

fn image(path: &str) -> Option<Volume<f32>> {
    Some(read_image(&shared(&format!("data/sct-testing/{path}.nii.gz"))?).unwrap().to_rpi())
}

/// In-plane distances (mm) of points (voxels of `grid`, by slice) from the centres of a cord mask, where there is a point.
fn distances(grid: &Grid, mask: &str, point: impl Fn(usize) -> Option<[f64; 2]>) -> Option<Vec<f64>> {
    let mask = read_mask(&shared(&format!("data/sct-testing/{mask}.nii.gz"))?).unwrap();
    let [px, py, _] = grid.spacing();
    let centres = centres(&mask.to_rpi());
    let distance = |centre: &Centre| {
        let [x, y] = point(centre.voxel[2] as usize)?;
        Some(((x - centre.voxel[0]) * px).hypot((y - centre.voxel[1]) * py))
    };
    Some(centres.iter().filter_map(distance).collect())
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len() as f64;
    values.sum::<f64>() / n
}

#[test]
fn the_networks_see_the_cord_where_it_is() {
    // Mean and largest distance on every slice, looking everywhere: as measured with the original software.
    for (path, contrast, mask, slices, figures) in [
        ("t2/t2", "t2", "t2/t2_seg-manual", 55, [0.12, 0.28]),
        ("t2s/t2s", "t2s", "t2s/t2s_seg", 9, [0.22, 0.55]),
    ] {
        let (Some(image), Some(models)) = (image(path), shared("data/models")) else { return };
        let (tools, contrast) = (Tools::with([models], None), contrast.parse().unwrap());
        let search =
            Search { image: &image, contrast: &contrast, tools: &tools, cancel: &AtomicBool::new(false) };
        let fine = fine_grid(&image.grid).unwrap();
        let canvas = Canvas::of(&resample_linear(&image, &fine)).unwrap();
        let detector = Detector::published(&search).unwrap();
        let to_image = fine.voxel_to(&image.grid).unwrap();
        let centroid = |z: usize| {
            let set = marks::seen(&canvas, &detector, &canvas.corners(), z).unwrap()?.set;
            let pixels = || set.indexed_iter().filter(|(_, set)| **set).map(|(at, _)| at);
            let n = pixels().count() as f64;
            let (x, y) = pixels().fold((0.0, 0.0), |(a, b), (x, y)| (a + x as f64 / n, b + y as f64 / n));
            let [x, y, _] = to_image.apply([x, y, z as f64]);
            Some([x, y])
        };
        let found = distances(&image.grid, mask, centroid).unwrap();
        assert_eq!(found.len(), slices, "{path}");
        let measured = [mean(found.iter().copied()), found.iter().copied().fold(0.0, f64::max)];
        assert!((0..2).all(|i| measured[i] < figures[i] + 0.01), "{path}: {measured:?}");
    }
}

#[test]
fn curves_follow_the_cord() {
    for (path, contrast, mask, slices, most) in [
        ("t2/t2", "t2", "t2/t2_seg-manual", 0..55, 0.55),
        ("t2s/t2s", "t2s", "t2s/t2s_seg", 0..9, 0.6),
        // Here the network sees half of the cord only: what it answers is on it, and it says what is missing.
        ("t2/t2_fake_lesion", "t2", "t2/t2_fake_lesion_sc_seg", 9..63, 1.5),
    ] {
        let Some(image) = image(path) else { return };
        let Some(found) = run(&image, contrast) else { return };
        let Found { curve, doubts, .. } = found.unwrap();
        assert_eq!(curve.z_range(), slices, "{path}");
        let found = distances(&image.grid, mask, |z| curve.at(z)).unwrap();
        let error = mean(found.iter().map(|d| d * d)).sqrt();
        assert!(error < most, "{path}: {error}");
        assert_eq!(doubts.is_empty(), slices.len() == image.grid.shape[2], "{path}: {doubts:?}");
    }
}

fn noise(shape: [usize; 3], spacing: [f64; 3], scale: f32) -> Volume<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut volume = Volume::filled(Grid { shape, affine: Affine::scaling(spacing, [0.0; 3]) }, 0.0);
    volume.data.mapv_inplace(|_| scale * (random.random::<f32>() - 0.5));
    volume
}

#[test]
fn strange_images_have_no_cord() {
    for (shape, spacing, scale) in [
        ([100, 100, 4], [0.5, 0.5, 5.0], 1.0),
        ([4, 4, 4], [1.0; 3], 1.0),
        ([1, 1, 1], [0.5; 3], 1e30),
        ([30, 2, 1], [3.0, 3.0, 8.0], 0.0),
        ([9, 9, 2], [0.0, 1.0, 1.0], 1.0),
        ([9, 9, 2], [1e6, 1.0, 1.0], 1.0),
    ] {
        for contrast in ["t2", "t2s"] {
            let Some(answer) = run(&noise(shape, spacing, scale), contrast) else { return };
            assert!(matches!(answer, Err(CenterlineError::NotFound(_))), "{shape:?}: {answer:?}");
        }
    }
}

#[test]
fn says_what_is_missing_and_what_is_wrong() {
    let (image, cancel) = (noise([4, 4, 4], [1.0; 3], 1.0), AtomicBool::new(false));
    let told = |contrast: &str, tools: &Tools| {
        let contrast = contrast.parse().unwrap();
        find(&Search { image: &image, contrast: &contrast, tools, cancel: &cancel }).unwrap_err().to_string()
    };
    assert!(told("t2_ax", &Tools::with([], None)).contains("t2_ctr.h5"));
    assert!(told("pd", &Tools::with([], None)).contains("t1, t2, t2s and dwi"));
    let home = tempfile::tempdir().unwrap();
    let tools = Tools::with([home.path().to_path_buf()], None);
    std::fs::write(home.path().join("t1_ctr.h5"), "<html>not found</html>").unwrap();
    let broken = told("t1", &tools);
    assert!(broken.contains("t1_ctr.h5") && broken.contains("HDF5"), "{broken}");
    let Some(lesion) = shared("data/models/lesion/t2s_lesion.h5") else { return };
    std::fs::copy(lesion, home.path().join("t2s_ctr.h5")).unwrap();
    let other = told("t2s", &tools);
    assert!(other.contains("t2s_ctr.h5"), "{other}");
}
