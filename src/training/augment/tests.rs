//! The changes as a whole: how often, how far, the same for the same draw, and mask and image together.

use ndarray::{Array3, s};
use proptest::prelude::*;

use super::super::patches::Sample;
use super::*;

const SHAPE: [usize; 3] = [32, 32, 24];
const SCANNER: Scanner = Scanner { spacing_mm: 0.5, black: -1.5 };

/// A crop whose lesion, an ellipsoid off the centre, is bright: image and mask say the same.
fn sample() -> Sample {
    let inside = |(x, y, z): (usize, usize, usize)| {
        let square = |at: usize, centre: f32, radius: f32| ((at as f32 - centre) / radius).powi(2);
        square(x, 18.0, 5.0) + square(y, 14.0, 4.0) + square(z, 21.0, 7.0) <= 1.0
    };
    let shape = (SHAPE[0], SHAPE[1], 44);
    Sample {
        scan: "a".into(),
        image: Array3::from_shape_fn(shape, |at| if inside(at) { 1.0 } else { 0.0 }),
        mask: Array3::from_shape_fn(shape, |at| u8::from(inside(at))),
        padding: 0.0,
    }
}

/// Nothing but what `change` turns on.
fn only(change: impl FnOnce(&mut AugmentConfig)) -> AugmentConfig {
    let mut config = AugmentPreset::None.values();
    change(&mut config);
    config
}

fn drawn(config: &AugmentConfig, item: u64) -> (Array3<f32>, Array3<u8>) {
    Changes::draw(config, Dice { seed: 1, epoch: 2, item }, SHAPE, SCANNER).apply(&sample(), 9, SHAPE[2])
}

fn moved(config: &AugmentConfig, item: u64) -> f64 {
    let (image, _) = drawn(config, item);
    let (before, _) = sample().patch(9, SHAPE[2]);
    f64::from((&image - &before).mapv(f32::abs).sum()) / image.len() as f64
}

#[test]
fn nothing_asked_for_changes_nothing() {
    let (image, mask) = drawn(&AugmentPreset::None.values(), 0);
    assert_eq!((image, mask), sample().patch(9, SHAPE[2]));
    assert!(
        Changes::draw(&AugmentPreset::None.values(), Dice { seed: 1, epoch: 1, item: 1 }, SHAPE, SCANNER)
            .words()
            .is_empty()
    );
}

/// Every change alone, as likely as not.
fn each_alone() -> [(&'static str, AugmentConfig); 8] {
    [
        ("turned", only(|c| c.affine = 0.5)),
        ("bent", only(|c| c.elastic = 0.5)),
        ("gamma", only(|c| c.gamma = 0.5)),
        ("contrast", only(|c| c.contrast = 0.5)),
        ("bias", only(|c| c.bias = 0.5)),
        ("blur", only(|c| c.blur = 0.5)),
        ("noise", only(|c| c.noise = 0.5)),
        ("times as large", only(|c| c.low_resolution = 0.5)),
    ]
}

#[test]
fn each_change_happens_as_often_as_asked_and_is_told() {
    for (word, config) in each_alone() {
        let told = |item| {
            let dice = Dice { seed: 1, epoch: 2, item };
            Changes::draw(&config, dice, SHAPE, SCANNER).words().iter().any(|w| w.contains(word))
        };
        let times = (0..2000).filter(|item| told(*item)).count();
        assert!((900..1100).contains(&times), "{word}: {times} of 2000");
        for item in 0..24 {
            let moved = moved(&config, item) > 1e-7;
            // Gamma leaves an image of two values alone, and a blur may be too narrow to see.
            assert!(moved == told(item) || !moved && ["gamma", "blur"].contains(&word), "{word} {item}");
        }
    }
}

#[test]
fn a_change_switched_off_leaves_the_draws_of_the_others() {
    let strong = AugmentPreset::Strong.values();
    let without = AugmentConfig { gamma: 0.0, affine: 0.0, ..strong.clone() };
    for item in 0..50 {
        let words = |config| Changes::draw(config, Dice { seed: 8, epoch: 0, item }, SHAPE, SCANNER).words();
        let mut kept = words(&strong);
        kept.retain(|word| !word.starts_with("gamma") && !word.starts_with("turned"));
        assert_eq!(words(&without), kept);
    }
}

#[test]
fn brightness_never_touches_the_mask() {
    let mut config = AugmentPreset::Strong.values();
    for off in
        [&mut config.flip_x, &mut config.flip_y, &mut config.flip_z, &mut config.affine, &mut config.elastic]
    {
        *off = 0.0;
    }
    let untouched = sample().patch(9, SHAPE[2]).1;
    (0..40).for_each(|item| assert_eq!(drawn(&config, item).1, untouched));
}

/// Where the bright tissue went, the mask went.
#[test]
fn image_and_mask_stay_together() {
    let config = only(|c| {
        (c.affine, c.elastic, c.flip_x, c.flip_y, c.flip_z) = (1.0, 1.0, 0.5, 0.5, 0.5);
        (c.rotation_deg, c.tilt_deg, c.shift_mm, c.elastic_mm) = (40.0, 15.0, 2.0, 2.0);
    });
    for item in 0..100 {
        let (image, mask) = drawn(&config, item);
        for (value, &lesion) in image.iter().zip(&mask) {
            assert_eq!(*value >= 0.5, lesion > 0, "item {item}: {value}");
        }
    }
}

/// Of the bright tissue.
fn centre(image: &Array3<f32>) -> [f64; 3] {
    let whole = f64::from(image.sum());
    let mean = |axis: fn((usize, usize, usize)) -> usize| {
        image.indexed_iter().map(|(at, v)| axis(at) as f64 * f64::from(*v)).sum::<f64>() / whole
    };
    [mean(|at| at.0), mean(|at| at.1), mean(|at| at.2)]
}

#[test]
fn a_shift_moves_by_the_millimetres_told() {
    let config = only(|c| {
        c.affine = 1.0;
        (c.rotation_deg, c.tilt_deg, c.scale, c.shift_mm) = (0.0, 0.0, 0.0, 2.5);
    });
    let before = centre(&sample().patch(9, SHAPE[2]).0);
    for item in 0..20 {
        let changes = Changes::draw(&config, Dice { seed: 1, epoch: 2, item }, SHAPE, SCANNER);
        let words = changes.words().join("");
        let told: Vec<f64> =
            words.rsplit("shifted ").next().unwrap().split(' ').filter_map(|w| w.parse().ok()).collect();
        let after = centre(&changes.apply(&sample(), 9, SHAPE[2]).0);
        for axis in 0..3 {
            let moved_mm = (after[axis] - before[axis]) * SCANNER.spacing_mm;
            assert!((moved_mm - told[axis]).abs() < 0.06, "{words}: axis {axis} moved {moved_mm}");
        }
    }
}

#[test]
fn a_rotation_about_z_keeps_volume_and_slices() {
    let config = only(|c| {
        c.affine = 1.0;
        (c.rotation_deg, c.tilt_deg, c.scale, c.shift_mm) = (90.0, 0.0, 0.0, 0.0);
    });
    let area = |mask: &Array3<u8>, z| mask.slice(s![.., .., z]).iter().filter(|&&v| v > 0).count() as f64;
    let before = sample().patch(9, SHAPE[2]).1;
    for item in 0..20 {
        let (_, mask) = drawn(&config, item);
        for z in 0..SHAPE[2] {
            let (a, b) = (area(&before, z), area(&mask, z));
            assert!((a - b).abs() <= 0.15 * a + 4.0, "slice {z}: {a} became {b}");
        }
    }
}

#[test]
fn scaling_multiplies_volume_by_its_cube() {
    let config = only(|c| {
        c.affine = 1.0;
        (c.rotation_deg, c.tilt_deg, c.scale, c.shift_mm) = (0.0, 0.0, 0.3, 0.0);
    });
    let volume = |mask: &Array3<u8>| mask.iter().filter(|&&v| v > 0).count() as f64;
    let before = volume(&sample().patch(9, SHAPE[2]).1);
    let ratios: Vec<f64> = (0..40).map(|item| volume(&drawn(&config, item).1) / before).collect();
    assert!(ratios.iter().any(|r| *r > 1.5) && ratios.iter().any(|r| *r < 0.65), "{ratios:?}");
    assert!(ratios.iter().all(|r| (0.4..2.4).contains(r)), "{ratios:?}");
}

#[test]
fn what_lies_beyond_the_patch_comes_from_the_crop_and_beyond_the_crop_is_padding() {
    let mut sample = sample();
    sample.image.fill(1.0);
    sample.padding = -4.0;
    let config = only(|c| {
        c.affine = 1.0;
        (c.rotation_deg, c.tilt_deg, c.scale, c.shift_mm) = (45.0, 10.0, 0.0, 1.0);
    });
    let (mut whole, mut padded) = (true, false);
    for item in 0..20 {
        let changes = Changes::draw(&config, Dice { seed: 1, epoch: 2, item }, SHAPE, SCANNER);
        whole &= changes.apply(&sample, 10, SHAPE[2]).0.iter().all(|v| (v - 1.0).abs() < 1e-5);
        padded |= changes.apply(&sample, 30, SHAPE[2]).0.iter().any(|v| (v + 4.0).abs() < 1e-5);
    }
    assert!(whole && padded);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn everything_together_is_finite_repeatable_and_of_the_patchs_shape(
        seed: u64, epoch in 0..300u32, item in 0..5000u64,
        x in 1..20usize, y in 1..20usize, size in 1..20usize, depth in 1..30usize, start in 0..12usize,
    ) {
        let sample = Sample {
            scan: String::new(),
            image: Array3::from_shape_fn((x, y, depth), |(x, y, z)| ((x * 3 + y * 5 + z * 7) % 11) as f32 / 4.0),
            mask: Array3::from_shape_fn((x, y, depth), |(x, _, z)| u8::from((x + z) % 5 == 0)),
            padding: -1.0,
        };
        let config = AugmentConfig { noise: 1.0, affine: 1.0, elastic: 1.0, bias: 1.0, ..AugmentPreset::Strong.values() };
        let once = || Changes::draw(&config, Dice { seed, epoch, item }, [x, y, size], SCANNER)
            .apply(&sample, start.min(depth - 1), size);
        let (image, mask) = once();
        prop_assert_eq!(image.dim(), (x, y, size));
        prop_assert!(image.iter().all(|v| v.is_finite()));
        prop_assert!(mask.iter().all(|v| *v <= 1));
        prop_assert_eq!(once(), (image, mask));
    }
}
