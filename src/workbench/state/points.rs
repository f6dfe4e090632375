//! The screen on which points are placed: which scan, where the cursor is, the curve through the points, what is looked at.
//!
//! The points themselves are in [`edit`]. Positions are continuous RPI voxels; z is always a whole slice.

mod edit;

use std::sync::Arc;

pub(crate) use edit::Edit;

use super::super::scene::Scene;
use super::super::side::{Side, SideKind};
use super::super::slice::Cut;
use super::super::widgets::picture::View;
use crate::centerline::{Curve, Fit, Frame, Points, from_points};

/// Millimetres an axial picture shows, and the most and least height of the one from the side.
const AXIAL_MM: f64 = 60.0;
const TALLEST_MM: f64 = 150.0;
const LOWEST_MM: f64 = 60.0;
/// A cursor farther from the middle than this part of the picture takes the picture along.
const LOOSE: f64 = 0.42;

/// The picture that arrow keys move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    #[default]
    Side,
    Axial,
}

/// What the project knows of a scan's points.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Opened {
    /// The points saved earlier.
    pub(crate) points: Vec<[f64; 3]>,
    /// Who saved them, and when.
    pub(crate) by: Option<String>,
    pub(crate) fit: Fit,
    /// Width of the crop, mm.
    pub(crate) crop_mm: f64,
}

/// The screen. Closed when `key` is empty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Placing {
    /// The scan.
    pub(crate) key: String,
    /// Counts openings; an answer to an older one is stale.
    pub(crate) generation: u64,
    /// The scan as it was when the screen was opened.
    pub(crate) scene: Option<Arc<Scene>>,
    pub(crate) edit: Edit,
    pub(crate) cursor: [f64; 3],
    pub(crate) pane: Pane,
    /// The curve through the points.
    pub(crate) curve: Option<Curve>,
    /// What is known from the project; nothing can be done before.
    pub(crate) known: Option<Opened>,
    /// The kind of side picture chosen by hand, and the picture.
    pub(crate) wanted: Option<SideKind>,
    pub(crate) side: Option<Arc<Side>>,
    /// Counts requests for side pictures; an answer to an older one is stale.
    pub(crate) side_generation: u64,
    /// The points are being written.
    pub(crate) saving: bool,
    closer: f64,
    /// The middles of the two pictures.
    side_centre: [f64; 3],
    axial_centre: [f64; 3],
}

impl Placing {
    /// Opens the screen for a scan, looking at `cursor`; the generation of the request.
    pub(crate) fn open(&mut self, scene: Arc<Scene>, cursor: [usize; 3]) -> u64 {
        let cursor = cursor.map(|v| v as f64);
        *self = Self {
            key: scene.key.clone(),
            generation: self.generation + 1,
            side_generation: self.side_generation + 1,
            cursor,
            closer: 1.0,
            side_centre: cursor,
            axial_centre: cursor,
            scene: Some(scene),
            ..Self::default()
        };
        self.generation
    }

    /// Closes it: what is still to come is stale.
    pub(crate) fn close(&mut self) {
        let (generation, side_generation) = (self.generation + 1, self.side_generation + 1);
        *self = Self { generation, side_generation, ..Self::default() };
    }

    /// The points of a scan were saved: when it is this one, it is done with.
    pub(crate) fn saved(&mut self, id: &str) {
        if self.saving && self.key == id {
            self.close();
        }
    }

    /// True while what was asked for is still to come.
    pub(crate) fn waiting(&self) -> bool {
        !self.key.is_empty() && (self.known.is_none() || self.saving)
    }

    /// Takes in what the project knows; false when it is stale.
    pub(crate) fn begin(&mut self, generation: u64, opened: Opened) -> bool {
        let Some(scene) = self.scene.as_ref().filter(|_| generation == self.generation) else { return false };
        self.edit = Edit::new(scene.shape(), &opened.points);
        self.known = Some(opened);
        self.redraw();
        if let Some([x, y]) = self.guide_at(self.cursor[2]) {
            self.look_at([x, y, self.cursor[2]]);
        }
        true
    }

    /// True when there is something to lose.
    pub(crate) fn unsaved(&self) -> bool {
        self.edit.unsaved()
    }

    /// True for an image of one slice, for which one point is a curve.
    pub(crate) fn flat(&self) -> bool {
        self.scene.as_ref().is_some_and(|scene| scene.shape()[2] == 1)
    }

    /// The slice the cursor is on.
    pub(crate) fn z(&self) -> usize {
        self.cursor[2].max(0.0) as usize
    }

    /// Draws the curve through the points anew.
    pub(crate) fn redraw(&mut self) {
        let (Some(scene), Some(known)) = (&self.scene, &self.known) else { return };
        let points = Points { frame: Frame::Rpi, at: self.edit.points().collect() };
        self.curve = from_points(&points, &scene.grid(), known.fit).ok();
    }

    /// x and y on every slice of the line to look along: through two or more points, else the scan's earlier centerline,
    /// each held beyond its ends.
    pub(crate) fn guide(&self) -> Option<Vec<[f64; 2]>> {
        let scene = self.scene.as_ref()?;
        let own = self.curve.as_ref().filter(|_| self.edit.count() > 1);
        let nz = scene.shape()[2];
        let line: Vec<Option<[f64; 2]>> = match own {
            Some(curve) => (0..nz).map(|z| curve.at(z)).collect(),
            None => scene.curve.clone(),
        };
        let (first, last) = (line.iter().position(Option::is_some)?, line.iter().rposition(Option::is_some)?);
        (0..nz).map(|z| line.get(z.clamp(first, last)).copied().flatten()).collect()
    }

    fn guide_at(&self, z: f64) -> Option<[f64; 2]> {
        self.guide()?.get(z.max(0.0) as usize).copied()
    }

    /// Moves the cursor by voxels. From slice to slice it keeps its distance from the line, so that it stays on the cord.
    pub(crate) fn walk(&mut self, by: [f64; 3]) {
        let z = self.clamped([0.0, 0.0, self.cursor[2] + by[2]])[2];
        let drift = match (self.guide_at(self.cursor[2]), self.guide_at(z)) {
            (Some(from), Some(to)) => [to[0] - from[0], to[1] - from[1]],
            _ => [0.0; 2],
        };
        self.look_at([self.cursor[0] + by[0] + drift[0], self.cursor[1] + by[1] + drift[1], z]);
    }

    /// Puts the cursor somewhere in the image, a held point with it; the pictures follow when it leaves them.
    pub(crate) fn look_at(&mut self, to: [f64; 3]) {
        let Some(scene) = self.scene.clone() else { return };
        let before = self.cursor[2];
        self.cursor = self.clamped(to);
        self.edit.move_held(self.cursor);
        if self.cursor[2] != before {
            let [x, y] = self.guide_at(self.cursor[2]).unwrap_or([self.cursor[0], self.cursor[1]]);
            self.axial_centre = [x, y, self.cursor[2]];
        }
        let far = |axis: usize, centre: [f64; 3], mm: f64| {
            (self.cursor[axis] - centre[axis]).abs() * scene.spacing[axis] > LOOSE * mm
        };
        let [side_mm, axial_mm] = [Pane::Side, Pane::Axial].map(|pane| self.shown_mm(&scene, pane));
        let side = [1, 2].map(|axis| far(axis, self.side_centre, side_mm));
        let axial = [0, 1].map(|axis| far(axis, self.axial_centre, axial_mm));
        for k in 0..2 {
            if side[k] {
                self.side_centre[k + 1] = self.cursor[k + 1];
            }
            if axial[k] {
                self.axial_centre[k] = self.cursor[k];
            }
        }
    }

    fn clamped(&self, to: [f64; 3]) -> [f64; 3] {
        let shape = self.scene.as_ref().map_or([1; 3], |scene| scene.shape());
        let [x, y, z] = [0, 1, 2].map(|axis| to[axis].clamp(0.0, shape[axis].saturating_sub(1) as f64));
        [x, y, z.round()]
    }

    /// Looks closer (more than 1) or from farther away.
    pub(crate) fn magnify(&mut self, factor: f64) {
        self.closer = (self.closer * factor).clamp(0.25, 8.0);
        (self.side_centre, self.axial_centre) = (self.cursor, self.cursor);
    }

    /// Back to the usual zoom and the automatic side picture.
    pub(crate) fn reset(&mut self) {
        (self.closer, self.wanted) = (1.0, None);
        (self.side_centre, self.axial_centre) = (self.cursor, self.cursor);
    }

    /// About how many millimetres a picture shows.
    pub(crate) fn shown_mm(&self, scene: &Scene, pane: Pane) -> f64 {
        let height = scene.shape()[2] as f64 * scene.spacing[2];
        let usual = if pane == Pane::Side { height.clamp(LOWEST_MM, TALLEST_MM) } else { AXIAL_MM };
        usual / self.closer
    }

    /// What part of a cut to show.
    pub(crate) fn view(&self, scene: &Scene, pane: Pane) -> View {
        let (cut, centre) = match pane {
            Pane::Side => (Cut::Sagittal, self.side_centre),
            Pane::Axial => (Cut::Axial, self.axial_centre),
        };
        let mm = self.shown_mm(scene, pane);
        let (size, pixel) = (cut.size(scene.shape()), cut.size_mm(scene.spacing));
        let widest = (size[0] as f64 * pixel[0]).max(size[1] as f64 * pixel[1]);
        View { zoom: (widest / mm).clamp(1.0, 32.0), focus: Some(cut.to_plane(scene.shape(), centre)) }
    }

    /// The half-open box of the crop around the curve on the cursor's slice: x from..to, y from..to.
    pub(crate) fn crop_box(&self) -> Option<[f64; 4]> {
        let (scene, known) = (self.scene.as_ref()?, self.known.as_ref()?);
        let [x, y] = self.curve.as_ref()?.at(self.z())?;
        let half = [0, 1].map(|axis| known.crop_mm / 2.0 / scene.spacing[axis]);
        Some([x - half[0], x + half[0], y - half[1], y + half[1]])
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::super::scene::tests::sample_scene;
    use super::*;

    /// The sample scan, opened without saved points.
    pub(crate) fn placing() -> Placing {
        let mut placing = Placing::default();
        let generation = placing.open(Arc::new(sample_scene("a")), [12, 9, 4]);
        let opened = Opened { crop_mm: 10.0, fit: Fit::Natural, ..Opened::default() };
        assert!(placing.begin(generation, opened));
        placing
    }

    #[test]
    fn the_line_is_the_earlier_one_until_two_points_are_placed() {
        let mut placing = placing();
        assert_eq!(placing.guide().unwrap(), vec![[12.0, 9.0]; 6]);
        placing.edit.place([10.0, 8.0, 1.0]);
        placing.redraw();
        assert_eq!(placing.guide().unwrap()[0], [12.0, 9.0]);
        placing.edit.place([14.0, 8.0, 5.0]);
        placing.redraw();
        let guide = placing.guide().unwrap();
        assert_eq!((guide[0], guide[3], guide[5]), ([10.0, 8.0], [12.0, 8.0], [14.0, 8.0]));
        assert!(placing.curve.as_ref().unwrap().at(0).is_none(), "the curve itself ends with the points");
        placing.walk([0.0, 0.0, -2.0]);
        assert_eq!(placing.cursor, [10.0, 9.0, 2.0], "two slices lower the line is two voxels aside");
        assert_eq!(placing.crop_box(), Some([6.0, 16.0, 3.0, 13.0]));
    }

    #[test]
    fn the_cursor_stays_in_the_image_and_carries_what_it_holds() {
        let mut placing = placing();
        placing.edit.place([12.0, 9.0, 4.0]);
        placing.edit.hold(4);
        placing.walk([0.0, 100.0, -100.0]);
        assert_eq!(placing.cursor, [12.0, 19.0, 0.0]);
        assert_eq!(placing.edit.points().collect::<Vec<_>>(), [[12.0, 19.0, 0.0]]);
    }

    #[test]
    fn a_stale_opening_is_dropped() {
        let mut placing = placing();
        let old = placing.generation;
        placing.close();
        assert!(!placing.begin(old, Opened::default()) && !placing.waiting());
    }
}
