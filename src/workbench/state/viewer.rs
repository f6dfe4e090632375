//! What the slice viewer shows: which scan was asked for, which one is here, where the cursor is.

use std::sync::Arc;

use super::super::scene::{Overlays, Scene};
use super::super::slice::Cut;
use super::super::widgets::picture::View;

/// Millimetres an axial picture shows when nothing else was chosen: the neck's middle, with the cord large enough to judge.
const USUAL_MM: f64 = 90.0;

/// The slice viewer. The earlier picture stays until the wanted one has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Viewer {
    /// The scan asked for.
    wanted: Option<String>,
    /// Counts requests; an answer to an older one is stale.
    pub(crate) generation: u64,
    pub(crate) scene: Option<Arc<Scene>>,
    /// Why the wanted scan cannot be shown.
    pub(crate) error: Option<String>,
    /// When the scan was asked for (unix seconds).
    asked_at: f64,
    pub(crate) cut: Cut,
    /// The voxel (RPI) all cuts go through.
    pub(crate) cursor: [usize; 3],
    /// The voxel in the middle of a picture that is closer than the whole slice. Not the cursor: a click must not move the
    /// picture away from under the mouse.
    centre: [usize; 3],
    /// Chosen by hand; 1 shows the whole slice.
    zoom: Option<f64>,
    /// Brightness and contrast chosen by hand.
    pub(crate) window: Option<(f32, f32)>,
    pub(crate) overlays: Overlays,
    /// The viewer fills the screen.
    pub(crate) wide: bool,
    /// Where a drag with the right button began: cell, and the window then.
    pub(crate) drag: Option<((u16, u16), (f32, f32))>,
}

impl Viewer {
    /// Asks for a scan; the generation of the request, or `None` when it is already here or on its way.
    pub(crate) fn ask(&mut self, key: &str, clock: f64, again: bool) -> Option<u64> {
        if self.wanted.as_deref() == Some(key) && !again {
            return None;
        }
        self.wanted = Some(key.to_owned());
        self.generation += 1;
        self.asked_at = clock;
        self.error = None;
        Some(self.generation)
    }

    /// Forgets everything about scans (another project).
    pub(crate) fn clear(&mut self) {
        let generation = self.generation + 1;
        *self = Self { generation, overlays: self.overlays, ..Self::default() };
    }

    /// Takes an answer; false when it is stale.
    pub(crate) fn accept(&mut self, generation: u64, answer: Result<Arc<Scene>, String>) -> bool {
        if generation != self.generation {
            return false;
        }
        match answer {
            Ok(scene) => self.show(scene),
            Err(message) => self.error = Some(message),
        }
        true
    }

    /// Shows one image without asking for it, at a cut and a slice (clamped).
    pub(crate) fn show_alone(&mut self, scene: Scene, cut: Option<Cut>, slice: Option<usize>) {
        self.wanted = Some(scene.key.clone());
        self.show(Arc::new(scene));
        self.cut = cut.unwrap_or_default();
        if let (Some(slice), Some((_, count))) = (slice, self.position()) {
            self.cursor[self.cut.axis()] = slice.min(count.saturating_sub(1));
        }
    }

    /// True while the wanted scan is not here.
    pub(crate) fn waiting(&self) -> bool {
        self.wanted.is_some() && !self.current() && self.error.is_none()
    }

    /// True when the wait is long enough to be worth a word.
    pub(crate) fn slow(&self, clock: f64) -> bool {
        self.waiting() && clock - self.asked_at > 0.2
    }

    /// True when the picture is the wanted scan's.
    pub(crate) fn current(&self) -> bool {
        self.scene.as_ref().map(|s| &s.key) == self.wanted.as_ref()
    }

    /// The slice's number along the cut, from 0, and how many there are.
    pub(crate) fn position(&self) -> Option<(usize, usize)> {
        let scene = self.scene.as_ref()?;
        Some((self.cursor[self.cut.axis()], scene.shape()[self.cut.axis()]))
    }

    /// Moves along the cut's axis.
    pub(crate) fn step(&mut self, by: isize) {
        self.shift(self.cut.axis(), by);
    }

    /// Moves the cursor along an RPI axis, within the volume.
    pub(crate) fn shift(&mut self, axis: usize, by: isize) {
        if let Some(scene) = &self.scene {
            let last = scene.shape()[axis].saturating_sub(1);
            self.cursor[axis] = self.cursor[axis].saturating_add_signed(by).min(last);
        }
    }

    /// Moves the cursor within the picture by columns and rows.
    pub(crate) fn nudge(&mut self, columns: isize, rows: isize) {
        if let Some(scene) = &self.scene {
            let shape = scene.shape();
            let at = self.cut.to_plane(shape, self.cursor.map(|v| v as f64));
            let to = [at[0] + columns as f64, at[1] + rows as f64];
            self.cursor = self.cut.to_voxel(shape, to, self.cursor[self.cut.axis()]);
            self.centre = self.cursor;
        }
    }

    /// Multiplies the zoom, within 1..16.
    pub(crate) fn magnify(&mut self, factor: f64) {
        self.zoom = Some((self.zoom() * factor).clamp(1.0, 16.0));
        self.centre = self.cursor;
    }

    /// The zoom: by hand, else so close to an axial slice that the cord can be seen, and the whole of any other cut.
    pub(crate) fn zoom(&self) -> f64 {
        let usual = || {
            let scene = self.scene.as_ref().filter(|_| self.cut == Cut::Axial)?;
            let (size, mm) = (self.cut.size(scene.shape()), self.cut.size_mm(scene.spacing));
            let widest = (size[0] as f64 * mm[0]).max(size[1] as f64 * mm[1]);
            Some((widest / USUAL_MM).clamp(1.0, 8.0))
        };
        self.zoom.or_else(usual).unwrap_or(1.0)
    }

    /// True when the zoom was chosen by hand.
    pub(crate) fn zoomed(&self) -> bool {
        self.zoom.is_some()
    }

    /// Back to the usual zoom, the window from the data, and the slice worth looking at first.
    pub(crate) fn reset(&mut self) {
        (self.zoom, self.window) = (None, None);
        self.cursor = self.scene.as_ref().map(|s| s.first_look()).unwrap_or_default();
        self.centre = self.cursor;
    }

    /// What part of the cut's plane to show.
    pub(crate) fn view(&self) -> View {
        let focus = self.scene.as_ref().map(|s| self.cut.to_plane(s.shape(), self.centre.map(|v| v as f64)));
        View { zoom: self.zoom(), focus }
    }

    /// The values shown as black and white.
    pub(crate) fn shown_window(&self) -> (f32, f32) {
        self.window.or(self.scene.as_ref().map(|s| s.window)).unwrap_or((0.0, 1.0))
    }

    /// Moves the window by parts of its width: brighter shifts it down, more contrast narrows it.
    pub(crate) fn rewindow(&mut self, from: (f32, f32), brighter: f32, contrast: f32) {
        let width = from.1 - from.0;
        let middle = (from.0 + from.1) / 2.0 - brighter * width;
        let half = width / 2.0 * (1.0 - contrast).clamp(0.05, 4.0);
        self.window = Some((middle - half, middle + half));
    }

    fn show(&mut self, scene: Arc<Scene>) {
        let same =
            self.scene.as_ref().is_some_and(|old| old.key == scene.key && old.shape() == scene.shape());
        if !same {
            self.cursor = scene.first_look();
            self.centre = self.cursor;
            self.window = None;
        }
        self.scene = Some(scene);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::scene::tests::sample_scene;
    use super::*;

    #[test]
    fn a_stale_answer_is_dropped_and_the_old_picture_stays() {
        let mut viewer = Viewer::default();
        let first = viewer.ask("a", 0.0, false).unwrap();
        assert!(viewer.accept(first, Ok(Arc::new(sample_scene("a")))));
        let second = viewer.ask("b", 1.0, false).unwrap();
        let third = viewer.ask("c", 1.0, false).unwrap();
        assert!(!viewer.accept(second, Ok(Arc::new(sample_scene("b")))));
        assert_eq!(viewer.scene.as_ref().unwrap().key, "a");
        assert!(viewer.waiting() && !viewer.slow(1.1) && viewer.slow(1.3));
        assert!(viewer.accept(third, Ok(Arc::new(sample_scene("c")))));
        assert!(viewer.current() && viewer.ask("c", 2.0, false).is_none());
    }

    #[test]
    fn a_reload_keeps_the_cursor() {
        let mut viewer = Viewer::default();
        let first = viewer.ask("a", 0.0, false).unwrap();
        viewer.accept(first, Ok(Arc::new(sample_scene("a"))));
        viewer.step(-2);
        let again = viewer.ask("a", 0.0, true).unwrap();
        viewer.accept(again, Ok(Arc::new(sample_scene("a"))));
        assert_eq!(viewer.cursor, [12, 9, 2]);
    }

    #[test]
    fn the_cursor_stays_in_the_volume() {
        let mut viewer = Viewer::default();
        let first = viewer.ask("a", 0.0, false).unwrap();
        viewer.accept(first, Ok(Arc::new(sample_scene("a"))));
        viewer.step(100);
        assert_eq!(viewer.position(), Some((5, 6)));
        viewer.nudge(-100, 100);
        assert_eq!(viewer.cursor, [0, 0, 5]);
    }
}
