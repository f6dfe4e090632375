//! What goes wrong with images: cut, flipped, spoilt, and images without any cord.

use deepseg::dataset::Contrast;
use deepseg::volume::{Affine, Grid, Volume};
use ndarray::{Axis, Slice};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cases::Case;

/// A case spoilt in every way there is.
pub fn damaged(case: &Case) -> Vec<Case> {
    let named = |what: &str, case: Case| Case { name: format!("{}: {what}", case.name), ..case };
    vec![
        named("upper half only", upper_half(case)),
        named("without the cord's half", without_cord(case)),
        named("upside down", upside_down(case)),
        named("a quarter lost", quarter_lost(case)),
        named("mostly noise", noisy(case, 1.0)),
        named("noise only", noise_only(case)),
    ]
}

/// Images in which there is nothing to find.
pub fn hopeless() -> Vec<Case> {
    let make = |name: &str, shape: [usize; 3], voxel: &dyn Fn(usize) -> f32| {
        let grid = Grid { shape, affine: Affine::scaling([-1.0, 1.0, 3.0], [0.0; 3]) };
        let mut image = Volume::filled(grid, 0.0);
        image.data.iter_mut().enumerate().for_each(|(i, v)| *v = voxel(i));
        nothing(name, image)
    };
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let noise: Vec<f32> = (0..4 * 4 * 4).map(|_| random.random()).collect();
    vec![
        make("constant", [120, 120, 20], &|_| 100.0),
        make("zeros", [120, 120, 20], &|_| 0.0),
        make("4x4x4 noise", [4, 4, 4], &|i| noise[i]),
        make("one voxel", [1, 1, 1], &|_| 3.0),
        make("a ramp", [100, 100, 30], &|i| (i % 100) as f32),
        ball(),
        brain(),
    ]
}

fn nothing(name: &str, image: Volume<f32>) -> Case {
    let contrast = Contrast::T2;
    Case { name: name.into(), contrast, image, truth: Vec::new(), mask: None, synthetic: true }
}

fn sliced(case: &Case, axis: usize, from: usize, to: usize) -> Case {
    let data = case.image.data.slice_axis(Axis(axis), Slice::from(from..to)).to_owned();
    let mut grid = case.image.grid;
    grid.shape[axis] = to - from;
    (0..3).for_each(|row| grid.affine.0[row][3] += from as f64 * grid.affine.0[row][axis]);
    let mut image = Volume::filled(grid, 0.0);
    image.data.assign(&data);
    let mask = case.mask.as_ref().map(|mask| {
        let mut part = Volume::filled(grid, 0);
        part.data.assign(&mask.data.slice_axis(Axis(axis), Slice::from(from..to)));
        part
    });
    Case { image, mask, ..case.clone() }
}

fn upper_half(case: &Case) -> Case {
    let slices = case.image.grid.shape[2];
    let cut = sliced(case, 2, slices / 2, slices);
    Case { truth: case.truth[slices / 2..].to_vec(), ..cut }
}

/// Only what lies beside the cord, from 8 mm off it.
fn without_cord(case: &Case) -> Case {
    let (shape, spacing) = (case.image.grid.shape, case.image.grid.spacing());
    let at: Vec<f64> = case.truth.iter().flatten().map(|c| c[0]).collect();
    let (low, high) = at.iter().fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
    let margin = 8.0 / spacing[0];
    let (left, right) = ((low - margin).max(0.0) as usize, ((high + margin) as usize).min(shape[0]));
    let cut = if left > shape[0] - right {
        sliced(case, 0, 0, left.max(1))
    } else {
        sliced(case, 0, right.min(shape[0] - 1), shape[0])
    };
    Case { truth: Vec::new(), mask: None, ..cut }
}

fn upside_down(case: &Case) -> Case {
    let mut turned = case.clone();
    turned.image.data.invert_axis(Axis(2));
    if let Some(mask) = &mut turned.mask {
        mask.data.invert_axis(Axis(2));
    }
    turned.truth.reverse();
    turned
}

/// Every fourth millimetre-wide block of slices without signal, as NaN read as 0.
fn quarter_lost(case: &Case) -> Case {
    let mut spoilt = case.clone();
    let slices = case.image.grid.shape[2];
    let lost = slices / 2..(slices / 2 + slices.div_ceil(4)).min(slices);
    spoilt.image.data.slice_axis_mut(Axis(2), Slice::from(lost)).fill(0.0);
    spoilt
}

fn noisy(case: &Case, share: f32) -> Case {
    let mut spoilt = case.clone();
    let (mean, spread) = spread(&case.image);
    let mut random = ChaCha8Rng::seed_from_u64(5);
    spoilt.image.data.mapv_inplace(|v| v + share * (mean + spread) * 2.0 * (random.random::<f32>() - 0.5));
    spoilt
}

fn noise_only(case: &Case) -> Case {
    let (mean, spread) = spread(&case.image);
    let mut random = ChaCha8Rng::seed_from_u64(6);
    let mut spoilt = case.clone();
    spoilt.image.data.mapv_inplace(|_| mean + spread * (random.random::<f32>() - 0.5));
    Case { truth: Vec::new(), mask: None, ..spoilt }
}

fn spread(image: &Volume<f32>) -> (f32, f32) {
    let mean = image.data.mean().unwrap_or(0.0);
    (mean, image.data.mapv(|v| (v - mean).powi(2)).mean().unwrap_or(0.0).sqrt())
}

/// A bright ball in the dark.
fn ball() -> Case {
    let grid = Grid { shape: [100, 100, 30], affine: Affine::scaling([-1.0, 1.0, 3.0], [0.0; 3]) };
    let mut image = Volume::filled(grid, 0.0);
    image.data.indexed_iter_mut().for_each(|((x, y, z), v)| {
        let far = (x as f64 - 50.0).hypot(y as f64 - 50.0).hypot(3.0 * (z as f64 - 15.0));
        *v = if far < 35.0 { 100.0 } else { 0.0 };
    });
    nothing("a ball", image)
}

/// A head without a neck: scalp, skull, folded grey and white matter, ventricles.
fn brain() -> Case {
    let grid = Grid { shape: [90, 110, 40], affine: Affine::scaling([-2.0, 2.0, 3.0], [0.0; 3]) };
    let mut image = Volume::filled(grid, 0.0);
    let mut random = ChaCha8Rng::seed_from_u64(9);
    image.data.indexed_iter_mut().for_each(|((x, y, z), v)| {
        let at =
            [2.0 * (x as f64 - 45.0) / 72.0, 2.0 * (y as f64 - 55.0) / 92.0, 3.0 * (z as f64 - 10.0) / 80.0];
        let far = at.iter().map(|c| c * c).sum::<f64>().sqrt();
        let folds = (14.0 * at[0]).sin() * (11.0 * at[1]).cos() * (9.0 * at[2] + 1.0).sin();
        let tissue = match far {
            f if f > 1.0 => 2.0,
            f if f > 0.94 => 180.0,
            f if f > 0.88 => 15.0,
            f if f > 0.84 => 220.0,
            f if (at[0].abs() - 0.12).hypot(at[1]) < 0.1 && f < 0.5 => 230.0,
            f if f > 0.7 + 0.12 * folds => 120.0,
            _ => 85.0,
        };
        *v = tissue + 8.0 * (random.random::<f32>() - 0.5);
    });
    nothing("brain only", image)
}
