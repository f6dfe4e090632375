//! What decides a crop: spacing, size and order of the steps. A section of the project's settings; knows nothing of scans.

use serde::{Deserialize, Serialize};

use crate::centerline::{CenterlineSettings, Fit};
use crate::dataset::Project;
use crate::volume::Grid;

use super::PreprocessError;

/// Which order of steps, and so which networks, a crop is meant for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Isotropic first, then crop and standardise. The default for training.
    #[default]
    Recipe,
    /// The Spinal Cord Toolbox's order: fine in the plane with the native slices, crop, standardise, then fine along z.
    Sct,
}

/// The parameters of a crop. A trained model stores them, and prediction repeats them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CropSettings {
    /// Wanted distance between voxels, millimetres. The tube's affine says the actual one (see [`Grid::resampled`]).
    pub spacing_mm: f64,
    /// Voxels across the tube, along x and along y; even.
    pub size: usize,
    /// Order of the steps.
    pub preset: Preset,
}

/// What a project's settings say about this stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StageSettings {
    /// The section `[preprocess]`: the crop.
    pub crop: CropSettings,
    /// From the section `[centerline]`: the fit through a cord mask.
    pub fit: Fit,
}

impl StageSettings {
    /// Reads the settings of a project; what they do not say has its default.
    pub fn of(project: &Project) -> Result<Self, PreprocessError> {
        Ok(Self { crop: CropSettings::of_project(project)?, fit: CenterlineSettings::of(project)?.fit })
    }
}

impl Default for CropSettings {
    fn default() -> Self {
        Self { spacing_mm: 0.5, size: 48, preset: Preset::Recipe }
    }
}

impl CropSettings {
    /// The section `[preprocess]` of a project's settings; what it does not say has its default.
    pub fn of_project(project: &Project) -> Result<Self, PreprocessError> {
        let settings: Self = project.section("preprocess")?;
        settings.check()?;
        Ok(settings)
    }

    /// Refuses what no crop can be made with.
    pub fn check(&self) -> Result<(), PreprocessError> {
        let spacing_fits = (0.05..=10.0).contains(&self.spacing_mm);
        let size_fits = (2..=512).contains(&self.size) && self.size.is_multiple_of(2);
        if spacing_fits && size_fits {
            return Ok(());
        }
        Err(PreprocessError::Settings { spacing_mm: self.spacing_mm, size: self.size })
    }

    /// The RPI grid of the whole volume that the tube is a part of: isotropic, or (preset [`Preset::Sct`]) with native z.
    pub fn tube_grid(&self, native: &Grid) -> Grid {
        let rpi = native.to_rpi();
        let fine = rpi.resampled(self.spacing_mm);
        match self.preset {
            Preset::Recipe => fine,
            Preset::Sct => with_z_of(fine, &rpi),
        }
    }

    /// Slices the network sees for a tube of `depth` slices `z_mm` apart: the same, or (preset [`Preset::Sct`]) at the
    /// wanted spacing, by the rule of [`Grid::resampled`].
    pub(super) fn network_depth(&self, depth: usize, z_mm: f64) -> usize {
        match self.preset {
            Preset::Recipe => depth,
            Preset::Sct => ((depth as f64 * z_mm / self.spacing_mm).round_ties_even() as usize).max(1),
        }
    }
}

/// `fine` in the plane, `coarse` along z. Both share the centre of their first voxel, so the origins agree.
fn with_z_of(mut fine: Grid, coarse: &Grid) -> Grid {
    fine.shape[2] = coarse.shape[2];
    for (row, from) in fine.affine.0.iter_mut().zip(&coarse.affine.0) {
        row[2] = from[2];
    }
    fine
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::Affine;

    fn thick() -> Grid {
        // 0.6 x 0.6 x 3 mm, already RPI: x to the left, y to the front, z up.
        let mut affine = Affine::scaling([0.6, 0.6, 3.0], [10.0, -20.0, 30.0]);
        affine.0[0][0] = -0.6;
        Grid { shape: [100, 90, 20], affine }
    }

    #[test]
    fn recipe_is_isotropic_and_sct_keeps_the_slices() {
        let recipe = CropSettings::default().tube_grid(&thick());
        assert_eq!(recipe.shape, [120, 108, 120]);
        let sct = CropSettings { preset: Preset::Sct, ..Default::default() };
        let grid = sct.tube_grid(&thick());
        assert_eq!(grid.shape, [120, 108, 20]);
        assert!((grid.spacing()[2] - 3.0).abs() < 1e-12);
        assert_eq!(grid.affine.apply([0.0; 3]), [10.0, -20.0, 30.0]);
        assert_eq!(sct.network_depth(20, 3.0), 120);
    }

    #[test]
    fn odd_or_empty_sizes_are_refused() {
        for (spacing_mm, size) in [(0.5, 47), (0.5, 0), (0.0, 48), (f64::NAN, 48)] {
            assert!(CropSettings { spacing_mm, size, preset: Preset::Recipe }.check().is_err());
        }
    }
}
