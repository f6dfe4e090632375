//! PropSeg: a tube that grows along the cord and deforms onto its edge, giving a centerline and a cord mask. Knows the search,
//! volumes, and that other methods give places to start from; nothing of how an answer is judged or shown.
//!
//! After De Leener, Kadoury and Cohen-Adad, "Robust, accurate and fast automatic segmentation of the spinal cord" (NeuroImage
//! 2014) and its follow-up of 2015, with the constants of the Spinal Cord Toolbox. What differs: nothing is drawn at random, so
//! that the same image always gives the same answer; the rigid registration uses the known pairs of vertices; several first
//! tubes compete; a tube that lies on no edge is no answer.

mod deform;
mod detect;
mod energy;
mod finish;
mod growth;
mod guide;
mod judge;
mod rigid;
mod scene;
mod start;
mod surface;
mod tube;
mod vector;
mod voxelise;

use super::{CenterlineError, Curve, Found, Search};
use crate::dataset::Contrast;
use detect::Start;
use finish::{Cord, refined};
use growth::Growth;
use guide::Guide;
use judge::Judged;
use scene::Scene;

/// The name of curves made here.
const NAME: &str = "propseg";
/// Rings of a piece that is copied ahead: three steps.
const PIECE_RINGS: usize = 4;
/// Between rings, mm.
const STEP_MM: f64 = 2.0;
/// Below this contrast (0..1000) there is no cord.
const LEAST_CONTRAST: f64 = 50.0;
/// Where along a first centerline to start, as shares of its length, until a tube is beyond doubt.
const SHARES: [f64; 5] = [0.5, 0.35, 0.65, 0.2, 0.8];
/// Starts tried at most.
const MOST_STARTS: usize = 6;
/// The factor on the confidence of a tube that nobody led to its start.
const OWN_START: f32 = 0.8;
/// No cord fits into an image narrower than this, mm.
const NARROWEST_MM: f64 = 12.0;
/// Nor is anybody larger than this, mm.
const WIDEST_MM: f64 = 2000.0;

/// What PropSeg knows of a contrast beforehand.
#[derive(Clone, Copy, Debug)]
struct Kind {
    /// Whether the cord is brighter than what surrounds it.
    bright_cord: bool,
    /// Vertices per ring.
    around: usize,
    /// The contrast (0..1000) to expect before any was measured.
    contrast: f64,
}

impl Kind {
    fn of(contrast: &Contrast) -> Result<Kind, CenterlineError> {
        match contrast.name() {
            "t2" | "t2s" | "t2_ax" => Ok(Kind { bright_cord: false, around: 15, contrast: 445.0 }),
            "t1" | "dwi" => Ok(Kind { bright_cord: true, around: 20, contrast: 200.0 }),
            other => Err(CenterlineError::NoContrast {
                method: NAME,
                contrast: other.to_owned(),
                known: "t1, t2, t2_ax, t2s and dwi",
            }),
        }
    }
}

/// Whether the contrast is one whose cord edge is known; else why not.
pub(super) fn ready(contrast: &Contrast) -> Result<(), CenterlineError> {
    Kind::of(contrast).map(drop)
}

/// A first centerline, looked for when it is needed.
pub(super) type Seed<'a> = &'a dyn Fn() -> Result<Found, CenterlineError>;

/// The cord in a tube that grows both ways along the first of `seeds` that leads somewhere, or else from a start of its own.
///
/// Fails where the contrast is unknown, and where no tube finds an edge to lie on.
pub(super) fn find(search: &Search<'_>, seeds: &[Seed<'_>]) -> Result<Found, CenterlineError> {
    let field = Field::of(search)?;
    let mut refusals = Vec::new();
    for seed in seeds {
        match seed().and_then(|seed| field.along(&seed.curve)) {
            Ok(found) => return Ok(found),
            Err(CenterlineError::Cancelled) => return Err(CenterlineError::Cancelled),
            Err(why) => refusals.push(why.to_string()),
        }
    }
    field.alone().map_err(|problem| unled(problem, &refusals))
}

/// What every tube in one image shares.
struct Field<'a> {
    search: &'a Search<'a>,
    scene: Scene,
    kind: Kind,
}

impl<'a> Field<'a> {
    fn of(search: &'a Search<'a>) -> Result<Field<'a>, CenterlineError> {
        let kind = Kind::of(search.contrast)?;
        let scene = Scene::of(search.image, kind.bright_cord).ok_or_else(featureless)?;
        let far = scene.far_corner();
        if far[..2].iter().any(|mm| *mm < NARROWEST_MM) {
            return Err(CenterlineError::NotFound(format!("the image is narrower than {NARROWEST_MM} mm")));
        }
        if far.iter().any(|mm| *mm > WIDEST_MM) {
            return Err(CenterlineError::NotFound(
                "the header says that the image is metres wide: repair it (`deepseg check`)".into(),
            ));
        }
        Ok(Field { search, scene, kind })
    }

    /// The cord in a tube that follows a first centerline, which is on the image's grid.
    fn along(&self, seed: &Curve) -> Result<Found, CenterlineError> {
        let guide = Guide::along(seed, &self.scene);
        let judged = self.best(&guide, SHARES.iter().filter_map(|share| guide.at(*share)))?;
        found(self.search, &judged, judge::REFUSED)
    }

    /// The cord in a tube that starts where circles lie one above the other, and finds its way itself.
    fn alone(&self) -> Result<Found, CenterlineError> {
        let guide = Guide::free(&self.scene);
        let judged =
            self.best(&guide, SHARES.iter().flat_map(|share| detect::starts(&self.scene, *share)))?;
        let mut found = found(self.search, &judged, judge::REFUSED_ALONE)?;
        found.doubts.push((OWN_START, "it started where it saw circles, led by no other method".into()));
        Ok(found)
    }

    /// The first tube beyond doubt that grows from one of the starts, or else the least doubtful.
    fn best(&self, guide: &Guide, starts: impl Iterator<Item = Start>) -> Result<Judged, CenterlineError> {
        let growth = Growth { search: self.search, scene: &self.scene, guide, kind: self.kind };
        let mut best: Option<Judged> = None;
        for (middle, up) in starts.take(MOST_STARTS) {
            let Some(tube) = growth.from(middle, up)? else { continue };
            let judged = Judged::of(&self.scene, &refined(&self.scene, tube));
            let judged = match best.take() {
                Some(before) => before.or(judged),
                None => judged,
            };
            let clear = judged.is_clear();
            best = Some(judged);
            if clear {
                break;
            }
        }
        best.ok_or_else(no_start)
    }
}

/// What a judged tube says about the image.
fn found(search: &Search<'_>, judged: &Judged, refused: f64) -> Result<Found, CenterlineError> {
    let doubts = judged.doubts(refused)?;
    let grid = search.image.grid;
    let cord = Cord::within(&judged.tube, &grid).ok_or_else(lost)?;
    let curve = Curve { grid, first_z: cord.first, xy: cord.xy, method: NAME.into(), confidence: None };
    Ok(Found { curve, doubts, cord: Some(cord.mask) })
}

/// Nothing found alone, and why nothing led anywhere either.
fn unled(problem: CenterlineError, refusals: &[String]) -> CenterlineError {
    match problem {
        CenterlineError::NotFound(alone) if !refusals.is_empty() => {
            CenterlineError::NotFound(format!("{alone}; led by other methods: {}", refusals.join("; ")))
        }
        other => other,
    }
}

fn featureless() -> CenterlineError {
    CenterlineError::NotFound("the image is of one intensity, or its voxels have no size".into())
}

fn no_start() -> CenterlineError {
    CenterlineError::NotFound("no tube finds an edge to start on: is the contrast right?".into())
}

fn lost() -> CenterlineError {
    CenterlineError::NotFound("the tube meets no slice on which its voxels and its line agree".into())
}

#[cfg(test)]
mod tests;
