//! The cord and the sac it floats in: outline by level, grey-matter butterfly, central canal, rootlets, CSF.
//! Sizes after published cervical morphometry: about 12-14 mm wide and 7-8 mm deep, widest at C5-C6.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::noise::Noise;
use super::shapes::{ellipse, melt, stroke};
use super::spine::Place;
use super::tissue::{Mixture, Tissue};

/// Thickness of the dura, mm.
const DURA: f64 = 0.6;

/// One subject's cord and dural sac.
#[derive(Clone, Debug)]
pub(super) struct Cord {
    scale: f64,
    sac_scale: f64,
    /// How far in front of (or behind) the sac's middle the cord floats, mm.
    float: f64,
    flow: Noise,
}

impl Cord {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        Self {
            scale: rng.random_range(0.93..1.07),
            sac_scale: rng.random_range(0.95..1.08),
            float: rng.random_range(-0.5..0.7),
            flow: Noise::new(rng.random()),
        }
    }

    /// Half-width and half-depth of the cord (mm) at a level (mm along the spine): the cervical enlargement around C5-C6,
    /// slimmer in the chest.
    pub(super) fn half_axes(&self, along: f64) -> [f64; 2] {
        let enlarged = (-((along + 8.0) / 24.0).powi(2)).exp();
        let thoracic = 1.0 / (1.0 + ((along + 52.0) / 8.0).exp());
        [
            self.scale * (5.7 + 1.1 * enlarged - 0.8 * thoracic),
            self.scale * (3.8 + 0.2 * enlarged - 0.3 * thoracic),
        ]
    }

    /// Signed distance (mm) to the cord's surface.
    pub(super) fn distance(&self, at: &Place) -> f64 {
        let [a, b] = self.half_axes(at.along);
        // The anterior median fissure is CSF; a rater's mask does not cut it out, but it is too thin to matter there.
        let fissure = stroke([at.u, at.v], [0.0, b + 0.8], [0.0, 0.66 * b], 0.26, 0.03);
        ellipse([at.u, at.v], [a, b]).max(-fissure)
    }

    /// Signed distance (mm) to the inside of the dura: flat in front, tapering to the back.
    pub(super) fn sac_distance(&self, at: &Place) -> f64 {
        let v = at.v + self.float;
        let b = 6.1 * self.sac_scale;
        let a = 10.2 * self.sac_scale * (1.0 + 0.2 * (v / b).clamp(-1.0, 1.0));
        ellipse([at.u, v], [a, b]).max(v - 0.88 * b)
    }

    /// Dura, CSF, rootlets, cord; `sac` is [`Cord::sac_distance`].
    pub(super) fn paint(&self, at: &Place, sac: f64, sample: &mut Mixture) {
        sample.paint(Tissue::Fascia, at.cover(sac - DURA));
        sample.paint(Tissue::Csf, at.cover(sac));
        // Pulsation leaves darker streaks in the CSF, more so beside the cord than in front of it.
        let streak = self.flow.smooth([at.u / 4.0, at.v / 2.5, at.z / 14.0]);
        sample.paint(Tissue::Blood, 0.2 * streak.max(0.0) * at.cover(sac + 0.8));
        let cord = self.distance(at);
        if cord > at.blur {
            self.paint_rootlets(at, sac, sample);
            return;
        }
        sample.paint(Tissue::White, at.cover(cord));
        let inside = at.cover(cord + 0.5);
        sample.paint(Tissue::Grey, inside * at.cover(self.grey_distance(at)));
        sample.paint(Tissue::Csf, at.cover(ellipse([at.u, at.v - 0.1], [0.2, 0.16])));
    }

    /// Signed distance (mm) to the butterfly: thick anterior horns, slim posterior horns reaching for the surface, and the
    /// commissure between them.
    fn grey_distance(&self, at: &Place) -> f64 {
        let [a, b] = self.half_axes(at.along);
        // Drawn for a cord of half-axes 6.7 x 4.0 mm and stretched to this one.
        let p = [at.u.abs() * 6.7 / a, at.v * 4.0 / b];
        let anterior = ellipse([p[0] - 2.05, p[1] - 0.95], [1.4, 1.15]);
        let posterior = stroke(p, [1.5, 0.3], [2.8, -2.4], 0.85, 0.5);
        let commissure = stroke(p, [0.0, 0.1], [1.8, 0.35], 0.55, 0.65);
        melt(melt(anterior, posterior, 0.8), commissure, 0.8) * (a / 6.7).min(b / 4.0)
    }

    /// Dorsal and ventral rootlets crossing the CSF to the sides, in bundles along the cord.
    fn paint_rootlets(&self, at: &Place, sac: f64, sample: &mut Mixture) {
        let [a, b] = self.half_axes(at.along);
        let (p, side) = ([at.u.abs(), at.v], 9.5 * self.sac_scale);
        let dorsal = stroke(p, [0.72 * a, -0.62 * b], [side, -1.2], 0.35, 0.55);
        let ventral = stroke(p, [0.55 * a, 0.8 * b], [side, 1.2], 0.25, 0.45);
        let bundle = 0.55 + 0.45 * self.flow.smooth([at.u.signum() * 7.0, 0.0, at.z / 5.0]);
        sample.paint(Tissue::White, bundle * at.cover(dorsal.min(ventral)) * at.cover(sac));
    }
}
