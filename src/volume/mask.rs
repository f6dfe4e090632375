//! Resampling a mask so that no lesion is lost: linear and halved as SCT does, but a component that would vanish keeps its
//! nearest-neighbour voxels. Knows masks only, not what they mark.

use std::ops::Range;

use ndarray::ArrayView3;

use super::resample::index_map;
use super::sampling::{corners, nearest_voxel};
use super::{Affine, Components, Connectivity, Grid, Millimetres, Volume};

/// A component that linear resampling would have lost, and which was kept by its nearest neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rescued {
    /// Voxels it has in the source.
    pub voxels: usize,
    /// Its volume in the source, mm3.
    pub volume_mm3: f64,
    /// World position (RAS+ mm) of one of its voxels.
    pub at: Millimetres,
}

/// Resamples a mask (not 0 = inside) onto `target`: trilinear on 0/1, then >= 0.5.
///
/// A 6-connected component that dominates no voxel of the result keeps the voxels whose nearest source voxel is its own, and at
/// least the voxel nearest to it when it lies inside `target`; each such component is returned.
pub fn resample_mask(mask: &Volume<u8>, target: &Grid) -> (Volume<u8>, Vec<Rescued>) {
    let components = Components::of(&mask.data.view(), Connectivity::Faces);
    let labels = components.labels.view();
    let to_source = index_map(target, &mask.grid);
    let mut result = Volume::filled(*target, 0);
    let mut kept = vec![false; components.count() + 1];
    let region = region_of(&mask.data.view(), &mask.grid, target);
    for voxel in voxels(&region) {
        let at = to_source.apply(voxel.map(|x| x as f64));
        if let Some(label) = majority(&labels, at) {
            result.data[voxel] = 1;
            kept[label] = true;
        }
    }
    let lost: Vec<usize> = (1..kept.len()).filter(|&label| !kept[label]).collect();
    let rescued = rescue(&mut result, &lost, &components, &mask.grid, (&region, &to_source));
    (result, rescued)
}

/// When half or more of the interpolation weight lies inside the mask: the label that has most of it.
fn majority(labels: &ArrayView3<'_, u32>, at: [f64; 3]) -> Option<usize> {
    let mut inside = 0.0;
    let mut weights = [(0u32, 0.0); 8];
    for (index, weight) in corners(labels.dim().into(), at) {
        let label = labels[index];
        if label > 0 {
            inside += weight;
            if let Some(slot) = weights.iter_mut().find(|(l, _)| *l == label || *l == 0) {
                *slot = (label, slot.1 + weight);
            }
        }
    }
    let heaviest = weights.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    // The weights are sums of products; a half within their rounding is a half.
    (inside >= 0.5 - 1e-9).then_some(heaviest.0 as usize)
}

/// Sets the nearest-neighbour voxels of the lost components.
fn rescue(
    result: &mut Volume<u8>,
    lost: &[usize],
    components: &Components,
    source: &Grid,
    (region, to_source): (&[Range<usize>; 3], &Affine),
) -> Vec<Rescued> {
    if lost.is_empty() {
        return Vec::new();
    }
    let mut found = vec![false; components.count() + 1];
    for voxel in voxels(region) {
        let nearest = nearest_voxel(source.shape, to_source.apply(voxel.map(|x| x as f64)));
        let label = components.labels[nearest] as usize;
        if lost.contains(&label) {
            result.data[voxel] = 1;
            found[label] = true;
        }
    }
    lost.iter().filter_map(|&label| keep_one(result, found[label], label, components, source)).collect()
}

/// Reports a lost component; one without nearest-neighbour voxels gets the voxel nearest to its first. `None` outside `result`.
fn keep_one(
    result: &mut Volume<u8>,
    found: bool,
    label: usize,
    components: &Components,
    source: &Grid,
) -> Option<Rescued> {
    let ((i, j, k), _) = components.labels.indexed_iter().find(|(_, l)| **l as usize == label)?;
    let first = [i as f64, j as f64, k as f64];
    if !found {
        let near = index_map(source, &result.grid).apply(first).map(|x| (x + 0.5).floor());
        let inside = (0..3).all(|axis| near[axis] >= 0.0 && near[axis] < result.grid.shape[axis] as f64);
        if !inside {
            return None;
        }
        result.data[near.map(|x| x as usize)] = 1;
    }
    let voxels = components.sizes[label - 1];
    Some(Rescued { voxels, volume_mm3: voxels as f64 * source.voxel_volume(), at: source.world(first) })
}

/// The box of `target` voxels that the mask can reach; masks are small in large volumes, so the rest is never looked at.
fn region_of(mask: &ArrayView3<'_, u8>, source: &Grid, target: &Grid) -> [Range<usize>; 3] {
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for ((i, j, k), _) in mask.indexed_iter().filter(|(_, value)| **value != 0) {
        for (axis, index) in [i, j, k].into_iter().enumerate() {
            low[axis] = low[axis].min(index as f64 - 1.0);
            high[axis] = high[axis].max(index as f64 + 1.0);
        }
    }
    if low[0] > high[0] {
        return [0..0, 0..0, 0..0];
    }
    // At its edges the source repeats without end: as far as the target goes.
    let last = target.shape.map(|n| n as f64);
    let (first, past) = index_map(target, source).box_around([0.0; 3], last);
    for axis in 0..3 {
        if low[axis] < 0.0 {
            low[axis] = low[axis].min(first[axis]);
        }
        if high[axis] > (source.shape[axis] - 1) as f64 {
            high[axis] = high[axis].max(past[axis]);
        }
    }
    index_map(source, target).cover(low, high, target.shape)
}

/// The indices of a box, axis 0 fastest.
fn voxels(region: &[Range<usize>; 3]) -> impl Iterator<Item = [usize; 3]> + '_ {
    let [x, y, z] = region;
    z.clone().flat_map(move |k| y.clone().flat_map(move |j| x.clone().map(move |i| [i, j, k])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::resample_linear;

    fn mask(shape: [usize; 3], spacing: [f64; 3], voxels: &[[usize; 3]]) -> Volume<u8> {
        let grid = Grid { shape, affine: Affine::scaling(spacing, [0.0; 3]) };
        let mut mask = Volume::filled(grid, 0);
        voxels.iter().for_each(|v| mask.data[*v] = 1);
        mask
    }

    fn ones(volume: &Volume<u8>) -> Vec<[usize; 3]> {
        volume.data.indexed_iter().filter(|(_, v)| **v == 1).map(|((i, j, k), _)| [i, j, k]).collect()
    }

    #[test]
    fn a_large_component_is_halved_at_its_border() {
        let source = mask([6, 3, 3], [1.0; 3], &[[2, 1, 1], [3, 1, 1]]);
        let mut target = source.grid;
        target.affine.0[0][3] = 0.25;
        let (result, rescued) = resample_mask(&source, &target);
        // At 0.25 voxel past each centre: 1.25 holds a quarter, 2.25 all, 3.25 three quarters.
        assert_eq!(ones(&result), [[2, 1, 1], [3, 1, 1]]);
        assert!(rescued.is_empty());
    }

    #[test]
    fn a_lesion_thinner_than_the_new_voxels_survives_and_is_reported() {
        let source = mask([40, 40, 40], [0.25, 0.25, 0.25], &[[21, 21, 21], [3, 3, 3], [4, 3, 3]]);
        let target = source.grid.resampled(1.0);
        let (result, rescued) = resample_mask(&source, &target);
        assert_eq!(ones(&result), [[1, 1, 1], [5, 5, 5]]);
        assert_eq!(rescued.iter().map(|r| r.voxels).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(rescued[1].at, [5.25, 5.25, 5.25]);
        assert!((rescued[1].volume_mm3 - 0.015625).abs() < 1e-12);
    }

    #[test]
    fn one_component_is_lost_beside_one_that_stays() {
        // Voxel (2,2,2) lies exactly between four new ones and reaches a quarter in each.
        let mut block: Vec<[usize; 3]> = (6..9).flat_map(|i| (6..9).map(move |j| [i, j, 2])).collect();
        block.push([2, 2, 2]);
        let source = mask([12, 12, 5], [1.0; 3], &block);
        let mut target = source.grid;
        (target.affine.0[0][3], target.affine.0[1][3]) = (0.5, 0.5);
        let (result, rescued) = resample_mask(&source, &target);
        assert_eq!(rescued.len(), 1);
        assert_eq!(result.data[[1, 1, 2]], 1, "2.0 is nearest to 1.5 when halves go up");
        assert_eq!(ones(&result).len(), 1 + 12, "3x3 halved: the corners of the 4x4 reach only a quarter");
    }

    #[test]
    fn looking_only_where_the_mask_reaches_misses_nothing() {
        // Masks at the edges of the source, whose values repeat outwards, and a target that is tilted and wider.
        for voxels in [vec![[0, 0, 0], [0, 1, 0]], vec![[5, 7, 3]], vec![[3, 3, 2], [4, 3, 2]]] {
            let source = mask([6, 8, 4], [1.0, 0.7, 2.5], &voxels);
            let tilted = Affine([[0.5, 0.1, 0.0, -2.0], [-0.1, 0.5, 0.0, -1.5], [0.0, 0.0, 0.8, -1.0]]);
            let target = Grid { shape: [18, 18, 14], affine: tilted };
            let linear = Volume { grid: source.grid, data: source.data.mapv(f32::from) };
            let expected = resample_linear(&linear, &target).data.mapv(|v| u8::from(v >= 0.5));
            let (found, rescued) = resample_mask(&source, &target);
            assert!(rescued.is_empty());
            assert_eq!(found.data, expected, "{voxels:?}");
        }
    }

    #[test]
    fn what_lies_outside_the_target_is_not_rescued() {
        let source = mask([10, 3, 3], [1.0; 3], &[[8, 1, 1]]);
        let target = Grid { shape: [4, 3, 3], ..source.grid };
        assert_eq!(resample_mask(&source, &target), (Volume::filled(target, 0), Vec::new()));
    }
}
