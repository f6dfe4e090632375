//! Connected components of a mask: lesions as separate things that can be counted, measured and removed.

use ndarray::{Array3, ArrayView3, ShapeBuilder};

/// Which neighbours of a voxel belong to the same component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// 6 neighbours: across faces. The lesion-wise metrics use this one.
    Faces,
    /// 18 neighbours: across faces and edges.
    Edges,
    /// 26 neighbours: across faces, edges and corners.
    Corners,
}

impl Connectivity {
    /// Steps to the neighbours along axes 0, 1, 2.
    fn steps(self) -> Vec<[isize; 3]> {
        let farthest: isize = match self {
            Connectivity::Faces => 1,
            Connectivity::Edges => 2,
            Connectivity::Corners => 3,
        };
        let all = (-1..=1).flat_map(|i| (-1..=1).flat_map(move |j| (-1..=1).map(move |k| [i, j, k])));
        all.filter(|step: &[isize; 3]| (1..=farthest).contains(&step.iter().map(|s| s.abs()).sum())).collect()
    }
}

/// The labelled components of a mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// 0 outside the mask, else 1.. in the order in which components are met (axis 0 fastest). Shape of the mask.
    pub labels: Array3<u32>,
    /// Voxels of each component: `sizes[label - 1]`.
    pub sizes: Vec<usize>,
}

impl Components {
    /// Labels the voxels of a mask that are not 0.
    pub fn of(mask: &ArrayView3<'_, u8>, connectivity: Connectivity) -> Components {
        let shape: [usize; 3] = mask.dim().into();
        let steps = connectivity.steps();
        let mut found = Components { labels: Array3::zeros(shape.f()), sizes: Vec::new() };
        // The reversed view runs axis 0 first.
        for ((k, j, i), value) in mask.t().indexed_iter() {
            if *value != 0 && found.labels[[i, j, k]] == 0 {
                let size = found.flood(mask, [i, j, k], &steps);
                found.sizes.push(size);
            }
        }
        found
    }

    /// How many components there are.
    pub fn count(&self) -> usize {
        self.sizes.len()
    }

    /// Gives every voxel reachable from `start` the next label; returns their number.
    fn flood(&mut self, mask: &ArrayView3<'_, u8>, start: [usize; 3], steps: &[[isize; 3]]) -> usize {
        let label = self.sizes.len() as u32 + 1;
        self.labels[start] = label;
        let mut waiting = vec![start];
        let mut size = 0;
        while let Some(voxel) = waiting.pop() {
            size += 1;
            for step in steps {
                // A step below 0 wraps to a huge index, which `get` refuses as it does one past the end.
                let next: [usize; 3] =
                    std::array::from_fn(|axis| voxel[axis].wrapping_add_signed(step[axis]));
                if mask.get(next).is_some_and(|value| *value != 0) && self.labels[next] == 0 {
                    self.labels[next] = label;
                    waiting.push(next);
                }
            }
        }
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(voxels: &[[usize; 3]]) -> Array3<u8> {
        let mut mask = Array3::zeros((4, 4, 4));
        voxels.iter().for_each(|v| mask[*v] = 1);
        mask
    }

    #[test]
    fn neighbours_across_faces_edges_and_corners() {
        let chain = mask(&[[0, 0, 0], [1, 0, 0], [2, 1, 0], [3, 2, 1]]);
        let sizes = |c| Components::of(&chain.view(), c).sizes;
        assert_eq!(sizes(Connectivity::Faces), [2, 1, 1]);
        assert_eq!(sizes(Connectivity::Edges), [3, 1]);
        assert_eq!(sizes(Connectivity::Corners), [4]);
    }

    #[test]
    fn labels_follow_axis_0_first_and_cover_the_mask() {
        let two = mask(&[[0, 3, 0], [3, 0, 0], [3, 0, 1]]);
        let found = Components::of(&two.view(), Connectivity::Faces);
        assert_eq!((found.count(), found.sizes.clone()), (2, vec![2, 1]));
        assert_eq!((found.labels[[3, 0, 1]], found.labels[[0, 3, 0]]), (1, 2));
        assert_eq!(found.labels.mapv(|l| u8::from(l > 0)), two);
    }

    #[test]
    fn an_empty_mask_has_none() {
        assert_eq!(Components::of(&mask(&[]).view(), Connectivity::Corners).count(), 0);
    }
}
