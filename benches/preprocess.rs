#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]
//! Times our crop for `benches/preprocess.sh`: IMAGE CURVE.csv OUT.nii.gz RUNS. Prints the seconds of each run as JSON and
//! writes the standardised crop, so that the caller can check that both sides computed the same.

use std::path::Path;
use std::time::Instant;

use deepseg::centerline::Curve;
use deepseg::dataset::Contrast;
use deepseg::preprocess::{Crop, CropSettings, Landmarks, crop, standardise};
use deepseg::volume::{Grid, Volume, read_image, write_image};

/// Crop with standardised intensities.
fn fused(image: &Volume<f32>, curve: &Curve, settings: &CropSettings) -> Crop {
    let mut crop = crop(image, None, curve, settings).unwrap();
    standardise(&mut crop.image, &crop.percentiles, &Landmarks::preset(&Contrast::T2s).unwrap());
    crop
}

/// Seconds of each of `runs` runs, after one to warm up.
fn timed(runs: usize, mut work: impl FnMut() -> Crop) -> Vec<f64> {
    work();
    let run = || {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed().as_secs_f64()
    };
    std::iter::repeat_with(run).take(runs).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [image_path, curve_path, out, runs] = arguments.as_slice() else {
        println!("usage: preprocess IMAGE CURVE.csv OUT.nii.gz RUNS; benches/preprocess.sh calls it");
        return;
    };
    let settings = CropSettings::default();
    let runs = runs.parse().unwrap();
    let image = read_image(Path::new(image_path)).unwrap();
    let curve = Curve::read_csv(Path::new(curve_path), &settings.tube_grid(&image.grid)).unwrap();
    let from_memory = timed(runs, || fused(&image, &curve, &settings));
    let from_file = timed(runs, || fused(&read_image(Path::new(image_path)).unwrap(), &curve, &settings));
    let crop = fused(&image, &curve, &settings);
    let grid = Grid { shape: crop.frame.shape(), affine: crop.frame.first_slice_affine() };
    write_image(Path::new(out), &Volume { grid, data: crop.image }).unwrap();
    println!("{}", serde_json::json!({ "from_memory": from_memory, "from_file": from_file }));
}
