//! The cord mask's centre on every slice: the mean of its voxels, by which the toolbox too follows a mask.

use super::confidence::Confidence;
use super::{CenterlineError, Curve, Fit, Method};
use crate::volume::{Components, Connectivity, Grid, Volume};
use ndarray::{ArrayView2, Axis, s};

/// The curve through the centres of a cord mask (any orientation; voxels above 0 are cord), on the mask's own grid in RPI.
///
/// Slices without cord between the first and the last are bridged by the fit. Several pieces on a slice count together, and
/// lower the confidence. One slice is enough. Fails on an empty mask.
pub fn from_mask(mask: &Volume<u8>, fit: Fit) -> Result<Curve, CenterlineError> {
    let mask = mask.to_rpi();
    from_mask_within(&mask, &mask.grid, [0; 3], fit)
}

/// [`from_mask`] when only a part of a large RPI grid is at hand: `part` holds the voxels of `whole` from voxel `origin` on,
/// in the same axis order. The curve and its confidence count voxels and slices of `whole`.
pub fn from_mask_within(
    part: &Volume<u8>,
    whole: &Grid,
    origin: [usize; 3],
    fit: Fit,
) -> Result<Curve, CenterlineError> {
    let mut centres = centres(part);
    for centre in &mut centres {
        (0..3).for_each(|i| centre.voxel[i] += origin[i] as f64);
    }
    let voxels: Vec<[f64; 3]> = centres.iter().map(|c| c.voxel).collect();
    let (Some(first), Some(last)) = (voxels.first(), voxels.last()) else {
        return Err(CenterlineError::EmptyMask);
    };
    let slices = first[2] as usize..last[2] as usize + 1;
    let xy = fit.through(&voxels, slices.clone(), whole.spacing()[2]);
    let method = Method::Mask.to_string();
    let mut curve = Curve { grid: *whole, first_z: slices.start, xy, method, confidence: None };
    let broken: Vec<usize> = centres.iter().filter(|c| c.pieces > 1).map(|c| c.voxel[2] as usize).collect();
    curve.confidence = Some(Confidence::of(&curve, &voxels, &broken));
    Ok(curve)
}

/// The mask on one slice.
pub(super) struct Centre {
    /// Mean x, mean y and the slice, in voxels.
    pub voxel: [f64; 3],
    /// Separate pieces (8-connected).
    pub pieces: usize,
}

/// The centres of the slices (axis 2) that hold a voxel above 0, from the lowest up.
pub(super) fn centres(mask: &Volume<u8>) -> Vec<Centre> {
    mask.data.axis_iter(Axis(2)).enumerate().filter_map(|(z, slice)| centre(z, slice)).collect()
}

fn centre(z: usize, slice: ArrayView2<'_, u8>) -> Option<Centre> {
    let mut sum = [0.0, 0.0];
    let mut count = 0.0;
    let (mut low, mut high) = ([usize::MAX; 2], [0; 2]);
    for ((x, y), _) in slice.indexed_iter().filter(|(_, value)| **value > 0) {
        sum = [sum[0] + x as f64, sum[1] + y as f64];
        count += 1.0;
        (low, high) = ([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)]);
    }
    if count == 0.0 {
        return None;
    }
    // Pieces are looked for in the mask's box only: a cord is small in its slice.
    let boxed = slice.slice_move(s![low[0]..=high[0], low[1]..=high[1]]);
    let pieces = Components::of(&boxed.insert_axis(Axis(2)), Connectivity::Edges).count();
    Some(Centre { voxel: [sum[0] / count, sum[1] / count, z as f64], pieces })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Orientation};

    fn mask(voxels: &[[usize; 3]]) -> Volume<u8> {
        let grid = Grid { shape: [30, 30, 12], affine: Affine::scaling([-1.0, 1.0, 5.0], [0.0; 3]) };
        let mut mask = Volume::filled(grid, 0);
        voxels.iter().for_each(|v| mask.data[*v] = 1);
        mask
    }

    #[test]
    fn counts_pieces_and_averages_them() {
        let found = centres(&mask(&[[3, 4, 2], [4, 5, 2], [10, 12, 7], [12, 12, 7]]));
        let seen: Vec<_> = found.iter().map(|c| (c.voxel, c.pieces)).collect();
        assert_eq!(seen, [([3.5, 4.5, 2.0], 1), ([11.0, 12.0, 7.0], 2)]);
    }

    #[test]
    fn one_and_two_slices_are_enough_and_none_is_an_error() {
        let one = from_mask(&mask(&[[3, 4, 2]]), Fit::default()).unwrap();
        assert_eq!((one.z_range(), one.at(2)), (2..3, Some([3.0, 4.0])));
        let two = from_mask(&mask(&[[3, 4, 2], [7, 8, 4]]), Fit::default()).unwrap();
        assert_eq!(two.z_range(), 2..5);
        assert!((two.at(3).unwrap()[0] - 5.0).abs() < 1e-9, "the gap is bridged");
        assert!(matches!(from_mask(&mask(&[]), Fit::default()), Err(CenterlineError::EmptyMask)));
    }

    #[test]
    fn orientation_of_the_file_does_not_matter() {
        let native = mask(&[[3, 4, 2], [5, 4, 3], [6, 6, 4], [6, 7, 5], [7, 9, 6]]);
        let expected = from_mask(&native, Fit::default()).unwrap();
        for code in ["AIL", "LPI", "SAR"] {
            let turned = native.reoriented(code.parse::<Orientation>().unwrap());
            let curve = from_mask(&turned, Fit::default()).unwrap();
            assert_eq!(curve.xy, expected.xy, "{code}");
        }
    }

    #[test]
    fn a_part_gives_the_curve_of_the_whole() {
        let whole = mask(&[[13, 14, 4], [14, 14, 5], [15, 16, 6], [16, 18, 7], [16, 20, 8], [17, 21, 10]]);
        let part = Volume {
            grid: Grid { shape: [20, 18, 8], ..whole.grid },
            data: whole.data.slice(s![10.., 12.., 4..]).to_owned(),
        };
        let expected = from_mask(&whole, Fit::default()).unwrap();
        let curve = from_mask_within(&part, &whole.grid, [10, 12, 4], Fit::default()).unwrap();
        assert_eq!((curve.z_range(), &curve.confidence), (expected.z_range(), &expected.confidence));
        for (a, b) in curve.xy.iter().zip(&expected.xy) {
            assert!((a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9);
        }
    }
}
