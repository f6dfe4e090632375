//! Which method draws a scan's curve: the one chosen for it, else the first of the usual chain whose input is there.

use super::{CenterlineError, CenterlineSettings, Curve, from_mask, from_voxels};
use crate::dataset::{Project, Scan};
use crate::volume::{read_header, read_mask};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A way to find the cord's centerline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A centerline file, table or voxel mask, taken at its word.
    File,
    /// The centres of mass of a cord mask, and a fit through them.
    Mask,
    /// Points that somebody placed, and a fit through them.
    Points,
}

impl Method {
    /// Every method this version has.
    pub const ALL: [Method; 3] = [Method::File, Method::Mask, Method::Points];
    /// What is tried for a scan when nothing was chosen, in this order.
    pub const CHAIN: [Method; 2] = [Method::File, Method::Mask];
    /// The name that stands for the chain.
    pub const AUTO: &str = "auto";

    /// The method's name, as on the command line and in `decisions.json`.
    pub fn name(self) -> &'static str {
        match self {
            Method::File => "file",
            Method::Mask => "mask",
            Method::Points => "points",
        }
    }

    /// A method by name; `None` for `auto`.
    pub fn choice(name: &str) -> Result<Option<Method>, CenterlineError> {
        if name == Method::AUTO { Ok(None) } else { name.parse().map(Some) }
    }

    /// What the method needs, in words.
    fn needs(self) -> &'static str {
        match self {
            Method::File => "a centerline file",
            Method::Mask => "a cord mask",
            Method::Points => "points",
        }
    }

    fn applies_to(self, scan: &Scan) -> bool {
        match self {
            Method::File => scan.centerline.is_some(),
            Method::Mask => scan.cord.is_some(),
            Method::Points => false,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Method {
    type Err = CenterlineError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Method::ALL.into_iter().find(|method| method.name() == name);
        found.ok_or_else(|| CenterlineError::UnknownMethod(name.to_owned()))
    }
}

/// The method of a scan: the one chosen for it, else the first of [`Method::CHAIN`] whose input it has; `None` when it has
/// none. Opens no volume. Fails when the chosen one is unknown or its input is missing.
pub fn method_for(project: &Project, scan: &Scan) -> Result<Option<Method>, CenterlineError> {
    let chosen = project.decision(&scan.id).centerline.map_or(Ok(None), |name| Method::choice(&name))?;
    match chosen {
        Some(method) if !method.applies_to(scan) => Err(missing(scan, method)),
        Some(method) => Ok(Some(method)),
        None => Ok(Method::CHAIN.into_iter().find(|method| method.applies_to(scan))),
    }
}

/// The scan's curve by [`method_for`], on the RPI grid of its image (file) or cord mask (mask); `None`: no centerline.
pub fn resolve(project: &Project, scan: &Scan) -> Result<Option<Curve>, CenterlineError> {
    method_for(project, scan)?.map(|method| resolve_by(project, scan, method)).transpose()
}

/// The scan's curve by one method, on the RPI grid of its image (file) or cord mask (mask). Fails when its input is missing.
pub fn resolve_by(project: &Project, scan: &Scan, method: Method) -> Result<Curve, CenterlineError> {
    match (method, &scan.centerline, &scan.cord) {
        (Method::File, Some(path), _) => from_file(path, &scan.image),
        (Method::Mask, _, Some(path)) => {
            let cord = project.read_cord(scan)?.ok_or_else(|| missing(scan, method))?;
            let fit = CenterlineSettings::of(project)?.fit;
            from_mask(&cord, fit).map_err(|e| e.about(path))
        }
        _ => Err(missing(scan, method)),
    }
}

/// The curve in a centerline file: a table (`.csv`, `.tsv`, `.txt`), placed on the image's grid, or else a voxel mask, on its own.
pub fn from_file(path: &Path, image: &Path) -> Result<Curve, CenterlineError> {
    let extension = path.extension().map(|e| e.to_ascii_lowercase());
    if extension.is_some_and(|e| e == "csv" || e == "tsv" || e == "txt") {
        Curve::read_csv(path, &read_header(image)?.grid)
    } else {
        from_voxels(&read_mask(path)?).map_err(|e| e.about(path))
    }
}

fn missing(scan: &Scan, method: Method) -> CenterlineError {
    CenterlineError::MissingInput { scan: scan.id.clone(), method, needs: method.needs() }
}
