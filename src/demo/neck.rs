//! Everything around the column: skin, fat, muscle bellies with septa, windpipe, gullet, thyroid and vessels.
//! Drawn to look right at a glance and to be a hard background; no part of it is measured.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::noise::Noise;
use super::shapes::ellipse;
use super::spine::Place;
use super::tissue::{Mixture, Tissue};

/// Thickness of the skin, mm.
const SKIN: f64 = 1.8;
/// Size of a muscle belly around the neck and across it, mm.
const BELLY: [f64; 2] = [19.0, 10.0];

/// One subject's neck.
#[derive(Clone, Debug)]
pub(super) struct Neck {
    scale: f64,
    /// Subcutaneous fat, mm.
    fat: f64,
    bellies: Noise,
    fibres: Noise,
}

impl Neck {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        Self {
            scale: rng.random_range(0.92..1.06),
            fat: rng.random_range(3.0..7.0),
            bellies: Noise::new(rng.random()),
            fibres: Noise::new(rng.random()),
        }
    }

    /// Body inside the skin; leaves air outside it.
    pub(super) fn paint(&self, at: &Place, sample: &mut Mixture) {
        let skin = self.skin_distance(at);
        if skin > at.blur {
            return;
        }
        sample.paint(Tissue::Skin, at.cover(skin));
        sample.paint(Tissue::Fat, at.cover(skin + SKIN));
        let grain = self.fibres.smooth([at.u / 3.0, at.v / 2.0, at.z / 4.0]);
        sample.paint(Tissue::Fascia, 0.12 * grain.max(0.0) * at.cover(skin + SKIN));
        // Thickest over the nape.
        let nape = 1.0 + 0.9 * (-at.v / 40.0).clamp(0.0, 1.0);
        self.paint_muscle(at, skin + SKIN + self.fat * nape, sample);
        self.paint_throat(at, sample);
        self.paint_vessels(at, sample);
    }

    /// Signed distance (mm) to the skin; shoulders widen the lower neck.
    fn skin_distance(&self, at: &Place) -> f64 {
        let shoulders = (-30.0 - at.z).max(0.0);
        let half = [self.scale * 60.0 + 1.3 * shoulders, self.scale * 56.0 + 0.1 * shoulders];
        ellipse([at.u, at.v + 4.0 + 0.6 * at.forward], half)
    }

    /// Muscle bellies lie around the column in layers, mirrored left to right, with fat in the septa and between fibres.
    fn paint_muscle(&self, at: &Place, distance: f64, sample: &mut Mixture) {
        sample.paint(Tissue::Fascia, 0.7 * at.cover(distance - 0.6));
        let cover = at.cover(distance);
        if cover <= 0.0 {
            return;
        }
        let (across, behind) = (at.u.abs(), at.v + 4.0);
        let around = across.atan2(-behind) * 30.0;
        let warp = |salt: f64| 3.0 * self.bellies.smooth([at.u / 18.0 + salt, at.v / 18.0, at.z / 45.0]);
        let (arc, radius) = (around + warp(0.0), across.hypot(behind) + warp(40.0));
        let wall = self.bellies.wall_distance([arc / BELLY[0], radius / BELLY[1]]) * BELLY[1];
        sample.paint(Tissue::Muscle, cover);
        let streak = self.fibres.smooth([at.u / 1.3, at.v / 1.3, at.z / 11.0]);
        sample.paint(Tissue::Fat, cover * 0.09 * (1.0 + streak));
        // Fat in the septa, here more and there less; fascia where there is little.
        let plenty = self.fibres.smooth([at.u / 8.0, at.v / 8.0, at.z / 22.0]);
        sample.paint(Tissue::Fascia, 0.8 * cover * at.cover(wall - 0.3));
        let fat = (0.65 + 0.6 * plenty).clamp(0.0, 1.0);
        sample.paint(Tissue::Fat, fat * cover * at.cover(wall - 0.35 - 0.5 * plenty.max(0.0)));
        // The nuchal ligament parts the two sides behind the column.
        let sway = 0.8 * self.fibres.smooth([0.0, at.v / 9.0, at.z / 25.0]);
        let midline = ((at.u - sway).abs() - 0.45).max(at.v + 14.0);
        sample.paint(Tissue::Fat, 0.5 * cover * at.cover(midline - 0.7));
        let strand = self.fibres.smooth([3.5, at.v / 12.0, at.z / 1.8]);
        sample.paint(Tissue::Fascia, (0.5 + 0.4 * strand) * cover * at.cover(midline));
    }

    /// Windpipe with its cartilage and lining, gullet, thyroid, in loose fat.
    fn paint_throat(&self, at: &Place, sample: &mut Mixture) {
        let front = 35.0 * self.scale - 0.3 * at.forward;
        let bed = ellipse([at.u, at.v - front + 1.0], [19.0, 12.0]);
        if bed > at.blur {
            return;
        }
        let loose = self.fibres.smooth([at.u.abs() / 4.0, at.v / 3.0, at.z / 12.0]);
        sample.paint(Tissue::Fat, (0.35 + 0.45 * loose).clamp(0.0, 0.8) * at.cover(bed));
        let lobe = ellipse([at.u.abs() - 11.5, at.v - front - 1.0], [5.0, 8.0]);
        let tall = (at.z + 30.0).abs() - 24.0;
        sample.paint(Tissue::Gland, at.cover(lobe.max(tall)));
        let gullet = ellipse([at.u - 2.5, at.v - front + 8.5], [6.0, 2.8]);
        sample.paint(Tissue::Muscle, at.cover(gullet));
        sample.paint(Tissue::Gland, at.cover(gullet + 1.3));
        let pipe = ellipse([at.u, at.v - front - 1.5], [8.6, 7.6]);
        // Rings of cartilage with soft tissue between them.
        let ring = 0.5 + 0.5 * (at.z * std::f64::consts::TAU / 5.0).sin();
        sample.paint(Tissue::Fascia, at.cover(pipe) * (0.6 + 0.4 * ring));
        sample.paint(Tissue::Gland, at.cover(pipe + 1.3));
        sample.paint(Tissue::Air, at.cover(pipe + 2.2));
    }

    /// Carotid arteries and jugular veins.
    fn paint_vessels(&self, at: &Place, sample: &mut Mixture) {
        let p = [at.u.abs(), at.v];
        let sheath = ellipse([p[0] - 26.0, p[1] - 24.0], [8.5, 6.5]);
        if sheath > at.blur {
            return;
        }
        sample.paint(Tissue::Fat, 0.55 * at.cover(sheath));
        let carotid = ellipse([p[0] - 21.5, p[1] - 25.0], [2.9, 2.9]);
        let jugular = ellipse([p[0] - 30.0, p[1] - 23.5], [4.3, if at.u > 0.0 { 3.4 } else { 2.6 }]);
        sample.paint(Tissue::Fascia, at.cover(carotid.min(jugular) - 0.8));
        sample.paint(Tissue::Blood, at.cover(carotid.min(jugular)));
    }
}
