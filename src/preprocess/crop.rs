//! One crop: an image and its masks in the tube around the cord, with the way back. Works on volumes in memory; it knows
//! nothing of projects and files.

use ndarray::Array3;

use crate::centerline::Curve;
use crate::volume::Volume;

use super::mask::{sample_cord, sample_mask};
use super::tube::sample_image;
use super::{CropSettings, Frame, MaskReport, Percentiles, PreprocessError};

/// The tube of one scan, in RPI order. All arrays have the shape size x size x slices of the curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Crop {
    /// Intensities as in the file.
    pub image: Array3<f32>,
    /// Lesion, 0 or 1; `None` when the scan has no mask.
    pub mask: Option<Array3<u8>>,
    /// Spinal cord, 0 or 1; `None` when the scan has no cord mask.
    pub cord: Option<Array3<u8>>,
    /// Percentiles of `image`, padding included.
    pub percentiles: Percentiles,
    /// Where the voxels lie.
    pub frame: Frame,
    /// What happened to the lesion mask on its way.
    pub mask_report: Option<MaskReport>,
}

impl Crop {
    /// The same tube with the cord mask (any grid), by nearest neighbour.
    pub fn with_cord(mut self, cord: &Volume<u8>) -> Result<Self, PreprocessError> {
        self.cord = Some(sample_cord(cord, &self.frame)?);
        Ok(self)
    }

    /// The lesion mask with the slices the network sees.
    pub fn network_mask(&self) -> Option<Array3<u8>> {
        self.mask.as_ref().map(|mask| self.on_network_slices(mask))
    }

    /// The cord mask with the slices the network sees.
    pub fn network_cord(&self) -> Option<Array3<u8>> {
        self.cord.as_ref().map(|cord| self.on_network_slices(cord))
    }

    fn on_network_slices(&self, mask: &Array3<u8>) -> Array3<u8> {
        self.frame.to_network(mask.mapv(f32::from)).mapv(|value| u8::from(value >= 0.5))
    }
}

/// Crops the tube around `curve` (any grid; it is brought to the tube's) out of an image in any orientation.
///
/// Errors when the settings make no sense, when the curve lies outside the image, or when a grid is degenerate.
pub fn crop(
    image: &Volume<f32>,
    mask: Option<&Volume<u8>>,
    curve: &Curve,
    settings: &CropSettings,
) -> Result<Crop, PreprocessError> {
    settings.check()?;
    let tube = settings.tube_grid(&image.grid);
    let curve = if curve.grid == tube { curve.clone() } else { curve.on_grid(&tube) };
    let frame = Frame::new(&image.grid, tube, &curve, settings)?;
    let voxels = sample_image(image, &frame)?;
    let percentiles = Percentiles::of(&voxels).ok_or(PreprocessError::CurveOutside)?;
    let sampled = mask.map(|mask| sample_mask(mask, &frame)).transpose()?;
    let (mask, mask_report) = sampled.unzip();
    Ok(Crop { image: voxels, mask, cord: None, percentiles, frame, mask_report })
}
