//! The column: bodies and discs of level-dependent size, arches, spinous and transverse processes, ligaments.
//! Drawn in the spine's bent coordinates; knows nothing of the cord inside it.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::noise::Noise;
use super::shapes::{ellipse, ellipsoid, melt, rounded_box, stroke};
use super::spine::Place;
use super::tissue::{Mixture, Tissue};

/// How far in front of the cord's centre the bodies begin, mm.
const BODY_BACK: f64 = 6.9;
/// Thickness of compact bone, mm.
const CORTEX: f64 = 0.7;

/// The shape of one vertebra and the disc below it, mm.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// From the middle of the disc above to the middle of the disc below.
    pitch: f64,
    half_width: f64,
    depth: f64,
    spinous: f64,
}

/// C2 (with the dens) to T6.
const SHAPES: [Shape; 11] = [
    Shape { pitch: 38.0, half_width: 7.5, depth: 13.5, spinous: 15.0 },
    Shape { pitch: 17.5, half_width: 8.2, depth: 14.5, spinous: 12.0 },
    Shape { pitch: 17.0, half_width: 8.6, depth: 15.0, spinous: 12.0 },
    Shape { pitch: 16.5, half_width: 9.0, depth: 15.0, spinous: 13.0 },
    Shape { pitch: 17.0, half_width: 9.8, depth: 15.5, spinous: 17.0 },
    Shape { pitch: 18.0, half_width: 10.8, depth: 16.0, spinous: 26.0 },
    Shape { pitch: 19.5, half_width: 12.0, depth: 16.5, spinous: 28.0 },
    Shape { pitch: 20.5, half_width: 12.5, depth: 17.5, spinous: 27.0 },
    Shape { pitch: 21.0, half_width: 13.0, depth: 18.5, spinous: 27.0 },
    Shape { pitch: 21.5, half_width: 13.5, depth: 19.5, spinous: 27.0 },
    Shape { pitch: 22.0, half_width: 13.5, depth: 20.0, spinous: 27.0 },
];
/// Middle of the disc above C5 when nobody is taller or shorter, mm above z = 0.
const ABOVE_C5: f64 = 8.25;
const C5: usize = 3;
/// How finely the bone marrow is mottled, mm.
const MOTTLE: f64 = 2.2;

/// One subject's column.
#[derive(Clone, Debug)]
pub(super) struct Vertebrae {
    scale: f64,
    /// How much water each disc still holds, 0..1.
    hydration: [f64; SHAPES.len()],
    marrow: Noise,
}

/// Where a point is within its level.
struct Level {
    shape: Shape,
    /// Above the middle of the body, mm.
    up: f64,
    /// From the middle of the nearest disc, mm.
    from_disc: f64,
    /// Half the height of that disc, mm.
    half_disc: f64,
    hydration: f64,
}

impl Vertebrae {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        Self {
            scale: rng.random_range(0.93..1.08),
            hydration: std::array::from_fn(|_| rng.random_range(0.15..1.0)),
            marrow: Noise::new(rng.random()),
        }
    }

    /// Bone, discs and ligaments over whatever is there.
    pub(super) fn paint(&self, at: &Place, sample: &mut Mixture) {
        if at.u.abs() > 27.0 || at.v > 32.0 || at.v < -45.0 {
            return;
        }
        let level = self.level(at.along);
        self.paint_foramen(at, &level, sample);
        self.paint_arch(at, &level, sample);
        self.paint_spinous(at, &level, sample);
        self.paint_column(at, &level, sample);
    }

    fn level(&self, along: f64) -> Level {
        let mut top = ABOVE_C5 * self.scale + SHAPES[..C5].iter().map(|s| s.pitch * self.scale).sum::<f64>();
        let mut index = 0;
        while index + 1 < SHAPES.len() && along < top - SHAPES[index].pitch * self.scale {
            top -= SHAPES[index].pitch * self.scale;
            index += 1;
        }
        let shape = SHAPES[index];
        let pitch = shape.pitch * self.scale;
        let (below_top, above_bottom) = (top - along, along - (top - pitch));
        let disc_is_below = above_bottom < below_top || index == 0;
        Level {
            shape,
            up: along - (top - pitch / 2.0),
            from_disc: if disc_is_below { above_bottom } else { below_top },
            half_disc: 2.4 * self.scale,
            hydration: self.hydration[if disc_is_below { index } else { index - 1 }],
        }
    }

    /// Discs as one long column, the bodies over it, ligaments in front and behind.
    fn paint_column(&self, at: &Place, level: &Level, sample: &mut Mixture) {
        let half = [level.shape.half_width, level.shape.depth / 2.0];
        let p = [at.u, at.v - BODY_BACK - half[1]];
        // An ellipse cut off behind, where it is slightly hollow.
        let hollow = 0.9 * (1.0 - (at.u / half[0]).powi(2)).max(0.0);
        let oval = ellipse([p[0], p[1] + 0.35 * half[1]], [half[0], 1.35 * half[1]]);
        let outline = melt_corner(oval, hollow - p[1] - half[1]);
        let ligaments = (outline - 0.8).max(p[0].abs() - 0.7 * half[0]);
        sample.paint(Tissue::Fascia, 0.85 * at.cover(ligaments));
        let disc = (outline - 0.4).max(level.from_disc - level.half_disc - 1.2);
        sample.paint(Tissue::Annulus, at.cover(disc));
        let middle = [p[0], p[1] + 0.6, level.from_disc];
        let nucleus = ellipsoid(middle, [0.7 * half[0], 0.66 * half[1], 1.05 * level.half_disc]);
        sample.paint(Tissue::Nucleus, level.hydration * at.cover(nucleus));
        // Endplates are hollow and the sides have a waist.
        let centrality = 1.0 - (ellipse(p, half) / half[1] + 1.0).clamp(0.0, 1.0).powi(2);
        let endplate = level.half_disc + 0.7 * centrality - level.from_disc;
        let waist = 0.9 * (-endplate / 7.0).clamp(0.0, 1.0);
        let body = (outline + waist).max(endplate);
        sample.paint(Tissue::Cortex, at.cover(body));
        self.paint_marrow(at, body + CORTEX, 1.0, sample);
        let vein = stroke([p[1], level.up], [-half[1], 0.0], [-0.45 * half[1], 0.0], 1.1, 0.1);
        sample.paint(Tissue::Fat, 0.45 * at.cover(vein.max(at.u.abs() - 2.5)));
    }

    /// Spongy bone: marrow with darker trabeculae, over `share` of the sample.
    fn paint_marrow(&self, at: &Place, distance: f64, share: f64, sample: &mut Mixture) {
        let cover = share * at.cover(distance);
        if cover > 0.0 {
            sample.paint(Tissue::Marrow, cover);
            let mottle = self.marrow.smooth([at.u / MOTTLE, at.v / MOTTLE, at.z / MOTTLE]);
            sample.paint(Tissue::Cortex, 0.14 * cover * (1.0 + mottle));
        }
    }

    /// Nerve root in its fat between two pedicles, and the vertebral artery beside the body.
    fn paint_foramen(&self, at: &Place, level: &Level, sample: &mut Mixture) {
        let p = [at.u.abs(), at.v];
        let opening = ellipse([p[0] - 13.0, p[1] - 2.2], [4.5, 4.0]).max(level.from_disc - 5.5);
        sample.paint(Tissue::Fat, 0.8 * at.cover(opening));
        let root = ellipse([p[0] - 13.2, p[1] - 2.0], [2.6, 1.7]).max(level.from_disc - 4.0);
        sample.paint(Tissue::White, 0.9 * at.cover(root));
    }

    /// Pillars, pedicles, transverse processes and laminae; the yellow ligament spans the gaps between laminae.
    fn paint_arch(&self, at: &Place, level: &Level, sample: &mut Mixture) {
        let p = [at.u.abs(), at.v];
        let lamina = stroke(p, [11.5, -2.2], [1.2, -11.2], 2.5, 2.9);
        sample.paint(Tissue::Fascia, at.cover(lamina + 1.0));
        // Facet joints slant through the pillars, lower behind.
        let facet = (level.from_disc - 0.25 * (at.v + 2.0)).abs();
        let pillar = ellipse([p[0] - 15.5, p[1] + 2.2], [5.2, 5.0]);
        let pedicle = stroke(p, [9.5, 6.0], [14.5, 0.5], 2.4, 2.4).max((level.up - 1.5).abs() - 3.6);
        let process = stroke(p, [12.5, 6.0], [20.0, 6.5], 2.2, 2.6).max((level.up - 0.5).abs() - 3.4);
        let bone =
            lamina.max((level.up + 1.0).abs() - 5.4).min(pedicle).min(process).min(pillar.max(0.7 - facet));
        sample.paint(Tissue::Cortex, at.cover(bone));
        self.paint_marrow(at, bone + 0.6, 0.85, sample);
        let artery = ellipse([p[0] - 14.8, p[1] - 7.6], [2.1, 2.1]);
        sample.paint(Tissue::Fascia, at.cover(artery - 0.8));
        sample.paint(Tissue::Blood, at.cover(artery));
    }

    /// Spinous processes, each sloping down to the back, with ligament and fat between them.
    fn paint_spinous(&self, at: &Place, level: &Level, sample: &mut Mixture) {
        let tip = -11.0 - level.shape.spinous * self.scale;
        let between = rounded_box([at.u, at.v - (tip - 11.0) / 2.0], [1.6, (-11.0 - tip) / 2.0], 1.0);
        sample.paint(Tissue::Fat, 0.5 * at.cover(between));
        let strand = self.marrow.smooth([at.v / 9.0, level.up / 1.5, 7.5]);
        sample.paint(Tissue::Fascia, (0.5 + 0.4 * strand) * at.cover(between));
        let drop = 0.28 * (at.v + 11.0).min(0.0);
        let flat = [at.v, level.up + 1.5 - drop];
        let outline = stroke(flat, [-11.0, 0.0], [tip + 3.0, 0.0], 4.2, 3.4);
        // Thin in the middle, knobbed at the tip.
        let knob = 1.2 * (1.0 - ((at.v - tip - 2.5) / 4.0).powi(2)).max(0.0);
        let bone = outline.max(at.u.abs() - 2.2 - knob);
        sample.paint(Tissue::Cortex, at.cover(bone));
        self.paint_marrow(at, bone + 0.6, 1.0, sample);
    }
}

/// Intersection of two outlines whose outer corner is rounded over about 3 mm.
fn melt_corner(a: f64, b: f64) -> f64 {
    -melt(-a, -b, 3.0)
}
