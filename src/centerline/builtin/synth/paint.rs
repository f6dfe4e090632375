//! One sample of a scene while it is painted: the deepest tissue first, what lies over it after.

use super::super::SPACING;
use super::tissue::{Palette, Tissue};

/// The signal of one voxel so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    palette: &'a Palette,
    grain: f32,
    pub(super) signal: f32,
}

impl<'a> Sample<'a> {
    /// Nothing but air.
    pub(super) fn air(palette: &'a Palette, grain: f32) -> Self {
        Self { palette, grain, signal: palette.signal(Tissue::Air, grain) }
    }

    /// Lays a tissue over a share `cover` (0..1) of the voxel.
    pub(super) fn paint(&mut self, tissue: Tissue, cover: f32) {
        self.paint_tinted(tissue, 1.0, cover);
    }

    /// The same with the tissue's signal multiplied by `tint`.
    pub(super) fn paint_tinted(&mut self, tissue: Tissue, tint: f32, cover: f32) {
        if cover > 0.0 {
            self.signal += (tint * self.palette.signal(tissue, self.grain) - self.signal) * cover;
        }
    }
}

/// Share (0..1) of a voxel inside an outline at signed distance `distance` mm (negative inside).
pub(super) fn cover(distance: f32) -> f32 {
    (0.5 - distance / SPACING as f32).clamp(0.0, 1.0)
}

/// Signed distance (mm, rough away from the outline) to an ellipse of half-axes `radii` around the origin.
pub(super) fn ellipse(u: f32, v: f32, radii: [f32; 2]) -> f32 {
    let (u, v) = (u / radii[0], v / radii[1]);
    ((u * u + v * v).sqrt() - 1.0) * radii[0].min(radii[1])
}

/// The same for an ellipsoid.
pub(super) fn ellipsoid(at: [f32; 3], radii: [f32; 3]) -> f32 {
    let [x, y, z]: [f32; 3] = std::array::from_fn(|k| at[k] / radii[k]);
    ((x * x + y * y + z * z).sqrt() - 1.0) * radii[0].min(radii[1]).min(radii[2])
}
