//! Reading the volumes of a scan with the recorded fixes applied, so that every later stage sees the same voxels.

use std::path::Path;

use super::{DatasetError, Fix, Project, Scan};
use crate::volume::{Grid, Volume, read_header, read_image, read_mask};

impl Project {
    /// The image in its native frame, NaN and infinite voxels as 0.
    pub fn read_image(&self, scan: &Scan) -> Result<Volume<f32>, DatasetError> {
        let mut image = read_image(&scan.image)?;
        image.zero_non_finite();
        Ok(image)
    }

    /// The lesion mask, 0 or 1, on its own grid or, within the tolerance or by the user's decision, on its image's.
    /// `None` when the scan has none. A mask of another shape than its image is an error.
    pub fn read_mask(&self, scan: &Scan) -> Result<Option<Volume<u8>>, DatasetError> {
        self.read_label(scan, scan.mask.as_deref())
    }

    /// The spinal cord mask, likewise.
    pub fn read_cord(&self, scan: &Scan) -> Result<Option<Volume<u8>>, DatasetError> {
        self.read_label(scan, scan.cord.as_deref())
    }

    fn read_label(&self, scan: &Scan, path: Option<&Path>) -> Result<Option<Volume<u8>>, DatasetError> {
        let Some(path) = path else { return Ok(None) };
        let mut label = read_mask(path)?;
        let image = read_header(&scan.image)?.grid;
        refuse_other_shape(path, &label.grid, &scan.image, &image)?;
        let decided = self.decision(&scan.id).has(Fix::UseImageHeader);
        if decided || label.grid.difference(&image).is_none() {
            label.grid = image;
        }
        Ok(Some(label))
    }
}

fn refuse_other_shape(mask: &Path, own: &Grid, image: &Path, grid: &Grid) -> Result<(), DatasetError> {
    if own.shape == grid.shape {
        return Ok(());
    }
    Err(DatasetError::Shape {
        mask: mask.to_owned(),
        mask_shape: own.shape,
        image: image.to_owned(),
        image_shape: grid.shape,
    })
}
