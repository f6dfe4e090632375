//! The cord of a scene and the sac it floats in: outline along the spine, grey matter, lesions, and its two ends.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use super::paint::{Sample, cover, ellipse, ellipsoid};
use super::spine::Place;
use super::tissue::Tissue;

/// One scene's cord, sac and canal.
#[derive(Clone, Debug)]
pub(super) struct Canal {
    half: [f32; 2],
    /// Free space between cord and dura, left-right and back-front, mm.
    gap: [f32; 2],
    /// The sac's centre seen from the cord's, mm.
    shift: [f32; 2],
    epidural: f32,
    /// How much wider than behind the sac and the cord are in front, as a share of their width.
    splay: [f32; 2],
    /// How clearly nerve roots show beside the cord, 0..1.
    roots: f32,
    /// Wave lengths and phases of the changes along the cord.
    waves: [[f32; 2]; 3],
    lesions: Vec<Lesion>,
    /// The foramen magnum, mm along the spine: the brainstem above it widens.
    pub(super) top: f32,
    /// The tip of the conus and the length over which the cord tapers, mm.
    tip: f32,
    taper: f32,
    nerves: Vec<[f32; 2]>,
}

#[derive(Clone, Debug)]
struct Lesion {
    center: [f32; 3],
    radii: [f32; 3],
    severity: f32,
}

impl Canal {
    pub(super) fn random(rng: &mut ChaCha8Rng) -> Self {
        let a = rng.random_range(3.6..7.6f32);
        let half = [a, (a * rng.random_range(0.5..0.95f32)).clamp(2.4, 5.0)];
        let wide = rng.random_range(0.3..1.0f32);
        let gap = [rng.random_range(1.0..9.0) * wide, rng.random_range(0.3..5.0) * wide];
        let shift = gap.map(|gap| gap * rng.random_range(-0.8..0.8f32)).map(|s| s * 0.9);
        let ends = rng.random_range(0.0..1.0f32);
        let taper = rng.random_range(15.0..45.0);
        Self {
            half,
            gap,
            shift: [0.3 * shift[0], shift[1]],
            epidural: rng.random_range(0.3..3.5),
            splay: [rng.random_range(-0.15..0.6), rng.random_range(-0.15..0.25)],
            roots: rng.random_range(-1.0..1.0f32).max(0.0),
            waves: std::array::from_fn(|_| [rng.random_range(8.0..25.0), rng.random_range(0.0..6.3)]),
            lesions: if rng.random_bool(0.35) {
                (0..rng.random_range(1..4)).map(|_| Lesion::random(half, rng)).collect()
            } else {
                Vec::new()
            },
            top: top_of(ends, rng),
            tip: if ends > 0.9 { rng.random_range(-45.0..20.0) } else { -1e4 },
            taper,
            nerves: (0..8)
                .map(|_| [rng.random_range(-0.8..0.8f32), rng.random_range(-0.85..0.2f32)])
                .collect(),
        }
    }

    /// Half-axes of the canal where it is not narrowed, mm, and its centre seen from the cord's.
    pub(super) fn outline(&self) -> ([f32; 2], [f32; 2]) {
        (std::array::from_fn(|k| self.half[k] + self.gap[k] + self.epidural), self.shift)
    }

    /// How much of the voxel is cord.
    pub(super) fn cord_cover(&self, at: &Place) -> f32 {
        cover(self.distance(at)) * cover(at.w - self.top - 3.0)
    }

    /// Signed distance (mm) to the canal's wall; the brainstem has no wall of its own.
    pub(super) fn wall_distance(&self, at: &Place) -> f32 {
        let (half, shift) = self.outline();
        splayed(at.u - shift[0], at.v - shift[1], half, self.splay[0])
    }

    fn distance(&self, at: &Place) -> f32 {
        let thin = self.thinning(at.w);
        if thin <= 0.1 {
            return f32::MAX;
        }
        splayed(at.u, at.v, self.half_at(at.w).map(|half| half * thin), self.splay[1])
    }

    /// The cord's half-axes at a level: uneven, and widening into the brainstem.
    fn half_at(&self, w: f32) -> [f32; 2] {
        let stem = ((w - self.top) / 25.0).clamp(0.0, 1.0);
        let uneven: [f32; 2] = std::array::from_fn(|k| 1.0 + 0.1 * self.wave(k, w));
        [self.half[0] * uneven[0] * (1.0 + stem), self.half[1] * uneven[1] * (1.0 + 1.6 * stem)]
    }

    /// 1 along the cord, falling to 0 at the tip of the conus.
    fn thinning(&self, w: f32) -> f32 {
        ((w - self.tip) / self.taper).clamp(0.0, 1.0).sqrt()
    }

    fn wave(&self, k: usize, w: f32) -> f32 {
        let [length, phase] = self.waves[k];
        (w / length + phase).sin()
    }

    /// Fat, CSF, nerves over a share `spinal` of the voxel, and the cord or brainstem over a share `nervous`.
    pub(super) fn paint(&self, at: &Place, spinal: f32, nervous: f32, sample: &mut Sample<'_>) {
        if spinal > 0.0 {
            self.paint_sac(at, spinal, sample);
        }
        self.paint_cord(at, nervous, sample);
    }

    fn paint_sac(&self, at: &Place, share: f32, sample: &mut Sample<'_>) {
        let (half, shift) = self.outline();
        let (u, v) = (at.u - shift[0], at.v - shift[1]);
        let narrowing = 1.0 + 0.12 * self.wave(2, at.w);
        sample.paint(Tissue::Epidural, share * cover(self.wall_distance(at)));
        let inner = [half[0] - self.epidural, (half[1] - self.epidural) * narrowing];
        let inner = std::array::from_fn(|k| inner[k].max(1.0));
        let sac = splayed(u, v, inner, self.splay[0]);
        sample.paint(Tissue::Fascia, 0.5 * share * cover(sac - 0.6));
        sample.paint(Tissue::Csf, share * cover(sac));
        self.paint_roots(at, inner[0] + shift[0].abs(), share * cover(sac), sample);
        if self.thinning(at.w) < 1.0 {
            for nerve in &self.nerves {
                let distance = ellipse(u - nerve[0] * inner[0], v - nerve[1] * inner[1], [0.9, 0.9]);
                sample.paint(Tissue::White, 0.7 * share * cover(distance));
            }
        }
    }

    /// Nerve roots between the cord and the sides of the sac, in bundles along it.
    fn paint_roots(&self, at: &Place, side: f32, share: f32, sample: &mut Sample<'_>) {
        let [a, b] = self.half_at(at.w);
        let (middle, length) = ((side + a) / 2.0, (side - a) / 2.0 + 1.0);
        let bundle = self.roots * (0.6 + 0.4 * self.wave(0, 3.0 * at.w));
        for v in [-0.45 * b, 0.55 * b] {
            let root = ellipse(at.u.abs() - middle, at.v - v, [length.max(1.0), 0.8]);
            sample.paint(Tissue::White, 0.7 * bundle * share * cover(root));
        }
    }

    fn paint_cord(&self, at: &Place, share: f32, sample: &mut Sample<'_>) {
        let cord = share * cover(self.distance(at));
        if cord <= 0.0 {
            return;
        }
        sample.paint(Tissue::White, cord);
        let [a, b] = self.half_at(at.w);
        let horn = ellipse(at.u.abs() - 0.36 * a, at.v - 0.05 * b, [0.17 * a, 0.5 * b]);
        let bridge = ellipse(at.u, at.v, [0.4 * a, 0.15 * b]);
        sample.paint(Tissue::Grey, 0.9 * cord * cover(horn.min(bridge)));
        for lesion in &self.lesions {
            let seen = [at.u - lesion.center[0], at.v - lesion.center[1], at.w - lesion.center[2]];
            sample.paint(Tissue::Lesion, lesion.severity * cord * cover(ellipsoid(seen, lesion.radii)));
        }
    }
}

/// An ellipse that is wider in front than behind by `splay` (a share of its width).
fn splayed(u: f32, v: f32, half: [f32; 2], splay: f32) -> f32 {
    let wider = 1.0 + splay * (v / half[1]).clamp(-1.0, 1.0);
    ellipse(u / wider, v, half)
}

/// Some scenes reach the head; a few lie wholly in it.
fn top_of(ends: f32, rng: &mut ChaCha8Rng) -> f32 {
    match ends {
        ..0.05 => rng.random_range(-140.0..-60.0),
        ..0.2 => rng.random_range(-40.0..45.0),
        _ => 1e4,
    }
}

impl Lesion {
    fn random(half: [f32; 2], rng: &mut ChaCha8Rng) -> Self {
        let radius = rng.random_range(1.0..4.5);
        Self {
            center: [
                half[0] * rng.random_range(-0.7..0.7),
                half[1] * rng.random_range(-0.7..0.7),
                rng.random_range(-48.0..48.0),
            ],
            radii: [radius, radius * rng.random_range(0.7..1.3), radius * rng.random_range(1.0..5.0)],
            severity: rng.random_range(0.3..1.0),
        }
    }
}
