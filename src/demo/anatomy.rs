//! One subject's body as a function: world point -> how much of each tissue. Continuous, so that any scanner grid can
//! sample it; knows nothing of grids, contrasts or files.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::volume::Millimetres;

use super::cord::Cord;
use super::lesions::{self, Lesion, LesionSize, LesionTruth};
use super::neck::Neck;
use super::noise::Noise;
use super::spine::{Place, Spine};
use super::tissue::{Mixture, Tissue};
use super::vertebrae::Vertebrae;

/// One subject.
#[derive(Clone, Debug)]
pub(super) struct Anatomy {
    spine: Spine,
    cord: Cord,
    vertebrae: Vertebrae,
    neck: Neck,
    unevenness: Noise,
    lesions: Vec<Lesion>,
}

impl Anatomy {
    /// The body that `seed` stands for, with lesions of the given sizes between two world z (mm).
    pub(super) fn new(seed: u64, sizes: &[LesionSize], lesion_z: [f64; 2]) -> Self {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let (spine, cord) = (Spine::random(rng), Cord::random(rng));
        let (vertebrae, neck) = (Vertebrae::random(rng), Neck::random(rng));
        let unevenness = Noise::new(rng.random());
        let lesions = lesions::place(sizes, lesion_z, &cord, rng);
        Self { spine, cord, vertebrae, neck, unevenness, lesions }
    }

    /// World x, y (mm) of the cord's centre at world `z`: the exact centerline.
    pub(super) fn center(&self, z: f64) -> [f64; 2] {
        self.spine.center(z)
    }

    /// How many lesions there are.
    pub(super) fn lesion_count(&self) -> usize {
        self.lesions.len()
    }

    /// What the lesions measure.
    pub(super) fn lesion_truth(&self) -> Vec<LesionTruth> {
        self.lesions.iter().map(|lesion| lesion.truth(&self.spine, &self.cord)).collect()
    }

    /// Tissues in a sample of half-width `blur` mm around a world point.
    pub(super) fn mixture(&self, at: Millimetres, blur: f64) -> Mixture {
        let place = self.spine.place(at, blur);
        let sac = self.cord.sac_distance(&place);
        // Deep in the sac nothing of the surroundings shows: the costly part is skipped.
        let mut sample = Mixture::of(if sac < -blur { Tissue::Csf } else { Tissue::Air });
        if sac > -blur {
            let uneven = self.roughened(place, sac);
            self.neck.paint(&uneven, &mut sample);
            self.vertebrae.paint(&uneven, &mut sample);
            paint_epidural(&place, sac, &mut sample);
        }
        if sac < blur + 1.0 {
            self.cord.paint(&place, sac, &mut sample);
            for lesion in &self.lesions {
                if lesion.z_range().contains(&place.z) {
                    let cover = place.cover(lesion.distance(&place, &self.cord));
                    sample.paint(Tissue::Lesion, lesion.severity * cover);
                }
            }
        }
        sample
    }

    /// The place a little displaced, most so around the column: nothing in a body is a straight line or a mirror image.
    fn roughened(&self, at: Place, sac: f64) -> Place {
        let far = (sac / 4.0).clamp(0.0, 1.0) * (1.0 - (sac - 18.0) / 22.0).clamp(0.12, 1.0);
        let push = |salt: f64, mm: f64| {
            mm * far * self.unevenness.smooth([at.u / 10.0 + salt, at.v / 10.0, at.z / 16.0])
        };
        Place { u: at.u + push(0.0, 1.4), v: at.v + push(50.0, 1.4), along: at.along + push(90.0, 1.2), ..at }
    }

    /// Whether a voxel around a world point can hold cord or lesion: far fewer can than cannot.
    pub(super) fn is_near_cord(&self, at: Millimetres) -> bool {
        let place = self.spine.place(at, 1.0);
        place.u.abs() < 11.0 && place.v.abs() < 9.0
    }

    /// Whether a voxel around a world point can hold part of lesion number `index`.
    pub(super) fn may_touch_lesion(&self, index: usize, at: Millimetres) -> bool {
        let near = |lesion: &Lesion| (lesion.center[2] - at[2]).abs() < lesion.half_axes[2] + 4.0;
        self.is_near_cord(at) && self.lesions.get(index).is_some_and(near)
    }

    /// Fraction (0..1) of cord in a sample.
    pub(super) fn cord_part(&self, at: Millimetres, blur: f64) -> f64 {
        let place = self.spine.place(at, blur);
        place.cover(self.cord.distance(&place))
    }

    /// Fraction (0..1) of lesion number `index` in a sample, however severe it is.
    pub(super) fn lesion_part(&self, index: usize, at: Millimetres, blur: f64) -> f64 {
        let place = self.spine.place(at, blur);
        self.lesions.get(index).map_or(0.0, |lesion| {
            if lesion.z_range().contains(&place.z) {
                place.cover(lesion.distance(&place, &self.cord))
            } else {
                0.0
            }
        })
    }
}

/// Fat between dura and bone: a triangle behind the sac, a thin layer elsewhere, dark ligament in front.
fn paint_epidural(at: &Place, sac: f64, sample: &mut Mixture) {
    let ligament = if at.v > 3.0 { 0.8 } else { 0.25 };
    let canal = at.cover(sac - 1.7);
    sample.paint(Tissue::Fat, canal);
    sample.paint(Tissue::Fascia, ligament * canal);
    let behind = super::shapes::stroke([at.u, at.v], [0.0, -6.5], [0.0, -8.6], 2.2, 0.7);
    sample.paint(Tissue::Fat, 0.9 * at.cover(behind));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Anatomy {
        Anatomy::new(11, &[LesionSize::Medium, LesionSize::Tiny], [-25.0, 25.0])
    }

    #[test]
    fn the_centerline_runs_through_the_cord_and_the_front_is_bone() {
        let body = subject();
        for z in [-60.0, -20.0, 0.0, 20.0, 50.0] {
            let [x, y] = body.center(z);
            assert_eq!(body.cord_part([x, y, z], 0.1), 1.0);
            assert_eq!(body.cord_part([x, y + 9.0, z], 0.1), 0.0);
            assert_eq!(body.mixture([x, y + 300.0, z], 0.1).part(Tissue::Air), 1.0);
        }
    }

    #[test]
    fn the_butterfly_is_grey_and_the_columns_around_it_are_white() {
        let body = Anatomy::new(5, &[], [0.0, 1.0]);
        let [x, y] = body.center(0.0);
        for side in [-1.0, 1.0] {
            assert!(body.mixture([x + side * 2.0, y + 0.9, 0.0], 0.1).part(Tissue::Grey) > 0.9);
            assert!(body.mixture([x + side * 4.6, y + 0.3, 0.0], 0.1).part(Tissue::White) > 0.9);
        }
        assert!(body.mixture([x, y - 2.5, 0.0], 0.1).part(Tissue::White) > 0.9);
    }

    #[test]
    fn lesions_lie_in_the_cord_and_measure_about_an_ellipsoid() {
        let body = subject();
        assert_eq!(body.lesion_count(), 2);
        for (lesion, truth) in body.lesions.iter().zip(body.lesion_truth()) {
            let ideal = 4.0 / 3.0 * std::f64::consts::PI * lesion.half_axes.iter().product::<f64>();
            assert!((0.5..1.6).contains(&(truth.volume_mm3 / ideal)), "{truth:?} against {ideal}");
            assert_eq!(body.cord_part(truth.center_mm, 0.1), 1.0);
        }
    }
}
