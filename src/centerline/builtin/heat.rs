//! How probable it is that a place is cord, everywhere in an image.

use std::ops::Range;

use ndarray::{Array3, Array4, ArrayView3, s};

use super::SPACING;
use super::model::shipped;
use super::normalise::local_contrast;
use super::working::{Scale, resampled};
use crate::centerline::CenterlineError;
use crate::volume::{Volume, sample_linear};

/// More voxels than this (2 mm wide) no person has.
const MOST: usize = 24_000_000;

/// Longer images (voxels along z) are searched in slabs: it bounds the memory, and a search can be ended between them.
const LONG: usize = 160;
/// What a slab is responsible for, and what it sees beyond that at either end; multiples of what the network halves.
const OWN: usize = 96;
const BEYOND: usize = 24;

/// The detector's answer on its own grid.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Probability 0..1, `[x, y, z]` in RPI.
    pub(super) probability: Array3<f32>,
    pub(super) scales: [Scale; 3],
}

impl Heat {
    /// Runs the shipped network over an RPI image whose voxels are all finite; `go_on` is asked before the long part.
    ///
    /// Fails when the header's voxel size cannot be true.
    pub fn of(
        image: &Volume<f32>,
        go_on: impl Fn() -> Result<(), CenterlineError>,
    ) -> Result<Self, CenterlineError> {
        let scales = scales(image)?;
        let normal = local_contrast(&resampled(image.data.view(), &scales));
        let mut probability = Array3::zeros(normal.raw_dim());
        for slab in slabs(scales[2].to) {
            go_on()?;
            let answer = answer(normal.slice(s![.., .., slab.seen.clone()]))?;
            let own = slab.own.start - slab.seen.start..slab.own.end - slab.seen.start;
            probability.slice_mut(s![.., .., slab.own]).assign(&answer.slice(s![.., .., own]));
        }
        Ok(Self { probability, scales })
    }

    /// The probability (0..1) that there is cord at a continuous voxel of the image; beyond its edges the nearest one's.
    pub fn at(&self, voxel: [f64; 3]) -> f32 {
        let position = std::array::from_fn(|axis| self.scales[axis].inward(voxel[axis]));
        sample_linear(&self.probability.view(), position)
    }

    /// Voxel size (mm), the working grid's own: the nearest to 2 that divides the image evenly.
    pub(super) fn spacing(&self, image: &Volume<f32>) -> [f64; 3] {
        let spacing = image.grid.spacing();
        std::array::from_fn(|axis| {
            spacing[axis] * image.grid.shape[axis] as f64 / self.scales[axis].to as f64
        })
    }
}

/// Slices that are searched together.
struct Slab {
    seen: Range<usize>,
    own: Range<usize>,
}

fn slabs(n: usize) -> Vec<Slab> {
    if n <= LONG {
        return vec![Slab { seen: 0..n, own: 0..n }];
    }
    let slab = |first: usize| {
        let own = first..(first + OWN).min(n);
        Slab { seen: first.saturating_sub(BEYOND)..(own.end + BEYOND).min(n), own }
    };
    (0..n).step_by(OWN).map(slab).collect()
}

/// What the shipped network says of normalised voxels.
fn answer(normal: ArrayView3<'_, f32>) -> Result<Array3<f32>, CenterlineError> {
    let (network, multiple) = shipped()?;
    let (x, y, z) = normal.dim();
    let [nx, ny, nz] = [x, y, z].map(|n| n.next_multiple_of(multiple));
    let mut input = Array4::zeros((1, nx, ny, nz));
    input.slice_mut(s![0, ..x, ..y, ..z]).assign(&normal);
    let answer = network.run(input).map_err(|error| CenterlineError::Model {
        path: "the built-in detector".into(),
        problem: error.to_string(),
    })?;
    Ok(answer.slice_move(s![0, ..x, ..y, ..z]))
}

fn scales(image: &Volume<f32>) -> Result<[Scale; 3], CenterlineError> {
    let (shape, spacing) = (image.grid.shape, image.grid.spacing());
    let scales = [0, 1, 2].map(|axis| Scale::new(shape[axis], spacing[axis]));
    if let [Some(x), Some(y), Some(z)] = scales
        && x.to.saturating_mul(y.to).saturating_mul(z.to) <= MOST
    {
        return Ok([x, y, z]);
    }
    let extent: [f64; 3] = std::array::from_fn(|axis| shape[axis] as f64 * spacing[axis]);
    Err(CenterlineError::NotFound(format!(
        "the header says that the image is {:.0} x {:.0} x {:.0} mm large, which cannot be searched at {SPACING} mm: \
         repair it (`deepseg check`)",
        extent[0], extent[1], extent[2]
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::{Affine, Grid};

    #[test]
    fn slabs_share_out_every_slice_and_begin_where_the_network_halves() {
        for n in [1, 160, 161, 192, 200, 1000] {
            let slabs = slabs(n);
            let own: Vec<usize> = slabs.iter().flat_map(|slab| slab.own.clone()).collect();
            assert_eq!(own, (0..n).collect::<Vec<_>>());
            assert!(slabs.iter().all(|slab| slab.seen.start % 8 == 0 && slab.seen.end <= n));
            assert!(slabs.iter().all(|slab| slab.seen.len() <= LONG));
        }
    }

    #[test]
    fn a_long_image_is_answered_as_it_would_be_at_once() {
        let scene = crate::centerline::example(11, 3, [32, 32, 48]).image;
        let data = ndarray::concatenate(ndarray::Axis(2), &[scene.view(); 4]).unwrap();
        let grid = Grid { shape: [32, 32, 192], affine: Affine::scaling([-2.0, 2.0, 2.0], [0.0; 3]) };
        let at_once = answer(local_contrast(&data).view()).unwrap();
        let heat = Heat::of(&Volume { grid, data }, || Ok(())).unwrap();
        let pairs = heat.probability.iter().zip(&at_once);
        let far = pairs.filter(|(a, b)| (*a - *b).abs() > 0.2).count();
        assert!(far * 500 < at_once.len(), "{far} of {} voxels differ", at_once.len());
        assert_eq!(heat.at([5.0, 6.0, 100.0]), heat.probability[[5, 6, 100]]);
    }
}
