//! The cord from the side, whole in one picture although it bends: a curved cut along a line, or a slab seen through.
//!
//! Pure, in RPI order like [`super::slice`], whose sagittal plane it shares: rows are slices, columns go from anterior to
//! posterior. Only left and right are straightened, so that a place in the picture is a place in the image.

use ndarray::{Array2, ArrayView3, Axis};

use super::scene::Scene;
use super::slice::{Cut, Plane, window};

/// How the third direction is dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SideKind {
    /// Cut along a line, a few millimetres thick.
    Curved,
    /// The mean over a slab in the middle.
    Mean,
    /// The brightest voxel of the slab.
    Brightest,
}

impl SideKind {
    /// The words people read.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Curved => "along the curve",
            Self::Mean => "mean of the middle",
            Self::Brightest => "brightest of the middle",
        }
    }

    /// The next kind in the cycle; the curved one only where there is a line.
    pub(crate) fn next(self, line: bool) -> Self {
        match self {
            Self::Curved => Self::Mean,
            Self::Mean => Self::Brightest,
            Self::Brightest if line => Self::Curved,
            Self::Brightest => Self::Mean,
        }
    }
}

/// A picture from the side.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) kind: SideKind,
    pub(crate) plane: Plane<f32>,
    /// Values shown as black and white.
    pub(crate) window: (f32, f32),
}

/// Thickness of the curved cut, and of the slab (mm): about half a cord, and the middle of a neck that is not quite straight.
const CUT_MM: f64 = 3.0;
const SLAB_MM: f64 = 16.0;
/// Edges that line up over this length (mm) are the cord's or the spine's, not noise.
const LENGTH_MM: f64 = 20.0;

/// The picture of a scan from the side. `line` is x (voxels) on every slice; without a wanted kind the curved cut is taken
/// where there is a line, else the slab picture in which more runs along the body.
pub(crate) fn side(scene: &Scene, line: Option<&[f64]>, wanted: Option<SideKind>) -> Side {
    let (image, spacing) = (scene.image.view(), scene.spacing);
    let middle = vec![(scene.shape()[0] as f64 - 1.0) / 2.0; scene.shape()[2]];
    let slab = |kind| made(kind, through(image, spacing[0], &middle, SLAB_MM, kind), spacing);
    match (wanted, line) {
        (None | Some(SideKind::Curved), Some(line)) => {
            let pixels = through(image, spacing[0], line, CUT_MM, SideKind::Curved);
            made(SideKind::Curved, pixels, spacing)
        }
        (Some(SideKind::Brightest), _) => slab(SideKind::Brightest),
        (Some(SideKind::Mean), _) => slab(SideKind::Mean),
        (_, None) => {
            let (mean, brightest) = (slab(SideKind::Mean), slab(SideKind::Brightest));
            let rows = (LENGTH_MM / spacing[2]).round().max(2.0) as usize;
            if along(&brightest.plane.pixels, rows) > along(&mean.plane.pixels, rows) {
                brightest
            } else {
                mean
            }
        }
    }
}

fn made(kind: SideKind, pixels: Array2<f32>, spacing: [f64; 3]) -> Side {
    let window = window(pixels.view().insert_axis(Axis(2)));
    Side {
        kind,
        window,
        plane: Plane { pixels, mm: Cut::Sagittal.size_mm(spacing), letters: Cut::Sagittal.letters() },
    }
}

/// The sagittal plane through x = `middle` of each slice, `thick` millimetres joined by their mean or their maximum.
fn through(
    image: ArrayView3<'_, f32>,
    width: f64,
    middle: &[f64],
    thick: f64,
    kind: SideKind,
) -> Array2<f32> {
    let (nx, ny, nz) = image.dim();
    let taps = ((thick / width).round() as usize).clamp(1, 64);
    let step = thick / width / taps as f64;
    let offsets: Vec<f64> = (0..taps).map(|k| (k as f64 + 0.5 - taps as f64 / 2.0) * step).collect();
    Array2::from_shape_fn((nz, ny), |(row, column)| {
        let (y, z) = (ny - 1 - column, nz - 1 - row);
        let centre = middle.get(z).copied().unwrap_or_default();
        let value = |offset: &f64| {
            let x = (centre + offset).clamp(0.0, nx as f64 - 1.0);
            let (low, share) = (x.floor() as usize, x.fract() as f32);
            image[[low, y, z]] * (1.0 - share) + image[[(low + 1).min(nx - 1), y, z]] * share
        };
        match kind {
            SideKind::Brightest => offsets.iter().map(value).fold(f32::NEG_INFINITY, f32::max),
            _ => offsets.iter().map(value).sum::<f32>() / taps as f32,
        }
    })
}

/// The share (0..1) of the edges between columns that stays when `rows` rows are joined: edges along the body do.
fn along(pixels: &Array2<f32>, rows: usize) -> f32 {
    let edges = |profile: &[f32]| profile.windows(2).map(|w| (w[1] - w[0]).abs()).sum::<f32>();
    let (mut single, mut joined) = (0.0, 0.0);
    for band in pixels.axis_chunks_iter(Axis(0), rows) {
        let n = band.nrows() as f32;
        single += band.rows().into_iter().map(|row| edges(&row.to_vec())).sum::<f32>();
        joined += edges(&band.sum_axis(Axis(0)).mapv(|v| v / n).to_vec()) * n;
    }
    if single > 0.0 { joined / single } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    /// A bright tube that bends to the left and back, in a volume whose slices differ in brightness.
    fn scene() -> (Scene, Vec<f64>) {
        let line: Vec<f64> = (0..40).map(|z| 20.0 + 12.0 * (z as f64 / 12.0).sin()).collect();
        let bend = line.clone();
        let image = Array3::from_shape_fn((41, 30, 40), |(x, y, z)| {
            let off = (x as f64 - bend[z]).hypot(y as f64 - 10.0);
            if off < 4.0 { 100.0 } else { ((x * 7 + y * 13 + z * 29) % 20) as f32 }
        });
        (Scene { image, spacing: [1.0, 1.0, 2.0], ..Scene::default() }, line)
    }

    #[test]
    fn along_its_line_a_bent_cord_is_whole() {
        let (scene, line) = scene();
        let side = side(&scene, Some(&line), None);
        assert_eq!(
            (side.kind, side.plane.pixels.dim(), side.plane.mm),
            (SideKind::Curved, (40, 30), [1.0, 2.0])
        );
        // Anterior is left: y = 10 of 30 is column 19.
        assert!(side.plane.pixels.column(19).iter().all(|v| *v > 99.0));
        assert!(side.plane.pixels.column(9).iter().all(|v| *v < 20.0));
    }

    #[test]
    fn without_a_line_the_clearer_slab_is_taken() {
        let (mut scene, _) = scene();
        let chosen = side(&scene, None, Some(SideKind::Curved));
        assert_ne!(chosen.kind, SideKind::Curved);
        // A cord darker than everything else is lost among the brightest.
        scene.image.mapv_inplace(|v| if v > 50.0 { 0.0 } else { 60.0 + v });
        assert_eq!(side(&scene, None, None).kind, SideKind::Mean);
        assert_eq!(side(&scene, None, Some(SideKind::Brightest)).kind, SideKind::Brightest);
    }

    #[test]
    fn odd_volumes_have_a_side_too() {
        for shape in [(1, 1, 1), (4, 4, 4), (1, 9, 3)] {
            let image = Array3::from_elem(shape, 3.0_f32);
            let scene = Scene { image, spacing: [1.0; 3], ..Scene::default() };
            assert!(side(&scene, None, None).plane.pixels.iter().all(|v| *v == 3.0));
            assert!(side(&scene, Some(&[99.0]), None).plane.pixels.iter().all(|v| *v == 3.0));
        }
    }

    #[test]
    fn the_cycle_has_no_curved_cut_without_a_line() {
        assert_eq!(SideKind::Brightest.next(false), SideKind::Mean);
        assert_eq!(SideKind::Brightest.next(true).next(true).next(true), SideKind::Brightest);
    }
}
