//! What voxel values tell: NaN and infinity, a blank image, masks that are not 0 and 1, empty masks, a mask that is its image.

use std::collections::BTreeSet;
use std::path::Path;

use super::case::Case;
use crate::dataset::{Code, Fix, Problem};
use crate::volume::Volume;

/// Different odd values that are counted one by one; beyond it a mask is simply continuous.
const COUNTED: usize = 100;

/// The problems of a scan's values; each volume is absent when it cannot be read.
pub(super) fn problems(
    case: &Case<'_>,
    image: Option<&Volume<f32>>,
    mask: Option<&Volume<f32>>,
    cord: Option<&Volume<f32>>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(image) = image {
        problems.extend(not_finite(case, &case.scan.image, image));
        problems.extend(blank(case, image));
    }
    let [mask_path, cord_path] = case.labels();
    if let (Some(path), Some(mask)) = (mask_path, mask) {
        problems.extend(not_finite(case, path, mask));
        let same = image.is_some_and(|image| equal(image, mask));
        problems.extend(same.then(|| equals_image(case, path)).or_else(|| not_binary(case, path, mask)));
        problems.extend(empty(mask).then(|| no_lesion(case, path)));
    }
    if let (Some(path), Some(cord)) = (cord_path, cord) {
        problems.extend(not_finite(case, path, cord));
        problems.extend(not_binary(case, path, cord));
        problems.extend(empty(cord).then(|| no_cord(case, path)));
    }
    problems
}

fn not_finite(case: &Case<'_>, path: &Path, volume: &Volume<f32>) -> Option<Problem> {
    let nan = volume.data.iter().filter(|v| v.is_nan()).count();
    let infinite = volume.data.iter().filter(|v| v.is_infinite()).count();
    (nan + infinite > 0).then(|| {
        case.offer(
            Code::NonFinite,
            format!("{} has {nan} NaN and {infinite} infinite voxels; they count as 0", case.name(path)),
            "if that is right, say so",
            Fix::ReplaceNonFinite,
        )
    })
}

fn blank(case: &Case<'_>, image: &Volume<f32>) -> Option<Problem> {
    let first = *image.data.first()?;
    image.data.iter().all(|v| *v == first).then(|| {
        case.offer(
            Code::BlankImage,
            format!("{} is blank: every voxel is {first}", case.name(&case.scan.image)),
            "export it again, or leave the scan out",
            Fix::Exclude,
        )
    })
}

/// Values other than 0 and 1, NaN aside.
fn not_binary(case: &Case<'_>, path: &Path, mask: &Volume<f32>) -> Option<Problem> {
    let odd = |v: &&f32| **v != 0.0 && **v != 1.0 && v.is_finite();
    let count = mask.data.iter().filter(odd).count();
    let mut different = BTreeSet::new();
    for value in mask.data.iter().filter(odd) {
        different.insert(value.to_bits());
        if different.len() > COUNTED {
            break;
        }
    }
    let (low, high) =
        mask.data.iter().filter(odd).fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
    let kinds = match different.len() {
        0 => return None,
        1 => format!("the value {low}"),
        n if n > COUNTED => format!("more than {COUNTED} values from {low} to {high}"),
        n => format!("{n} values from {low} to {high}"),
    };
    Some(case.offer(
        Code::MaskValues,
        format!(
            "{} is not 0 and 1: {count} voxels have {kinds}; everything above 0 counts as inside",
            case.name(path)
        ),
        "if that is right, say so",
        Fix::Binarise,
    ))
}

fn empty(mask: &Volume<f32>) -> bool {
    !mask.data.iter().any(|v| *v > 0.0)
}

fn no_lesion(case: &Case<'_>, path: &Path) -> Problem {
    case.offer(
        Code::EmptyMask,
        format!(
            "{} marks no voxel: a negative subject, used for evaluation but not for training",
            case.name(path)
        ),
        "if the subject has no lesion and training may use that, say so",
        Fix::KeepAsNegative,
    )
}

fn no_cord(case: &Case<'_>, path: &Path) -> Problem {
    case.problem(
        Code::EmptyCord,
        format!("the cord mask {} marks no voxel", case.name(path)),
        "draw it again, or find the centerline by another method with `deepseg centerline`",
    )
}

/// Same voxels as the image; two blank volumes are no mix-up of files.
fn equal(image: &Volume<f32>, mask: &Volume<f32>) -> bool {
    image.data == mask.data && !empty(mask)
}

fn equals_image(case: &Case<'_>, path: &Path) -> Problem {
    case.offer(
        Code::MaskEqualsImage,
        format!(
            "{} is not a mask: it has the voxels of the image {}",
            case.name(path),
            case.name(&case.scan.image)
        ),
        "put the mask in its place, or leave the scan out",
        Fix::Exclude,
    )
}
