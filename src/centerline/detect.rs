//! Looking for the cord in an image: from a method's name to its code, and from what it found to a judged curve.

use super::builtin::{self, Heat};
use super::{
    BELIEVABLE, CenterlineError, Confidence, Curve, Found, Method, Search, cnn, optic, propseg, sct,
};
use crate::volume::Volume;
use std::sync::{Arc, Mutex, PoisonError};

/// What the built-in detector sees in one image, computed when it is first asked for: the witness for every method's curve.
#[derive(Default)]
pub struct Witness(Mutex<Option<Arc<Heat>>>);

impl Witness {
    /// The probability of cord everywhere in the image. Whoever asks second waits for the first.
    fn heat(&self, search: &Search<'_>) -> Result<Arc<Heat>, CenterlineError> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(heat) = kept.as_ref() {
            return Ok(heat.clone());
        }
        let heat = Arc::new(Heat::of(search.image, || search.go_on())?);
        Ok(kept.insert(heat).clone())
    }
}

/// Lets a method look for the cord. `witness` belongs to the image. Fails when the method only follows what it is given.
pub fn detect(method: Method, search: &Search<'_>, witness: &Witness) -> Result<Found, CenterlineError> {
    let [nx, ny, nz] = search.image.grid.shape;
    if nx * ny * nz == 0 {
        return Err(CenterlineError::NotFound("the image has no voxels".into()));
    }
    match method {
        Method::Builtin => builtin::find_in(&*witness.heat(search)?, search),
        Method::Optic => optic::find(search),
        Method::Cnn => cnn::find(search),
        Method::PropSeg => {
            let seen = || builtin::find_in(&*witness.heat(search)?, search);
            propseg::find(search, &[&|| optic::find(search), &seen])
        }
        Method::Sct(program) => sct::find(search, program),
        Method::File | Method::Mask | Method::Points => Err(CenterlineError::NotADetector(method)),
    }
}

/// The curve of what was found in an image, with its confidence.
pub fn judged(found: Found, search: &Search<'_>, witness: &Witness) -> Result<Curve, CenterlineError> {
    let mut curve = found.curve;
    let mut confidence = Confidence::of_shape(&curve);
    for (factor, reason) in found.doubts {
        confidence.doubt(f64::from(factor), reason);
    }
    let heat = witness.heat(search)?;
    confidence.hear(&curve, |voxel| heat.at(voxel));
    confidence.mind_the_border(&curve);
    curve.confidence = Some(confidence);
    Ok(curve)
}

/// The curve that a method finds in an image, or the first believable one of the usual chain; and the cord, where the method
/// draws it. Fails when there is none.
pub fn look(
    method: Option<Method>,
    search: &Search<'_>,
) -> Result<(Curve, Option<Volume<u8>>), CenterlineError> {
    let witness = Witness::default();
    let find = |method: Method| {
        let mut found = detect(method, search, &witness)?;
        let cord = found.cord.take();
        Ok((judged(found, search, &witness)?, cord))
    };
    if let Some(method) = method {
        return find(method);
    }
    let mut told = Vec::new();
    let ready = |method: &Method| !method.is_given() && method.ready(search.tools, search.contrast).is_ok();
    for method in Method::CHAIN.into_iter().filter(ready) {
        match find(method) {
            Err(CenterlineError::Cancelled) => return Err(CenterlineError::Cancelled),
            Ok(found) if found.0.believed() >= BELIEVABLE => return Ok(found),
            Ok((curve, _)) => told.push(curve.verdict()),
            Err(CenterlineError::NotFound(why)) => told.push(format!("{method}: {why}")),
            Err(error) => told.push(format!("{method}: {error}")),
        }
    }
    Err(CenterlineError::NotFound(told.join("; ")))
}
