//! Whether a finished tube lies on a cord: on an edge all around and all along, or only in noise. Knows what the image says
//! about surfaces; it changes no tube, it only cuts it.

use super::scene::Scene;
use super::surface::evidence;
use super::tube::Tube;
use crate::centerline::CenterlineError;

/// Where the mean over [`AROUND`] strips falls below this, the tube is not believed: the cord is over.
const LEAST_AROUND: f64 = 0.6;
/// Strips (about 1 mm each) on either side.
const AROUND: usize = 8;
/// A tube of which less than this share lies on an edge met one by chance.
const LEAST_SHARE: f64 = 1.0 / 3.0;
/// The share of the change at its surface that goes outwards is never less on a cord; the least of the real images has 0.93.
const LEAST_OUTWARDS: f64 = 0.88;
/// A tube over less height than this, or than half of the image's where that is lower, is none, mm.
const LEAST_MM: f64 = 30.0;
/// No cord's section is smaller or larger, mm2.
const LEAST_AREA: f64 = 12.0;
const MOST_AREA: f64 = 150.0;

/// How strange a tube is, from which it is doubted and from which it is none. Of the 14 real images at hand the strangest reach
/// 0.7 (a T2* image of 1 mm) and 0.9 (one with a large lesion); of 112 volumes of noise, white to very smooth,
/// two of the smoothest get below.
const DOUBTED: f64 = 0.6;
pub(super) const REFUSED: f64 = 1.25;
/// The same for a tube that nobody led: of many starts one meets something like a cord even in noise.
pub(super) const REFUSED_ALONE: f64 = 1.0;

/// The longest part of a tube that lies on an edge, and how far to believe that the edge is a cord's.
pub(super) struct Judged {
    pub tube: Tube,
    /// 0 for a perfect cord, see [`REFUSED`].
    strange: f64,
    seen: String,
}

impl Judged {
    /// Judges a tube (mm, in the scene) after its last deformation.
    pub fn of(scene: &Scene, tube: &Tube) -> Judged {
        let strips: Vec<f64> = (0..tube.rings() - 1).map(|ring| evidence(scene, tube, ring)).collect();
        let (from, past) = longest_run(&strips);
        let part = tube.part(from..past + 1);
        let outwards = quantile(strips[from..past].to_vec(), 0.5);
        let areas: Vec<f64> = (0..part.rings()).map(|ring| part.area(ring)).collect();
        let (small, large) = (quantile(areas.clone(), 0.1), quantile(areas, 0.9));
        let by_chance = ((past - from) as f64) < LEAST_SHARE * strips.len() as f64;
        let far = scene.far_corner()[2];
        let [from_z, to_z] = [0, part.rings() - 1].map(|ring| part.centre(ring)[2].clamp(0.0, far));
        let high = (to_z - from_z).abs();
        let long = high >= LEAST_MM.min(far / 2.0);
        let edged = outwards >= LEAST_OUTWARDS && !by_chance;
        let any_cord = long && edged && small >= LEAST_AREA && large <= MOST_AREA;
        let strange = if any_cord { strangeness(outwards, small / large) } else { f64::INFINITY };
        let seen = format!(
            "{:.0} % of the change at its surface goes outwards, its section is {small:.0} to {large:.0} mm2, over {high:.0} mm",
            100.0 * outwards.max(0.0)
        );
        Judged { tube: part, strange, seen }
    }

    /// Whether nothing speaks against the tube.
    pub fn is_clear(&self) -> bool {
        self.strange <= DOUBTED
    }

    /// The better of two.
    pub fn or(self, other: Judged) -> Judged {
        if other.strange < self.strange { other } else { self }
    }

    /// What is doubtful about the tube; an error when it is `refused` or more strange.
    pub fn doubts(&self, refused: f64) -> Result<Vec<(f32, String)>, CenterlineError> {
        let seen = &self.seen;
        if self.is_clear() {
            return Ok(Vec::new());
        }
        if self.strange >= refused {
            return Err(CenterlineError::NotFound(format!("the tube does not lie on a cord's edge: {seen}")));
        }
        let factor = 1.0 - 0.5 * (self.strange - DOUBTED) / (refused - DOUBTED);
        Ok(vec![(factor as f32, format!("the tube's edge is unclear: {seen}"))])
    }
}

/// How little a tube is like a cord, from the share of the change at its surface that goes outwards (a cord: 0.95 and more) and
/// the ratio of its small and large sections (0.85 and more).
fn strangeness(outwards: f64, evenness: f64) -> f64 {
    (1.0 - outwards) / 0.12 + (0.9 - evenness).max(0.0) / 0.5
}

/// The longest run of strips around which the evidence is good enough; at least one strip.
fn longest_run(strips: &[f64]) -> (usize, usize) {
    let good = |i: usize| {
        let around = &strips[i.saturating_sub(AROUND)..(i + AROUND + 1).min(strips.len())];
        around.iter().sum::<f64>() / around.len() as f64 >= LEAST_AROUND
    };
    let mut best = (0, 1);
    let mut from = 0;
    for i in 0..strips.len() {
        if !good(i) {
            from = i + 1;
        } else if i + 1 - from > best.1 - best.0 {
            best = (from, i + 1);
        }
    }
    best
}

/// The value below which a share of some lies.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    let at = (share * values.len() as f64) as usize;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_without_an_edge_is_cut_and_a_lesion_is_crossed() {
        let mut strips = vec![0.97; 60];
        strips[20..26].fill(0.1);
        assert_eq!(longest_run(&strips), (0, 60));
        strips[40..].fill(0.2);
        let (from, past) = longest_run(&strips);
        assert!(from == 0 && (36..44).contains(&past), "{past}");
        assert_eq!(longest_run(&[0.1; 5]), (0, 1));
    }
}
