//! How probable it is that a place is cord, everywhere in an image.

use ndarray::{Array3, s};

use super::SPACING;
use super::model::shipped;
use super::normalise::local_contrast;
use super::working::{Scale, resampled};
use crate::centerline::CenterlineError;
use crate::volume::{Volume, sample_linear};

/// More voxels than this (2 mm wide) no person has; it also bounds the memory, at about 1 GB.
const MOST: usize = 12_000_000;

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
        go_on()?;
        let (network, multiple) = shipped()?;
        let [x, y, z] = scales.map(|scale| scale.to);
        let mut input = Array3::zeros([x, y, z].map(|n| n.next_multiple_of(multiple)));
        input.slice_mut(s![..x, ..y, ..z]).assign(&normal);
        let failed = |error: crate::weights::WeightsError| CenterlineError::Model {
            path: "the built-in detector".into(),
            problem: error.to_string(),
        };
        let answer = network.run(input.insert_axis(ndarray::Axis(0))).map_err(failed)?;
        Ok(Self { probability: answer.slice(s![0, ..x, ..y, ..z]).to_owned(), scales })
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
