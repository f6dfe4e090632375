//! Who is in the cohort and how each was scanned: the variety a real archive has, in a fixed order.
//! Knows protocols and faults by name; makes no voxels.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::volume::Orientation;

use super::DemoError;
use super::contrast::Sequence;
use super::lesions::LesionSize;
use super::scanner::{Protocol, Storage};

/// A fault as it happens in real archives, in one subject's lesion mask; the image is sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A drawing tool rounded the header: the mask's origin is off by a fraction of a millimetre.
    ShiftedHeader,
    /// A painting tool saved the mask as 0 and 255 in floats.
    Painted255,
}

/// What is planned for one subject.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) protocols: Vec<Protocol>,
    pub(super) sizes: Vec<LesionSize>,
    pub(super) fault: Option<Fault>,
}

/// Height (mm) of every field of view in which lesions may lie, around its centre.
pub(super) const LESION_ROOM: f64 = 46.0;

/// The plan for subject number `index`, counted from 0. Everything a demonstration needs is in the first six: two contrasts
/// (0), a lesion of two segments (1 and 2), two planes (2), both faults (3 and 4), an oblique field of view (4), a subject
/// without lesions (5).
pub(super) fn plan(index: usize) -> Result<Plan, DemoError> {
    use LesionSize::{Long, Medium, Small, Tiny};
    let fault = match index {
        3 => Some(Fault::ShiftedHeader),
        4 => Some(Fault::Painted255),
        _ => None,
    };
    let slope = Storage::Integer { slope: 0.25 };
    let whole = Storage::Integer { slope: 1.0 };
    let (protocols, sizes) = match index % 8 {
        0 => (
            vec![axial([0.5, 0.5, 3.0], "RPI", Storage::Float)?, star([0.5, 0.5, 4.5], "RPI", whole)?],
            vec![Medium, Small, Tiny],
        ),
        1 => (vec![axial([0.375, 0.375, 3.0], "LPI", slope)?], vec![Long, Tiny]),
        2 => (
            vec![sagittal([3.0, 0.9, 0.9], "ASR", whole)?, axial([0.6, 0.6, 3.0], "RPI", Storage::Float)?],
            vec![Long, Tiny],
        ),
        3 => (vec![sagittal([0.8, 0.8, 0.8], "AIL", whole)?], vec![Medium, Small, Tiny]),
        4 => (vec![axial([0.5, 0.5, 3.3], "RPS", slope)?.tilted(9.0, 3.0)], vec![Medium, Medium]),
        5 => (
            vec![axial([0.6, 0.6, 3.0], "RAI", Storage::Float)?],
            if index == 5 { vec![] } else { vec![Medium] },
        ),
        6 => (vec![axial([0.45, 0.45, 2.5], "LAS", whole)?], vec![Medium, Small, Small]),
        _ => (vec![axial([0.7, 0.7, 2.5], "RPI", slope)?.tilted(-6.0, 0.0)], vec![Medium, Tiny, Small]),
    };
    Ok(Plan { protocols, sizes, fault })
}

/// T2-weighted, slices across the cord.
fn axial(spacing: [f64; 3], orientation: &str, storage: Storage) -> Result<Protocol, DemoError> {
    let extent_mm = [110.0, 110.0, 54.0];
    let sequence = Sequence::SpinEcho;
    protocol("ax", sequence, spacing, extent_mm, orientation, 22.0, storage)
}

/// T2-weighted, slices along the cord.
fn sagittal(spacing: [f64; 3], orientation: &str, storage: Storage) -> Result<Protocol, DemoError> {
    let extent_mm = [48.0, 120.0, 84.0];
    protocol("sag", Sequence::SpinEcho, spacing, extent_mm, orientation, 18.0, storage)
}

/// T2*-weighted, slices across the cord.
fn star(spacing: [f64; 3], orientation: &str, storage: Storage) -> Result<Protocol, DemoError> {
    let extent_mm = [110.0, 110.0, 54.0];
    protocol("ax", Sequence::GradientEcho, spacing, extent_mm, orientation, 34.0, storage)
}

fn protocol(
    acquisition: &'static str,
    sequence: Sequence,
    spacing: [f64; 3],
    extent_mm: [f64; 3],
    orientation: &str,
    snr: f64,
    storage: Storage,
) -> Result<Protocol, DemoError> {
    let orientation =
        Orientation::from_str(orientation).map_err(|error| DemoError::Orientation(error.to_string()))?;
    Ok(Protocol { acquisition, sequence, spacing, extent_mm, orientation, tilt: [0.0, 0.0], snr, storage })
}

impl Protocol {
    fn tilted(self, nod: f64, turn: f64) -> Self {
        Self { tilt: [nod, turn], ..self }
    }
}
