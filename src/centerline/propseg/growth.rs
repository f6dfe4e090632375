//! Propagation: the tube grows by copying its end ahead and deforming the copy, until the image says that the cord is over.

use super::deform::{Effort, deformed, mean_distance};
use super::guide::{Guide, placed};
use super::scene::Scene;
use super::start::first_tube;
use super::surface::{contrast, total_gradient};
use super::tube::Tube;
use super::vector::{Vector, dot, minus};
use super::{Kind, LEAST_CONTRAST, PIECE_RINGS};
use crate::centerline::{CenterlineError, Search};

const MOST_PIECES: usize = 200;
/// A piece that had to move farther than this in the mean (mm) has lost the cord.
const MOST_MOVED_MM: f64 = 2.5;
/// A cord's section is no larger than this, mm2.
const MOST_AREA: f64 = 120.0;
/// The gradient at the surface, against the template's own, beyond which the template is taken anew.
const SAME_GRADIENT: std::ops::RangeInclusive<f64> = 0.75..=1.5;
/// Rings whose mean contrast and area count.
const RECENT: usize = 3;

/// A tube on its way in one direction: that of its last ring.
pub(super) struct Growth<'a> {
    pub search: &'a Search<'a>,
    pub scene: &'a Scene,
    pub guide: &'a Guide,
    pub kind: Kind,
}

/// The end of a tube that is copied ahead.
struct Template {
    shape: Tube,
    gradient: f64,
}

impl Template {
    fn of(scene: &Scene, tube: &Tube) -> Template {
        let shape = tube.part(tube.rings() - PIECE_RINGS..tube.rings());
        Template { gradient: total_gradient(scene, &shape), shape }
    }
}

impl Growth<'_> {
    /// The tube that grows both ways from a first one around `middle`, along `up`; `None` when that finds no edge.
    pub fn from(&self, middle: Vector, up: Vector) -> Result<Option<Tube>, CenterlineError> {
        self.search.go_on()?;
        let Some(first) = first_tube(self.scene, self.kind, middle, up) else { return Ok(None) };
        let upwards = self.grown(first)?;
        Ok(Some(self.grown(upwards.reversed())?.reversed()))
    }

    /// The tube with everything that could be added to its end. `tube` has at least as many rings as a piece.
    fn grown(&self, mut tube: Tube) -> Result<Tube, CenterlineError> {
        let mut template = Template::of(self.scene, &tube);
        for _ in 0..MOST_PIECES {
            self.search.go_on()?;
            if self.arrived(&tube) {
                break;
            }
            let Some(piece) = self.next(&tube, &template) else { break };
            tube = tube.followed_by(&piece.part(1..PIECE_RINGS));
            let change = total_gradient(self.scene, &piece) / template.gradient;
            if !SAME_GRADIENT.contains(&change) {
                template = Template::of(self.scene, &tube);
            }
        }
        Ok(tube)
    }

    fn arrived(&self, tube: &Tube) -> bool {
        let [.., z] = tube.centre(tube.rings() - 1);
        let downwards = tube.part(tube.rings() - 2..tube.rings()).axis()[2] < 0.0;
        if downwards { z < *self.guide.range.start() } else { z > *self.guide.range.end() }
    }

    /// The next piece (its first ring is the tube's last), or `None` when it is not on a cord.
    fn next(&self, tube: &Tube, template: &Template) -> Option<Tube> {
        let last = tube.rings() - 1;
        let end = tube.centre(last);
        let heading = tube.part(last + 1 - PIECE_RINGS..last + 1).axis();
        let ahead = placed(&template.shape, end, heading);
        let ahead = placed(&ahead, end, self.guide.direction(self.scene, &ahead));
        let attached = tube.part(last..last + 1).followed_by(&ahead.part(1..PIECE_RINGS));
        let contrast = self.recent_contrast(tube);
        let piece = deformed(self.scene, attached.clone(), &ahead, 1, contrast, Effort::PIECE);
        let on = dot(minus(piece.centre(PIECE_RINGS - 1), end), heading) > 0.0;
        let moved = mean_distance(piece.points(), attached.points());
        let inside = self.scene.spans(piece.centre(PIECE_RINGS - 1));
        let longer = tube.clone().followed_by(&piece.part(1..PIECE_RINGS));
        let clear = self.recent_contrast(&longer) > LEAST_CONTRAST;
        (on && inside && clear && moved < MOST_MOVED_MM && !swelling(&longer)).then_some(piece)
    }

    /// The mean contrast of the last rings, with the kind's own where there are fewer.
    fn recent_contrast(&self, tube: &Tube) -> f64 {
        let rings = tube.rings();
        let of = |back: usize| {
            rings.checked_sub(back).map_or(self.kind.contrast, |ring| contrast(self.scene, tube, ring))
        };
        (1..=RECENT).map(of).sum::<f64>() / RECENT as f64
    }
}

/// Whether the last piece is larger than any cord, or large and grown all of a sudden.
fn swelling(tube: &Tube) -> bool {
    let rings = tube.rings();
    let mean = |from: usize| (from..from + RECENT).map(|ring| tube.area(ring)).sum::<f64>() / RECENT as f64;
    let now = mean(rings - RECENT);
    let before = rings.checked_sub(2 * RECENT).map_or(now, mean);
    now >= 1.2 * MOST_AREA || (now >= MOST_AREA && now - before >= MOST_AREA / 7.0)
}
