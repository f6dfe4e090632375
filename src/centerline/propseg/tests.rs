use super::*;
use crate::centerline::{Fit, Tools, from_mask};
use crate::testing::shared;
use crate::volume::{Affine, Grid, Volume, dice, read_image, read_mask};
use std::sync::atomic::AtomicBool;

fn search_in(image: &Volume<f32>, contrast: Contrast, mut run: impl FnMut(&Search<'_>)) {
    let tools = Tools::with(shared("data/models"), None);
    run(&Search { image, contrast: &contrast, tools: &tools, cancel: &AtomicBool::new(false) });
}

fn along(search: &Search<'_>, seed: &Curve) -> Result<Found, CenterlineError> {
    Field::of(search)?.along(seed)
}

fn straight(grid: Grid) -> Curve {
    let middle = [grid.shape[0] as f64 / 2.0, grid.shape[1] as f64 / 2.0];
    Curve { grid, first_z: 0, xy: vec![middle; grid.shape[2]], method: "test".into(), confidence: None }
}

fn grid(shape: [usize; 3], spacing: [f64; 3]) -> Grid {
    let [x, y, z] = spacing;
    Grid { shape, affine: Affine::scaling([-x, y, z], [0.0; 3]) }
}

/// Mean distance (mm) between two curves on their common slices.
fn mean_distance(found: &Curve, truth: &Curve) -> f64 {
    let spacing = truth.grid.spacing();
    let off = |z| {
        let (a, b) = (found.at(z)?, truth.at(z)?);
        Some(((a[0] - b[0]) * spacing[0]).hypot((a[1] - b[1]) * spacing[1]))
    };
    let all: Vec<f64> = found.z_range().filter_map(off).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

fn overlap(a: &Volume<u8>, b: &Volume<u8>) -> f64 {
    let count = |v: &Volume<u8>| v.data.iter().filter(|v| **v > 0).count();
    let both = a.data.iter().zip(&b.data).filter(|(a, b)| **a > 0 && **b > 0).count();
    dice(both, count(a), count(b))
}

/// An S-shaped cord of 6 x 4.5 mm in brighter (or darker) fluid in a body, with its mask.
fn bent(grid: Grid, cord: f32, fluid: f32) -> (Volume<f32>, Volume<u8>) {
    let (mut image, mut mask) = (Volume::filled(grid, 0.0), Volume::filled(grid, 0));
    let spacing = grid.spacing();
    for ((x, y, z), value) in image.data.indexed_iter_mut() {
        let mm = [x as f64 * spacing[0], y as f64 * spacing[1], z as f64 * spacing[2]];
        let middle = [30.0 + 2.0 * (mm[2] / 20.0).cos(), 30.0 + 5.0 * (mm[2] / 25.0).sin()];
        let off = ((mm[0] - middle[0]) / 6.0).hypot((mm[1] - middle[1]) / 4.5);
        mask.data[[x, y, z]] = u8::from(off < 1.0);
        *value = if off < 1.0 {
            cord
        } else if off < 1.7 {
            fluid
        } else {
            300.0
        };
    }
    (image, mask)
}

fn led_by_optic(search: &Search<'_>) -> Result<Found, CenterlineError> {
    find(search, &[&|| crate::centerline::optic::find(search)])
}

#[test]
fn a_bent_cord_is_followed_in_either_contrast_and_any_spacing() {
    let cases = [(Contrast::T2, 200.0, 900.0), (Contrast::T1, 600.0, 50.0)];
    for (contrast, cord, fluid) in cases {
        for spacing in [[1.0, 1.0, 1.0], [0.5, 0.5, 5.0], [3.0, 0.8, 0.8]] {
            let grid = grid(spacing.map(|mm: f64| (60.0 / mm) as usize), spacing);
            let (image, truth) = bent(grid, cord, fluid);
            search_in(&image, contrast.clone(), |search| {
                let found = along(search, &straight(grid)).unwrap();
                let overlap = overlap(found.cord.as_ref().unwrap(), &truth);
                let off = mean_distance(&found.curve, &from_mask(&truth, Fit::default()).unwrap());
                let (least, most) = if spacing[0] > 1.0 { (0.82, 1.0) } else { (0.9, 0.6) };
                assert!(overlap > least && off < most, "{contrast} {spacing:?}: {overlap:.3} {off:.2}");
                assert_eq!(found.curve.z_range(), 0..grid.shape[2]);
                assert_eq!(found, along(search, &straight(grid)).unwrap(), "not twice the same");
            });
        }
    }
}

#[test]
fn it_ends_where_the_cord_ends() {
    let grid = grid([60, 60, 80], [1.0; 3]);
    let (mut image, _) = bent(grid, 200.0, 900.0);
    image.data.slice_mut(ndarray::s![.., .., 50..]).fill(300.0);
    search_in(&image, Contrast::T2, |search| {
        let found = along(search, &straight(grid)).unwrap();
        assert!(
            found.curve.first_z == 0 && (47..58).contains(&found.curve.z_range().end),
            "{:?}",
            found.curve.z_range()
        );
    });
}

/// Least overlap with the mask and largest mean distance (mm) from its line, by OptiC's start. The masks are those of the
/// testing data, some drawn by other programs.
const REAL: [(&str, &str, Contrast, f64, f64); 7] = [
    ("sct-testing/t2/t2", "sct-testing/t2/t2_seg-manual", Contrast::T2, 0.95, 0.4),
    ("sct-testing/t2/t2_fake_lesion", "sct-testing/t2/t2_fake_lesion_sc_seg", Contrast::T2, 0.85, 0.6),
    ("sct-testing/t1/t1w", "sct-testing/t1/t1w_seg-manual", Contrast::T1, 0.92, 0.4),
    ("sct-testing/t2s/t2s", "sct-testing/t2s/t2s_seg", Contrast::T2s, 0.94, 0.5),
    (
        "bids-gm/sub-9418/anat/sub-9418_run-1_T2starw",
        "bids-gm/derivatives/labels/sub-9418/anat/sub-9418_run-1_T2starw_seg-manual",
        Contrast::T2s,
        0.95,
        0.3,
    ),
    (
        "bids-lesion/sub-unf01/anat/sub-unf01_T2w",
        "bids-lesion/derivatives/labels/sub-unf01/anat/sub-unf01_T2w_seg-manual",
        Contrast::T2,
        0.88,
        0.6,
    ),
    (
        "bids-lesion/sub-unf01/anat/sub-unf01_T2star",
        "bids-lesion/derivatives/labels/sub-unf01/anat/sub-unf01_T2star_seg-manual",
        Contrast::T2s,
        0.8,
        1.2,
    ),
];

/// How well a way of finding draws the cord of a real image: overlap with the mask, and the mean distance (mm) of the lines.
/// `None` when the shared data are absent.
fn drawn(
    [image, truth]: [&str; 2],
    contrast: Contrast,
    way: impl Fn(&Search<'_>) -> Result<Found, CenterlineError>,
) -> Option<(f64, f64)> {
    let file = |name: &str| shared(&format!("data/{name}.nii.gz"));
    let (image, truth, _) = (file(image)?, file(truth)?, shared("data/models")?);
    let mut image = read_image(&image).unwrap().to_rpi();
    image.zero_non_finite();
    let truth = read_mask(&truth).unwrap().to_rpi();
    let mut drawn = None;
    search_in(&image, contrast, |search| {
        let found = way(search).unwrap();
        let line = from_mask(&truth, Fit::default()).unwrap();
        drawn = Some((overlap(found.cord.as_ref().unwrap(), &truth), mean_distance(&found.curve, &line)));
    });
    drawn
}

#[test]
fn real_cords_are_drawn_as_people_draw_them() {
    for (image, truth, contrast, least, most_mm) in REAL {
        let Some((overlap, off)) = drawn([image, truth], contrast, led_by_optic) else { return };
        assert!(overlap > least && off < most_mm, "{image}: {overlap:.3} {off:.2} mm");
    }
}

#[test]
fn it_finds_a_start_of_its_own_where_there_is_no_model() {
    for (image, truth, contrast, least, most_mm) in [&REAL[0], &REAL[2], &REAL[3], &REAL[4]] {
        let alone = |search: &Search<'_>| find(search, &[]);
        let Some((overlap, off)) = drawn([image, truth], contrast.clone(), alone) else { return };
        assert!(overlap > *least && off < *most_mm, "{image}: {overlap:.3} {off:.2} mm");
    }
}

/// Noise, each voxel the mean of its neighbours as often as `smooth` says.
fn noise(grid: Grid, smooth: usize) -> Volume<f32> {
    let mut volume = Volume::filled(grid, 0.0);
    let mut state = 7_u64;
    for value in &mut volume.data {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *value = (state >> 40) as f32;
    }
    for _ in 0..smooth {
        for axis in 0..3 {
            for mut lane in volume.data.lanes_mut(ndarray::Axis(axis)) {
                let old = lane.to_vec();
                (1..old.len() - 1).for_each(|i| lane[i] = (old[i - 1] + old[i] + old[i + 1]) / 3.0);
            }
        }
    }
    volume
}

#[test]
fn where_there_is_no_cord_it_says_so() {
    let wide = grid([70, 70, 40], [1.0; 3]);
    let mut ball = Volume::filled(wide, 5.0);
    for ((x, y, z), value) in ball.data.indexed_iter_mut() {
        let off = [x, y, z]
            .iter()
            .zip([35.0, 35.0, 20.0])
            .map(|(a, b)| (*a as f64 - b).powi(2))
            .sum::<f64>()
            .sqrt();
        *value = if off < 16.0 {
            100.0
        } else if off < 19.0 {
            300.0
        } else {
            5.0
        };
    }
    let mut ramp = Volume::filled(grid([40, 40, 1], [1.0; 3]), 0.0);
    ramp.data.indexed_iter_mut().for_each(|((x, y, _), v)| *v = (x * y) as f32 * 1e35);
    let small = grid([40, 40, 20], [1.0; 3]);
    let hostile = [
        ("white noise", noise(small, 0)),
        ("smooth noise", noise(small, 2)),
        ("very smooth noise", noise(small, 6)),
        ("constant", Volume::filled(wide, 7.0)),
        ("a ball like a brain", ball),
        ("one huge slice", ramp),
        ("hardly a voxel", noise(grid([4, 4, 4], [1.0; 3]), 0)),
        ("metres", noise(grid([40, 40, 9], [1e5, 1e5, 1.0]), 0)),
        ("no size", noise(grid([40, 40, 9], [0.0, 1.0, 1.0]), 0)),
    ];
    for (n, (name, image)) in hostile.iter().enumerate() {
        let contrast = if n % 2 == 0 { Contrast::T2 } else { Contrast::T1 };
        search_in(image, contrast, |search| {
            for found in [along(search, &straight(image.grid)), find(search, &[])] {
                assert!(matches!(found, Err(CenterlineError::NotFound(_))), "{name}: {found:?}");
            }
        });
    }
}

#[test]
fn stopping_and_unknown_contrasts_are_told() {
    let grid = grid([60, 60, 30], [1.0; 3]);
    let (image, _) = bent(grid, 200.0, 900.0);
    let tools = Tools::default();
    let stopped =
        Search { image: &image, contrast: &Contrast::T2, tools: &tools, cancel: &AtomicBool::new(true) };
    assert!(matches!(along(&stopped, &straight(grid)), Err(CenterlineError::Cancelled)));
    let other = Contrast::Other("flair".into());
    search_in(&image, other, |search| {
        assert!(matches!(find(search, &[]), Err(CenterlineError::NoContrast { .. })));
    });
}
