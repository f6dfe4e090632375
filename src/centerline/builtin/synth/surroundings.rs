//! What lies around the spine of a scene: skin, fat, muscles, vessels and airways, and sometimes the head above.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

use super::field::Field;
use super::paint::{Sample, cover, ellipse, ellipsoid};
use super::spine::Place;
use super::tissue::Tissue;

/// Tissues that tubes and lumps are made of; air and vessels are common.
const FILLINGS: [Tissue; 9] = [
    Tissue::Air,
    Tissue::Air,
    Tissue::Vessel,
    Tissue::Vessel,
    Tissue::Organ,
    Tissue::Fat,
    Tissue::Muscle,
    Tissue::Csf,
    Tissue::White,
];

/// Tissues that fill the compartments between muscles; muscle is common.
const COMPARTMENTS: [Tissue; 8] = [
    Tissue::Muscle,
    Tissue::Muscle,
    Tissue::Muscle,
    Tissue::Muscle,
    Tissue::Fat,
    Tissue::Fat,
    Tissue::Fascia,
    Tissue::Organ,
];

/// Nothing foreign comes nearer to the cord than this, mm: there the column is.
const CLEARANCE: f32 = 15.0;

/// One scene's body without its spine.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    skin: [f32; 4],
    fat: f32,
    compartments: [Field; 2],
    fillings: [(Tissue, f32); 25],
    tubes: Vec<Tube>,
    lumps: Vec<Lump>,
    gyri: Field,
    tilt: f32,
}

/// Something long and round: vessel, airway, gullet, lung.
#[derive(Clone, Debug)]
struct Tube {
    center: [f32; 2],
    lean: [f32; 2],
    radii: [f32; 2],
    rim: f32,
    inside: Tissue,
    outside: Tissue,
}

/// Something round: gland, node, kidney, eye.
#[derive(Clone, Debug)]
struct Lump {
    center: [f32; 3],
    radii: [f32; 3],
    inside: Tissue,
}

impl Surroundings {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        let (wide, deep) = (rng.random_range(45.0..160.0), rng.random_range(45.0..120.0));
        let behind = rng.random_range(25.0..85.0);
        let coarse = rng.random_range(8.0..26.0f32);
        let mut compartments = || {
            Field::random(
                [coarse, coarse * rng.random_range(0.6..1.4), coarse * rng.random_range(1.0..4.0)],
                rng,
            )
        };
        let compartments = [compartments(), compartments()];
        let fill = |rng: &mut ChaCha8Rng| COMPARTMENTS.choose(rng).copied().unwrap_or(Tissue::Muscle);
        let lumps = rng.random_range(0..8);
        let tubes = rng.random_range(1..12);
        Self {
            skin: [rng.random_range(-25.0..25.0), deep - behind, wide, deep],
            fat: rng.random_range(1.0..22.0),
            compartments,
            fillings: std::array::from_fn(|_| (fill(rng), rng.random_range(0.75..1.25))),
            tubes: (0..tubes).filter_map(|_| Tube::random(rng)).collect(),
            lumps: (0..lumps).filter_map(|_| Lump::random(rng)).collect(),
            gyri: Field::random([9.0, 9.0, 9.0], rng),
            tilt: rng.random_range(-0.3..0.3),
        }
    }

    /// The body around the spine.
    pub(super) fn paint(&self, at: &Place, sample: &mut Sample<'_>) {
        let [u, v, wide, deep] = self.skin;
        let skin = ellipse(at.u - u, at.v - v - self.tilt * at.w, [wide, deep]);
        sample.paint(Tissue::Fat, cover(skin));
        let deep = cover(skin + self.fat);
        if deep <= 0.0 {
            return;
        }
        let (filling, tint) = self.filling(at);
        sample.paint_tinted(filling, tint, deep);
        self.tubes.iter().for_each(|tube| tube.paint(at, deep, sample));
        self.lumps.iter().for_each(|lump| lump.paint(at, deep, sample));
    }

    /// The compartment a point lies in: bands of two smooth fields make cells of any shape.
    fn filling(&self, at: &Place) -> (Tissue, f32) {
        let point = [at.u, at.v, at.w];
        let [a, b] = [0, 1].map(|k| ((self.compartments[k].at(point) + 1.0) * 2.5) as usize);
        self.fillings[(a * 5 + b).min(24)]
    }

    /// The head above the foramen magnum, at `above` mm over it: skull, CSF, brain, cerebellum.
    pub(super) fn paint_head(&self, at: &Place, above: f32, sample: &mut Sample<'_>) {
        let head = ellipsoid([at.u, at.v - 20.0, above - 62.0], [66.0, 82.0, 66.0]);
        sample.paint(Tissue::Fat, cover(head - 14.0) * cover(-above - 4.0));
        sample.paint(Tissue::Cortex, cover(head - 7.0));
        sample.paint(Tissue::Csf, cover(head));
        let folds = self.gyri.at([at.u, at.v, above]);
        let brain = cover(head + 3.0) * cover(-above + 6.0);
        let tissue = if folds.abs() < 0.22 {
            Tissue::Csf
        } else if folds > 0.0 {
            Tissue::Brain
        } else {
            Tissue::White
        };
        sample.paint(tissue, brain);
        let cerebellum = ellipsoid([at.u, at.v + 26.0, above - 20.0], [48.0, 24.0, 20.0]);
        let leaf = if (above / 3.0 + 2.0 * folds).sin() > 0.0 { Tissue::Brain } else { Tissue::White };
        sample.paint(leaf, cover(cerebellum));
        // The cisterns around the brainstem.
        sample.paint(
            Tissue::Csf,
            cover(ellipse(at.u, at.v, [17.0, 14.0])) * cover(-above) * cover(above - 40.0),
        );
    }
}

impl Tube {
    fn random(rng: &mut ChaCha8Rng) -> Option<Self> {
        let radius =
            if rng.random_bool(0.15) { rng.random_range(10.0..35.0) } else { rng.random_range(1.2..9.0f32) };
        let rim = if rng.random_bool(0.5) { rng.random_range(0.5..4.0f32) } else { 0.0 };
        let center = [rng.random_range(-75.0..75.0f32), rng.random_range(-60.0..90.0f32)];
        // As like a cord in its sac as can be, but not in a spine.
        let decoy = rng.random_bool(0.12);
        let mut filling = || FILLINGS.choose(rng).copied().unwrap_or(Tissue::Vessel);
        let (inside, outside) = if decoy { (Tissue::White, Tissue::Csf) } else { (filling(), filling()) };
        let tube = Self {
            center,
            lean: [rng.random_range(-0.5..0.5), rng.random_range(-0.5..0.5)],
            radii: [radius, radius * rng.random_range(0.5..1.5)],
            rim: if decoy { rim.max(1.5) } else { rim },
            inside,
            outside,
        };
        (center[0].hypot(center[1]) > radius + rim + CLEARANCE).then_some(tube)
    }

    fn paint(&self, at: &Place, within: f32, sample: &mut Sample<'_>) {
        let [u, v] = [0, 1].map(|k| self.center[k] + self.lean[k] * at.w);
        let distance = ellipse(at.u - u, at.v - v, self.radii);
        if distance > self.rim + 2.0 {
            return;
        }
        if self.rim > 0.0 {
            sample.paint(self.outside, within * cover(distance - self.rim));
        }
        sample.paint(self.inside, within * cover(distance));
    }
}

impl Lump {
    fn random(rng: &mut ChaCha8Rng) -> Option<Self> {
        let center = [
            rng.random_range(-75.0..75.0f32),
            rng.random_range(-60.0..90.0f32),
            rng.random_range(-60.0..60.0f32),
        ];
        let radius = rng.random_range(2.5..25.0f32);
        let radii = std::array::from_fn(|_| radius * rng.random_range(0.6..1.4));
        let inside = FILLINGS.choose(rng).copied()?;
        (center[0].hypot(center[1]) > 1.4 * radius + CLEARANCE).then_some(Self { center, radii, inside })
    }

    fn paint(&self, at: &Place, within: f32, sample: &mut Sample<'_>) {
        let seen = [at.u - self.center[0], at.v - self.center[1], at.w - self.center[2]];
        sample.paint(self.inside, within * cover(ellipsoid(seen, self.radii)));
    }
}
