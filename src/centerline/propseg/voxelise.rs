//! The voxels within a tube: those whose centre lies inside its surface, closed at both ends. Knows no image.

use super::tube::Tube;
use super::vector::Vector;
use crate::volume::{Grid, Volume};

/// A part of the outline on one slice, mm.
type Segment = [[f64; 2]; 2];

/// The cord as a mask on an RPI grid (1 inside); the tube in mm from the centre of voxel (0, 0, 0) along the grid's axes.
pub(super) fn voxels_within(tube: &Tube, grid: &Grid) -> Volume<u8> {
    let spacing = grid.spacing();
    let facets = closed_surface(tube);
    let mut mask = Volume::filled(*grid, 0);
    for (z, mut slice) in mask.data.axis_iter_mut(ndarray::Axis(2)).enumerate() {
        let outline: Vec<Segment> = facets.iter().filter_map(|f| section(f, z as f64 * spacing[2])).collect();
        for (y, mut row) in slice.axis_iter_mut(ndarray::Axis(1)).enumerate() {
            let crossings = crossings(&outline, y as f64 * spacing[1]);
            for pair in crossings.chunks_exact(2) {
                let first = (pair[0] / spacing[0]).ceil().max(0.0) as usize;
                let past = ((pair[1] / spacing[0]).floor() + 1.0).clamp(0.0, row.len() as f64) as usize;
                (first..past).for_each(|x| row[x] = 1);
            }
        }
    }
    mask
}

/// The tube's triangles, and a fan over each of its two ends.
fn closed_surface(tube: &Tube) -> Vec<[Vector; 3]> {
    let side = tube.triangles().map(|triangle| triangle.map(|vertex| tube.points()[vertex]));
    let lids = [0, tube.rings() - 1].into_iter().flat_map(|end| {
        let (ring, middle) = (tube.ring(end), tube.centre(end));
        (0..tube.around()).map(move |k| [ring[k], ring[(k + 1) % ring.len()], middle])
    });
    side.chain(lids).collect()
}

/// Where a triangle meets the plane of height `z`. A vertex on the plane counts as above it, so that outlines close.
fn section(facet: &[Vector; 3], z: f64) -> Option<Segment> {
    let mut ends = (0..3).filter_map(|i| {
        // From the lower end, so that the two triangles at an edge agree to the last bit and no gap opens.
        let (a, b) = (facet[i], facet[(i + 1) % 3]);
        let (a, b) = if a[2] < b[2] { (a, b) } else { (b, a) };
        ((a[2] >= z) != (b[2] >= z)).then(|| {
            let share = (z - a[2]) / (b[2] - a[2]);
            [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]
        })
    });
    Some([ends.next()?, ends.next()?])
}

/// x (ascending, an even number of them) where an outline crosses a row.
fn crossings(outline: &[Segment], y: f64) -> Vec<f64> {
    let crossing = |[a, b]: &Segment| {
        ((a[1] >= y) != (b[1] >= y)).then(|| a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]))
    };
    let mut found: Vec<f64> = outline.iter().filter_map(crossing).collect();
    found.sort_unstable_by(f64::total_cmp);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;

    #[test]
    fn an_oblique_cylinder_has_its_volume_and_no_voxel_outside() {
        let spacing = [0.5, 0.7, 2.0];
        let grid = Grid { shape: [80, 60, 20], affine: Affine::scaling([-0.5, 0.7, 2.0], [0.0; 3]) };
        let (start, axis) = ([18.0, 20.0, 6.0], [0.1, -0.2, 1.0]);
        let tube = Tube::straight(start, axis, [5.0; 2], 10, 2.0, 60);
        let mask = voxels_within(&tube, &grid);
        let expected = tube.area(0) * 18.0 / (0.35 * 2.0);
        let count = mask.data.iter().filter(|v| **v == 1).count() as f64;
        assert!((count / expected - 1.0).abs() < 0.02, "{count} voxels, expected {expected}");
        for ((x, y, z), _) in mask.data.indexed_iter().filter(|(_, v)| **v == 1) {
            let at = [x as f64 * spacing[0], y as f64 * spacing[1], z as f64 * spacing[2]];
            let from = super::super::vector::minus(at, start);
            let along = super::super::vector::dot(from, tube.axis());
            let off = (super::super::vector::dot(from, from) - along * along).sqrt();
            assert!(off < 5.001 && (-0.001..18.001).contains(&along), "{at:?}");
        }
    }

    #[test]
    fn what_leaves_the_grid_is_cut_off() {
        let grid = Grid { shape: [6, 6, 4], affine: Affine::scaling([-1.0, 1.0, 1.0], [0.0; 3]) };
        let tube = Tube::straight([0.0, 5.0, -9.0], [0.0, 0.0, 1.0], [3.0; 2], 20, 2.0, 30);
        let mask = voxels_within(&tube, &grid);
        assert_eq!((mask.data[[0, 5, 0]], mask.data[[2, 5, 3]], mask.data[[4, 5, 3]]), (1, 1, 0));
    }
}
