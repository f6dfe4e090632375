//! Where the network sees cord: slice by slice from below, near where it was on the slice before, else everywhere.

use super::canvas::Canvas;
use super::published::{BLOCK, Detector};
use crate::centerline::{CenterlineError, Search};
use crate::volume::{Components, Connectivity};
use ndarray::parallel::prelude::{IntoParallelIterator, ParallelIterator};
use ndarray::{Array2, Axis, s};

/// A pixel is cord when the network is surer than this.
const SURE: f32 = 0.5;
/// After so many slices without cord above one with, the rest is brain.
const PATIENCE: usize = 10;

/// The slices on which the network sees cord.
#[derive(Debug, PartialEq)]
pub(super) struct Marks {
    /// Pixels of a slice along x and y.
    pub shape: (usize, usize),
    /// The lowest slice with cord.
    pub first_z: usize,
    /// The pixels with cord from that slice to the highest one with any; `None` where there is none.
    pub slices: Vec<Option<Array2<bool>>>,
}

/// Looks at every slice, until the brain where the detector ends there. Fails when there is no cord on any.
pub(super) fn marks(
    canvas: &Canvas,
    detector: &Detector,
    search: &Search<'_>,
) -> Result<Marks, CenterlineError> {
    let mut slices: Vec<Option<Array2<bool>>> = Vec::new();
    let mut centre = None;
    for z in 0..canvas.slices() {
        search.go_on()?;
        let near = match centre {
            Some(at) => seen(canvas, detector, &[canvas.around(at)], z)?,
            None => None,
        };
        let slice = match near {
            Some(near) => Some(near),
            None => seen(canvas, detector, &canvas.corners(), z)?,
        };
        centre = slice.as_ref().map(|mark| mark.middle);
        slices.push(slice.map(|mark| mark.set));
        let since = slices.iter().rev().take_while(|slice| slice.is_none()).count();
        if detector.stops_at_brain() && since > PATIENCE && since < slices.len() {
            break;
        }
    }
    let first_z = slices.iter().position(Option::is_some).ok_or_else(|| {
        CenterlineError::NotFound(
            "the network sees none on any slice: are contrast and orientation right?".into(),
        )
    })?;
    let last = slices.iter().rposition(Option::is_some).unwrap_or(first_z);
    slices.truncate(last + 1);
    Ok(Marks { shape: canvas.image.into(), first_z, slices: slices.split_off(first_z) })
}

/// Where the network sees cord on a slice.
pub(super) struct Mark {
    /// The pixels that show the image, set where cord is.
    pub set: Array2<bool>,
    /// The middle of the largest piece.
    middle: [usize; 2],
}

/// What the network sees on a slice in the blocks that begin at `corners`; `None` when that is nothing.
pub(super) fn seen(
    canvas: &Canvas,
    detector: &Detector,
    corners: &[[usize; 2]],
    z: usize,
) -> Result<Option<Mark>, CenterlineError> {
    let map = |corner: &[usize; 2]| Ok((*corner, detector.map(canvas.block(*corner, z))?));
    let maps: Vec<_> = corners.into_par_iter().map(map).collect::<Result<_, CenterlineError>>()?;
    let [nx, ny] = canvas.image;
    let mut set = Array2::from_elem((nx, ny), false);
    for ([x, y], map) in maps {
        let shown = [(x + BLOCK).min(nx).saturating_sub(x), (y + BLOCK).min(ny).saturating_sub(y)];
        let sure = map.slice(s![..shown[0], ..shown[1]]).mapv(|value| value > SURE);
        set.slice_mut(s![x..x + shown[0], y..y + shown[1]]).assign(&sure);
    }
    Ok(middle_of_largest(&set).map(|middle| Mark { set, middle }))
}

/// The centre of mass of the largest piece, cut to whole pixels; `None` when nothing is set.
fn middle_of_largest(set: &Array2<bool>) -> Option<[usize; 2]> {
    let pieces = Components::of(&set.mapv(u8::from).insert_axis(Axis(2)).view(), Connectivity::Faces);
    // Of equals the first.
    let (largest, size) = pieces.sizes.iter().enumerate().rev().max_by_key(|(_, size)| **size)?;
    let mut sum = [0, 0];
    for ((x, y, _), _) in pieces.labels.indexed_iter().filter(|(_, label)| **label as usize == largest + 1) {
        sum = [sum[0] + x, sum[1] + y];
    }
    Some(sum.map(|sum| sum / size))
}
