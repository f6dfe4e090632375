//! Looking for the cord in an image: from a method's name to its code, and from what it found to a judged curve.

use super::{CenterlineError, Confidence, Curve, Found, Method, Search, builtin, cnn, optic, sct};

/// Lets a method look for the cord. Fails when the method is one that only takes what is given.
pub fn detect(method: Method, search: &Search<'_>) -> Result<Found, CenterlineError> {
    let [nx, ny, nz] = search.image.grid.shape;
    if nx * ny * nz == 0 {
        return Err(CenterlineError::NotFound("the image has no voxels".into()));
    }
    match method {
        Method::Optic => optic::find(search),
        Method::Cnn => cnn::find(search),
        Method::Builtin => builtin::find(search),
        Method::Sct(program) => sct::find(search, program),
        Method::File | Method::Mask | Method::Points => Err(CenterlineError::NotADetector(method)),
    }
}

/// The curve of what was found in an image, with its confidence.
pub fn judged(found: Found, _search: &Search<'_>) -> Result<Curve, CenterlineError> {
    let mut curve = found.curve;
    let mut confidence = Confidence::of_shape(&curve);
    for (factor, reason) in found.doubts {
        confidence.doubt(f64::from(factor), reason);
    }
    curve.confidence = Some(confidence);
    Ok(curve)
}
