//! The bony column around the canal of a scene: bodies and discs in front, arches, facets and spinous processes behind.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::paint::{Sample, cover, ellipse};
use super::spine::Place;
use super::tissue::Tissue;

/// One scene's vertebrae.
#[derive(Clone, Debug)]
pub(super) struct Column {
    /// Height of one level, mm, where level 0 begins, and half the height of a body.
    period: f32,
    phase: f32,
    body_height: f32,
    body: [f32; 2],
    body_center: f32,
    rim: f32,
    arch: f32,
    arch_height: f32,
    spinous: [f32; 4],
    facet: [f32; 3],
    /// Signal of each level's bone, as a factor.
    tints: [f32; 8],
}

impl Column {
    /// Around a canal of half-axes `canal` with its centre at `shift`.
    pub(super) fn random(canal: [f32; 2], shift: [f32; 2], rng: &mut ChaCha8Rng) -> Self {
        let period = rng.random_range(13.0..34.0f32);
        let depth = period * rng.random_range(0.35..0.6);
        Self {
            period,
            phase: rng.random_range(0.0..period),
            body_height: period * rng.random_range(0.32..0.42),
            body: [depth * rng.random_range(1.0..1.7), depth],
            body_center: shift[1] + canal[1] + depth + rng.random_range(-0.5..1.5),
            rim: rng.random_range(0.3..1.8),
            arch: rng.random_range(2.0..7.0),
            arch_height: period * rng.random_range(0.25..0.5),
            spinous: [
                rng.random_range(1.5..4.5),
                shift[1] - canal[1],
                rng.random_range(12.0..45.0),
                rng.random_range(-0.2..0.9),
            ],
            facet: [
                canal[0] + rng.random_range(2.0..7.0),
                shift[1] - rng.random_range(-3.0..5.0),
                rng.random_range(4.0..8.0),
            ],
            tints: std::array::from_fn(|_| rng.random_range(0.8..1.2)),
        }
    }

    /// Distance (mm) along the spine from the middle of the nearest level, and that level's tint.
    fn level(&self, w: f32) -> (f32, f32) {
        let levels = (w - self.phase) / self.period;
        let level = levels.floor();
        ((levels - level - 0.5).abs() * self.period, self.tints[level.rem_euclid(8.0) as usize % 8])
    }

    /// Everything outside the canal, at `wall` mm from its wall.
    pub(super) fn paint(&self, at: &Place, wall: f32, sample: &mut Sample<'_>) {
        let (off, tint) = self.level(at.w);
        self.paint_facets(at, off, tint, sample);
        self.paint_spinous(at, sample);
        let lamina = cover(wall - self.arch) * cover(at.v - 2.0);
        sample.paint(Tissue::Fascia, 0.6 * lamina);
        let bone = lamina * cover(off - self.arch_height);
        sample.paint(Tissue::Cortex, bone);
        sample.paint_tinted(
            Tissue::Marrow,
            tint,
            bone * cover((wall - self.arch / 2.0).abs() - self.arch / 2.0 + self.rim),
        );
        self.paint_body(at, off, tint, sample);
    }

    fn paint_body(&self, at: &Place, off: f32, tint: f32, sample: &mut Sample<'_>) {
        let (u, v) = ((at.u / self.body[0]).powi(2), ((at.v - self.body_center) / self.body[1]).powi(2));
        let outline = ((u * u + v * v).sqrt().sqrt() - 1.0) * self.body[1];
        let whole = cover(outline);
        if whole <= 0.0 {
            return;
        }
        sample.paint(Tissue::Cortex, whole);
        let disc = cover(outline + 0.5) * cover(self.body_height - off);
        sample.paint(Tissue::Disc, disc);
        let inside = (outline + self.rim).max(off - self.body_height + self.rim);
        sample.paint_tinted(Tissue::Marrow, tint, cover(inside));
    }

    fn paint_spinous(&self, at: &Place, sample: &mut Sample<'_>) {
        let [half, start, length, tilt] = self.spinous;
        let behind = start - at.v;
        if behind < -2.0 || behind > length + 2.0 || at.u.abs() > half + 2.0 {
            return;
        }
        let (off, tint) = self.level(at.w + tilt * behind);
        let sheet = (at.u.abs() - half).max(behind - length).max(-behind);
        sample.paint(Tissue::Fascia, 0.5 * cover(sheet));
        let bone = sheet.max(off - 0.3 * self.period);
        sample.paint(Tissue::Cortex, cover(bone));
        sample.paint_tinted(Tissue::Marrow, tint, cover(bone + self.rim));
    }

    fn paint_facets(&self, at: &Place, off: f32, tint: f32, sample: &mut Sample<'_>) {
        let [u, v, radius] = self.facet;
        let outline = ellipse(at.u.abs() - u, at.v - v, [radius, radius]);
        sample.paint(Tissue::Cortex, cover(outline));
        let joint = 0.47 * self.period - off;
        sample.paint_tinted(Tissue::Marrow, tint, cover(outline + self.rim) * cover(-joint));
    }
}
