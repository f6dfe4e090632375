//! OptiC: the best curve through a detector's scores, the method the Spinal Cord Toolbox uses unless told otherwise.
//!
//! Gros et al., "Automatic spinal cord localization, robust to MRI contrasts using global curve optimization", Medical Image
//! Analysis 44 (2018). The detector's models are the toolbox's; this version answers voxel for voxel as its program does on
//! its three published references. It always answers, cord or not, so its doubts matter.

mod hog;
mod model;
mod resize;

use super::dpdt::best_path;
use super::{CenterlineError, Curve, Found, Search, Tools};
use crate::dataset::Contrast;
use model::Model;
use ndarray::parallel::prelude::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};
use ndarray::{Array2, Array3, ArrayView2, ArrayView3, Axis};
use std::path::PathBuf;

/// The method's name.
const NAME: &str = "optic";
/// Weight of the squared slope against the scores, as the toolbox has it.
const LAMBDA: f64 = 1.0;
/// Along an axis no slice is larger than this once it has the model's pixels (mm): nobody is two metres wide.
const WIDEST: f64 = 2048.0;
/// Scores along the curve from which a slice shows no cord to which it does. Of the slices of the 16 real images at hand 98 % are
/// above with the right model; of images turned by a quarter about half are below the middle, of noise almost all.
const COLD_TO_WARM: [f32; 2] = [-0.75, -0.25];
/// A curve on which less than this is believed is no answer.
const LEAST: f32 = 0.1;

/// The best curve through the image: on every slice, at whole voxels.
///
/// Needs `<contrast>_model.yml`. Fails where it is absent or unfit, on a voxel size that cannot be true, and when hardly
/// any slice shows a cord (the toolbox answers even then).
pub fn find(search: &Search<'_>) -> Result<Found, CenterlineError> {
    let model = Model::read(&model_path(search.tools, search.contrast)?)?;
    let scores = scores(search, &model)?;
    let scores = scores.view().permuted_axes([1, 2, 0]);
    let path = best_path(scores, search.image.grid.spacing(), LAMBDA, || search.go_on())?;
    let met: Vec<f32> = path.iter().enumerate().map(|(z, [x, y])| scores[[*x, *y, z]]).collect();
    let xy = path.into_iter().map(|at| at.map(|i| i as f64)).collect();
    let curve = Curve { grid: search.image.grid, first_z: 0, xy, method: NAME.into(), confidence: None };
    Ok(Found { doubts: doubts(&met)?, ..Found::plain(curve) })
}

/// Where the model for a contrast is. Opens nothing.
pub(super) fn model_path(tools: &Tools, contrast: &Contrast) -> Result<PathBuf, CenterlineError> {
    let contrast = match contrast {
        // The toolbox has one T2 model, made for all of them.
        Contrast::T2 | Contrast::T2Ax => "t2",
        other => other.name(),
    };
    if !["t1", "t2", "t2s", "dwi"].contains(&contrast) {
        let contrast = contrast.to_owned();
        return Err(CenterlineError::NoContrast { method: NAME, contrast, known: "t1, t2, t2s and dwi" });
    }
    let name = format!("{contrast}_model.yml");
    let missing = || CenterlineError::NoModel { method: NAME, name: name.clone(), places: tools.places() };
    tools.model(&name).ok_or_else(missing)
}

/// The detector's score of every voxel: `[z, x, y]`.
fn scores(search: &Search<'_>, model: &Model) -> Result<Array3<f32>, CenterlineError> {
    let factors = factors(search, model)?;
    let [nx, ny, nz] = search.image.grid.shape;
    let image = search.image.data.view();
    let levels = Levels::of(&image);
    let mut scores = Array3::zeros((nz, nx, ny));
    let slices = scores.axis_iter_mut(Axis(0)).into_par_iter().zip(image.axis_iter(Axis(2)));
    slices.try_for_each(|(mut scores, slice)| -> Result<(), CenterlineError> {
        search.go_on()?;
        let grey = resize::resize_grey(&grey(slice, &levels), factors);
        scores.assign(&resize::resize_to(hog::scores(&grey, model).view(), [nx, ny]));
        Ok(())
    })?;
    Ok(scores)
}

/// How many of the model's pixels one of the image's is, along x and y.
fn factors(search: &Search<'_>, model: &Model) -> Result<[f64; 2], CenterlineError> {
    let grid = &search.image.grid;
    let spacing = grid.spacing();
    // The header holds 32 bits; what the affine adds to them is noise.
    let factors = [0, 1].map(|i| f64::from(spacing[i] as f32) / model.pixel[i]);
    let sound = |i: usize| factors[i] > 0.0 && factors[i] * grid.shape[i] as f64 <= WIDEST;
    if sound(0) && sound(1) && !search.image.data.is_empty() {
        return Ok(factors);
    }
    let [x, y, _] = spacing;
    Err(CenterlineError::NotFound(format!(
        "the header says that a voxel is {x} x {y} mm, with which no slice makes sense: repair it (`deepseg check`)"
    )))
}

/// The image's intensities as the toolbox hands them over: 16 bits without sign.
struct Levels {
    scale: f64,
    least: f64,
}

impl Levels {
    fn of(image: &ArrayView3<'_, f32>) -> Self {
        let [least, most] =
            image.fold([f32::INFINITY, f32::NEG_INFINITY], |[a, b], v| [a.min(*v), b.max(*v)]).map(f64::from);
        let scale = if most > least { 65535.0 / (most - least) } else { 0.0 };
        Self { scale, least: least * scale }
    }

    fn of_voxel(&self, value: f32) -> u16 {
        (f64::from(value) * self.scale - self.least) as u16
    }
}

/// A slice in 8 bits, its own darkest and brightest pixel at both ends.
fn grey(slice: ArrayView2<'_, f32>, levels: &Levels) -> Array2<u8> {
    let slice = slice.mapv(|value| levels.of_voxel(value));
    let [least, most] = slice.fold([u16::MAX, 0], |[a, b], v| [a.min(*v), b.max(*v)]).map(f64::from);
    let scale = if most > least { 255.0 / (most - least) } else { 0.0 };
    slice.mapv(|value| ((f64::from(value) - least) * scale).round_ties_even() as u8)
}

/// What the scores along the curve say against it; when hardly any shows a cord, that there is none.
fn doubts(met: &[f32]) -> Result<Vec<(f32, String)>, CenterlineError> {
    let [cold, warm] = COLD_TO_WARM;
    let beliefs: Vec<f32> =
        met.iter().map(|score| ((score - cold) / (warm - cold)).clamp(0.0, 1.0)).collect();
    let (all, strange) = (met.len(), beliefs.iter().filter(|belief| **belief < 0.5).count());
    let belief = beliefs.iter().sum::<f32>() / all.max(1) as f32;
    if belief < LEAST {
        return Err(CenterlineError::NotFound(format!(
            "hardly anything on the {all} slices looks like a cord to the detector: are contrast and orientation right?"
        )));
    }
    let reason = match strange {
        0 => "what it follows looks only faintly like a cord to the detector".into(),
        _ => {
            format!("what it follows on {strange} of {all} slices does not look like a cord to the detector")
        }
    };
    // Squared, because a curve that is wrong somewhere is usually wrong around it too. On real images turned, mirrored or cut, 4 of
    // 27 wrong curves then keep half of the trust; on the images as they are no right one loses more than an eighth.
    Ok(if belief < 1.0 { vec![(belief * belief, reason)] } else { Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::shared;
    use crate::volume::{Affine, Grid, Volume, read_image};
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::sync::atomic::AtomicBool;

    fn run(image: &Volume<f32>, contrast: &str) -> Option<Result<Found, CenterlineError>> {
        let tools = Tools::with([shared("data/models")?], None);
        let contrast = contrast.parse().unwrap();
        Some(find(&Search { image, contrast: &contrast, tools: &tools, cancel: &AtomicBool::new(false) }))
    }

    fn image(path: &str) -> Option<Volume<f32>> {
        read_image(&shared(&format!("data/sct-testing/{path}.nii.gz"))?).ok()
    }

    #[test]
    fn equals_the_published_references() {
        for (path, contrast) in [("t2/t2", "t2"), ("t2s/t2s", "t2s"), ("dmri/dwi_mean", "dwi")] {
            let (Some(native), Some(reference)) = (image(path), image(&format!("{path}_centerline-optic")))
            else {
                return;
            };
            for holes in [false, true] {
                let mut native = native.clone();
                if holes {
                    (native.data[[0, 0, 0]], native.data[[1, 0, 0]]) = (f32::NAN, f32::INFINITY);
                    native.zero_non_finite();
                }
                let Some(found) = run(&native.to_rpi(), contrast) else { return };
                let voxels = found.unwrap().curve.to_voxels();
                assert_eq!(voxels.data.mapv(f32::from), reference.to_rpi().data, "{path}, holes: {holes}");
            }
        }
    }

    #[test]
    fn finds_the_points_of_other_images() {
        for (path, contrast, points) in [
            ("t1/t1w", "t1", [[18.0, 36.0], [18.0, 38.0], [17.0, 37.0]]),
            ("t2/t2_fake_lesion", "t2", [[16.0, 26.0], [14.0, 48.0], [10.0, 64.0]]),
            ("t2s/t2s_uncropped", "t2s", [[173.0, 163.0], [174.0, 162.0], [172.0, 154.0]]),
        ] {
            let Some(image) = image(path) else { return };
            let Some(found) = run(&image.to_rpi(), contrast) else { return };
            let xy = found.unwrap().curve.xy;
            assert_eq!([xy[0], xy[xy.len() / 2], xy[xy.len() - 1]], points, "{path}");
        }
    }

    fn noise(shape: [usize; 3], spacing: [f64; 3], scale: f32) -> Volume<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut volume = Volume::filled(Grid { shape, affine: Affine::scaling(spacing, [0.0; 3]) }, 0.0);
        volume.data.mapv_inplace(|_| scale * (random.random::<f32>() - 0.5));
        volume
    }

    #[test]
    fn doubts_what_does_not_look_like_a_cord() {
        let Some(cord) = image("t2/t2") else { return };
        let Some(found) = run(&cord.to_rpi(), "t2") else { return };
        assert_eq!(found.unwrap().doubts, []);
        for contrast in ["t1", "t2", "t2s", "dwi"] {
            let answer = run(&noise([60, 60, 12], [0.7, 0.7, 4.0], 100.0), contrast).unwrap();
            match answer {
                Err(CenterlineError::NotFound(_)) => (),
                Ok(found) => assert!(found.doubts[0].0 < 0.2, "{:?}", found.doubts),
                Err(other) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn strange_images_are_answered() {
        for (shape, spacing, scale) in [
            ([4, 4, 4], [1.0; 3], 1.0),
            ([1, 1, 1], [0.5; 3], 1.0),
            ([30, 2, 1], [3.0, 3.0, 8.0], 1e38),
            ([40, 40, 3], [2.5, 1.3, 0.0], 0.0),
            ([9, 9, 2], [0.01, 0.01, 100.0], 1e-40),
        ] {
            let Some(answer) = run(&noise(shape, spacing, scale), "t2s") else { return };
            assert!(matches!(answer, Ok(_) | Err(CenterlineError::NotFound(_))), "{answer:?}");
        }
        let Some(answer) = run(&noise([9, 9, 9], [0.0, 1.0, 1.0], 1.0), "t2") else { return };
        assert!(answer.unwrap_err().to_string().contains("header"));
    }

    #[test]
    fn says_what_is_missing() {
        let image = noise([4, 4, 4], [1.0; 3], 1.0);
        let (none, cancel) = (Tools::with([], None), AtomicBool::new(false));
        let told = |contrast: Contrast| {
            find(&Search { image: &image, contrast: &contrast, tools: &none, cancel: &cancel })
                .unwrap_err()
                .to_string()
        };
        assert!(told(Contrast::T2Ax).contains("t2_model.yml"));
        assert!(told(Contrast::Other("pd".into())).contains("t1, t2, t2s and dwi"));
    }

    #[test]
    fn stops_when_nobody_waits() {
        let Some(models) = shared("data/models") else { return };
        let (image, tools) = (noise([9, 9, 9], [1.0; 3], 1.0), Tools::with([models], None));
        let search =
            Search { image: &image, contrast: &Contrast::T2, tools: &tools, cancel: &AtomicBool::new(true) };
        assert!(matches!(find(&search), Err(CenterlineError::Cancelled)));
    }
}
