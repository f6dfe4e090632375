//! Curves as voxel masks: an export for other tools, and the way in for centerline files that are such masks.

use super::centre_of_mass::centres;
use super::confidence::Confidence;
use super::{CenterlineError, Curve, Fit, Method};
use crate::volume::Volume;

impl Curve {
    /// One voxel of value 1 on every slice, at x and y rounded half to even and clipped to the grid (the toolbox's rule).
    pub fn to_voxels(&self) -> Volume<u8> {
        let mut mask = Volume::filled(self.grid, 0);
        let index = |value: f64, axis: usize| {
            value.round_ties_even().clamp(0.0, self.grid.shape[axis].saturating_sub(1) as f64) as usize
        };
        for (z, [x, y]) in self.z_range().zip(&self.xy) {
            if let Some(voxel) = mask.data.get_mut([index(*x, 0), index(*y, 1), z]) {
                *voxel = 1;
            }
        }
        mask
    }
}

/// The curve that a centerline mask marks (any orientation): straight lines between the centres of its slices, unsmoothed,
/// because a centerline file is taken at its word. Fails on an empty one.
pub fn from_voxels(line: &Volume<u8>) -> Result<Curve, CenterlineError> {
    let line = line.to_rpi();
    let voxels: Vec<[f64; 3]> = centres(&line).iter().map(|c| c.voxel).collect();
    let (Some(first), Some(last)) = (voxels.first(), voxels.last()) else {
        return Err(CenterlineError::EmptyMask);
    };
    let slices = first[2] as usize..last[2] as usize + 1;
    let xy = Fit::Linear { smooth: 0.0 }.through(&voxels, slices.clone(), line.grid.spacing()[2]);
    let mut curve = Curve {
        grid: line.grid,
        first_z: slices.start,
        xy,
        method: Method::File.to_string(),
        confidence: None,
    };
    curve.confidence = Some(Confidence::of(&curve, &voxels, &[]));
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Grid};

    #[test]
    fn rounds_half_to_even_and_stays_inside() {
        let grid = Grid { shape: [6, 6, 5], affine: Affine::scaling([-1.0, 1.0, 3.0], [0.0; 3]) };
        let xy = vec![[2.5, 3.5], [-4.0, 9.0], [3.49, 2.51]];
        let curve = Curve { grid, first_z: 1, xy, method: "test".into(), confidence: None };
        let voxels = curve.to_voxels();
        assert_eq!(voxels.data.iter().filter(|v| **v == 1).count(), 3);
        for voxel in [[2, 4, 1], [0, 5, 2], [3, 3, 3]] {
            assert_eq!(voxels.data[voxel], 1, "{voxel:?}");
        }
        let back = from_voxels(&voxels).unwrap();
        assert_eq!((back.z_range(), back.at(2), back.method.as_str()), (1..4, Some([0.0, 5.0]), "file"));
    }
}
