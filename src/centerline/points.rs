//! Curves through points that somebody placed: clicked, or listed in a file.

use super::confidence::Confidence;
use super::{CenterlineError, Curve, Fit, Method};
use crate::volume::{Affine, Grid};

/// What the numbers of a point count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Continuous voxels `[x, y, z]` of the image in RPI orientation.
    Rpi,
    /// RAS+ millimetres.
    World,
}

/// Points and what they count, in any order.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// What the numbers are.
    pub frame: Frame,
    /// `[x, y, z]` each.
    pub at: Vec<[f64; 3]>,
}

impl Points {
    /// The points in RPI voxels of `grid`, by increasing z.
    pub(super) fn to_voxels(&self, grid: &Grid) -> Result<Vec<[f64; 3]>, CenterlineError> {
        let map = match self.frame {
            Frame::Rpi => Affine::IDENTITY,
            Frame::World => grid.to_rpi().affine.inverse().ok_or(CenterlineError::DegenerateGrid)?,
        };
        let mut voxels: Vec<[f64; 3]> = self.at.iter().map(|p| map.apply(*p)).collect();
        voxels.sort_by(|a, b| a[2].total_cmp(&b[2]));
        Ok(voxels)
    }

    /// [`Self::to_voxels`], refusing points outside the image and an empty list.
    pub(super) fn in_voxels(&self, grid: &Grid) -> Result<Vec<[f64; 3]>, CenterlineError> {
        let shape = grid.to_rpi().shape;
        let voxels = self.to_voxels(grid)?;
        let inside = |v: &&[f64; 3]| (0..3).all(|i| (-0.51..=shape[i] as f64 - 0.49).contains(&v[i]));
        match voxels.iter().find(|v| !inside(v)) {
            _ if voxels.is_empty() => Err(CenterlineError::NoPoints),
            Some(&voxel) => Err(CenterlineError::OutsideImage { voxel, shape }),
            None => Ok(voxels),
        }
    }
}

/// The curve through `points`, on `grid` taken to RPI, from the slice of the lowest point to that of the highest. Points of
/// the same height count as their mean. Fails when there is no point, or one is outside the image.
pub fn from_points(points: &Points, grid: &Grid, fit: Fit) -> Result<Curve, CenterlineError> {
    let grid = grid.to_rpi();
    let centres = merged(points.in_voxels(&grid)?);
    let slice = |c: Option<&[f64; 3]>| c.map_or(0.0, |c| c[2].round().max(0.0)) as usize;
    let slices = slice(centres.first())..(slice(centres.last()) + 1).min(grid.shape[2]);
    let xy = fit.through(&centres, slices.clone(), grid.spacing()[2]);
    let mut curve =
        Curve { grid, first_z: slices.start, xy, method: Method::Points.to_string(), confidence: None };
    // Points are meant to be far apart: the slices between them are no gaps.
    let judged: Vec<[f64; 3]> = curve.voxels().chain(centres).collect();
    curve.confidence = Some(Confidence::of(&curve, &judged, &[]));
    Ok(curve)
}

/// Points of one height become their mean.
fn merged(sorted: Vec<[f64; 3]>) -> Vec<[f64; 3]> {
    let same = |a: &[f64; 3], b: &[f64; 3]| (a[2] - b[2]).abs() < 1e-6;
    let mean = |group: &[[f64; 3]]| {
        std::array::from_fn(|i| group.iter().map(|p| p[i]).sum::<f64>() / group.len() as f64)
    };
    sorted.chunk_by(same).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid { shape: [40, 40, 30], affine: Affine::scaling([-0.5, 0.5, 2.0], [10.0, -10.0, 5.0]) }
    }

    #[test]
    fn both_frames_give_the_same_curve_whatever_the_order() {
        let voxels = vec![[12.0, 20.0, 18.0], [10.0, 22.0, 3.0], [11.0, 21.0, 9.0], [13.0, 21.0, 9.0]];
        let world = voxels.iter().map(|v| grid().affine.apply(*v)).collect();
        let fit = Fit::Linear { smooth: 0.0 };
        let a = from_points(&Points { frame: Frame::Rpi, at: voxels }, &grid(), fit).unwrap();
        let b = from_points(&Points { frame: Frame::World, at: world }, &grid(), fit).unwrap();
        assert_eq!(a.z_range(), 3..19);
        assert_eq!((a.at(9), a.at(6)), (Some([12.0, 21.0]), Some([11.0, 21.5])));
        for (p, q) in a.voxels().zip(b.voxels()) {
            assert!((0..3).all(|i| (p[i] - q[i]).abs() < 1e-9));
        }
        assert!(a.confidence.unwrap().reasons.iter().all(|r| !r.contains("bridged")));
    }

    #[test]
    fn points_between_slices_belong_to_the_nearest() {
        let points = Points { frame: Frame::Rpi, at: vec![[5.0, 6.0, -0.4], [5.0, 6.0, 7.6]] };
        let curve = from_points(&points, &grid(), Fit::default()).unwrap();
        assert_eq!(curve.z_range(), 0..9);
        let one = Points { frame: Frame::Rpi, at: vec![[5.0, 6.0, 7.6]] };
        assert_eq!(from_points(&one, &grid(), Fit::default()).unwrap().z_range(), 8..9);
    }

    #[test]
    fn strangers_and_nothing_are_refused() {
        let outside = Points { frame: Frame::Rpi, at: vec![[5.0, 6.0, 3.0], [5.0, 60.0, 4.0]] };
        let message = from_points(&outside, &grid(), Fit::default()).unwrap_err().to_string();
        assert!(message.contains("y 60.0") && message.contains("40 x 40 x 30"), "{message}");
        let none = Points { frame: Frame::World, at: vec![] };
        assert!(matches!(from_points(&none, &grid(), Fit::default()), Err(CenterlineError::NoPoints)));
    }
}
